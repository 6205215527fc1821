# SPDX-License-Identifier: ISC
EXTRA_DIST += \
  %D%/first.py \
  %D%/quickstart.sh \
  %D%/web_profile.py

# The numbered examples.  Some need what only they need, and are left out without it.
EXAMPLES = %D%/01-record %D%/02-spans %D%/06-merge %D%/11-snapshot
EXAMPLE_MODULES =
if HAVE_INSTRUMENT
EXAMPLES += %D%/03-program
endif
if HAVE_UV
EXAMPLES += %D%/04-libuv
endif
if HAVE_LUA
EXAMPLE_MODULES += %D%/theseus.la
endif
if HAVE_PRELOAD
EXAMPLES += %D%/10-program
EXAMPLE_MODULES += %D%/mutex.la
endif
check_PROGRAMS += $(EXAMPLES)
check_LTLIBRARIES = $(EXAMPLE_MODULES)
%C%_01_record_SOURCES = %D%/01-record.c
%C%_01_record_LDADD = libtheseus/libtheseus.la
%C%_02_spans_SOURCES = %D%/02-spans.c
%C%_02_spans_LDADD = libtheseus/libtheseus.la
%C%_03_program_SOURCES = %D%/03-instrument.c %D%/03-program.c
%C%_03_program_CFLAGS = $(AM_CFLAGS) -finstrument-functions
%C%_03_program_LDADD = libtheseus/libtheseus.la $(DL_LIBS)
%C%_03_program_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
%C%_04_libuv_SOURCES = %D%/04-libuv.c
%C%_04_libuv_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
%C%_04_libuv_LDADD = libtheseus/libtheseus.la $(UV_LIBS)
%C%_06_merge_SOURCES = %D%/06-merge.c
%C%_06_merge_LDADD = libtheseus/libtheseus.la
%C%_11_snapshot_SOURCES = %D%/11-snapshot.c
%C%_11_snapshot_CFLAGS = $(AM_CFLAGS) $(PTHREAD_FLAGS)
%C%_11_snapshot_LDADD = libtheseus/libtheseus.la
%C%_11_snapshot_LDFLAGS = $(AM_LDFLAGS) $(PTHREAD_FLAGS)
%C%_theseus_la_SOURCES = %D%/05-lua.c
%C%_theseus_la_CFLAGS = $(AM_CFLAGS) $(LUA_CFLAGS)
%C%_theseus_la_LIBADD = libtheseus/libtheseus.la
%C%_theseus_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(pkglibdir)
%C%_mutex_la_SOURCES = %D%/10-mutex.c
%C%_mutex_la_CFLAGS = $(AM_CFLAGS) $(PTHREAD_FLAGS)
%C%_mutex_la_LIBADD = libtheseus/libtheseus.la $(DL_LIBS)
%C%_mutex_la_LDFLAGS = $(AM_LDFLAGS) $(PTHREAD_FLAGS) -module -avoid-version -shared -rpath $(pkglibdir)
%C%_10_program_SOURCES = %D%/10-program.c
%C%_10_program_CFLAGS = $(AM_CFLAGS) $(PTHREAD_FLAGS)
%C%_10_program_LDFLAGS = $(AM_LDFLAGS) $(PTHREAD_FLAGS) -export-dynamic

examplesdir = $(docdir)/examples
dist_examples_DATA = \
  %D%/01-record.c \
  %D%/02-spans.c \
  %D%/03-instrument.c \
  %D%/03-program.c \
  %D%/04-libuv.c \
  %D%/05-lua.c \
  %D%/05-script.lua \
  %D%/06-merge.c \
  %D%/08-node.c \
  %D%/08-node.js \
  %D%/08-program.js \
  %D%/09-go.go \
  %D%/10-mutex.c \
  %D%/10-program.c \
  %D%/11-snapshot.c
dist_check_SCRIPTS += %D%/check.sh
TESTS += %D%/check.sh
