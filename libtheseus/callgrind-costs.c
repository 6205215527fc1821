/* SPDX-License-Identifier: ISC */
/* The costs in the body of a callgrind file: nine lines of ten, so this is where the time goes. */
#include "callgrind-read.h"

enum { QUICK = 16 }; /* events of a part that quick_costs takes */

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

/* Is it a part for quick_costs? */
static bool is_usual(const theseus_callgrind_reader *reader) {
  for (uint32_t i = 0; i < reader->event_count; i++)
    for (uint32_t k = 0; k < i; k++)
      if (reader->event_columns[i] == reader->event_columns[k])
        return false;
  return reader->event_count <= QUICK && (reader->column_count == 1 || reader->columns[0] == THESEUS_ADDRESSES);
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

static int add_call(theseus_callgrind_reader *reader, th_row *key, uint32_t n) {
  uint32_t object = reader->callee_object != TH_NONE ? reader->callee_object : reader->object;
  uint32_t file = reader->callee_file != TH_NONE ? reader->callee_file : reader->file;
  int status = th_callgrind_function(reader, reader->callee, reader->callee_id, object, file, &key->callee);

  reader->callee = reader->callee_object = reader->callee_file = TH_NONE; /* good for one call only */
  if (status)
    return status;
  if (!(reader->keep & THESEUS_ADDRESSES))
    reader->call[TH_EDGE_ADDRESS] = 0;
  return th_graph_add_edge(reader->graph, key, reader->call, reader->values, reader->event_columns, n);
}

/* Adds what has been read of a line: `n` values. */
static inline int add(theseus_callgrind_reader *reader, uint32_t n) {
  theseus_graph *graph = reader->graph;
  th_row key = {.function = reader->function,
                .file = reader->file,
                .line = (uint32_t)reader->line,
                .callee = TH_NONE,
                .address = reader->keep & THESEUS_ADDRESSES ? reader->address : 0};
  uint32_t row;
  int status;

  if (reader->next == TH_SELF) {
    status = th_rows_at(&graph->costs, &graph->alloc, &key, &row);
    if (!status)
      status = th_rows_touch(&graph->costs, &graph->alloc, row);
    if (!status) {
      uint64_t *sum = th_rows_values(&graph->costs, row);
      bool fits = true;
      for (uint32_t i = 0; i < n; i++)
        fits &= th_add(&sum[reader->event_columns[i]], reader->values[i]);
      status = fits ? THESEUS_OK : THESEUS_EOVERFLOW;
    }
  } else {
    enum th_next what = reader->next;
    reader->next = TH_SELF;
    status = what == TH_CALL ? add_call(reader, &key, n) : THESEUS_OK;
  }
  if (status == THESEUS_EOVERFLOW)
    return th_callgrind_fail(reader, status, NULL, "a sum of costs does not fit into 64 bits");
  return status;
}

static int fail_cost(theseus_callgrind_reader *reader, const char *at, uint64_t number) {
  return th_callgrind_fail_number(reader, at, number,
                                  *at == '-' ? "a cost that is negative" : "a cost that is no number");
}

static inline int take_costs(theseus_callgrind_reader *reader, const char **line) {
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
  return add(reader, n);
}

/* ---- many lines ---- */

/* A position as most are, with a blank behind it, or NULL: then the general way has to look at it, and say what is
 * wrong. */
static inline const char *quick_position(const char *at, uint64_t *last, uint64_t most) {
  uint64_t number = 0;
  char sign = *at;

  if (sign == '*')
    return at[1] == ' ' ? at + 2 : NULL;
  at += sign == '+' || sign == '-';
  const char *start = at;
  if (at[0] == '0' && at[1] == 'x') {
    start = at += 2;
    for (unsigned digit; (digit = (unsigned)digit_of(*at)) < 16; at++)
      number = number << 4 | digit;
  } else {
    for (unsigned digit; (digit = (unsigned)(unsigned char)*at - '0') <= 9; at++)
      number = number * 10 + digit;
  }
  size_t length = (size_t)(at - start);
  if (*at != ' ' || length - 1 >= 16) /* of which none overflows */
    return NULL;
  uint64_t base = sign == '+' || sign == '-' ? *last : 0;
  if (sign == '-' ? number > base : number > most - base)
    return NULL;
  *last = sign == '-' ? base - number : base + number;
  return at + 1;
}

/* Adds self costs, line after line, as long as all is as it mostly is; stops before the line of which that is not true,
 * or at the end.  Nine lines of ten pass here. */
static const char *quick_costs(theseus_callgrind_reader *reader, const char *at, const char *end) {
  theseus_graph *graph = reader->graph;
  th_rows *rows = &graph->costs;
  uint64_t line = reader->line, address = reader->address, values[QUICK];
  uint64_t mask = reader->keep & THESEUS_ADDRESSES ? UINT64_MAX : 0;
  uint64_t lines = 0;
  uint32_t most = reader->event_count;
  bool with_address = reader->positions & THESEUS_ADDRESSES, with_line = reader->positions & THESEUS_LINES;
  th_row key = {.function = reader->function, .file = reader->file, .callee = TH_NONE};

  while (at < end && rows->last < rows->count) {
    uint64_t this_line = line, this_address = address;
    uint32_t n = 0;
    const char *next = at;
    if (with_address && !(next = quick_position(next, &this_address, UINT64_MAX)))
      break;
    if (with_line && !(next = quick_position(next, &this_line, UINT32_MAX)))
      break;
    for (;; next++) {
      const char *start = next;
      uint64_t value = 0;
      for (unsigned digit; (digit = (unsigned)(unsigned char)*next - '0') <= 9; next++)
        value = value * 10 + digit;
      if (n == most || (size_t)(next - start) - 1 >= 19)
        goto out;
      values[n++] = value;
      if (*next != ' ')
        break;
    }
    if (*next != '\n')
      break;
    key.line = (uint32_t)this_line;
    key.address = this_address & mask;
    uint32_t row = rows->keys[rows->last].follow;
    if (row >= rows->count || !th_row_same(&rows->keys[row], &key) || th_rows_touch(rows, &graph->alloc, row))
      break;
    uint64_t *sum = th_rows_values(rows, row);
    bool fits = true;
    for (uint32_t i = 0; i < n; i++)
      fits &= values[i] <= UINT64_MAX - sum[reader->event_columns[i]];
    if (!fits)
      break;
    for (uint32_t i = 0; i < n; i++)
      sum[reader->event_columns[i]] += values[i];
    rows->last = row;
    if (rows->keys[row].follow < rows->count) {
      th_prefetch(&rows->keys[rows->keys[row].follow]);
      th_prefetch(th_rows_values(rows, rows->keys[row].follow));
    }
    line = this_line;
    address = this_address;
    lines++;
    at = next + 1;
  }
out:
  reader->line = line;
  reader->address = address;
  reader->lines += lines;
  return at;
}

int th_callgrind_costs(theseus_callgrind_reader *reader, const char **at, const char *end) {
  for (;;) {
    int status = THESEUS_OK;
    if (!reader->keep || reader->function == TH_NONE) {
      status = begin_costs(reader, *at);
    } else if (reader->quick && reader->next == TH_SELF) {
      reader->lines--; /* this line is counted already */
      *at = quick_costs(reader, *at, end);
      if (*at == end || !th_begins_costs(**at))
        return THESEUS_OK;
      reader->lines++;
      reader->line_start = *at;
    }
    if (!status)
      status = take_costs(reader, at);
    if (status || *at == end || !th_begins_costs(**at))
      return status;
    reader->lines++;
    reader->line_start = *at;
  }
}
