/* SPDX-License-Identifier: ISC */
/* order - the order in which the writer puts a graph's functions, costs and edges. */
#ifndef TH_CALLGRIND_ORDER_H
#define TH_CALLGRIND_ORDER_H

#include "graph/graph.h"

struct th_order {
  const theseus_graph *graph;
  uint32_t *text_rank; /* by text: its rank in the order of bytes */
  uint32_t *function_rank;
  uint32_t *functions;               /* by rank */
  uint32_t *costs, *edges;           /* rows, function by function */
  uint32_t *cost_start, *edge_start; /* by rank of the function, and one more for the end */
  uint32_t *sources;
  uint32_t *numbers, *spare; /* one block for all of these, and for sorting */
  size_t number_count, spare_count;
};

/* Sorts functions by object, file and name, and the rows of each by file (its own first), line and address.  Call
 * th_order_free() also after a failure.  ENOMEM, ELIMIT. */
int th_order_init(th_alloc *alloc, const theseus_graph *graph, struct th_order *order);
void th_order_free(th_alloc *alloc, struct th_order *order);

/* Returns true if the file of a cost comes before that of an edge of the same function, or is the same. */
bool th_order_cost_first(const struct th_order *order, uint32_t cost, uint32_t edge);

#endif
