/* SPDX-License-Identifier: ISC */
/* nodes - a Deferred and all that it waits for: its members, theirs, and the Deferreds that these are chained to. */
#ifndef SHIM_NODES_H
#define SHIM_NODES_H

#include "links.h"

#define SHIM_NONE SIZE_MAX

typedef struct shim_node {
  PyObject *deferred, *entries; /* owned */
  size_t above;                 /* the node that waits for it */
  bool is_leaf;                 /* it has no members, and is chained to nothing */
  bool may_be_fed;
  size_t first, count; /* the spans on it that were asked for: in shim_nodes.spans */
  size_t below;        /* of the spans on what it waits for, a list: in shim_nodes.below; SHIM_NONE: none */
} shim_node;

typedef struct shim_nodes {
  shim_node *items; /* each before those that it waits for */
  size_t count, capacity;
  uint64_t *spans;
  size_t span_count, span_capacity;
  struct {
    uint64_t span;
    size_t next;
  } * below;
  size_t below_count, below_capacity;
  shim_seen seen;
} shim_nodes;

/* Lists the nodes, the Deferred with these entries first.  -1: error.  Free them in either case. */
int shim_reach(shim_core *core, PyObject *deferred, PyObject *entries, shim_nodes *nodes);
void shim_free_nodes(shim_nodes *nodes);

/* Whether a Deferred is one of the nodes. */
bool shim_is_node(const shim_nodes *nodes, const void *deferred);

/* Appends a span to shim_nodes.spans.  -1: no memory. */
int shim_add_own(shim_nodes *nodes, uint64_t span);
/* Adds a span to those on what a node waits for.  -1: no memory. */
int shim_add_below(shim_nodes *nodes, size_t node, uint64_t span);

#endif
