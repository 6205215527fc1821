# SPDX-License-Identifier: ISC
# Every test prints TAP.  Tests in C are programs that link the convenience library, and so see what is internal.
TEST_EXTENSIONS = .sh .py
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
PY_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = $(PYTHON3)
AM_TESTS_ENVIRONMENT = \
  srcdir='$(srcdir)'; top_builddir='$(top_builddir)'; export srcdir top_builddir; \
  CC='$(CC)'; CXX='$(CXX)'; NM='$(NM)'; AWK='$(AWK)'; export CC CXX NM AWK; \
  LUA_PROGRAM='$(LUA_PROGRAM)'; SANITIZERS='$(SANITIZE_FLAGS)'; export LUA_PROGRAM SANITIZERS;

C_TESTS = \
  %D%/c/arguments \
  %D%/c/base \
  %D%/c/callgrind-cases \
  %D%/c/callgrind-read \
  %D%/c/files \
  %D%/c/errors \
  %D%/c/fold \
  %D%/c/graph \
  %D%/c/merge \
  %D%/c/names \
  %D%/c/notifications \
  %D%/c/out-of-memory \
  %D%/c/pprof \
  %D%/c/pprof-cases \
  %D%/c/profile \
  %D%/c/projection \
  %D%/c/random-calls \
  %D%/c/recursion \
  %D%/c/rows \
  %D%/c/span-adopt \
  %D%/c/span-parts \
  %D%/c/span-take \
  %D%/c/spans \
  %D%/c/status \
  %D%/c/subtract \
  %D%/c/table \
  %D%/c/threads \
  %D%/c/tree
%C%_c_threads_CFLAGS = $(AM_CFLAGS) $(PTHREAD_FLAGS)
%C%_c_threads_LDFLAGS = $(AM_LDFLAGS) $(PTHREAD_FLAGS)
%C%_c_random_calls_SOURCES = %D%/c/random-calls.c %D%/fuzz/calls.c
%C%_c_random_calls_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/c
SH_TESTS = \
  %D%/abi.sh \
  %D%/format.sh \
  %D%/header.sh \
  %D%/man.sh \
  %D%/python.sh \
  %D%/release.sh \
  %D%/symbols.sh
PY_TESTS =
if HAVE_PYTHON3
PY_TESTS += %D%/columns.py %D%/structure.py
endif
EXTRA_DIST += %D%/columns.py %D%/coverage.py %D%/structure.py
CLEANFILES += %D%/shim.o

# The fuzz targets, each with a driver that replays its corpus.
FUZZ_TESTS = \
  %D%/fuzz/read-callgrind \
  %D%/fuzz/read-pprof
%C%_fuzz_read_callgrind_SOURCES = %D%/fuzz/read-callgrind.c %D%/fuzz/replay.c
%C%_fuzz_read_callgrind_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/c -DCORPUS='"callgrind"'
%C%_fuzz_read_pprof_SOURCES = %D%/fuzz/read-pprof.c %D%/fuzz/replay.c
%C%_fuzz_read_pprof_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/c -DCORPUS='"pprof"'
# Folders of inputs, all of them: a case is added by adding its files.
EXTRA_DIST += %D%/data %D%/fuzz/callgrind %D%/fuzz/pprof

check_PROGRAMS += $(C_TESTS) $(FUZZ_TESTS)
dist_check_SCRIPTS += $(SH_TESTS)
TESTS += $(C_TESTS) $(FUZZ_TESTS) $(SH_TESTS) $(PY_TESTS)
LDADD = libtheseus/libtheseus-core.la

EXTRA_DIST += \
  %D%/c/callgrind.h \
  %D%/c/cases.h \
  %D%/c/digest.h \
  %D%/c/memory.h \
  %D%/c/proto.h \
  %D%/c/random-profile.h \
  %D%/c/spans.h \
  %D%/c/tap.h \
  %D%/hostile/faults.c \
  %D%/installed.c \
  %D%/python/callgrind_parse.py \
  %D%/python/cli/test_command.py \
  %D%/python/cli/test_completion.py \
  %D%/python/cli/test_export.py \
  %D%/python/cli/test_diff.py \
  %D%/python/cli/test_import.py \
  %D%/python/cli/test_man.py \
  %D%/python/cli/test_origin.py \
  %D%/python/cli/test_report.py \
  %D%/python/conftest.py \
  %D%/python/foreign_parse.py \
  %D%/python/histories.py \
  %D%/python/pprof_parse.py \
  %D%/python/random_idioms.py \
  %D%/python/random_programs.py \
  %D%/python/reference.py \
  %D%/python/reference_deferreds.py \
  %D%/python/reference_spans.py \
  %D%/python/run/programs.py \
  %D%/python/run/test_ends.py \
  %D%/python/run/test_run.py \
  %D%/python/run/test_signals.py \
  %D%/python/run/test_start_hook.py \
  %D%/python/scenarios.py \
  %D%/python/scenarios_callbacks.py \
  %D%/python/scenarios_combinators.py \
  %D%/python/scenarios_coroutines.py \
  %D%/python/scenarios_generators.py \
  %D%/python/scenarios_notifications.py \
  %D%/python/scenarios_outcomes.py \
  %D%/python/scenarios_taking.py \
  %D%/python/scenarios_towers.py \
  %D%/python/scenarios_twisted.py \
  %D%/python/shared.py \
  %D%/python/spans_model.py \
  %D%/python/speedscope_import.js \
  %D%/python/suites.py \
  %D%/python/test_bounds.py \
  %D%/python/test_callgrind_consumers.py \
  %D%/python/test_displaced.py \
  %D%/python/test_driven_by_others.py \
  %D%/python/test_coroutines.py \
  %D%/python/test_errors.py \
  %D%/python/test_escapes.py \
  %D%/python/test_folding.py \
  %D%/python/test_examples.py \
  %D%/python/test_foreign_pprof.py \
  %D%/python/test_function_names.py \
  %D%/python/test_graph.py \
  %D%/python/test_lifecycle.py \
  %D%/python/test_linear.py \
  %D%/python/test_merge_command.py \
  %D%/python/test_merge_faults.py \
  %D%/python/test_missed_events.py \
  %D%/python/test_names.py \
  %D%/python/test_nothing_kept.py \
  %D%/python/test_notifications.py \
  %D%/python/test_odd_inputs.py \
  %D%/python/test_other_hooks.py \
  %D%/python/test_other_tools.py \
  %D%/python/test_output_place.py \
  %D%/python/test_package.py \
  %D%/python/test_pprof.py \
  %D%/python/test_producers.py \
  %D%/python/test_profile_merge.py \
  %D%/python/test_random_programs.py \
  %D%/python/test_reactors.py \
  %D%/python/test_reentrancy.py \
  %D%/python/test_scenarios.py \
  %D%/python/test_since.py \
  %D%/python/test_spans_model.py \
  %D%/python/test_selftest.py \
  %D%/python/test_structure.py \
  %D%/python/test_threads.py \
  %D%/python/test_towers.py \
  %D%/python/test_unnoticed_deferred_results.py \
  %D%/python/test_unnoticed_lifetimes.py \
  %D%/python/test_unnoticed_oddities.py \
  %D%/python/test_unnoticed_reports.py \
  %D%/python/test_unnoticed_results.py \
  %D%/python/tracing.py \
  %D%/python/unnoticed.py \
  %D%/matrix.sh \
  %D%/run.sh \
  %D%/setup.sh \
  %D%/wheels.sh

# Before a release: fails while the tree is not ready for one.
.PHONY: release-check
release-check:
	$(AM_V_at)if srcdir='$(srcdir)' RELEASE=1 $(SHELL) $(srcdir)/%D%/release.sh | grep -A 9 '^not ok'; then exit 1; fi

# The C tests once more, under valgrind.
VALGRIND = valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all
.PHONY: check-valgrind
check-valgrind:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(C_TESTS) $(FUZZ_TESTS)' LOG_COMPILER='$(VALGRIND)'

# How much of the code the tests run.
.PHONY: coverage print-c-tests
coverage:
	$(AM_V_at)$${PYTHON:-python3} -B $(srcdir)/%D%/coverage.py coverage
print-c-tests:
	@echo $(C_TESTS) $(FUZZ_TESTS)

# What a C developer gets: ten lines outside the tree, built with what pkg-config says of what was installed.
installcheck-local: $(srcdir)/%D%/installed.c
	$(AM_V_at)$(MKDIR_P) %D%/installed
	$(AM_V_CC)flags=`PKG_CONFIG_PATH='$(DESTDIR)$(pkgconfigdir)' $(PKG_CONFIG) --cflags --libs theseus` && \
	  $(CC) $(CFLAGS) $(SANITIZE_FLAGS) -o %D%/installed/program $(srcdir)/%D%/installed.c $(LDFLAGS) $$flags
	$(AM_V_at)LD_LIBRARY_PATH='$(DESTDIR)$(libdir)' %D%/installed/program
clean-local:
	-rm -rf %D%/installed

include tests/bench/local.mk
