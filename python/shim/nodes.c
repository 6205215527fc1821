/* SPDX-License-Identifier: ISC */
#include "nodes.h"

#include "deferred.h"

/* Adds a node.  Takes over the references to the Deferred and to its entries. */
static int add_node(shim_nodes *nodes, PyObject *deferred, PyObject *entries, size_t above) {
  if (SHIM_ROOM(nodes->items, nodes->count, nodes->capacity)) {
    Py_DECREF(deferred);
    Py_DECREF(entries);
    return -1;
  }
  nodes->items[nodes->count++] =
      (shim_node){.deferred = deferred, .entries = entries, .above = above, .below = SHIM_NONE};
  return 0;
}

/* Pushes the Deferreds that the last node waits for on the stack `waiting`, in reverse: the first is visited first. */
static int visit_near(shim_core *core, shim_nodes *nodes, shim_links *waiting, size_t **above, size_t *capacity) {
  shim_node *node = &nodes->items[nodes->count - 1];
  shim_links near;

  shim_begin_links(&near);
  int status = shim_add_near(core, node->deferred, &near);
  node->is_leaf = !near.count;
  for (size_t i = near.count; !status && i-- > 0;) {
    status = SHIM_ROOM(*above, waiting->count, *capacity) ? -1 : 0;
    if (!status)
      (*above)[waiting->count] = nodes->count - 1;
    if (!status)
      status = shim_add_link(waiting, near.items[i].deferred, false);
  }
  shim_free_links(&near);
  return status;
}

int shim_reach(shim_core *core, PyObject *deferred, PyObject *entries, shim_nodes *nodes) {
  shim_links waiting;
  size_t *above = NULL, capacity = 0;

  memset(nodes, 0, sizeof *nodes);
  shim_begin_links(&waiting);
  int status = shim_see(&nodes->seen, deferred) < 0 ? -1 : 0;
  if (!status)
    status = add_node(nodes, Py_NewRef(deferred), Py_NewRef(entries), 0);
  if (!status)
    status = visit_near(core, nodes, &waiting, &above, &capacity);
  while (!status && waiting.count) {
    PyObject *other = waiting.items[--waiting.count].deferred; /* owned */
    int known = shim_see(&nodes->seen, other);
    PyObject *theirs = known ? NULL : shim_callbacks_of(core, other);
    if (theirs && !(status = add_node(nodes, Py_NewRef(other), theirs, above[waiting.count])))
      status = visit_near(core, nodes, &waiting, &above, &capacity);
    Py_DECREF(other);
    if (known < 0)
      status = -1;
  }
  shim_free_links(&waiting);
  PyMem_Free(above);
  return status;
}

void shim_free_nodes(shim_nodes *nodes) {
  for (size_t i = 0; i < nodes->count; i++) {
    Py_DECREF(nodes->items[i].deferred);
    Py_DECREF(nodes->items[i].entries);
  }
  PyMem_Free(nodes->items);
  PyMem_Free(nodes->spans);
  PyMem_Free(nodes->below);
  shim_table_free(&nodes->seen.many);
}

bool shim_is_node(const shim_nodes *nodes, const void *deferred) { return shim_is_seen(&nodes->seen, deferred); }

int shim_add_own(shim_nodes *nodes, uint64_t span) {
  if (SHIM_ROOM(nodes->spans, nodes->span_count, nodes->span_capacity))
    return -1;
  nodes->spans[nodes->span_count++] = span;
  return 0;
}

int shim_add_below(shim_nodes *nodes, size_t node, uint64_t span) {
  if (SHIM_ROOM(nodes->below, nodes->below_count, nodes->below_capacity))
    return -1;
  nodes->below[nodes->below_count].span = span;
  nodes->below[nodes->below_count].next = nodes->items[node].below;
  nodes->items[node].below = nodes->below_count++;
  return 0;
}
