/* SPDX-License-Identifier: ISC */
/* costs - lines of costs, in all their forms. */
#include "callgrind/book.h"
#include "callgrind/lines.h"
#include "callgrind/messages.h"
#include "callgrind/number.h"

#include <stdio.h>

static int fail_position(theseus_callgrind_reader *reader, const char *at) {
  return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "a position that is negative, or does not fit");
}

static inline const char *skip_blanks(const char *at) {
  while ((unsigned char)*at <= ' ' && th_is_blank(*at))
    at++;
  return at;
}

/* Reads a position at *at, which may be relative to *last, and stores it in *last. */
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
    if (*end == '+' || *end == '-') { /* `6+2`, `6-8`: a range, whose end no tool shows */
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

/* Returns true if quick.c can read the costs of this part. */
static bool is_usual(const theseus_callgrind_reader *reader) {
  return reader->event_count && (reader->column_count == 1 || reader->columns[0] == THESEUS_ADDRESSES);
}

/* Prepares a part before its first costs. */
static int begin_costs(theseus_callgrind_reader *reader, const char *where) {
  if (!reader->has_events)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, where, "costs before an `events:` line");
  reader->in_body = true;
  if (reader->next == TH_JUMP) /* the graph has no such events */
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

/* Returns the text of the event of a column of this part. */
static const char *event_of(const theseus_callgrind_reader *reader, uint32_t column) {
  const theseus_graph *graph = reader->graph;
  return th_strings_get(&graph->strings, graph->events[reader->event_columns[column]].name);
}

static bool ends(const char *at) { return *at == ' ' || *at == '\n' || th_is_blank(*at); }

/* Reads a cost that is not simply a number: `.`, which is 0 in Cachegrind's files, or any number of a column that the
 * caller does not want.  Returns its end; NULL: it is neither. */
static const char *odd_cost(const theseus_callgrind_reader *reader, const char *at, uint32_t column) {
  if (*at == '.' && ends(at + 1))
    return at + 1;
  if (!reader->left_out[column])
    return NULL;
  const char *digits = at += *at == '-' || *at == '+';
  while (*at >= '0' && *at <= '9')
    at++;
  return at != digits && ends(at) ? at : NULL;
}

static int fail_cost(theseus_callgrind_reader *reader, const char *at, uint32_t column, uint64_t number) {
  char text[TH_MESSAGE / 2];

  if (*at != '-')
    return th_callgrind_fail_number(reader, at, number, "a cost that is no number");
  reader->refused = reader->graph->events[reader->event_columns[column]].name;
  (void)snprintf(text, sizeof text, "a cost that is negative, of the event %.100s", event_of(reader, column));
  return th_callgrind_fail(reader, THESEUS_EFORMAT, at, text);
}

static int take_costs(theseus_callgrind_reader *reader, const char **line) {
  const char *at = *line;
  uint32_t n = 0;

  for (uint32_t i = 0; i < reader->column_count && *at != '\n'; i++) { /* positions that are omitted are unchanged */
    bool lines = reader->columns[i] == THESEUS_LINES;
    int status = position(reader, &at, lines ? &reader->line : &reader->address, lines ? UINT32_MAX : UINT64_MAX);
    if (status)
      return status;
  }
  while (*at != '\n') {
    if (n == reader->event_count)
      return th_callgrind_fail(reader, THESEUS_EFORMAT, at, "more costs than there are events");
    const char *end = th_callgrind_number(at, &reader->values[n]);
    if (!end || !ends(end)) {
      uint64_t number = end ? 0 : reader->values[n];
      end = odd_cost(reader, at, n);
      if (!end)
        return fail_cost(reader, at, n, number);
      reader->values[n] = 0;
    }
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
