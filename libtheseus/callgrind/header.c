/* SPDX-License-Identifier: ISC */
/* header - the header of a callgrind file, or of one of its parts: `key: value`, in any order. */
#include "callgrind/book.h"
#include "callgrind/lines.h"
#include "callgrind/messages.h"
#include "callgrind/number.h"

#include <string.h>

static bool is(struct th_piece piece, const char *text) {
  size_t length = strlen(text);
  return (size_t)(piece.end - piece.bytes) == length && memcmp(piece.bytes, text, length) == 0;
}

static int text_of(theseus_callgrind_reader *reader, struct th_piece piece, uint32_t *out) {
  piece = th_trim(piece);
  return th_graph_text(reader->graph, piece.bytes, (size_t)(piece.end - piece.bytes), out);
}

/* Splits off the first word of a line.  The word is empty at the end of the line. */
static struct th_piece word(struct th_piece *rest) {
  struct th_piece found = th_trim(*rest);
  rest->bytes = found.bytes;
  while (rest->bytes < rest->end && !th_is_blank(*rest->bytes))
    rest->bytes++;
  found.end = rest->bytes;
  return found;
}

/* ---- version, positions ---- */

static int version(theseus_callgrind_reader *reader, struct th_piece value) {
  const char *at = th_trim(value).bytes;
  uint64_t major;
  if (at == value.end || !th_callgrind_number(at, &major))
    return th_callgrind_warn(reader, at, "a version that is no number");
  if (major > 1)
    return th_callgrind_fail(reader, THESEUS_EVERSION, at, "a version of the format that is not known: 2 or later");
  return THESEUS_OK;
}

static int positions(theseus_callgrind_reader *reader, struct th_piece value) {
  uint32_t columns[2], count = 0, all = 0;

  for (struct th_piece next = word(&value); next.bytes < next.end; next = word(&value)) {
    uint32_t kind = is(next, "line") ? THESEUS_LINES : is(next, "instr") || is(next, "addr") ? THESEUS_ADDRESSES : 0;
    if (!kind || all & kind)
      return th_callgrind_fail(reader, THESEUS_EFORMAT, next.bytes, "positions are `line`, `instr`, `instr line`");
    columns[count++] = kind;
    all |= kind;
  }
  if (!count)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, value.bytes, "positions are `line`, `instr`, `instr line`");
  memcpy(reader->columns, columns, sizeof columns);
  reader->column_count = count;
  reader->positions = all;
  reader->graph_positions = 0;
  return THESEUS_OK;
}

/* ---- events ---- */

static int tell(theseus_callgrind_reader *reader, uint32_t name, uint32_t *out) {
  for (*out = 0; *out < reader->declared_count; ++*out)
    if (reader->declared[*out].name == name)
      return THESEUS_OK;
  if (reader->declared_count == TH_EVENTS_MAX)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, NULL, "more than 256 events");
  int status = th_alloc_grow(&reader->graph->alloc, &reader->declared, &reader->declared_capacity,
                             (uint64_t)reader->declared_count + 1, sizeof *reader->declared);
  if (!status)
    reader->declared[reader->declared_count++] =
        (struct th_graph_event){name, reader->graph->empty, reader->graph->empty};
  return status;
}

/* Adds an event of the file to the graph, as its `event:` line describes it. */
static int add_event(theseus_callgrind_reader *reader, uint32_t index, const char *where, uint32_t *out) {
  bool clash = false;
  if (reader->graph->event_count >= TH_EVENTS_MAX)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, where, "more than 256 events");
  int status = th_graph_event(reader->graph, &reader->declared[index], &clash, out);
  if (status == THESEUS_EUNIT)
    return th_callgrind_fail(reader, status, where, "this event has another unit than in what was read before");
  if (!status && clash)
    return th_callgrind_warn(reader, where, "this event has another long name than before, which stays");
  return status;
}

static bool is_column(const theseus_callgrind_reader *reader, uint32_t index) {
  for (uint32_t i = 0; i < reader->seen_count; i++)
    if (reader->seen[i] == index)
      return true;
  return false;
}

/* `Ir : Instructions [unit]`, or `Sum = A + B : both`. */
static int event(theseus_callgrind_reader *reader, struct th_piece value) {
  struct th_piece line = th_trim(value), name = line;
  uint32_t id, all, index, column;
  bool clash = false;

  name.end = name.bytes;
  while (name.end < line.end && !th_is_blank(*name.end) && *name.end != ':' && *name.end != '=')
    name.end++;
  struct th_piece rest = {name.end, line.end};
  while (rest.bytes < rest.end &&
         (*rest.bytes == ' ' || *rest.bytes == '\t')) /* a CR would be escaped, and no blank then */
    rest.bytes++;
  if (name.end == name.bytes)
    return th_callgrind_warn(reader, line.bytes, "an event without a name");
  int status = text_of(reader, name, &id);
  if (status)
    return status;
  if (rest.bytes < rest.end && *rest.bytes == '=') {
    status = text_of(reader, line, &all);
    if (!status)
      status = th_graph_formula(reader->graph, id, all, &clash);
    return status || !clash
               ? status
               : th_callgrind_warn(reader, name.bytes, "this event has another formula than before: it is left out");
  }
  if (rest.bytes < rest.end && *rest.bytes == ':')
    rest.bytes++;
  rest = th_trim(rest);
  struct th_piece unit = {rest.end, rest.end};
  if (rest.bytes < rest.end && rest.end[-1] == ']') {
    const char *open = rest.end - 1;
    while (open > rest.bytes && *open != '[')
      open--;
    if (*open == '[') {
      unit = (struct th_piece){open + 1, rest.end - 1};
      rest.end = open;
    }
  }
  status = tell(reader, id, &index);
  if (!status)
    status = text_of(reader, rest, &reader->declared[index].long_name);
  if (!status)
    status = text_of(reader, unit, &reader->declared[index].unit);
  if (!status && is_column(reader, index)) /* it comes late, and is still used */
    status = add_event(reader, index, name.bytes, &column);
  return status;
}

static bool is_wanted(const theseus_callgrind_reader *reader, uint32_t name) {
  const char *text = th_strings_get(&reader->graph->strings, name);
  for (uint32_t i = 0; i < reader->wanted_count; i++)
    if (th_graph_is_event(text, reader->wanted[i]))
      return true;
  return !reader->wanted;
}

static int events(theseus_callgrind_reader *reader, struct th_piece value) {
  reader->event_count = 0;
  reader->graph_positions = 0;
  reader->has_events = true;
  for (struct th_piece next = word(&value); next.bytes < next.end; next = word(&value)) {
    uint32_t name, index = 0, column = 0;
    if (reader->event_count == TH_EVENTS_MAX)
      return th_callgrind_fail(reader, THESEUS_EFORMAT, next.bytes, "more than 256 events");
    int status = text_of(reader, next, &name);
    if (!status)
      status = tell(reader, name, &index);
    if (!status)
      status = add_event(reader, index, next.bytes, &column);
    if (!status && !is_column(reader, index)) {
      status = th_alloc_grow(&reader->graph->alloc, &reader->seen, &reader->seen_capacity,
                             (uint64_t)reader->seen_count + 1, sizeof *reader->seen);
      if (!status)
        reader->seen[reader->seen_count++] = index;
    }
    if (status)
      return status;
    reader->left_out[reader->event_count] = !is_wanted(reader, name);
    reader->event_columns[reader->event_count++] = column;
  }
  return THESEUS_OK;
}

/* ---- facts ---- */

/* Valgrind and Theseus end each part with its totals.  Other programs may omit them. */
static void creator(theseus_callgrind_reader *reader, struct th_piece value) {
  static const char *const who[] = {"callgrind-", "libtheseus-"};
  value = th_trim(value);
  for (int i = 0; i < 2; i++) {
    size_t length = strlen(who[i]);
    if ((size_t)(value.end - value.bytes) > length && memcmp(value.bytes, who[i], length) == 0)
      reader->promised = true;
  }
}

static int source(theseus_callgrind_reader *reader, struct th_piece value) {
  uint32_t id;
  int status = text_of(reader, value, &id);
  if (!status)
    status = th_alloc_grow(&reader->graph->alloc, &reader->sources, &reader->source_capacity,
                           (uint64_t)reader->source_count + 1, sizeof id);
  if (!status)
    reader->sources[reader->source_count++] = id;
  return status;
}

static int desc(theseus_callgrind_reader *reader, struct th_piece value) {
  static const char mark[] = "Source:";
  uint32_t id;

  value = th_trim(value);
  size_t length = (size_t)(value.end - value.bytes);
  if (length >= sizeof mark - 1 && memcmp(value.bytes, mark, sizeof mark - 1) == 0)
    return source(reader, (struct th_piece){value.bytes + sizeof mark - 1, value.end});
  int status = text_of(reader, value, &id);
  if (status)
    return status;
  const struct th_text *text = &reader->graph->strings.texts[id];
  status = th_alloc_grow(&reader->graph->alloc, &reader->desc, &reader->desc_capacity,
                         (uint64_t)reader->desc_size + text->length + 1, 1);
  if (status)
    return status;
  memcpy(reader->desc + reader->desc_size, text->bytes, text->length);
  reader->desc_size += text->length;
  reader->desc[reader->desc_size++] = '\n';
  return THESEUS_OK;
}

void th_callgrind_begin_part(theseus_callgrind_reader *reader) {
  reader->columns[0] = reader->positions = THESEUS_LINES;
  reader->column_count = 1;
  reader->graph_positions = reader->event_count = 0;
  reader->has_events = reader->promised = false;
}

int th_callgrind_end_part(theseus_callgrind_reader *reader) {
  uint32_t *facts = reader->part_facts;
  if (reader->desc_size) { /* without the last LF */
    int status = th_strings_intern(&reader->graph->strings, &reader->graph->alloc, reader->desc, reader->desc_size - 1,
                                   &facts[TH_DESC]);
    if (status)
      return status;
    reader->desc_size = 0;
  }
  for (int i = 0; i < TH_FACTS; i++) {
    if (!reader->parts)
      reader->facts[i] = facts[i];
    else if (reader->facts[i] != facts[i] && (facts[i] != TH_NONE || i == TH_PART || i == TH_THREAD || i == TH_DESC))
      reader->facts[i] = TH_NONE; /* a later part need not repeat its process */
    facts[i] = TH_NONE;
  }
  reader->parts++;
  return THESEUS_OK;
}

/* ---- any line ---- */

/* Begins another part: a header after a body.  A part that starts from the top has its own positions and events. */
static int next_part(theseus_callgrind_reader *reader, bool from_the_top) {
  int status = th_callgrind_end_part(reader);
  th_book_reset(reader);
  if (from_the_top) {
    th_callgrind_begin_part(reader);
    reader->tops++;
  }
  reader->graph_positions = 0;
  return status;
}

int th_callgrind_comment(theseus_callgrind_reader *reader, struct th_piece line) {
  return reader->in_body && is(line, "# callgrind format") ? next_part(reader, true) : THESEUS_OK;
}

int th_callgrind_header(theseus_callgrind_reader *reader, struct th_piece line) {
  static const char appended[] = "==== NEW PROFILING FILE"; /* of xdebug, with a file's name */
  struct th_piece key = {line.bytes, line.bytes};

  if ((size_t)(line.end - line.bytes) >= sizeof appended - 1 && memcmp(line.bytes, appended, sizeof appended - 1) == 0)
    return reader->in_body ? next_part(reader, true) : THESEUS_OK;
  while (key.end < line.end && *key.end != ':' && !th_is_blank(*key.end))
    key.end++;
  struct th_piece value = {key.end + (key.end < line.end), line.end};
  if (key.end == line.end || *key.end != ':')
    return th_callgrind_warn(reader, line.bytes, "a line that makes no sense is left out");
  if (is(key, "summary") || is(key, "totals")) { /* computed anew */
    reader->totalled |= is(key, "totals");
    return THESEUS_OK;
  }
  if (reader->in_body) {
    int status = next_part(reader, is(key, "version"));
    if (status)
      return status;
  }
  if (is(key, "events"))
    return events(reader, value);
  if (is(key, "event"))
    return event(reader, value);
  if (is(key, "positions"))
    return positions(reader, value);
  if (is(key, "version"))
    return version(reader, value);
  if (is(key, "creator")) {
    creator(reader, value);
    return THESEUS_OK;
  }
  if (is(key, "desc"))
    return desc(reader, value);
  static const char *const facts[] = {"pid", "cmd", "part", "thread"};
  for (int i = 0; i < TH_DESC; i++)
    if (is(key, facts[i]))
      return text_of(reader, value, &reader->part_facts[i]);
  return th_callgrind_warn(reader, line.bytes, "a header that is not known is left out");
}
