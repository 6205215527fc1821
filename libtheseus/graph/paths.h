/* SPDX-License-Identifier: ISC */
/* paths - edges along the stacks of a profile. */
#ifndef TH_GRAPH_PATHS_H
#define TH_GRAPH_PATHS_H

#include "graph/frames.h"

/* Numbers the stacks in preorder.  A parent's id is less than those of its children. */
void th_paths_number(struct th_projection *p);

/* Adds self costs to a function of the graph: one value for each event, or that of one event. */
int th_paths_add_self(struct th_projection *p, uint32_t function, uint32_t line, const uint64_t *values);
int th_paths_add_self_event(struct th_projection *p, uint32_t function, uint32_t line, uint32_t event, uint64_t value);

struct th_call {
  uint32_t caller, line, callee, callee_line;
  uint64_t count;
};

/* Adds to an edge of the graph.  *row is its row. */
int th_paths_add_edge(struct th_projection *p, const struct th_call *call, const uint64_t *values, uint32_t *row);

/* Returns true if the stack `above` is the stack `below`, or one of its ancestors. */
static inline bool th_paths_is_above(const struct th_projection *p, uint32_t above, uint32_t below) {
  return p->frames[below].pre - p->frames[above].pre < p->frames[above].size; /* wraps if `below` comes before */
}

/* Makes `stack` the end of the path, which has `length` stacks, and returns the new length.  Sets *again if the stack's
 * function is on the path already. */
uint32_t th_paths_walk(struct th_projection *p, uint32_t length, uint32_t stack, bool *again);
void th_paths_leave(struct th_projection *p, uint32_t length);

/* Adds the edges of all live stacks, without the Wait of detached heads. */
int th_paths_project(struct th_projection *p);

#endif
