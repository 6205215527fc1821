/* SPDX-License-Identifier: ISC */
/* order - the order in which the writer puts a graph's functions, costs and edges. */
#ifndef TH_CALLGRIND_ORDER_H
#define TH_CALLGRIND_ORDER_H

#include "graph/graph.h"

struct th_order {
  const theseus_graph *graph;
  uint32_t *text_rank; /* of each text, in order of bytes */
  uint32_t *function_rank;
  uint32_t *functions;               /* by rank */
  uint32_t *costs, *edges;           /* rows, function by function */
  uint32_t *cost_start, *edge_start; /* by function's rank; one more than there are functions */
  uint32_t *sources;
  uint32_t *numbers, *spare; /* what all of these lie in, and what sorting needs */
  size_t number_count, spare_count;
};

/* Functions by object, file and name; the rows of each by file, its own first, line and address.  To be freed also
 * after a failure.  ENOMEM, ELIMIT. */
int th_order_init(th_alloc *alloc, const theseus_graph *graph, struct th_order *order);
void th_order_free(th_alloc *alloc, struct th_order *order);

/* Does the file of a cost come before that of an edge of the same function, or is it the same? */
bool th_order_cost_first(const struct th_order *order, uint32_t cost, uint32_t edge);

#endif
