/* SPDX-License-Identifier: ISC */
/* read - the public calls of the callgrind reader: a file from begin to finish, and its bytes as lines. */
#include "base/others.h"
#include "base/sized.h"
#include "callgrind/book.h"
#include "callgrind/lines.h"
#include "callgrind/messages.h"

#include <string.h>

/* ---- life ---- */

int theseus_callgrind_reader_new(theseus_graph *graph, const theseus_callgrind_options *options,
                                 theseus_callgrind_reader **out) {
  theseus_callgrind_options chosen = {.size = sizeof chosen};

  if (!graph || !out || th_take(&chosen, sizeof chosen, options))
    return THESEUS_EINVAL;
  if (chosen.flags > (THESEUS_STRICT | THESEUS_PARTIAL) || (!chosen.events && chosen.event_count))
    return THESEUS_EINVAL;
  theseus_callgrind_reader *reader = th_alloc_zeroed(&graph->alloc, 1, sizeof *reader);
  if (!reader)
    return th_alloc_why(&graph->alloc);
  reader->graph = graph;
  reader->strict = chosen.flags & THESEUS_STRICT;
  reader->partial = chosen.flags & THESEUS_PARTIAL;
  reader->wanted = chosen.events;
  reader->wanted_count = chosen.event_count;
  reader->source = TH_NONE;
  reader->status = THESEUS_EINVAL; /* no file has begun */
  *out = reader;
  return THESEUS_OK;
}

static void take_back(theseus_callgrind_reader *reader) {
  if (reader->open && reader->partial)
    (void)th_graph_commit(reader->graph); /* if it fails, some rows still have addresses */
  else if (reader->open)
    th_graph_rollback(reader->graph);
  reader->open = false;
}

void theseus_callgrind_reader_free(theseus_callgrind_reader *reader) {
  if (!reader)
    return;
  th_alloc *alloc = &reader->graph->alloc;
  take_back(reader);
  th_callgrind_forget_messages(reader);
  th_names_free(&reader->files, alloc);
  th_names_free(&reader->functions, alloc);
  th_names_free(&reader->objects, alloc);
  th_alloc_free(alloc, reader->carry, reader->carry_capacity, 1);
  th_alloc_free(alloc, reader->desc, reader->desc_capacity, 1);
  th_alloc_free(alloc, reader->declared, reader->declared_capacity, sizeof *reader->declared);
  th_alloc_free(alloc, reader->seen, reader->seen_capacity, sizeof *reader->seen);
  th_alloc_free(alloc, reader->sources, reader->source_capacity, sizeof *reader->sources);
  th_alloc_free(alloc, reader, 1, sizeof *reader);
}

int theseus_callgrind_reader_begin(theseus_callgrind_reader *reader, const char *source) {
  if (!reader)
    return THESEUS_EINVAL;
  take_back(reader);
  th_callgrind_forget_messages(reader);
  th_book_reset(reader);
  th_callgrind_begin_part(reader);
  th_names_clear(&reader->files);
  th_names_clear(&reader->functions);
  th_names_clear(&reader->objects);
  reader->carry_size = reader->desc_size = 0;
  reader->bytes = reader->lines = 0;
  reader->declared_count = reader->seen_count = reader->source_count = 0;
  reader->parts = reader->tops = 0;
  for (int i = 0; i < TH_FACTS; i++)
    reader->facts[i] = reader->part_facts[i] = TH_NONE;
  reader->source = TH_NONE;
  int status = THESEUS_OK;
  if (source)
    status = th_graph_text(reader->graph, source, strlen(source), &reader->source);
  if (!status)
    status = th_graph_text(reader->graph, "???", 3, &reader->unknown);
  if (!status)
    status = th_graph_begin(reader->graph, !reader->partial);
  reader->status = status;
  reader->open = !status;
  return status;
}

/* ---- lines ---- */

/* Reads a line that is not a line of costs, without its LF. */
static int take_line(theseus_callgrind_reader *reader, struct th_piece line) {
  bool known = false;
  int status = THESEUS_OK;

  if (line.bytes == line.end)
    return THESEUS_OK;
  if (*line.bytes == '#')
    return th_callgrind_comment(reader, line);
  if (reader->next == TH_CALL)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, line.bytes, "the call before this line has no line of costs");
  if (reader->next == TH_JUMP) {
    status = th_callgrind_warn(reader, line.bytes, "the jump before this line has no line of costs");
    reader->next = TH_SELF;
  }
  if (!status)
    status = th_callgrind_body(reader, line, &known);
  return status || known ? status : th_callgrind_header(reader, line);
}

/* Checks the first line, which ends with LF.  Skips the mark with which some programs on Windows begin UTF-8. */
static int begin_text(theseus_callgrind_reader *reader, const char **at, const char *end) {
  static const char mark[] = "\xef\xbb\xbf";
  const char *other = th_other_format(*at, (size_t)(end - *at));
  if (other)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, *at, other);
  if ((size_t)(end - *at) >= sizeof mark - 1 && memcmp(*at, mark, sizeof mark - 1) == 0)
    *at += sizeof mark - 1;
  return THESEUS_OK;
}

/* Reads whole lines.  The last byte is LF. */
static int take_lines(theseus_callgrind_reader *reader, const char *at, const char *end) {
  int status = THESEUS_OK;

  for (;;) {
    if (!status)
      status = th_callgrind_quick(reader, &at, end);
    if (status || at == end)
      return status;
    reader->lines++;
    reader->line_start = at;
    if (reader->lines == 1 && (status = begin_text(reader, &at, end)) != THESEUS_OK)
      return status;
    while (*at == ' ' || *at == '\t')
      at++;
    if (th_begins_costs(*at)) {
      status = th_callgrind_costs(reader, &at);
    } else {
      const char *line_end = memchr(at, '\n', (size_t)(end - at));
      status = take_line(reader, th_trim((struct th_piece){at, line_end}));
      at = line_end + 1;
    }
  }
}

static int keep_for_later(theseus_callgrind_reader *reader, const char *bytes, size_t size) {
  uint64_t all = (uint64_t)reader->carry_size + size;
  if (!size)
    return THESEUS_OK;
  if (all > TH_LINE_MAX) {
    reader->lines++;
    return th_callgrind_fail(reader, THESEUS_EFORMAT, NULL, "a line of more than 16 MB");
  }
  int status = th_alloc_grow(&reader->graph->alloc, &reader->carry, &reader->carry_capacity, all + 1, 1);
  if (status)
    return status;
  memcpy(reader->carry + reader->carry_size, bytes, size);
  reader->carry_size = (uint32_t)all;
  return THESEUS_OK;
}

static int take_carry(theseus_callgrind_reader *reader) {
  const char *end = reader->carry + reader->carry_size;
  reader->carry_size = 0;
  return take_lines(reader, reader->carry, end);
}

static int take_bytes(theseus_callgrind_reader *reader, const char *at, size_t size) {
  const char *end = at + size;
  int status;

  if (reader->carry_size) {
    const char *line_end = memchr(at, '\n', size);
    const char *next = line_end ? line_end + 1 : end;
    status = keep_for_later(reader, at, (size_t)(next - at));
    if (!status && line_end)
      status = take_carry(reader);
    if (status)
      return status;
    at = next;
  }
  const char *whole = end;
  while (whole > at && whole[-1] != '\n')
    whole--;
  status = take_lines(reader, at, whole);
  return status ? status : keep_for_later(reader, whole, (size_t)(end - whole));
}

/* After an error, removes the file from the graph, and sets a message if there is none yet.  Returns the status. */
static int settle(theseus_callgrind_reader *reader, int status) {
  if (status) {
    if (!reader->error[0])
      th_callgrind_fail(reader, status, NULL, theseus_strerror(status));
    take_back(reader);
    reader->status = status;
  }
  reader->line_start = NULL;
  return status;
}

int theseus_callgrind_reader_feed(theseus_callgrind_reader *reader, const void *bytes, size_t size) {
  if (!reader || (!bytes && size))
    return THESEUS_EINVAL;
  if (!reader->open)
    return reader->status;
  reader->bytes += size;
  return settle(reader, size ? take_bytes(reader, bytes, size) : THESEUS_OK);
}

static int finish(theseus_callgrind_reader *reader) {
  theseus_graph *graph = reader->graph;
  int status = THESEUS_OK;

  if (reader->carry_size) /* the last line has no LF */
    status = keep_for_later(reader, "\n", 1);
  if (!status && reader->carry_size)
    status = take_carry(reader);
  reader->line_start = NULL;
  if (status)
    return status;
  if (!reader->bytes)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, NULL, "the file is empty");
  if (reader->next != TH_SELF)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, NULL, "the file ends within a call: it has been cut short");
  if (!reader->has_events)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, NULL, "there is no `events:` line: this is not callgrind");
  if (reader->promised && !reader->totalled)
    status = th_callgrind_warn(reader, NULL, "the file ends before its `totals:` line: it has been cut short");
  if (status)
    return status;
  status = th_callgrind_end_part(reader);
  if (status)
    return status;
  const uint32_t *sources = reader->source_count ? reader->sources : &reader->source;
  uint32_t count = reader->source_count ? reader->source_count : reader->source != TH_NONE;
  status = th_graph_reserve_sources(graph, count);
  if (status)
    return status;
  reader->open = false; /* a commit that fails has rolled back */
  status = th_graph_commit(graph);
  if (!status)
    th_graph_describe(graph, reader->facts, sources, count, reader->source_count > 0, 1);
  return status;
}

int theseus_callgrind_reader_finish(theseus_callgrind_reader *reader) {
  if (!reader)
    return THESEUS_EINVAL;
  if (!reader->open)
    return reader->status;
  int status = settle(reader, finish(reader));
  if (!status)
    reader->status = THESEUS_EINVAL; /* until another begins */
  return status;
}

int theseus_callgrind_read(theseus_graph *graph, const char *source, const void *bytes, size_t size) {
  if (!graph)
    return THESEUS_EINVAL;
  theseus_callgrind_reader *reader;
  int status = theseus_callgrind_reader_new(graph, NULL, &reader);
  if (status)
    return status;
  status = theseus_callgrind_reader_begin(reader, source);
  if (!status)
    status = theseus_callgrind_reader_feed(reader, bytes, size);
  if (!status)
    status = theseus_callgrind_reader_finish(reader);
  theseus_callgrind_reader_free(reader);
  return status;
}

/* ---- position and messages ---- */

int theseus_callgrind_reader_info_get(const theseus_callgrind_reader *reader, theseus_callgrind_reader_info *out) {
  if (!reader)
    return THESEUS_EINVAL;
  theseus_callgrind_reader_info info = {.size = sizeof info,
                                        .bytes = reader->bytes,
                                        .lines = reader->lines,
                                        .warnings = reader->warning_count,
                                        .kept = reader->kept,
                                        .events = reader->seen_count,
                                        .error = reader->error};
  if (reader->refused != TH_NONE)
    info.refused_event = th_strings_get(&reader->graph->strings, reader->refused);
  return th_give(out, &info, sizeof info);
}

int theseus_callgrind_reader_warning_get(const theseus_callgrind_reader *reader, uint32_t warning, const char **out) {
  if (!reader || !out || warning >= reader->kept)
    return THESEUS_EINVAL;
  *out = reader->warnings[warning];
  return THESEUS_OK;
}

int theseus_callgrind_reader_event_get(const theseus_callgrind_reader *reader, uint32_t event,
                                       theseus_event_info *out) {
  if (!reader || event >= reader->seen_count)
    return THESEUS_EINVAL;
  const struct th_graph_event *told = &reader->declared[reader->seen[event]];
  const th_strings *strings = &reader->graph->strings;
  theseus_event_info info = {sizeof info, th_strings_get(strings, told->name), th_strings_get(strings, told->long_name),
                             th_strings_get(strings, told->unit)};
  return th_give(out, &info, sizeof info);
}
