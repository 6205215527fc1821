# SPDX-License-Identifier: ISC
# make bench prints what things cost on this machine, and leaves the figures in bench-*.json; make bench-spans is one of
# them.
# Those in Python need $PYTHON (python3) with the package.
EXTRA_PROGRAMS = \
  %D%/pprof \
  %D%/spans

EXTRA_DIST += \
  %D%/floor.c \
  %D%/hooks.py \
  %D%/merge.py \
  %D%/noop-hook.c \
  %D%/pending.py \
  %D%/start.py \
  %D%/workloads.py

BENCHES = bench-spans bench-merge bench-pprof bench-hooks bench-pending bench-start
.PHONY: bench $(BENCHES)
bench:
	$(AM_V_at)for one in $(BENCHES); do $(MAKE) $(AM_MAKEFLAGS) $$one || exit; done

bench-spans: %D%/spans
	$(AM_V_at)%D%/spans --json bench-spans.json
bench-pprof: %D%/pprof
	$(AM_V_at)%D%/pprof --json bench-pprof.json
bench-merge: libtheseus/theseus-merge
	$(AM_V_at)$${PYTHON:-python3} -B $(srcdir)/%D%/merge.py --command=libtheseus/theseus-merge --annotate \
	  --json=bench-merge.json
bench-hooks:
	$(AM_V_at)$${PYTHON:-python3} -B $(srcdir)/%D%/hooks.py --json bench-hooks.json
bench-pending:
	$(AM_V_at)$${PYTHON:-python3} -B $(srcdir)/%D%/pending.py --json bench-pending.json
bench-start:
	$(AM_V_at)$${PYTHON:-python3} -B $(srcdir)/%D%/start.py --json bench-start.json

CLEANFILES += $(EXTRA_PROGRAMS) bench-spans.json bench-merge.json bench-pprof.json bench-hooks.json \
  bench-pending.json bench-start.json
