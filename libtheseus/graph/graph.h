/* SPDX-License-Identifier: ISC */
/* graph - functions, their self costs, and the edges between them: what callgrind can hold.
 *
 * Texts are clean (see text.h), and are known by number.  Several calls form a transaction: begin, then commit or
 * rollback.  After a rollback names may remain; everything else is as before. */
#ifndef TH_GRAPH_H
#define TH_GRAPH_H

#include "base/facts.h"
#include "base/strings.h"
#include "graph/rows.h"

/* The numbers of an edge before those of its events.  Line and address of the callee are the least that is known, or 0;
 * they are not added. */
enum { TH_EDGE_COUNT, TH_EDGE_LINE, TH_EDGE_ADDRESS, TH_EDGE_EVENTS };

struct th_graph_function {
  uint32_t object, file, name; /* texts: its key */
  uint32_t place,
      high;      /* the last place of its costs in its own file, and that place's half of an address; TH_NONE: none */
  uint32_t home; /* the row with which its costs began the last time.  The row may be gone */
};
/* All members are texts. */
struct th_graph_event {
  uint32_t name, long_name, unit;
};
struct th_graph_formula { /* `event: Sum = A + B : all of it`: tools compute a column from others */
  uint32_t name, text;    /* text: TH_NONE: inputs disagree, and none is written */
  uint32_t told;          /* the text that this transaction gave; TH_NONE: none */
};

struct theseus_graph {
  th_alloc alloc;
  uint32_t wanted; /* positions of what the caller adds */

  th_strings strings;
  uint32_t empty; /* the text "" */
  struct th_graph_function *functions;
  uint32_t function_count, function_capacity;
  th_map function_map;
  th_rows costs, edges;
  struct th_graph_event *events;
  uint32_t event_count, event_capacity;
  struct th_graph_formula *formulas;
  uint32_t formula_count, formula_capacity;

  uint32_t positions;       /* of its costs and edges; 0: it has none */
  uint64_t inputs;          /* 0: nothing was ever added, not even a header */
  uint32_t facts[TH_FACTS]; /* see struct th_facts */
  uint32_t *sources;
  uint32_t source_count, source_capacity;
  th_map source_map;
  bool sources_told; /* an input named them itself: they are written even if it is the only input */

  struct { /* as they were when the transaction began */
    struct th_graph_event *events;
    struct th_graph_formula *formulas;
    uint32_t events_capacity, formulas_capacity, event_count, formula_count, function_count, positions;
    bool open; /* a transaction has begun, and has not ended */
    bool fold; /* the commit drops addresses */
    bool undo; /* rollback restores everything */
  } before;
};

/* Cleans a text, and returns its number.  ENOMEM, ELIMIT, EOVERFLOW. */
static inline int th_graph_text(theseus_graph *graph, const char *bytes, size_t n, uint32_t *out) {
  return th_strings_intern_clean(&graph->strings, &graph->alloc, bytes, n, out);
}

/* Begins a transaction.  Without `undo` it costs less, and rollback leaves what was added.  EINVAL: another one is
 * open. */
int th_graph_begin(theseus_graph *graph, bool undo);
/* Ends a transaction.  Can fail only if addresses are dropped; then it has rolled back. */
int th_graph_commit(theseus_graph *graph);
void th_graph_rollback(theseus_graph *graph);

/* Call the functions below within a transaction.  Texts are numbers.  After a failure, roll back. */

/* Announces rows with these positions.  Returns the positions to add them with: without addresses, if not all rows have
 * them. */
uint32_t th_graph_positions(theseus_graph *graph, uint32_t positions);
int th_graph_function(theseus_graph *graph, const struct th_graph_function *function, uint32_t *out);
/* Finds an event, creating it if necessary.  *clash (may be NULL) becomes true if the event has another long name,
 * which is kept. */
int th_graph_event(theseus_graph *graph, const struct th_graph_event *event, bool *clash, uint32_t *out);
/* A formula that computes something else than one that is known drops both, for good; so does a `text` of TH_NONE.
 * Of two that differ in their long names one stays, in whatever order they come.  `clash` (may be NULL) is set if this
 * transaction itself gives two. */
int th_graph_formula(theseus_graph *graph, uint32_t name, uint32_t text, bool *clash);
/* Returns true if a user who names an event `wanted` means this one.  Deferreds and Operations are one event, and
 * `Time` also means `Time_(10ns)`. */
bool th_graph_is_event(const char *name, const char *wanted);
/* Adds a cost: `n` values, of the events in `columns`.  If `columns` is NULL, of the first n events. */
int th_graph_add_cost(theseus_graph *graph, const th_row *key, const uint64_t *values, const uint32_t *columns,
                      uint32_t n);
/* Adds an edge.  `head` has the numbers before those of the events. */
int th_graph_add_edge(theseus_graph *graph, const th_row *key, const uint64_t *head, const uint64_t *values,
                      const uint32_t *columns, uint32_t n);

/* Adds the numbers before those of the events.  Returns false if the count does not fit. */
bool th_graph_add_head(uint64_t *sum, const uint64_t *head);

/* Makes room for `more` sources, so that th_graph_describe() cannot fail.  ENOMEM, EOVERFLOW. */
int th_graph_reserve_sources(theseus_graph *graph, uint32_t more);
/* Counts one more input, and joins its facts and sources (texts of this graph). */
void th_graph_describe(theseus_graph *graph, const uint32_t *facts, const uint32_t *sources, uint32_t source_count,
                       bool told, uint64_t inputs);

#endif
