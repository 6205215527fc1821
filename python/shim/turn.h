/* SPDX-License-Identifier: ISC */
/* turn - makes the core handle one event at a time.  The core handles events of the thread that installed it, and
 * ignores events that happen inside another event.
 *
 * An end of a span that comes at another time is late: it waits until the core is idle. */
#ifndef SHIM_TURN_H
#define SHIM_TURN_H

#include "core.h"

/* An end that came while the core was busy, or on another thread. */
typedef struct shim_late {
  uint64_t span, now;
  int outcome;
} shim_late;

/* Applies the late ends. */
void shim_drain(shim_core *core);

/* Ends a span, now or late. */
void shim_end(shim_core *core, uint64_t span, int outcome);

/* Returns true if the core handles an event that happens here and now. */
static inline bool shim_mine(const shim_core *core) {
  return core->installed && !core->busy && PyThread_get_thread_ident() == core->thread;
}

/* Begins an event.  Returns false if the core does not handle it. */
static inline bool shim_enter(shim_core *core) {
  if (!shim_mine(core))
    return false;
  if (core->late_count) /* the late ends came before this event */
    shim_drain(core);
  Py_INCREF(core); /* the clock or a finalizer may drop the hook, and the core with it */
  return core->busy = true;
}

/* Handles everything that was put off during an event. */
void shim_idle(shim_core *core);

/* Ends an event.  This may free the core. */
static inline void shim_leave(shim_core *core) {
  core->busy = false;
  if (core->leaving || core->late_count)
    shim_idle(core);
  Py_DECREF(core);
}

#endif
