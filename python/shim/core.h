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

/* The attributes and variables that are asked for, as interned strings: made once, by shim_types(). */
typedef struct shim_names {
  PyObject *called, *paused, *running, *result, *type, *canceller, *chained_to, *deferred_list;
  PyObject *current, *gen;
  PyObject *call, *return_;
  PyObject *status;
} shim_names;
extern shim_names shim_name;

/* What generators, coroutines and async generators tell: their frames, and what they are suspended in. */
enum { SHIM_TELLING = 3 };
typedef struct shim_told {
  PyTypeObject *type;
  const char *text;
  PyObject *name;
  getter get; /* NULL: only as an attribute */
} shim_told;
extern shim_told shim_frames[SHIM_TELLING], shim_delegates[SHIM_TELLING];

typedef struct shim_code {
  int kind;
  uint32_t function;
  /* The lines of the last few places in it that were asked for: finding one takes a walk through the table of lines. */
  struct {
    int place;
    uint32_t line;
  } lines[7];
  /* The stack that it was last pushed on, and what came of it; 0: none yet. */
  struct {
    uint32_t parent, line, stack;
  } pushed;
  PyObject *alive;    /* weak reference, … */
  PyObject *callback; /* … whose callback drops the entry */
} shim_code;

/* Where the walk of a logical stack ended, physically. */
typedef struct shim_stop {
  const void *frame; /* NULL: there is no frame below.  An address to compare, while that frame runs */
  bool is_callback;
  bool by_hand;
} shim_stop;

enum { SHIM_OBSERVED = 4, SHIM_ENTRIES = 4 };

typedef struct shim_operation {
  const void *generator;
  PyObject *alive;    /* weak reference */
  PyObject *callback; /* its callback, which serves the next operation in this place, too */
  uint64_t span;      /* THESEUS_NO_SPAN: see shim_span_of() */
  uint64_t parent;
  bool detached;
  uint32_t stack, place_stack, line;
  shim_stop stop;
  const void *starter;                                   /* the frame of the call that began it */
  enum { SHIM_RUNS, SHIM_SUSPENDED, SHIM_FINISHED } leg; /* how the last one ended */
  /* The spans whose ends its resumption tells in place of observers: see shim_relieve(). */
  uint64_t observed[SHIM_OBSERVED];
  int observed_count;
  const void *observed_by; /* the driver's `status` of the leg, which is there whenever the resumption is called */
  bool returned;
} shim_operation;

typedef struct shim_begun {
  uint64_t span, parent;
  shim_stop stop;
} shim_begun;

/* The spans that began under a frame that is still running, or in the first leg of an operation. */
typedef struct shim_scope {
  const void *owner; /* the frame, or the operation */
  const void *code;  /* of the frame; NULL: of an operation */
  shim_begun *begun;
  size_t count, capacity;
  size_t full; /* the count at which those that have ended are dropped */
} shim_scope;

/* What a run of the callback loop has passed: see fired() in events.c. */
typedef struct shim_passed {
  const void *loop;
  uint32_t stack; /* of the span that it passed */
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

/* One call on the way down a stack: whose code, and the line that it is at. */
typedef struct shim_call {
  shim_code *code;
  uint32_t line;
} shim_call;

typedef struct shim_core shim_core;
struct shim_core {
  PyObject_HEAD theseus_profile *profile;
  PyObject *owner; /* keeps `profile` */
  PyObject *clock; /* NULL: the monotonic clock */
  uint64_t latest;
  unsigned long thread;
  bool installed, busy;
  bool leaving; /* uninstalled in the middle of an event: shim_let_go() is yet to come */

  /* Twisted's and machinery.py's, all owned. */
  PyObject *loop_code, *driver_code, *starter_code;
  PyObject *deferred_type, *failure_type, *cancelled_type, *list_type;
  PyObject *continuation, *resume, *resume_code; /* the last two: Py_None where this Twisted has not got it */
  PyObject *describe, *race_links, *race_members, *boxed_type;
  PyObject *no_arguments, *no_keywords; /* of an observer's entry */
  uint32_t reactor_function;
  bool has_reactor_function;
  PyObject *plumbing_file; /* … but for these codes of it: */
  shim_table shown, race_codes;
  PyObject *callbacks_name; /* of the attribute with the entries */
  Py_ssize_t resume_cell;

  shim_table codes, operations; /* by address of the code, of the generator */
  shim_operation **starting;    /* those in their first leg, innermost last */
  size_t starting_count, starting_capacity;
  shim_operation *spare;           /* a list of those that are free, by .generator */
  PyObject *entries[SHIM_ENTRIES]; /* of observers, free for the next ones */
  size_t entry_count;
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
  /* The Deferred that was returned last, if it carries one span and is not part of anything: mostly it is what is awaited next.  An
   * address to compare while that span is open. */
  const void *returned;
  uint64_t returned_span;

  size_t observed; /* how many operations have spans so called */

  /* hook-profile */
  PyObject *hook;
  /* hook-monitoring */
  bool monitoring;
  int tool;
  PyObject *disable;   /* sys.monitoring.DISABLE */
  shim_table watched;  /* code, and places in it, whose returns may matter */
  shim_table disabled; /* code in which places are disabled */
  shim_table adopting; /* code under which spans have begun */
  int return_constant; /* the opcode; -1: there is none */
};

/* Room for one more in a growing array: -1 without memory. */
#define SHIM_ROOM(array, count, capacity) shim_room((void *)&(array), (count), &(capacity), sizeof *(array))
int shim_room(void *array, size_t count, size_t *capacity, size_t size);

uint64_t shim_now(shim_core *core);

/* ---- code.c: what is known of code objects ---- */

/* Never NULL but without memory; borrowed from the core. */
shim_code *shim_code_of(shim_core *core, compat_frame *frame);
void shim_forget_code(shim_core *core, const void *code);

/* The line that a frame is at. */
uint32_t shim_line(shim_code *code, compat_frame *frame);

/* A set of addresses that is mostly small. */
enum { SHIM_FEW = 16 };
typedef struct shim_seen {
  const void *few[SHIM_FEW];
  size_t count;
  shim_table many;
} shim_seen;
/* 1: it was there; 0: now it is; -1: no memory.  Free .many with shim_table_free(). */
int shim_see(shim_seen *seen, const void *address);

/* ---- stack.c: logical stacks ---- */

typedef struct shim_place {
  uint32_t stack, line;
  uint64_t parent;
  bool detached;
  shim_stop stop;
} shim_place;

/* The logical stack of a running frame with core->calls on top, from the leaf. */
int shim_locate(shim_core *core, compat_frame *frame, shim_place *out);
/* Where an operation is suspended, given its generator, and the line that this one is at. */
int shim_suspended(shim_core *core, PyObject *generator, uint32_t at, const shim_operation *operation, uint32_t *stack,
                   uint32_t *line);
/* The operation of a generator, if it is one. */
shim_operation *shim_operation_of(shim_core *core, PyObject *generator);
/* The span of an operation.  It begins when it is first asked for: many are over in their first leg, and began nothing.
 * THESEUS_NO_SPAN without memory. */
uint64_t shim_span_of(shim_core *core, shim_operation *operation);
/* Is the span open?  Then *info is filled, unless it is NULL. */
bool shim_span_info(shim_core *core, uint64_t span, theseus_span_info *info);

/* ---- deferred.c: what Deferreds and generators tell ---- */

/* An attribute: a new reference, or NULL without an exception. */
PyObject *shim_attribute(PyObject *object, PyObject *name);
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
/* Where a generator that has not finished is: its code, not NULL, and the line, unless that is NULL.  0: it has finished, or is something
 * else; -1: no memory. */
int shim_at(shim_core *core, PyObject *generator, shim_code **code, uint32_t *line);
/* The generator that a running frame of _inlineCallbacks or _cancellableInlineCallbacks is for: a new reference, or NULL. */
PyObject *shim_driven_generator(compat_frame *frame);
bool shim_is_deferred(const shim_core *core, PyObject *object);
/* Deferreds, each with whether the link to it was made by hand: addCallback(d.callback). */
typedef struct shim_link {
  PyObject *deferred; /* owned */
  bool by_hand;
} shim_link;
typedef struct shim_links {
  shim_link *items;
  size_t count, capacity;
  shim_link few[SHIM_FEW]; /* what `items` is at first */
} shim_links;
/* Adds a Deferred.  -1: no memory. */
int shim_add_link(shim_links *links, PyObject *deferred, bool by_hand);
void shim_free_links(shim_links *links);
/* Adds the Deferred that an entry of `feeding` hands its result to, if it does: as machinery.fed_by().  -1: error. */
int shim_add_fed(shim_core *core, PyObject *feeding, PyObject *entry, shim_links *links);
/* What a generator is suspended in: a new reference, or NULL. */
PyObject *shim_delegate_of(PyObject *generator);
/* The spans that an entry of a Deferred tells the ends of: their number. */
int shim_spans_in(shim_core *core, PyObject *entry, uint64_t spans[SHIM_OBSERVED]);
/* The spans on a Deferred with these entries: the span's own children go to core->spans; the result says whether there are others.  *alone: the Deferred is
 * not part of anything. */
int shim_children_on(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries, bool *alone);

/* ---- observer.c ---- */

extern PyType_Spec shim_observer_spec, shim_reaper_spec;
/* The span of an observer of this core, or THESEUS_NO_SPAN. */
uint64_t shim_observed(shim_core *core, PyObject *callback);
/* Appends an observer to a Deferred's entries. */
int shim_observe(shim_core *core, PyObject *entries, uint64_t span);
/* The last of a Deferred's entries resumes this operation, with this `status`.  Observers that come right before it are taken out: being
 * resumed tells as much, and fewer calls go through Deferred's loop. */
void shim_relieve(shim_core *core, PyObject *entries, shim_operation *operation, const void *status);
/* All such observers are put back. */
void shim_take_over(shim_core *core);
/* The spans of these, which somebody else ends from now on. */
int shim_take_observed(shim_core *core, shim_operation *operation, uint64_t spans[SHIM_OBSERVED]);

/* ---- events.c ---- */

/* The starter's frame (borrowed) begins: a generator is about to be driven for the first time. */
void shim_start(shim_core *core, compat_frame *starter);
/* … and returns this; NULL: it raised. */
void shim_started(shim_core *core, compat_frame *starter, PyObject *result);
/* The driver's frame begins, perhaps to resume its generator; on any thread. */
void shim_resumed(shim_core *core, compat_frame *driver);
/* … and returns, perhaps with its generator suspended. */
void shim_leg_ended(shim_core *core, compat_frame *driver);
void shim_returned(shim_core *core, compat_frame *frame, PyObject *deferred);
void shim_left(shim_core *core, compat_frame *frame);
void shim_loop_left(shim_core *core, compat_frame *frame);
/* Have spans begun under this frame? */
static inline bool shim_is_scope(const shim_core *core, compat_frame *frame) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].owner == frame && core->scopes[i].code == compat_code(frame))
      return true;
  return false;
}
/* An observer was called by the loop of this frame (borrowed; NULL: not by one). */
void shim_fired(shim_core *core, uint64_t span, int outcome, compat_frame *loop);
/* A span is over. */
void shim_end(shim_core *core, uint64_t span, int outcome);
/* Passes a Deferred on as a result, without the loop's waiting for it as it does for what callbacks return: since Twisted 24.7 a Deferred
 * may be fired with one.  A new reference; NULL with the exception of a callback. */
PyObject *shim_pass_deferred(shim_core *core, PyObject *result);
/* A generator has finished or was collected. */
void shim_forget_operation(shim_core *core, const void *generator);
/* Applies what is in core->late. */
void shim_drain(shim_core *core);
/* What is under way goes on without us.  In the middle of an event that is put off until the end of it. */
void shim_let_go(shim_core *core);

/* ---- hooks ---- */

/* Is it the code of what is suspended and resumed? */
static inline bool shim_is_generator(PyObject *code) {
  return (((PyCodeObject *)code)->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

/* Is a returned value a Deferred?  Most are of builtin types, which are told by a flag. */
static inline bool shim_is_returned_deferred(const shim_core *core, PyObject *result) {
  const unsigned long builtin = Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS |
                                Py_TPFLAGS_BYTES_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS |
                                Py_TPFLAGS_TYPE_SUBCLASS;
  return result != Py_None && !PyType_HasFeature(Py_TYPE(result), builtin) &&
         PyObject_TypeCheck(result, (PyTypeObject *)core->deferred_type);
}

/* Bracket what a hook does: on its own thread, not while it is at it, and not what observers do meanwhile. */
static inline bool shim_mine(const shim_core *core) {
  return core->installed && !core->busy && PyThread_get_thread_ident() == core->thread;
}
static inline bool shim_enter(shim_core *core) {
  if (!shim_mine(core))
    return false;
  if (core->late_count) /* what ended on other threads ended before this */
    shim_drain(core);
  Py_INCREF(core); /* the clock, or a finalizer, may let go of the hook, and so of the core */
  return core->busy = true;
}
/* Nobody is at it any more. */
static inline void shim_idle(shim_core *core) {
  core->busy = false;
  if (core->leaving)
    shim_let_go(core);
  if (core->late_count)
    shim_drain(core);
}
/* The core may be gone after this. */
static inline void shim_leave(shim_core *core) {
  shim_idle(core);
  Py_DECREF(core);
}

extern PyType_Spec shim_hook_spec, shim_callback_spec;
int shim_profile_install(shim_core *core);
void shim_profile_uninstall(shim_core *core);
/* Is ours the profile hook of this thread? */
bool shim_profile_listening(shim_core *core);

/* -1 with an exception: there is no sys.monitoring, or no tool id is free. */
int shim_monitoring_install(shim_core *core);
void shim_monitoring_uninstall(shim_core *core);
/* A span began under a frame of this code. */
void shim_monitoring_scope(shim_core *core, PyObject *code);

/* Made by shim_types(); a reaper is a weak reference's callback, a callback one of sys.monitoring's. */
extern PyTypeObject *shim_observer_type;
extern PyTypeObject *shim_callback_type;
extern PyTypeObject *shim_reaper_type;
extern PyTypeObject *shim_core_type;
extern PyTypeObject *shim_hook_type;
/* A weak reference to `object`, which is code or a generator, that tells the core of its death by *callback: made if there is none. */
PyObject *shim_watch(shim_core *core, PyObject *object, PyObject **callback);
/* Lets go of such a reference when the core goes: somebody else may have it too (weakref.getweakrefs, gc.get_objects). */
void shim_unwatch(PyObject *reference, PyObject *callback);

#endif
