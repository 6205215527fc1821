# SPDX-License-Identifier: ISC
# Python is built and installed by pip, never by make: all of it is only in the tarball.
EXTRA_DIST += \
  %D%/shim/buffer.c \
  %D%/shim/code.c \
  %D%/shim/compat.h \
  %D%/shim/core.h \
  %D%/shim/deferred.c \
  %D%/shim/events.c \
  %D%/shim/hook-monitoring.c \
  %D%/shim/hook-profile.c \
  %D%/shim/no-hooks.c \
  %D%/shim/observer.c \
  %D%/shim/own.c \
  %D%/shim/shim.h \
  %D%/shim/stack.c \
  %D%/shim/table.c \
  %D%/shim/table.h \
  %D%/shim/types.c \
  %D%/theseus/__init__.py \
  %D%/theseus/_build.py \
  %D%/theseus/_pprof.py \
  %D%/theseus/errors.py \
  %D%/theseus/graph.py \
  %D%/theseus/hooks.py \
  %D%/theseus/logical.py \
  %D%/theseus/machinery.py \
  %D%/theseus/observer.py \
  %D%/theseus/output.py \
  %D%/theseus/pending.py \
  %D%/theseus/portable.py \
  %D%/theseus/profile.py \
  %D%/theseus/py.typed \
  %D%/theseus/table.py \
  %D%/theseus/text.py \
  %D%/theseus/tracer.py
