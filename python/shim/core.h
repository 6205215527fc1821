/* SPDX-License-Identifier: ISC */
/* core - the state of one tracer in C, and the events that its hooks report.
 *
 * The algorithm is that of python/theseus/portable.py, whose names it has; that file says what the events are.
 *
 *     hook-profile.c, hook-monitoring.c ──> events.c ──> stack.c, spans of libtheseus
 *                        observer.c ────────^   └──> deferred.c (what Deferreds and generators tell)
 *
 * All of it runs with the GIL held.  Everything that is borrowed from Python is said to be. */
#ifndef SHIM_CORE_H
#define SHIM_CORE_H

#include "compat.h"
#include "table.h"
#include "theseus.h"

#include <stdbool.h>

/* As in machinery.py. */
enum shim_kind { SHIM_PLAIN, SHIM_GENERATOR, SHIM_PLUMBING, SHIM_LOOP, SHIM_DRIVER, SHIM_STARTER, SHIM_REACTOR };

typedef struct shim_code {
  int kind;
  uint32_t function;
  PyObject *alive;  /* weak reference, whose callback drops the entry */
} shim_code;

/* Where the walk of a logical stack ended, physically. */
typedef struct shim_stop {
  const void *frame; /* NULL: there is no frame below.  An address to compare, while that frame runs */
  bool is_callback;
  bool by_hand;
} shim_stop;

typedef struct shim_operation {
  const void *generator;
  PyObject *alive;
  uint64_t span, parent;
  uint32_t stack, place_stack, line;
  shim_stop stop;
  const void *starter;
  bool returned;
} shim_operation;

typedef struct shim_begun {
  uint64_t span, parent;
  shim_stop stop;
} shim_begun;

/* The spans that began under a frame that is still running. */
typedef struct shim_scope {
  const void *frame;
  const void *code;
  shim_begun *begun;
  size_t count, capacity;
} shim_scope;

/* What a run of the callback loop has passed: see fired() in events.c. */
typedef struct shim_passed {
  const void *loop;
  uint32_t stack, line;
  uint64_t parent;
  bool detached;
} shim_passed;

typedef struct shim_boxed {
  const void *loop;
  PyObject *current, *box;
} shim_boxed;

/* An end that came while the core was busy, or on another thread. */
typedef struct shim_late {
  uint64_t span, now;
  int outcome;
} shim_late;

/* One call on the way down a stack: the function, and the line that it is at. */
typedef struct shim_call {
  uint32_t function, line;
} shim_call;

typedef struct shim_core {
  PyObject_HEAD
  theseus_profile *profile;
  PyObject *owner; /* keeps `profile` */
  PyObject *clock; /* NULL: the monotonic clock */
  uint64_t latest;
  unsigned long thread;
  bool installed, busy;

  /* Twisted's and machinery.py's, all owned. */
  PyObject *loop_code, *driver_code, *starter_code;
  PyObject *deferred_type, *failure_type, *cancelled_type, *list_type;
  PyObject *continuation, *resume, *resume_code; /* the last two: Py_None where this Twisted has not got it */
  PyObject *describe, *fed_by, *members_of, *boxed_type;
  PyObject *plumbing_file; /* … but for these codes of it: */
  shim_table shown;
  PyObject *callbacks_name; /* of the attribute with the entries */
  Py_ssize_t resume_cell;

  shim_table codes, operations; /* by address of the code, of the generator */
  shim_operation **starting;    /* those in their first leg, innermost last */
  size_t starting_count, starting_capacity;
  shim_scope *scopes; /* innermost last */
  size_t scope_count, scope_capacity;
  shim_passed *passed;
  size_t passed_count, passed_capacity;
  shim_boxed *boxed;
  size_t boxed_count, boxed_capacity;
  shim_late *late;
  size_t late_count, late_capacity;
  shim_call *calls; /* scratch of a walk */
  size_t call_count, call_capacity;
  uint64_t *spans; /* scratch of shim_children_on */
  size_t span_count, span_capacity;

  /* hook-profile */
  PyObject *hook;
  /* hook-monitoring */
  bool monitoring;
  int tool;
  PyObject *disable; /* sys.monitoring.DISABLE */
} shim_core;

/* Room for one more in a growing array: -1 without memory. */
#define SHIM_ROOM(array, count, capacity) shim_room((void *)&(array), (count), &(capacity), sizeof *(array))
int shim_room(void *array, size_t count, size_t *capacity, size_t size);

uint64_t shim_now(shim_core *core);

/* ---- code.c: what is known of code objects ---- */

/* Never NULL but without memory; borrowed from the core. */
shim_code *shim_code_of(shim_core *core, PyFrameObject *frame);
void shim_forget_code(shim_core *core, const void *code);

/* ---- stack.c: logical stacks ---- */

typedef struct shim_place {
  uint32_t stack, line;
  uint64_t parent;
  bool detached;
  shim_stop stop;
} shim_place;

/* The logical stack of a running frame with core->calls on top, from the leaf. */
int shim_locate(shim_core *core, PyFrameObject *frame, shim_place *out);
/* Where an operation is suspended. */
int shim_suspended(shim_core *core, PyObject *generator, const shim_operation *operation, uint32_t *stack,
                   uint32_t *line);
/* The operation of a generator, if it is one. */
shim_operation *shim_operation_of(shim_core *core, PyObject *generator);
/* Is the span open?  Then *info is filled. */
bool shim_span_info(shim_core *core, uint64_t span, theseus_span_info *info);

/* ---- deferred.c: what Deferreds and generators tell ---- */

/* The list of entries that have not run: a new reference; NULL without an exception for what is only half built. */
PyObject *shim_callbacks_of(shim_core *core, PyObject *deferred);
bool shim_has_fired(shim_core *core, PyObject *deferred);
int shim_outcome_of(shim_core *core, PyObject *result);
/* The result of a Deferred that has fired: its outcome. */
int shim_outcome_of_deferred(shim_core *core, PyObject *deferred);
/* The callback of an entry: borrowed. */
PyObject *shim_callback_in(PyObject *entry);
/* The generator that an entry resumes: a new reference, or NULL. */
PyObject *shim_resumed_generator(shim_core *core, PyObject *entry);
/* A generator's frame: a new reference, or NULL when it has finished or is something else. */
PyFrameObject *shim_frame_of(PyObject *generator);
/* The generator that a running frame of _inlineCallbacks or _cancellableInlineCallbacks is for: a new reference, or NULL. */
PyObject *shim_driven_generator(PyFrameObject *frame);
/* What a generator is suspended in: a new reference, or NULL. */
PyObject *shim_delegate_of(PyObject *generator);
/* The spans on a Deferred: the span's own children go to core->spans; the result says whether there are others. */
int shim_children_on(shim_core *core, uint64_t span, PyObject *deferred);

/* ---- observer.c ---- */

extern PyType_Spec shim_observer_spec, shim_reaper_spec;
/* The span of an observer of this core, or THESEUS_NO_SPAN. */
uint64_t shim_observed(shim_core *core, PyObject *callback);
/* Appends an observer to a Deferred's entries. */
int shim_observe(shim_core *core, PyObject *deferred, uint64_t span);

/* ---- events.c ---- */

void shim_start(shim_core *core, PyFrameObject *frame);
void shim_started(shim_core *core, PyFrameObject *frame, PyObject *result);
void shim_leg_ended(shim_core *core, PyFrameObject *frame);
void shim_returned(shim_core *core, PyFrameObject *frame, PyObject *deferred);
void shim_left(shim_core *core, PyFrameObject *frame);
void shim_loop_left(shim_core *core, PyFrameObject *frame);
/* Have spans begun under this frame? */
static inline bool shim_is_scope(const shim_core *core, const void *frame) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].frame == frame)
      return true;
  return false;
}
/* An observer was called by the loop of this frame (borrowed; NULL: not by one). */
void shim_fired(shim_core *core, uint64_t span, int outcome, PyFrameObject *loop);
/* A span is over. */
void shim_end(shim_core *core, uint64_t span, int outcome);
/* Passes a Deferred on as a result, without the loop's waiting for it as it does for what callbacks return: since Twisted 24.7 a Deferred
 * may be fired with one.  A new reference; NULL with the exception of a callback. */
PyObject *shim_pass_deferred(shim_core *core, PyObject *result);
/* A generator has finished or was collected. */
void shim_forget_operation(shim_core *core, const void *generator);
/* Applies what is in core->late. */
void shim_drain(shim_core *core);
/* What is under way goes on without us. */
void shim_let_go(shim_core *core);

/* ---- hooks ---- */

/* Bracket what a hook does: not while it is at it, and not what observers do meanwhile. */
static inline bool shim_enter(shim_core *core) {
  if (core->busy || !core->installed)
    return false;
  return core->busy = true;
}
static inline void shim_leave(shim_core *core) {
  core->busy = false;
  if (core->late_count)
    shim_drain(core);
}

extern PyType_Spec shim_hook_spec;
int shim_profile_install(shim_core *core);
void shim_profile_uninstall(shim_core *core);
/* Is ours the profile hook of this thread? */
bool shim_profile_listening(shim_core *core);

/* -1 with an exception: there is no sys.monitoring, or no tool id is free. */
int shim_monitoring_install(shim_core *core);
void shim_monitoring_uninstall(shim_core *core);

/* The observer type, the type of weak references' callbacks, made by shim_types(). */
extern PyTypeObject *shim_observer_type;
extern PyTypeObject *shim_reaper_type;
extern PyTypeObject *shim_core_type;
extern PyTypeObject *shim_hook_type;
/* A weak reference to `object` that tells the core of its death. */
PyObject *shim_watch(shim_core *core, PyObject *object, bool is_code);

#endif
