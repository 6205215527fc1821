/* SPDX-License-Identifier: ISC */
/* awaited - who awaits whom: the spans on a Deferred, on those that it waits for, and on those that feed it.
 *
 * A later span on a Deferred waits for all that the earlier ones wait for.  So it takes them:
 *
 *     operation --yields--> D <-- get, yieldable     awaits yieldable, which awaits get
 *     operation --yields--> [A, B] <-- gathered      awaits gathered, which awaits the spans on A and on B */
#ifndef SHIM_AWAITED_H
#define SHIM_AWAITED_H

#include "operations.h"

/* A Deferred that a span begins to wait for, and its entries. */
typedef struct shim_wait_for {
  PyObject *deferred, *entries;
  bool others;   /* set: whether others' spans are on it, or on what it waits for */
  bool is_leaf;  /* set: whether it has no members, and is chained to nothing */
  bool is_alone; /* set: whether it is a leaf, and no span is on it */
} shim_wait_for;

/* A span begins to wait for a Deferred.  Of its children, and of those of coroutines that it awaits, the ones that it
 * awaits go to core->spans.  Those among `begun` that it holds may feed the Deferred.  -1: error. */
int shim_begin_wait(shim_core *core, uint64_t span, shim_wait_for *wait, const shim_begun *begun, size_t count,
                    uint64_t now);

/* The same for an operation whose leg has ended. */
int shim_begin_operations_wait(shim_core *core, shim_operation *operation, PyObject *deferred, PyObject *entries,
                               uint64_t now);

/* Adds a span to core->spans.  -1: no memory. */
int shim_add_awaited(shim_core *core, uint64_t span);

/* Remembers the Deferred that was returned last, if its only span is this one and it has no parts.  Usually it is
 * awaited next.  Its address is only good while that span is open.  NULL: none. */
static inline void shim_remember_returned(shim_core *core, const void *deferred, uint64_t span) {
  core->returned = deferred;
  core->returned_span = span;
}

/* A plain function returns a Deferred to a run that has been handed spans in this scope.  Its span takes those that are
 * on the Deferred, or on what that waits for. */
void shim_take_from_run(shim_core *core, uint64_t span, uint64_t operation, PyObject *deferred, PyObject *entries,
                        const shim_scope *scope, const void *run, uint64_t now);

/* … and then, when the span waits, the maker of the Deferred takes those that feed it. */
void shim_take_feeding(shim_core *core, uint64_t span, uint64_t operation, PyObject *deferred, const shim_scope *scope,
                       const void *run, uint64_t now);

#endif
