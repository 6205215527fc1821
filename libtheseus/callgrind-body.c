/* SPDX-License-Identifier: ISC */
/* The body of a callgrind file: names, costs, calls, jumps. */
#include "callgrind-read.h"

#include <string.h>

/* ---- numbers ---- */

static int digit_of(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

static const char *long_number(const char *at, unsigned base, uint64_t *out) {
  const char *start = at;
  *out = 0;
  for (unsigned digit; (digit = (unsigned)digit_of(*at)) < base; at++) {
    if (*out > (UINT64_MAX - digit) / base) {
      *out = UINT64_MAX;
      return NULL;
    }
    *out = *out * base + digit;
  }
  return at > start ? at : NULL;
}

const char *th_callgrind_number(const char *at, uint64_t *out) {
  const char *start = at;
  uint64_t number = 0;
  for (unsigned digit; (digit = (unsigned)(unsigned char)*at - '0') <= 9; at++)
    number = number * 10 + digit;
  *out = number;
  size_t length = (size_t)(at - start);
  if (length - 1 < 19 && !(*at == 'x' && length == 1)) /* 19 digits always fit */
    return at;
  if (length == 1 && number == 0)
    return long_number(at + 1, 16, out);
  return length ? long_number(start, 10, out) : NULL;
}

/* ---- names ---- */

static int fail_number(theseus_callgrind_reader *reader, const char *at, uint64_t number, const char *what) {
  if (number == UINT64_MAX)
    return th_callgrind_fail(reader, THESEUS_EOVERFLOW, at, "a number that does not fit into 64 bits");
  return th_callgrind_fail(reader, THESEUS_EFORMAT, at, what);
}

/* The id in front of a name, `(12)`: false if it has none. */
static bool take_id(struct th_piece *piece, uint64_t *id) {
  const char *at = piece->bytes;
  if (at == piece->end || *at++ != '(')
    return false;
  const char *digits = at;
  for (*id = 0; at < piece->end && *at >= '0' && *at <= '9'; at++)
    *id = *id > UINT32_MAX ? *id : *id * 10 + (uint64_t)(*at - '0');
  if (at == digits || at == piece->end || *at != ')')
    return false;
  piece->bytes = at + 1;
  return true;
}

/* The text of a name, and its id, or TH_NONE. */
static int name(theseus_callgrind_reader *reader, th_names *names, struct th_piece piece, uint32_t *text,
                uint32_t *id) {
  th_alloc *alloc = &reader->graph->alloc;
  uint64_t number;
  th_name *entry;

  while (piece.bytes < piece.end && th_is_blank(*piece.bytes))
    piece.bytes++;
  const char *where = piece.bytes;
  *id = TH_NONE;
  if (!take_id(&piece, &number)) {
    piece = th_trim(piece);
    return th_graph_text(reader->graph, piece.bytes, (size_t)(piece.end - piece.bytes), text);
  }
  if (number >= TH_NONE)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, where, "the number of a name does not fit into 32 bits");
  *id = (uint32_t)number;
  int status = th_names_at(names, alloc, *id, &entry);
  if (status)
    return status;
  piece = th_trim(piece);
  if (piece.bytes == piece.end) {
    *text = entry->text;
    if (*text != TH_NONE)
      return THESEUS_OK;
    *text = reader->unknown;
    return th_callgrind_warn(reader, where, "this number of a name has not been defined");
  }
  status = th_graph_text(reader->graph, piece.bytes, (size_t)(piece.end - piece.bytes), text);
  if (status)
    return status;
  entry->text = *text;
  entry->function = TH_NONE;
  return THESEUS_OK;
}

/* The function of the graph that has this name, with its number of a name if it has one, object and file. */
static int function(theseus_callgrind_reader *reader, uint32_t text, uint32_t id, uint32_t object, uint32_t file,
                    uint32_t *out) {
  const struct th_graph_function key = {object, file, text};
  th_name *entry;

  if (id == TH_NONE)
    return th_graph_function(reader->graph, &key, out);
  int status = th_names_at(&reader->functions, &reader->graph->alloc, id, &entry);
  if (status)
    return status;
  if (entry->text != text) /* it has not been defined, or anew since */
    return th_graph_function(reader->graph, &key, out);
  if (entry->function == TH_NONE || entry->object != object || entry->file != file) {
    uint32_t found;
    status = th_graph_function(reader->graph, &key, &found);
    if (status)
      return status;
    entry->function = found;
    entry->object = object;
    entry->file = file;
  }
  *out = entry->function;
  return THESEUS_OK;
}

void th_callgrind_reset_body(theseus_callgrind_reader *reader) {
  reader->object = reader->own_file = reader->file = reader->graph->empty;
  reader->function = reader->callee = reader->callee_id = TH_NONE;
  reader->callee_object = reader->callee_file = TH_NONE;
  reader->next = TH_SELF;
  reader->address = reader->line = 0;
  reader->in_body = false;
}

/* ---- lines with a key ---- */

static int begin_function(theseus_callgrind_reader *reader, struct th_piece value) {
  uint32_t text, id;
  int status = name(reader, &reader->functions, value, &text, &id);
  if (status)
    return status;
  reader->file = reader->own_file;
  reader->callee = TH_NONE;
  return function(reader, text, id, reader->object, reader->file, &reader->function);
}

/* The position of a callee: `12`, `+3`, `*`.  Consumers make nothing of it, so what makes no sense is 0. */
static const char *target(const theseus_callgrind_reader *reader, const char *at, uint32_t column, uint64_t *out) {
  uint64_t last = column == THESEUS_LINES ? reader->line : reader->address, number;
  char sign = *at;

  *out = 0;
  if (sign == '*') {
    *out = last;
    return at + 1;
  }
  const char *end = th_callgrind_number(at + (sign == '+' || sign == '-'), &number);
  if (!end)
    return at;
  if (sign == '+')
    *out = number <= UINT64_MAX - last ? last + number : 0;
  else if (sign == '-')
    *out = number <= last ? last - number : 0;
  else
    *out = number;
  return end;
}

static int begin_call(theseus_callgrind_reader *reader, struct th_piece value) {
  const char *at = th_trim(value).bytes;
  uint64_t number;
  int status = THESEUS_OK;

  if (at == value.end)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "a call without a number of calls");
  const char *end = th_callgrind_number(at, &number);
  if (!end)
    return fail_number(reader, at, number, "the number of calls is no number");
  reader->call[TH_EDGE_COUNT] = number;
  reader->call[TH_EDGE_LINE] = reader->call[TH_EDGE_ADDRESS] = 0;
  for (uint32_t i = 0; i < reader->column_count; i++) {
    while (end < value.end && th_is_blank(*end))
      end++;
    if (end == value.end)
      break;
    bool line = reader->columns[i] == THESEUS_LINES;
    end = target(reader, end, reader->columns[i], &reader->call[line ? TH_EDGE_LINE : TH_EDGE_ADDRESS]);
    if (reader->call[TH_EDGE_LINE] > UINT32_MAX)
      reader->call[TH_EDGE_LINE] = 0;
  }
  if (reader->callee == TH_NONE) {
    reader->callee = reader->unknown;
    reader->callee_id = TH_NONE;
    status = th_callgrind_warn(reader, value.bytes, "a call without a callee: there is no `cfn=` before it");
  }
  reader->next = TH_CALL;
  return status;
}

#define KEY(text) (length == sizeof(text) - 1 && memcmp(line.bytes, text, sizeof(text) - 1) == 0)

int th_callgrind_body(theseus_callgrind_reader *reader, struct th_piece line, bool *known) {
  size_t length = 0, most = (size_t)(line.end - line.bytes);
  uint32_t text, id;
  int status;

  while (length < most && length < 7 && line.bytes[length] != '=')
    length++;
  *known = length >= 2 && length < most && line.bytes[length] == '=';
  if (!*known)
    return THESEUS_OK;
  struct th_piece value = {line.bytes + length + 1, line.end};
  if (KEY("fn")) {
    status = begin_function(reader, value);
  } else if (KEY("cfn")) {
    status = name(reader, &reader->functions, value, &reader->callee, &reader->callee_id);
  } else if (KEY("calls") || KEY("rcalls")) {
    status = begin_call(reader, value);
  } else if (KEY("fl")) {
    status = name(reader, &reader->files, value, &reader->own_file, &id);
    reader->file = reader->own_file;
  } else if (KEY("fi") || KEY("fe")) {
    status = name(reader, &reader->files, value, &reader->file, &id);
  } else if (KEY("cfi") || KEY("cfl")) {
    status = name(reader, &reader->files, value, &reader->callee_file, &id);
  } else if (KEY("ob")) {
    status = name(reader, &reader->objects, value, &reader->object, &id);
  } else if (KEY("cob")) {
    status = name(reader, &reader->objects, value, &reader->callee_object, &id);
  } else if (KEY("jump") || KEY("jcnd")) {
    reader->next = TH_JUMP;
    status = THESEUS_OK;
  } else if (KEY("jfi")) {
    status = name(reader, &reader->files, value, &text, &id);
  } else if (KEY("jfn")) {
    status = name(reader, &reader->functions, value, &text, &id);
  } else if (KEY("job")) {
    status = name(reader, &reader->objects, value, &text, &id);
  } else {
    *known = false;
    return THESEUS_OK;
  }
  reader->in_body = true;
  return status;
}

/* ---- lines of costs ---- */

static int fail_position(theseus_callgrind_reader *reader, const char *at) {
  return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "a position that is negative, or does not fit");
}

/* Reads a position of the line at *at, and moves it on. */
static int position(theseus_callgrind_reader *reader, const char **at, uint64_t *last, uint64_t most) {
  const char *start = *at, *end;
  uint64_t number;
  char sign = *start;

  if (sign == '*') {
    end = start + 1;
  } else {
    bool relative = sign == '+' || sign == '-';
    end = th_callgrind_number(start + relative, &number);
    if (!end)
      return fail_number(reader, start, number, "a line of costs begins with a position, such as 12, +3, *");
    if (!relative)
      *last = number;
    else if (sign == '+' ? number > most - *last : number > *last)
      return fail_position(reader, start);
    else
      *last = sign == '+' ? *last + number : *last - number;
    if (*last > most)
      return fail_position(reader, start);
    if (*end == '+' || *end == '-') { /* `6+2`, `6-8`: where it ends, which nobody shows */
      end = th_callgrind_number(end + 1, &number);
      if (!end)
        return th_callgrind_fail(reader, THESEUS_EFORMAT, start, "a range of positions without an end");
    }
  }
  if ((unsigned char)*end > ' ')
    return th_callgrind_fail(reader, THESEUS_EFORMAT, start, "a position that is no number");
  while (th_is_blank(*end))
    end++;
  *at = end;
  return THESEUS_OK;
}

/* What a part needs to know before its first costs. */
static int begin_costs(theseus_callgrind_reader *reader, const char *where) {
  if (!reader->has_events)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, where, "costs before an `events:` line");
  reader->in_body = true;
  reader->keep = th_graph_positions(reader->graph, reader->positions);
  if (reader->function != TH_NONE)
    return THESEUS_OK;
  int status = th_callgrind_warn(reader, where, "costs before a function: there is no `fn=` before them");
  if (status)
    return status;
  return function(reader, reader->unknown, TH_NONE, reader->object, reader->file, &reader->function);
}

static int fail_add(theseus_callgrind_reader *reader, int status) {
  if (status == THESEUS_EOVERFLOW)
    return th_callgrind_fail(reader, status, NULL, "a sum of costs does not fit into 64 bits");
  return status;
}

static int add_call(theseus_callgrind_reader *reader, th_row *key, uint32_t n) {
  uint32_t object = reader->callee_object != TH_NONE ? reader->callee_object : reader->object;
  uint32_t file = reader->callee_file != TH_NONE ? reader->callee_file : reader->file;
  int status = function(reader, reader->callee, reader->callee_id, object, file, &key->callee);

  reader->callee = reader->callee_object = reader->callee_file = TH_NONE; /* good for one call only */
  if (status)
    return status;
  if (!(reader->keep & THESEUS_ADDRESSES))
    reader->call[TH_EDGE_ADDRESS] = 0;
  return th_graph_add_edge(reader->graph, key, reader->call, reader->values, reader->event_columns, n);
}

int th_callgrind_costs(theseus_callgrind_reader *reader, const char **line) {
  const char *at = *line;
  uint64_t *values = reader->values;
  uint32_t n = 0, most = reader->event_count;
  int status;

  if (!reader->keep || reader->function == TH_NONE) {
    status = begin_costs(reader, at);
    if (status)
      return status;
    most = reader->event_count;
  }
  for (uint32_t i = 0; i < reader->column_count; i++) {
    if (*at == '\n')
      break; /* what is left out is as it was */
    if (reader->columns[i] == THESEUS_LINES)
      status = position(reader, &at, &reader->line, UINT32_MAX);
    else
      status = position(reader, &at, &reader->address, UINT64_MAX);
    if (status)
      return status;
  }
  while (*at != '\n') {
    const char *end = th_callgrind_number(at, &values[n < most ? n : 0]);
    if (n == most)
      return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "more costs than there are events");
    if (!end)
      return fail_number(reader, at, values[n], *at == '-' ? "a cost that is negative" : "a cost that is no number");
    if ((unsigned char)*end > ' ')
      return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "a cost that is no number");
    n++;
    while (th_is_blank(*end))
      end++;
    if (end == at || (*end < ' ' && *end != '\n'))
      return th_callgrind_fail(reader, THESEUS_EFORMAT, end, "a byte that has no place in a line of costs");
    at = end;
  }
  *line = at + 1;

  enum th_next what = reader->next;
  reader->next = TH_SELF;
  if (what == TH_JUMP)
    return THESEUS_OK;
  th_row key = {.function = reader->function,
                .file = reader->file,
                .line = (uint32_t)reader->line,
                .callee = TH_NONE,
                .address = reader->keep & THESEUS_ADDRESSES ? reader->address : 0};
  if (what == TH_CALL)
    return fail_add(reader, add_call(reader, &key, n));
  const uint32_t *columns = reader->in_order ? NULL : reader->event_columns;
  return fail_add(reader, th_graph_add_cost(reader->graph, &key, values, columns, n));
}
