# SPDX-License-Identifier: ISC
# All code is in a library that is not installed, so that the C tests, which link it, see what is internal.
noinst_LTLIBRARIES += %D%/libtheseus-core.la
%C%_libtheseus_core_la_CFLAGS = $(AM_CFLAGS) $(VISIBILITY_CFLAGS)
%C%_libtheseus_core_la_SOURCES = \
  %D%/theseus.h \
  %D%/base/alloc.c \
  %D%/base/alloc.h \
  %D%/base/digits.c \
  %D%/base/digits.h \
  %D%/base/facts.c \
  %D%/base/facts.h \
  %D%/base/failure.c \
  %D%/base/failure.h \
  %D%/base/fixed.h \
  %D%/base/map.c \
  %D%/base/map.h \
  %D%/base/others.c \
  %D%/base/others.h \
  %D%/base/output.c \
  %D%/base/output.h \
  %D%/base/sized.c \
  %D%/base/sized.h \
  %D%/base/sort.c \
  %D%/base/sort.h \
  %D%/base/status.c \
  %D%/base/strings.c \
  %D%/base/strings.h \
  %D%/base/text.c \
  %D%/base/text.h \
  %D%/base/version.h \
  %D%/base/wire.c \
  %D%/base/wire.h \
  %D%/profile/cells.c \
  %D%/profile/cells.h \
  %D%/profile/events.c \
  %D%/profile/events.h \
  %D%/profile/fold.c \
  %D%/profile/folded.c \
  %D%/profile/functions.c \
  %D%/profile/functions.h \
  %D%/profile/histogram.c \
  %D%/profile/histogram.h \
  %D%/profile/labels.c \
  %D%/profile/labels.h \
  %D%/profile/life.c \
  %D%/profile/merge.c \
  %D%/profile/origin.c \
  %D%/profile/preorder.c \
  %D%/profile/preorder.h \
  %D%/profile/profile.c \
  %D%/profile/profile.h \
  %D%/profile/recursion.c \
  %D%/profile/recursion.h \
  %D%/profile/sampling.c \
  %D%/profile/sampling.h \
  %D%/profile/span-adopt.c \
  %D%/profile/span-adopt.h \
  %D%/profile/span-parts.c \
  %D%/profile/span-parts.h \
  %D%/profile/span-table.c \
  %D%/profile/span-table.h \
  %D%/profile/span-take.c \
  %D%/profile/span-take.h \
  %D%/profile/span-tree.c \
  %D%/profile/span-tree.h \
  %D%/profile/spans.c \
  %D%/profile/stacks.c \
  %D%/profile/stacks.h \
  %D%/profile/subtract.c \
  %D%/profile/totals.c \
  %D%/graph/access.c \
  %D%/graph/detached.c \
  %D%/graph/detached.h \
  %D%/graph/formulas.c \
  %D%/graph/frames.h \
  %D%/graph/graph.c \
  %D%/graph/graph.h \
  %D%/graph/merge.c \
  %D%/graph/paths.c \
  %D%/graph/paths.h \
  %D%/graph/projection.c \
  %D%/graph/rows.c \
  %D%/graph/rows.h \
  %D%/graph/select.c \
  %D%/graph/table.c \
  %D%/graph/tree.c \
  %D%/callgrind/body.c \
  %D%/callgrind/book.c \
  %D%/callgrind/book.h \
  %D%/callgrind/costs.c \
  %D%/callgrind/header.c \
  %D%/callgrind/lines.h \
  %D%/callgrind/messages.c \
  %D%/callgrind/messages.h \
  %D%/callgrind/names.c \
  %D%/callgrind/names.h \
  %D%/callgrind/number.c \
  %D%/callgrind/number.h \
  %D%/callgrind/order.c \
  %D%/callgrind/order.h \
  %D%/callgrind/quick.c \
  %D%/callgrind/read.c \
  %D%/callgrind/reader.h \
  %D%/callgrind/write.c \
  %D%/pprof/bookings.c \
  %D%/pprof/bookings.h \
  %D%/pprof/events.c \
  %D%/pprof/events.h \
  %D%/pprof/facts.c \
  %D%/pprof/facts.h \
  %D%/pprof/format.h \
  %D%/pprof/ids.c \
  %D%/pprof/ids.h \
  %D%/pprof/labels.c \
  %D%/pprof/labels.h \
  %D%/pprof/path.c \
  %D%/pprof/path.h \
  %D%/pprof/read.c \
  %D%/pprof/sampling.c \
  %D%/pprof/sampling.h \
  %D%/pprof/tables.c \
  %D%/pprof/tables.h \
  %D%/pprof/write-cells.c \
  %D%/pprof/write-cells.h \
  %D%/pprof/write-header.c \
  %D%/pprof/write-header.h \
  %D%/pprof/write-labels.c \
  %D%/pprof/write-labels.h \
  %D%/pprof/write-locations.c \
  %D%/pprof/write-locations.h \
  %D%/pprof/write-sample.c \
  %D%/pprof/write-sample.h \
  %D%/pprof/write-spans.c \
  %D%/pprof/write-spans.h \
  %D%/pprof/write-tables.c \
  %D%/pprof/write-tables.h \
  %D%/pprof/write.c \
  %D%/pprof/writer.c \
  %D%/pprof/writer.h

# The installed library wraps it.  -version-info is C:R:A.  At a release, if the code changed: R+1.  If a symbol was
# added: C+1, R=0, A+1.  If a symbol was removed or changed: C+1, R=0, A=0.
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

include_HEADERS = %D%/theseus.h %D%/theseus-stdio.h
# pkg-config knows the library by both names.
pkgconfig_DATA = %D%/theseus.pc %D%/libtheseus.pc
%D%/libtheseus.pc: %D%/theseus.pc
	$(AM_V_GEN)cp %D%/theseus.pc $@
CLEANFILES += %D%/libtheseus.pc
EXTRA_DIST += %D%/libtheseus.abi %D%/libtheseus.map %D%/libtheseus.symbols

# The command: nothing but the public library, zlib and libzstd where they are, and threads.
bin_PROGRAMS += %D%/theseus-merge
%C%_theseus_merge_SOURCES = \
  %D%/merge/columns.c \
  %D%/merge/columns.h \
  %D%/merge/escape.c \
  %D%/merge/escape.h \
  %D%/merge/inputs.c \
  %D%/merge/inputs.h \
  %D%/merge/main.c \
  %D%/merge/memory.c \
  %D%/merge/memory.h \
  %D%/merge/options.c \
  %D%/merge/options.h \
  %D%/merge/output.c \
  %D%/merge/output.h \
  %D%/merge/progress.c \
  %D%/merge/progress.h \
  %D%/merge/read.c \
  %D%/merge/read.h \
  %D%/merge/say.c \
  %D%/merge/say.h \
  %D%/merge/source.c \
  %D%/merge/source.h \
  %D%/merge/stats.c \
  %D%/merge/stats.h \
  %D%/merge/worker.c \
  %D%/merge/worker.h \
  %D%/merge/workers.c \
  %D%/merge/workers.h \
  %D%/merge/write.c \
  %D%/merge/write.h
%C%_theseus_merge_CFLAGS = $(AM_CFLAGS) $(PTHREAD_FLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS)
%C%_theseus_merge_LDADD = %D%/libtheseus.la $(ZLIB_LIBS) $(ZSTD_LIBS)
dist_man_MANS += %D%/merge/theseus-merge.1
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = %D%/merge/completions/theseus-merge
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = %D%/merge/completions/_theseus-merge

dist_man_MANS += %D%/man/theseus_spans.7 %D%/man/theseus_hosts.7

# The manual pages of section 3 are made from the header.  Each type has a link to the page that it is on.
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
	  rm -f '$(DESTDIR)$(man3dir)'/$$name.3 && \
	  if test $$kind = call; then \
	    $(AWK) -v page=$$name -f $(srcdir)/%D%/man.awk $(srcdir)/%D%/theseus.h >'$(DESTDIR)$(man3dir)'/$$name.3; \
	  else (cd '$(DESTDIR)$(man3dir)' && $(LN_S) $$page.3 $$name.3); fi || exit; done
uninstall-hook:
	$(MAN3_INDEX) | while read page name kind; do rm -f '$(DESTDIR)$(man3dir)'/$$name.3; done
