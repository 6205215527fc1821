/* SPDX-License-Identifier: ISC */
/* turn - the core works on one event at a time: on the thread that it was installed in, and not on what happens inside
 * an event.  An end that comes otherwise is late: it waits until the core is idle. */
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

/* Whether an event that happens here and now is to be worked on. */
static inline bool shim_mine(const shim_core *core) {
  return core->installed && !core->busy && PyThread_get_thread_ident() == core->thread;
}

/* Begins an event, unless it is none of ours. */
static inline bool shim_enter(shim_core *core) {
  if (!shim_mine(core))
    return false;
  if (core->late_count) /* they came before this event */
    shim_drain(core);
  Py_INCREF(core); /* the clock, or a finalizer, may let go of the hook, and so of the core */
  return core->busy = true;
}

/* Does what was put off. */
void shim_idle(shim_core *core);

/* Ends an event.  The core may be freed by this. */
static inline void shim_leave(shim_core *core) {
  core->busy = false;
  if (core->leaving || core->late_count)
    shim_idle(core);
  Py_DECREF(core);
}

#endif
