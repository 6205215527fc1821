/* SPDX-License-Identifier: ISC */
#include "awaited.h"

#include "deferred.h"
#include "links.h"
#include "relief.h"

/* Adds the spans that a Deferred itself carries. */
static int add_observed(shim_core *core, uint64_t span, PyObject *entries, bool *others) {
  uint64_t spans[SHIM_RELIEVED];

  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); i++)
    for (int j = 0, count = shim_spans_in(core, PyList_GET_ITEM(entries, i), spans); j < count; j++) {
      theseus_span_info info;
      if (spans[j] == span || !shim_span_info(core, spans[j], &info))
        continue;
      if (info.operation != span) {
        *others = true;
      } else {
        if (SHIM_ROOM(core->spans, core->span_count, core->span_capacity))
          return -1;
        core->spans[core->span_count++] = spans[j];
      }
    }
  return 0;
}

/* Adds the spans that a Deferred itself carries, and the Deferreds that it is made of or chained to. */
static int look_at(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries, bool *others,
                   shim_links *waiting) {
  int status = add_observed(core, span, entries, others);
  if (!status)
    status = shim_add_members(core, deferred, waiting);
  PyObject *chained = shim_attribute(deferred, shim_name.chained_to);
  if (!status && chained && chained != Py_None && shim_is_deferred(core, chained))
    status = shim_add_link(waiting, chained, false);
  Py_XDECREF(chained);
  return status;
}

int shim_children_on(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries, bool *alone) {
  shim_links waiting;
  bool others = false;

  waiting.items = NULL;
  waiting.count = 0;
  core->span_count = 0;
  int status = look_at(core, span, deferred, entries, &others, &waiting);
  *alone = !status && !waiting.count && !core->span_count && !others;
  if (!status && waiting.count) {
    shim_seen seen;
    seen.count = 0;
    seen.many = (shim_table){NULL, 0, 0};
    status = shim_see(&seen, deferred);
    for (size_t next = 0; !status && next < waiting.count; next++) {
      PyObject *other = waiting.items[next].deferred; /* the list may move */
      int known = shim_see(&seen, other);
      PyObject *theirs = known ? NULL : shim_callbacks_of(core, other);
      status = known < 0 ? -1 : theirs ? look_at(core, span, other, theirs, &others, &waiting) : 0;
      Py_XDECREF(theirs);
    }
    shim_table_free(&seen.many);
  }
  shim_free_links(&waiting);
  if (status)
    compat_drop_error();
  return status ? -1 : others;
}

/* Whether a Deferred is the one that was returned last, with its span open.  It may have been chained to another
 * since. */
static bool is_last_returned(shim_core *core, uint64_t span, PyObject *deferred) {
  theseus_span_info info;

  if (deferred != core->returned || !shim_span_info(core, core->returned_span, &info) || info.operation != span)
    return false;
  PyObject *chained = shim_attribute(deferred, shim_name.chained_to);
  Py_XDECREF(chained);
  return chained == Py_None;
}

bool shim_find_awaited(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries) {
  bool alone;

  if (!is_last_returned(core, span, deferred))
    return shim_children_on(core, span, deferred, entries, &alone) >= 0;
  core->span_count = 0;
  if (SHIM_ROOM(core->spans, core->span_count, core->span_capacity))
    return false;
  core->spans[core->span_count++] = core->returned_span;
  return true;
}
