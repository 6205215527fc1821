/* SPDX-License-Identifier: ISC */
/* frames - the state of a projection: a profile, which is a tree of stacks, becomes a graph.
 *
 *     projection    loads the profile: self costs of the graph, and the frames below; ends the counts
 *     detached      the Wait of detached heads: edges below `[detached]`
 *     paths         all other costs: edges along the stacks
 *
 * Stacks are numbered in preorder, so that a subtree is an interval:
 *
 *     pre:   0 (root)   1 a   2 a>b   3 a>b>c   4 a>d   5 e */
#ifndef TH_GRAPH_FRAMES_H
#define TH_GRAPH_FRAMES_H

#include "graph/graph.h"

#define TH_NO_FILE "(theseus)" /* consumers want a file for every function */

struct th_frame { /* of a stack, its innermost frame */
  uint32_t parent /* a stack */, function /* of the graph */, first_line, call_line;
  uint32_t pre, size; /* number in preorder; stacks in the subtree */
  uint32_t edge;      /* row of the graph's edges; TH_NONE: none */
  uint32_t group;     /* the detached tree that `detached` counts for */
  uint64_t operations;
  uint64_t detached; /* Wait, in that tree, of the stack and all below it */
  bool live;         /* something is measured of the stack, or below it */
};

struct th_part { /* a cell of detached Wait */
  uint32_t head, base, stack, line;
  uint64_t value;
};

struct th_link { /* a stack is the callee of an edge that is not its own */
  uint32_t edge, stack;
};

struct th_projection {
  const theseus_profile *profile;
  theseus_graph *graph;
  uint32_t stacks, events;
  const uint32_t *wanted; /* events that are projected; NULL: all */
  uint32_t wanted_count;
  struct th_frame *frames; /* by stack */
  uint64_t *sums;     /* by stack, then event: at first what was measured of the stack, later also of all below it */
  uint64_t *zeros;    /* by event */
  uint64_t *scratch;  /* by event; 0 between uses */
  uint32_t *nodes;    /* by function of the profile: the function of the graph */
  uint32_t *preorder; /* stacks by number */
  uint32_t *on_path;  /* by function of the graph: the number of its frames on the path */
  uint32_t *path, *list, *spare;
  struct th_part *parts;
  uint32_t part_count, part_capacity;
  struct th_link *links;
  uint32_t link_count, link_capacity;
  uint32_t root, detached; /* functions of the graph: `(root)`, `[detached]` */
  uint64_t max_recursion;  /* at which pushes were folded; 0: none were */
};

#endif
