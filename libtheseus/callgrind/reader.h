/* SPDX-License-Identifier: ISC */
/* reader - the state of a reader of callgrind files, and pieces of lines.
 *
 * A file is read line by line.  The rooms call downwards only:
 *
 *     read                             a file from begin to finish; bytes to lines
 *     quick, costs, body, header       a kind of line each; quick takes the usual form of most kinds
 *     book                             finds the place in the graph for the costs of a line
 *     number, names, messages          tools
 *
 * An id, here, is the number N in `fn=(N) name`.  A text is a number of the graph's table of strings. */
#ifndef TH_CALLGRIND_READER_H
#define TH_CALLGRIND_READER_H

#include "callgrind/names.h"
#include "graph/graph.h"

enum {
  TH_LINE_MAX = 1 << 24, /* bytes */
  TH_EVENTS_MAX = 256,
  TH_WARNINGS_KEPT = 100,
  TH_MESSAGE = 400 /* bytes, with the name of the file */
};

/* What the next line of costs belongs to: the function, the call or the jump before it. */
enum th_next { TH_SELF, TH_CALL, TH_JUMP };

struct theseus_callgrind_reader {
  theseus_graph *graph;
  bool strict, partial;      /* the options */
  const char *const *wanted; /* the events that the caller wants; NULL: all */
  uint32_t wanted_count;
  bool open;  /* a file has begun, and has neither finished nor failed */
  int status; /* if not open: what feed and finish return */

  /* Bytes and lines. */
  char *carry; /* the beginning of a line that is not complete yet */
  uint32_t carry_size, carry_capacity;
  const char *line_start; /* of the line that is being read; NULL: none */
  uint64_t bytes, lines;

  /* The header: positions. */
  uint32_t columns[2], column_count; /* of enum theseus_positions each, in the order of the file */
  uint32_t positions;                /* all of them */
  uint32_t graph_positions;          /* those that the graph keeps; 0: not known before the first costs of this part */
  bool quick; /* quick.c can read the costs: the columns are in the usual order.  Valid if graph_positions is set */

  /* The header: events. */
  bool has_events;
  uint32_t event_count, event_columns[TH_EVENTS_MAX]; /* of this part, in the graph */
  bool left_out[TH_EVENTS_MAX];                       /* by column of this part: the caller does not want it */
  struct th_graph_event *declared; /* the events that `event:` and `events:` lines of this file name */
  uint32_t declared_count, declared_capacity;
  uint32_t *seen; /* the events that are columns, in the order of the file */
  uint32_t seen_count, seen_capacity;

  /* The header: facts.  Texts, or TH_NONE. */
  uint32_t source;
  uint32_t facts[TH_FACTS], part_facts[TH_FACTS];
  uint32_t parts; /* that have ended */
  uint32_t tops;  /* parts that began from the top: numbers of names mean something new in each */
  char *desc;     /* of this part */
  uint32_t desc_size, desc_capacity;
  uint32_t *sources;
  uint32_t source_count, source_capacity;
  bool promised; /* the creator of this part always writes `totals:` at its end */
  bool totalled; /* a `totals:` line has come */

  /* The body: where the next costs belong. */
  th_names files, functions, objects;
  bool in_body;
  uint32_t object, own_file, file; /* texts of ob=; fl=; fl=, fi= or fe= */
  uint32_t function;               /* of the graph; TH_NONE: no fn= yet */
  uint32_t place,
      high; /* the rows' place for (function, file) and this upper half of an address; TH_NONE: look it up */
  uint32_t callee, callee_id;          /* text, and id or TH_NONE; TH_NONE: no cfn= */
  uint32_t callee_object, callee_file; /* texts; TH_NONE: no cob=, no cfi= */
  enum th_next next;
  uint64_t call[TH_EDGE_EVENTS]; /* of the calls= line: count, line and address of the callee */
  uint64_t address, line;        /* of the last line of costs: positions may be relative to it */
  uint64_t values[TH_EVENTS_MAX];
  uint32_t unknown; /* the text ??? */

  /* Messages. */
  char *warnings[TH_WARNINGS_KEPT];
  uint32_t kept;
  uint64_t warning_count;
  char error[TH_MESSAGE];
  uint32_t refused; /* the text of the event whose negative cost was the error; TH_NONE: none */
};

/* A part of one line.  No NUL at its end. */
struct th_piece {
  const char *bytes, *end;
};

static inline bool th_is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

static inline struct th_piece th_trim(struct th_piece piece) {
  while (piece.bytes < piece.end && th_is_blank(*piece.bytes))
    piece.bytes++;
  while (piece.end > piece.bytes && th_is_blank(piece.end[-1]))
    piece.end--;
  return piece;
}

/* Returns true if a line of costs can begin with this byte. */
static inline bool th_begins_costs(char c) { return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '*'; }

#endif
