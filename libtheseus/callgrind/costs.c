/* SPDX-License-Identifier: ISC */
/* The costs in the body of a callgrind file, in all forms that they may have. */
#include "base/digits.h"
#include "callgrind/reader.h"

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
  const uint64_t most = base == 16 ? UINT64_MAX / 16 : UINT64_MAX / 10, last = base == 16 ? 15 : UINT64_MAX % 10;
  *out = 0;
  for (unsigned digit; (digit = (unsigned)digit_of(*at)) < base; at++) {
    if (*out > most || (*out == most && digit > last)) {
      *out = UINT64_MAX;
      return NULL;
    }
    *out = *out * base + digit;
  }
  return at > start ? at : NULL;
}

/* One that begins with `length` decimal digits: with 0x, too long, or none at all. */
static const char *other_number(const char *start, size_t length, uint64_t *out) {
  if (length == 1 && *start == '0')
    return long_number(start + 2, 16, out);
  if (length)
    return long_number(start, 10, out);
  *out = 0;
  return NULL;
}

static inline const char *take_number(const char *at, uint64_t *out) {
  const char *start = at;
  uint64_t number = 0;
  for (unsigned digit; (digit = (unsigned)(unsigned char)*at - '0') <= 9; at++)
    number = number * 10 + digit;
  size_t length = (size_t)(at - start);
  if (length - 1 < 19 && *at != 'x') { /* 19 digits always fit */
    *out = number;
    return at;
  }
  return other_number(start, length, out);
}

const char *th_digits_rest(const char *at, uint64_t *out) {
  const char *most = at - 8 + TH_DIGITS_FIT;
  for (unsigned digit; (digit = (unsigned)(unsigned char)*at - '0') <= 9; at++) {
    if (at == most)
      return NULL;
    *out = *out * 10 + digit;
  }
  return at;
}

const char *th_callgrind_number(const char *at, uint64_t *out) { return take_number(at, out); }

int th_callgrind_fail_number(theseus_callgrind_reader *reader, const char *at, uint64_t number, const char *what) {
  if (number == UINT64_MAX)
    return th_callgrind_fail(reader, THESEUS_EOVERFLOW, at, "a number that does not fit into 64 bits");
  return th_callgrind_fail(reader, THESEUS_EFORMAT, at, what);
}

/* ---- a line ---- */

static int fail_position(theseus_callgrind_reader *reader, const char *at) {
  return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "a position that is negative, or does not fit");
}

static inline const char *skip_blanks(const char *at) {
  while ((unsigned char)*at <= ' ' && th_is_blank(*at))
    at++;
  return at;
}

/* Reads a position at *at, relative to *last, into it. */
static inline int position(theseus_callgrind_reader *reader, const char **at, uint64_t *last, uint64_t most) {
  const char *start = *at, *end;
  uint64_t number;
  char sign = *start;

  if (sign == '*') {
    end = start + 1;
  } else {
    bool relative = sign == '+' || sign == '-';
    end = take_number(start + relative, &number);
    if (!end)
      return th_callgrind_fail_number(reader, start, number,
                                      "a line of costs begins with a position, such as 12, +3, *");
    if (sign == '-') {
      if (number > *last)
        return fail_position(reader, start);
      *last -= number;
    } else {
      uint64_t base = relative ? *last : 0;
      if (number > most - base)
        return fail_position(reader, start);
      *last = base + number;
    }
    if (*end == '+' || *end == '-') { /* `6+2`, `6-8`: where it ends, which nobody shows */
      end = take_number(end + 1, &number);
      if (!end)
        return th_callgrind_fail(reader, THESEUS_EFORMAT, start, "a range of positions without an end");
    }
  }
  if (*end != ' ' && *end != '\n' && !th_is_blank(*end))
    return th_callgrind_fail(reader, THESEUS_EFORMAT, start, "a position that is no number");
  *at = skip_blanks(end);
  return THESEUS_OK;
}

/* Is it a part for callgrind-quick.c? */
static bool is_usual(const theseus_callgrind_reader *reader) {
  return reader->event_count && (reader->column_count == 1 || reader->columns[0] == THESEUS_ADDRESSES);
}

/* What a part needs to know before its first costs. */
static int begin_costs(theseus_callgrind_reader *reader, const char *where) {
  if (!reader->has_events)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, where, "costs before an `events:` line");
  reader->in_body = true;
  if (reader->next == TH_JUMP) /* which the graph does not have */
    return THESEUS_OK;
  reader->keep = th_graph_positions(reader->graph, reader->positions);
  reader->quick = is_usual(reader);
  if (reader->function != TH_NONE)
    return THESEUS_OK;
  int status = th_callgrind_warn(reader, where, "costs before a function: there is no `fn=` before them");
  if (status)
    return status;
  return th_callgrind_function(reader, reader->unknown, TH_NONE, reader->object, reader->file, &reader->function);
}

static int add_call(theseus_callgrind_reader *reader, uint64_t address, uint32_t n) {
  th_row key = {.function = reader->function, .file = reader->file, .line = (uint32_t)reader->line, .address = address};
  uint32_t object = reader->callee_object != TH_NONE ? reader->callee_object : reader->object;
  uint32_t file = reader->callee_file != TH_NONE ? reader->callee_file : reader->file;
  int status = th_callgrind_function(reader, reader->callee, reader->callee_id, object, file, &key.callee);

  reader->callee = reader->callee_object = reader->callee_file = TH_NONE; /* good for one call only */
  if (status)
    return status;
  if (!(reader->keep & THESEUS_ADDRESSES))
    reader->call[TH_EDGE_ADDRESS] = 0;
  return th_graph_add_edge(reader->graph, &key, reader->call, reader->values, reader->event_columns, n);
}

int th_callgrind_place(theseus_callgrind_reader *reader, uint64_t address) {
  theseus_graph *graph = reader->graph;
  struct th_graph_function *function = &graph->functions[reader->function];
  const th_row key = {.function = reader->function, .file = reader->file, .callee = TH_NONE, .address = address};
  bool own = function->file == reader->file;

  reader->high = (uint32_t)(address >> 32);
  if (own && function->place != TH_NONE && function->high == reader->high) {
    reader->place = function->place;
    return THESEUS_OK;
  }
  int status = th_rows_place(&graph->costs, &graph->alloc, &key, &reader->place);
  if (own && !status) {
    function->place = reader->place;
    function->high = reader->high;
  }
  return status;
}

static int add_cost(theseus_callgrind_reader *reader, uint64_t address, uint32_t n) {
  theseus_graph *graph = reader->graph;
  uint32_t row;
  int status = THESEUS_OK;
  if (!th_callgrind_is_placed(reader, address))
    status = th_callgrind_place(reader, address);
  if (!status)
    status = th_rows_in(&graph->costs, &graph->alloc, reader->place, th_row_key(address, (uint32_t)reader->line), &row);
  if (!status)
    status = th_rows_touch(&graph->costs, &graph->alloc, row);
  if (status)
    return status;
  uint64_t *sum = th_rows_values(&graph->costs, row);
  bool fits = true;
  for (uint32_t i = 0; i < n; i++)
    fits &= th_add(&sum[reader->event_columns[i]], reader->values[i]);
  return fits ? THESEUS_OK : THESEUS_EOVERFLOW;
}

int th_callgrind_add(theseus_callgrind_reader *reader, uint32_t n) {
  uint64_t address = reader->keep & THESEUS_ADDRESSES ? reader->address : 0;
  enum th_next what = reader->next;

  reader->next = TH_SELF;
  return what == TH_SELF ? add_cost(reader, address, n) : what == TH_CALL ? add_call(reader, address, n) : THESEUS_OK;
}

int th_callgrind_fail_sum(theseus_callgrind_reader *reader, int status) {
  if (status == THESEUS_EOVERFLOW)
    return th_callgrind_fail(reader, status, NULL, "a sum of costs does not fit into 64 bits");
  return status;
}

static int fail_cost(theseus_callgrind_reader *reader, const char *at, uint64_t number) {
  return th_callgrind_fail_number(reader, at, number,
                                  *at == '-' ? "a cost that is negative" : "a cost that is no number");
}

static int take_costs(theseus_callgrind_reader *reader, const char **line) {
  const char *at = *line;
  uint32_t n = 0;

  for (uint32_t i = 0; i < reader->column_count && *at != '\n'; i++) { /* what is left out is as it was */
    bool lines = reader->columns[i] == THESEUS_LINES;
    int status = position(reader, &at, lines ? &reader->line : &reader->address, lines ? UINT32_MAX : UINT64_MAX);
    if (status)
      return status;
  }
  while (*at != '\n') {
    if (n == reader->event_count)
      return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "more costs than there are events");
    const char *end = take_number(at, &reader->values[n]);
    if (!end)
      return fail_cost(reader, at, reader->values[n]);
    if (*end != ' ' && *end != '\n' && !th_is_blank(*end))
      return fail_cost(reader, at, 0);
    n++;
    at = skip_blanks(end);
  }
  *line = at + 1;
  int status = th_callgrind_add(reader, n);
  return status ? th_callgrind_fail_sum(reader, status) : THESEUS_OK;
}

int th_callgrind_costs(theseus_callgrind_reader *reader, const char **at) {
  if (!reader->keep || reader->function == TH_NONE) {
    int status = begin_costs(reader, *at);
    if (status)
      return status;
  }
  return take_costs(reader, at);
}
