/* SPDX-License-Identifier: ISC */
/* awaited - finds the spans that a span awaits: those on a Deferred, on the Deferreds that it waits for, and on those
 * that feed it.
 *
 * A later span on a Deferred waits for everything that the earlier spans on it wait for.  So the later span takes the
 * earlier ones:
 *
 *     operation --yields--> D <-- get, yieldable     awaits yieldable, which awaits get
 *     operation --yields--> [A, B] <-- gathered      awaits gathered, which awaits the spans on A and on B */
#ifndef SHIM_AWAITED_H
#define SHIM_AWAITED_H

#include "operations.h"

/* A Deferred that a span begins to wait for, and its entries. */
typedef struct shim_wait_for {
  PyObject *deferred, *entries;
  bool others;   /* receives true if spans of other parents are on it, or on a Deferred that it waits for */
  bool is_leaf;  /* receives true if it has no members, and is chained to nothing */
  bool is_alone; /* receives true if it is a leaf, and no span is on it */
} shim_wait_for;

/* Begins the wait of a span for a Deferred.  Stores in core->spans the spans that it awaits: children of the span, or
 * of coroutines that it awaits.  The held children among `begun` may feed the Deferred, and then count as well.
 * Returns -1 after an error. */
int shim_begin_wait(shim_core *core, uint64_t span, shim_wait_for *wait, const shim_begun *begun, size_t count,
                    uint64_t now);

/* The same for an operation whose leg has ended. */
int shim_begin_operations_wait(shim_core *core, shim_operation *operation, PyObject *deferred, PyObject *entries,
                               uint64_t now);

/* Adds a span to core->spans.  Returns -1 if there is no memory. */
int shim_add_awaited(shim_core *core, uint64_t span);

/* Remembers the Deferred that was returned last: usually it is awaited next.  Its only span must be this one, and it
 * must have no parts.  The address is valid only while that span is open.  NULL: none. */
static inline void shim_remember_returned(shim_core *core, const void *deferred, uint64_t span) {
  core->returned = deferred;
  core->returned_span = span;
}

/* Handles a plain function that returns a Deferred to a run.  The scope has spans that the run was handed before.  The
 * function's span takes those that are on the Deferred, or on the Deferreds that it waits for. */
void shim_take_from_run(shim_core *core, uint64_t span, uint64_t operation, PyObject *deferred, PyObject *entries,
                        const shim_scope *scope, const void *run, uint64_t now);

/* The second step, when the span waits: the maker of the Deferred takes the spans that feed the Deferred. */
void shim_take_feeding(shim_core *core, uint64_t span, uint64_t operation, PyObject *deferred, const shim_scope *scope,
                       const void *run, uint64_t now);

#endif
