/* SPDX-License-Identifier: ISC */
/* graph - functions, their self costs, and the edges between them: what callgrind can hold.
 *
 * All texts are clean (see text.h) and known by number.  What several calls add together is a transaction: begin, then
 * commit or rollback; names may remain after a rollback, everything else is as before. */
#ifndef TH_GRAPH_H
#define TH_GRAPH_H

#include "base/facts.h"
#include "base/strings.h"
#include "graph/rows.h"

/* The numbers of an edge's row, before those of its events.  The callee's are the least that is known, or 0; they do
 * not add. */
enum { TH_EDGE_COUNT, TH_EDGE_LINE, TH_EDGE_ADDRESS, TH_EDGE_EVENTS };

struct th_graph_function {
  uint32_t object, file, name; /* texts: its key */
  uint32_t place, high;        /* of its costs in its own file, the last one, with its half of an address; or TH_NONE */
  uint32_t home; /* the row that its costs began with the last time; there need not be such a row any more */
};
/* All members are numbers of texts. */
struct th_graph_event {
  uint32_t name, long_name, unit;
};
struct th_graph_formula { /* `event: Sum = A + B : all of it`: no column, but a consumer computes one */
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
  uint64_t inputs;          /* 0: nothing was ever put into it, not even a header */
  uint32_t facts[TH_FACTS]; /* see struct th_facts */
  uint32_t *sources;
  uint32_t source_count, source_capacity;
  th_map source_map;
  bool sources_told; /* the input itself named them: they are written, even if it is the only input */

  struct { /* as they were when the transaction began */
    struct th_graph_event *events;
    struct th_graph_formula *formulas;
    uint32_t events_capacity, formulas_capacity, event_count, formula_count, function_count, positions;
    bool open; /* it has not ended yet */
    bool fold; /* addresses go when it is committed */
    bool undo; /* there is a way back */
  } before;
};

/* The number of a text, which is cleaned first.  ENOMEM, ELIMIT, EOVERFLOW. */
static inline int th_graph_text(theseus_graph *graph, const char *bytes, size_t n, uint32_t *out) {
  return th_strings_intern_clean(&graph->strings, &graph->alloc, bytes, n, out);
}

/* Without `undo`, rollback leaves what has been added: it costs less.  EINVAL: another one is open. */
int th_graph_begin(theseus_graph *graph, bool undo);
/* Can fail only where addresses are to go; then it has rolled back. */
int th_graph_commit(theseus_graph *graph);
void th_graph_rollback(theseus_graph *graph);

/* All below are within a transaction.  Texts are numbers.  After a failure, roll back. */

/* What follows has these positions: gives those that it is to be added with (an address is dropped where not all have
 * one). */
uint32_t th_graph_positions(theseus_graph *graph, uint32_t positions);
int th_graph_function(theseus_graph *graph, const struct th_graph_function *function, uint32_t *out);
/* `clash` (may be NULL) is set when another long name was known, and stays. */
int th_graph_event(theseus_graph *graph, const struct th_graph_event *event, bool *clash, uint32_t *out);
/* A formula that computes something else than one that is known drops both, for good; so does a `text` of TH_NONE.
 * Of two that differ in their long names one stays, in whatever order they come.  `clash` (may be NULL) is set if this
 * transaction itself gives two. */
int th_graph_formula(theseus_graph *graph, uint32_t name, uint32_t text, bool *clash);
/* True if an event is the one that a user names: Deferreds and Operations are one, and `Time` is `Time_(10ns)`. */
bool th_graph_is_event(const char *name, const char *wanted);
/* `values` has `n` numbers, of the events that `columns` names; NULL: of the first n events. */
int th_graph_add_cost(theseus_graph *graph, const th_row *key, const uint64_t *values, const uint32_t *columns,
                      uint32_t n);
/* `head` is what comes before the events. */
int th_graph_add_edge(theseus_graph *graph, const th_row *key, const uint64_t *head, const uint64_t *values,
                      const uint32_t *columns, uint32_t n);

/* Adds an edge's numbers before its events; false when the count does not fit. */
bool th_graph_add_head(uint64_t *sum, const uint64_t *head);

/* Room for so many more sources, so that th_graph_describe cannot fail.  ENOMEM, EOVERFLOW. */
int th_graph_reserve_sources(theseus_graph *graph, uint32_t more);
/* One input more, of which `facts` and `sources` (texts of this graph) are known. */
void th_graph_describe(theseus_graph *graph, const uint32_t *facts, const uint32_t *sources, uint32_t source_count,
                       bool told, uint64_t inputs);

#endif
