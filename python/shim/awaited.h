/* SPDX-License-Identifier: ISC */
/* awaited - the spans on a Deferred: on itself, on its members, and on the Deferreds that these are chained to. */
#ifndef SHIM_AWAITED_H
#define SHIM_AWAITED_H

#include "core.h"

/* Collects the spans on a Deferred with these entries.  The span's own children, and those of coroutines that it
 * awaits, go to core->spans.  *alone: there is
 * no span, and the Deferred has no members and is chained to nothing.  Returns whether others' spans are on it; -1:
 * error. */
int shim_children_on(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries, bool *alone);

/* Remembers the Deferred that was returned last, if its only span is this one and it has no parts.  Usually it is
 * awaited next.  Its address is only good while that span is open.  NULL: none. */
static inline void shim_remember_returned(shim_core *core, const void *deferred, uint64_t span) {
  core->returned = deferred;
  core->returned_span = span;
}

/* The same as shim_children_on(), for the Deferred that an operation awaits. */
bool shim_find_awaited(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries);

#endif
