/* SPDX-License-Identifier: ISC */
/* nodes - a Deferred and all Deferreds that it waits for: its members, their members, and the Deferreds that any of
 * these are chained to.
 *
 * A span is below a node if the span is on a Deferred that the node waits for. */
#ifndef SHIM_NODES_H
#define SHIM_NODES_H

#include "links.h"

#define SHIM_NONE SIZE_MAX

typedef struct shim_node {
  PyObject *deferred, *entries; /* owned */
  size_t above;                 /* the node that waits for it */
  bool is_leaf;                 /* true: it has no members, and is chained to nothing */
  bool may_be_fed;
  size_t first, count; /* the spans on it that the caller added, in shim_nodes.spans */
  size_t below;        /* the list of the spans below it, in shim_nodes.below; SHIM_NONE: empty */
} shim_node;

typedef struct shim_nodes {
  shim_node *items; /* each node before the nodes that it waits for */
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

/* Lists the nodes.  The Deferred with these entries is the first.  Returns -1 after an error.  Free the nodes in either
 * case. */
int shim_reach(shim_core *core, PyObject *deferred, PyObject *entries, shim_nodes *nodes);
void shim_free_nodes(shim_nodes *nodes);

/* Returns true if a Deferred is one of the nodes. */
bool shim_is_node(const shim_nodes *nodes, const void *deferred);

/* Appends a span to shim_nodes.spans.  Returns -1 if there is no memory. */
int shim_add_own(shim_nodes *nodes, uint64_t span);
/* Adds a span to the list of the spans below a node.  Returns -1 if there is no memory. */
int shim_add_below(shim_nodes *nodes, size_t node, uint64_t span);

#endif
