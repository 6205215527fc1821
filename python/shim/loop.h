/* SPDX-License-Identifier: ISC */
/* loop - the runs of Deferred's callback loop. */
#ifndef SHIM_LOOP_H
#define SHIM_LOOP_H

#include "core.h"

/* A run of the loop has called the observer of a span.  Its other callbacks belong where that span's function was
 * called. */
typedef struct shim_passed {
  const void *loop; /* the frame */
  uint32_t stack;   /* of that span, as are the operation of its parent, and whether it is detached */
  uint64_t parent;
  bool detached;
} shim_passed;

/* A Deferred that is a result, on its way through the loop in a box. */
typedef struct shim_boxed {
  const void *loop; /* the frame */
  PyObject *current, *box;
} shim_boxed;

/* An observer was called by the loop of this frame (borrowed), or by something else. */
void shim_fired(shim_core *core, uint64_t span, int outcome, compat_frame *loop);

/* The frame of the loop returns. */
void shim_loop_left(shim_core *core, compat_frame *frame);

/* Passes a Deferred on as a result.  Since Twisted 24.7 a Deferred may be fired with one, but the loop takes it for a
 * Deferred that a callback returned, and would wait for it.  A new reference; NULL with the exception of a callback. */
PyObject *shim_pass_deferred(shim_core *core, PyObject *result);

/* Whether shim_loop_left() has anything to do. */
static inline bool shim_has_loops(const shim_core *core) { return core->passed_count || core->boxed_count; }

void shim_let_go_loops(shim_core *core);

void shim_free_loops(shim_core *core);

#endif
