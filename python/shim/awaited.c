/* SPDX-License-Identifier: ISC */
#include "awaited.h"

#include "deferred.h"
#include "nodes.h"
#include "relief.h"

enum { HANDED = 8 }; /* only the last spans that a run was handed may feed the Deferred that is returned to it */

/* ---- taking ---- */

static bool runs(PyObject *generator) {
  static const char *const names[] = {"gi_running", "cr_running", "ag_running"};
  bool found = false;
  for (int i = 0; !found && i < 3; i++) {
    PyObject *value = PyObject_GetAttrString(generator, names[i]);
    found = value == Py_True;
    Py_XDECREF(value);
    PyErr_Clear();
  }
  return found;
}

/* Called before a span ends.  The spans that it took return to the operation.  If the operation is running, it holds
 * them again. */
static void give_back(shim_core *core, uint64_t span, uint64_t now) {
  theseus_span_info info;

  if (!shim_span_info(core, span, &info) || !(info.marks & THESEUS_SPAN_HAS_CHILDREN) ||
      !shim_span_info(core, info.operation, &info) || info.value < 2)
    return;
  shim_operation *operation = (shim_operation *)(uintptr_t)info.value;
  if (operation->generator && runs((PyObject *)operation->generator)) {
    (void)theseus_span_resume(core->profile, operation->span, now);
    operation->begun.looked_at = 0;
  }
}

static void take(shim_core *core, uint64_t taker, uint64_t taken, uint64_t now) {
  core->ending = give_back;
  (void)theseus_span_take(core->profile, taker, taken, now);
}

/* Returns the maker of a Deferred.  `span` may have taken another span on the Deferred, which may have taken a third,
 * and so on.  The maker is the last span of this line. */
static uint64_t maker_of(shim_core *core, uint64_t span, PyObject *entries) {
  bool found = core->ending != NULL; /* otherwise no span has ever been taken */

  while (found) {
    found = false;
    for (Py_ssize_t i = 0; !found && i < PyList_GET_SIZE(entries); i++) {
      uint64_t spans[SHIM_RELIEVED];
      theseus_span_info info;
      for (int j = 0, count = shim_spans_in(core, PyList_GET_ITEM(entries, i), spans); !found && j < count; j++) {
        found = shim_span_info(core, spans[j], &info) && info.parent == span && info.marks & THESEUS_SPAN_IS_TAKEN;
        if (found)
          span = spans[j];
      }
    }
  }
  return span;
}

/* Returns true if a Deferred with this maker may be fed: the maker is the span of a plain function, and has no
 * child. */
static bool may_be_fed(shim_core *core, uint64_t maker) {
  theseus_span_info info;
  return shim_span_info(core, maker, &info) && !info.value && !(info.marks & THESEUS_SPAN_HAS_CHILDREN);
}

/* ---- when a wait begins ---- */

/* Lists the span's children on each node.  Sets *others to true if a span of another parent is on a node. */
static int list_own(shim_core *core, uint64_t span, shim_nodes *nodes, bool *others) {
  for (size_t n = 0; n < nodes->count; n++) {
    shim_node *node = &nodes->items[n];
    node->first = nodes->span_count;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(node->entries); i++) {
      uint64_t spans[SHIM_RELIEVED];
      for (int j = 0, count = shim_spans_in(core, PyList_GET_ITEM(node->entries, i), spans); j < count; j++) {
        theseus_span_info info;
        if (spans[j] == span || !shim_span_info(core, spans[j], &info))
          continue;
        if (info.operation != span)
          *others = true;
        else if (shim_add_own(nodes, spans[j]))
          return -1;
      }
    }
    node->count = nodes->span_count - node->first;
  }
  return 0;
}

/* Returns true if a span that began is a held child of this span, and on a Deferred that is not a node. */
static bool may_feed(shim_core *core, uint64_t span, const shim_begun *begun, const shim_nodes *nodes) {
  PyObject *carries = compat_referent(begun->deferred);
  theseus_span_info info;
  bool may = carries && !shim_is_node(nodes, carries) && shim_span_info(core, begun->span, &info) &&
             info.operation == span && info.state == THESEUS_HELD;
  Py_XDECREF(carries);
  return may;
}

/* Finds the held children that feed a node, and adds each below the first node that it feeds. */
static int find_feeding(shim_core *core, uint64_t span, shim_nodes *nodes, const shim_begun *begun, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!may_feed(core, span, &begun[i], nodes))
      continue;
    PyObject *carries = compat_referent(begun[i].deferred);
    int found = 0;
    for (size_t n = 0; carries && !found && n < nodes->count; n++)
      if (nodes->items[n].may_be_fed && (found = shim_feeds(core, carries, nodes->items[n].deferred)) > 0)
        found = shim_add_below(nodes, n, begun[i].span) ? -1 : 1;
    Py_XDECREF(carries);
    if (found < 0)
      return -1;
  }
  return 0;
}

/* Lets each span on a node take the one before it.  Then lets the maker take the spans below the node.  The spans that
 * remain go below the node above; those of the first node go to core->spans. */
static int settle_node(shim_core *core, shim_nodes *nodes, size_t n, uint64_t now) {
  const shim_node *node = &nodes->items[n];
  const uint64_t *own = node->count ? &nodes->spans[node->first] : NULL;
  int status = 0;

  for (size_t i = 1; i < node->count; i++)
    take(core, own[i], own[i - 1], now);
  uint64_t maker = node->count && node->below != SHIM_NONE ? maker_of(core, own[0], node->entries) : 0;
  uint64_t last = node->count ? own[node->count - 1] : 0;
  for (size_t i = node->below; i != SHIM_NONE && !status; i = nodes->below[i].next) {
    if (maker)
      take(core, maker, nodes->below[i].span, now);
    else if (n)
      status = shim_add_below(nodes, node->above, nodes->below[i].span);
    else
      status = shim_add_awaited(core, nodes->below[i].span);
  }
  if (!status && last)
    status = n ? shim_add_below(nodes, node->above, last) : shim_add_awaited(core, last);
  return status;
}

int shim_add_awaited(shim_core *core, uint64_t span) {
  if (SHIM_ROOM(core->spans, core->span_count, core->span_capacity))
    return -1;
  core->spans[core->span_count++] = span;
  return 0;
}

int shim_begin_wait(shim_core *core, uint64_t span, shim_wait_for *wait, const shim_begun *begun, size_t count,
                    uint64_t now) {
  shim_nodes nodes;

  wait->others = false;
  core->span_count = 0;
  int status = shim_reach(core, wait->deferred, wait->entries, &nodes);
  if (!status)
    status = list_own(core, span, &nodes, &wait->others);
  wait->is_leaf = !status && nodes.items[0].is_leaf;
  wait->is_alone = wait->is_leaf && !nodes.span_count && !wait->others;
  if (!status && count) {
    bool any = false;
    for (size_t n = 0; n < nodes.count; n++) {
      shim_node *node = &nodes.items[n];
      node->may_be_fed =
          node->is_leaf && (!node->count || may_be_fed(core, maker_of(core, nodes.spans[node->first], node->entries)));
      any |= node->may_be_fed;
    }
    if (any)
      status = find_feeding(core, span, &nodes, begun, count);
  }
  for (size_t n = nodes.count; !status && n-- > 0;)
    status = settle_node(core, &nodes, n, now);
  shim_free_nodes(&nodes);
  if (status)
    compat_drop_error();
  return status;
}

/* Returns true if a Deferred is the one that was returned last, its span is open, and it was not chained to another
 * Deferred since. */
static bool is_last_returned(shim_core *core, uint64_t span, PyObject *deferred) {
  theseus_span_info info;

  if (deferred != core->returned || !shim_span_info(core, core->returned_span, &info) || info.operation != span)
    return false;
  PyObject *chained = shim_attribute(deferred, shim_name.chained_to);
  Py_XDECREF(chained);
  return chained == Py_None;
}

int shim_begin_operations_wait(shim_core *core, shim_operation *operation, PyObject *deferred, PyObject *entries,
                               uint64_t now) {
  shim_scope *scope = &operation->begun;
  uint64_t span = shim_span_of(core, operation);
  size_t new = scope->count - scope->looked_at;

  if (new > 1 || !is_last_returned(core, span, deferred)) {
    shim_wait_for wait = {.deferred = deferred, .entries = entries};
    return shim_begin_wait(core, span, &wait, scope->begun + scope->looked_at, new, now);
  }
  core->span_count = 0;
  return shim_add_awaited(core, core->returned_span);
}

/* ---- when a plain function returns to a run ---- */

/* Returns true if a run was handed this span, and the span is open in the same operation. */
static bool is_sibling(shim_core *core, const shim_begun *begun, const void *run, uint64_t operation) {
  theseus_span_info info;
  return shim_was_handed(begun, run) && shim_span_info(core, begun->span, &info) && info.operation == operation;
}

static bool carries_spans(shim_core *core, PyObject *entries) {
  bool found = false;
  for (Py_ssize_t i = 0; !found && i < PyList_GET_SIZE(entries); i++) {
    uint64_t spans[SHIM_RELIEVED];
    found = shim_spans_in(core, PyList_GET_ITEM(entries, i), spans) > 0;
  }
  return found;
}

void shim_take_from_run(shim_core *core, uint64_t span, uint64_t operation, PyObject *deferred, PyObject *entries,
                        const shim_scope *scope, const void *run, uint64_t now) {
  shim_nodes nodes;

  if (carries_spans(core, entries))
    for (size_t i = scope->count; i-- > 0;)
      if (compat_refers(scope->begun[i].deferred, deferred) && is_sibling(core, &scope->begun[i], run, operation)) {
        take(core, span, scope->begun[i].span, now);
        break;
      }
  int status = shim_reach(core, deferred, entries, &nodes);
  for (size_t i = 0; !status && nodes.count > 1 && i < scope->count; i++) {
    PyObject *carries = compat_referent(scope->begun[i].deferred);
    if (carries && carries != deferred && shim_is_node(&nodes, carries) &&
        is_sibling(core, &scope->begun[i], run, operation))
      take(core, span, scope->begun[i].span, now);
    Py_XDECREF(carries);
  }
  shim_free_nodes(&nodes);
  compat_drop_error();
}

void shim_take_feeding(shim_core *core, uint64_t span, uint64_t operation, PyObject *deferred, const shim_scope *scope,
                       const void *run, uint64_t now) {
  PyObject *entries = shim_callbacks_of(core, deferred);
  uint64_t maker = entries ? maker_of(core, span, entries) : 0;

  Py_XDECREF(entries);
  if (!maker || !may_be_fed(core, maker))
    return;
  for (size_t i = scope->count, left = HANDED; left && i-- > 0;)
    if (is_sibling(core, &scope->begun[i], run, operation)) {
      PyObject *carries = compat_referent(scope->begun[i].deferred);
      left--;
      if (carries && carries != deferred && shim_feeds(core, carries, deferred) > 0)
        take(core, maker, scope->begun[i].span, now);
      Py_XDECREF(carries);
    }
}
