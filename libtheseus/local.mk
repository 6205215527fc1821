# SPDX-License-Identifier: ISC
# All code is in a library that is not installed, so that the C tests, which link it, see what is internal.
noinst_LTLIBRARIES += %D%/libtheseus-core.la
%C%_libtheseus_core_la_CFLAGS = $(AM_CFLAGS) $(VISIBILITY_CFLAGS)
%C%_libtheseus_core_la_SOURCES = \
  %D%/theseus.h \
  %D%/version.h \
  %D%/alloc.c \
  %D%/alloc.h \
  %D%/callgrind-body.c \
  %D%/callgrind-costs.c \
  %D%/callgrind-header.c \
  %D%/callgrind-messages.c \
  %D%/callgrind-names.c \
  %D%/callgrind-names.h \
  %D%/callgrind-order.c \
  %D%/callgrind-quick.c \
  %D%/callgrind-read.c \
  %D%/callgrind-read.h \
  %D%/callgrind-write.c \
  %D%/callgrind-write.h \
  %D%/cells.c \
  %D%/cells.h \
  %D%/digits.h \
  %D%/fixed.h \
  %D%/folded-write.c \
  %D%/functions.c \
  %D%/functions.h \
  %D%/graph.c \
  %D%/graph.h \
  %D%/graph-access.c \
  %D%/graph-merge.c \
  %D%/graph-select.c \
  %D%/histogram.c \
  %D%/histogram.h \
  %D%/map.c \
  %D%/map.h \
  %D%/output.c \
  %D%/output.h \
  %D%/pprof.h \
  %D%/pprof-bookings.c \
  %D%/pprof-bookings.h \
  %D%/pprof-events.c \
  %D%/pprof-events.h \
  %D%/pprof-path.c \
  %D%/pprof-path.h \
  %D%/pprof-read.c \
  %D%/pprof-tables.c \
  %D%/pprof-tables.h \
  %D%/pprof-write.c \
  %D%/pprof-write.h \
  %D%/pprof-write-cells.c \
  %D%/pprof-write-locations.c \
  %D%/pprof-write-sample.c \
  %D%/pprof-write-spans.c \
  %D%/preorder.c \
  %D%/preorder.h \
  %D%/profile.c \
  %D%/profile.h \
  %D%/profile-merge.c \
  %D%/projection.c \
  %D%/rows.c \
  %D%/rows.h \
  %D%/sort.c \
  %D%/sort.h \
  %D%/spans.c \
  %D%/spans.h \
  %D%/stacks.c \
  %D%/stacks.h \
  %D%/status.c \
  %D%/strings.c \
  %D%/strings.h \
  %D%/text.c \
  %D%/text.h \
  %D%/wire.c \
  %D%/wire.h

# The installed one wraps it.  -version-info C:R:A, at a release:  the code changed: R+1;  a symbol was added: C+1, R=0, A+1;
# a symbol was taken away, or changed: C+1, R=0, A=0.
lib_LTLIBRARIES += %D%/libtheseus.la
%C%_libtheseus_la_SOURCES =
%C%_libtheseus_la_LIBADD = %D%/libtheseus-core.la
%C%_libtheseus_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -version-info 0:0:0
if HAVE_VERSION_SCRIPT
%C%_libtheseus_la_LDFLAGS += -Wl,--version-script=$(top_srcdir)/%D%/libtheseus.map
else
%C%_libtheseus_la_LDFLAGS += -export-symbols-regex '^theseus_'
endif
EXTRA_%C%_libtheseus_la_DEPENDENCIES = %D%/libtheseus.map

include_HEADERS = %D%/theseus.h
pkgconfig_DATA = %D%/theseus.pc
EXTRA_DIST += %D%/libtheseus.abi %D%/libtheseus.map %D%/libtheseus.symbols

# The command: nothing but the public library, zlib and libzstd where they are, and threads.
bin_PROGRAMS += %D%/theseus-merge
%C%_theseus_merge_SOURCES = \
  %D%/theseus-merge.c \
  %D%/theseus-merge.h \
  %D%/theseus-merge-inputs.c \
  %D%/theseus-merge-memory.c \
  %D%/theseus-merge-options.c \
  %D%/theseus-merge-output.c \
  %D%/theseus-merge-progress.c \
  %D%/theseus-merge-read.c \
  %D%/theseus-merge-source.c \
  %D%/theseus-merge-workers.c \
  %D%/theseus-merge-workers.h
%C%_theseus_merge_CFLAGS = $(AM_CFLAGS) $(PTHREAD_FLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS)
%C%_theseus_merge_LDADD = %D%/libtheseus.la $(ZLIB_LIBS) $(ZSTD_LIBS)
dist_man_MANS += %D%/theseus-merge.1
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = %D%/completions/theseus-merge
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = %D%/completions/_theseus-merge

# The manual pages of section 3 are made from the header; each call and each type has a link to the page that it is on.
MAN3 = \
  %D%/libtheseus.3 \
  %D%/theseus_callgrind.3 \
  %D%/theseus_events.3 \
  %D%/theseus_graph.3 \
  %D%/theseus_pprof.3 \
  %D%/theseus_profile.3 \
  %D%/theseus_spans.3 \
  %D%/theseus_stacks.3 \
  %D%/theseus_status.3
nodist_man_MANS = $(MAN3)
CLEANFILES += $(MAN3)
EXTRA_DIST += %D%/man.awk
$(MAN3): %D%/theseus.h %D%/man.awk
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	  $(AWK) -v page=`basename $@ .3` -f $(srcdir)/%D%/man.awk $(srcdir)/%D%/theseus.h >$@.new && mv -f $@.new $@
MAN3_INDEX = $(AWK) -v page=index -f $(srcdir)/%D%/man.awk $(srcdir)/%D%/theseus.h
install-data-hook:
	$(MAN3_INDEX) | while read page name kind; do \
	  (cd '$(DESTDIR)$(man3dir)' && rm -f $$name.3 && $(LN_S) $$page.3 $$name.3) || exit; done
uninstall-hook:
	$(MAN3_INDEX) | while read page name kind; do rm -f '$(DESTDIR)$(man3dir)'/$$name.3; done
