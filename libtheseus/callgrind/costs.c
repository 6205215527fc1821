/* SPDX-License-Identifier: ISC */
/* The costs in the body of a callgrind file, in all forms that they may have. */
#include "callgrind/book.h"
#include "callgrind/lines.h"
#include "callgrind/messages.h"
#include "callgrind/number.h"

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
    end = th_callgrind_number(start + relative, &number);
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
      end = th_callgrind_number(end + 1, &number);
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
  reader->graph_positions = th_graph_positions(reader->graph, reader->positions);
  reader->quick = is_usual(reader);
  if (reader->function != TH_NONE)
    return THESEUS_OK;
  int status = th_callgrind_warn(reader, where, "costs before a function: there is no `fn=` before them");
  if (status)
    return status;
  return th_book_function(reader, reader->unknown, TH_NONE, reader->object, reader->file, &reader->function);
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
    const char *end = th_callgrind_number(at, &reader->values[n]);
    if (!end)
      return fail_cost(reader, at, reader->values[n]);
    if (*end != ' ' && *end != '\n' && !th_is_blank(*end))
      return fail_cost(reader, at, 0);
    n++;
    at = skip_blanks(end);
  }
  *line = at + 1;
  int status = th_book_add(reader, n);
  return status ? th_callgrind_fail_sum(reader, status) : THESEUS_OK;
}

int th_callgrind_costs(theseus_callgrind_reader *reader, const char **at) {
  if (!reader->graph_positions || reader->function == TH_NONE) {
    int status = begin_costs(reader, *at);
    if (status)
      return status;
  }
  return take_costs(reader, at);
}
