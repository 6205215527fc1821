/* SPDX-License-Identifier: ISC */
/* loop - the runs of Deferred's callback loop. */
#ifndef SHIM_LOOP_H
#define SHIM_LOOP_H

#include "core.h"

/* A run of the loop that has called the observer of a span.  The other callbacks of that run belong where the span's
 * function was called.  `parent` is the operation of the span's parent.  `detached` is true if that parent has
 * ended. */
typedef struct shim_passed {
  const void *loop; /* the frame */
  uint32_t stack;   /* the stack of that span */
  uint64_t parent;
  bool detached;
} shim_passed;

/* A Deferred that is a result, and goes through the loop in a box. */
typedef struct shim_boxed {
  const void *loop; /* the frame */
  PyObject *current, *box;
} shim_boxed;

/* Handles the call of an observer.  `loop` is the frame that called it, borrowed: a callback loop, or anything else. */
void shim_fired(shim_core *core, uint64_t span, int outcome, compat_frame *loop);

/* Handles the return of the loop's frame. */
void shim_loop_left(shim_core *core, compat_frame *frame);

/* Passes a Deferred on as a result.  Since Twisted 24.7 a Deferred may be fired with a Deferred.  But the loop would
 * take that for a Deferred that a callback returned, and would wait for it.  Returns a new reference, or NULL with the
 * exception of a callback. */
PyObject *shim_pass_deferred(shim_core *core, PyObject *result);

/* Returns true if shim_loop_left() has anything to do. */
static inline bool shim_has_loops(const shim_core *core) { return core->passed_count || core->boxed_count; }

void shim_let_go_loops(shim_core *core);

void shim_free_loops(shim_core *core);

#endif
