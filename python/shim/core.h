/* SPDX-License-Identifier: ISC */
/* core - the state of one tracer in C.
 *
 * The algorithm is that of python/theseus/portable/, with the same names.  Each room includes only rooms below it, or
 * to its right:
 *
 *     types ──> methods ──> life               the type Core; its methods; its creation and its end
 *     hook-profile, hook-monitoring, observer  the sources of events
 *     legs, returns                            the events: generators, plain functions
 *     chain                                    the coroutines that an operation awaits
 *     stack                                    logical stacks
 *     awaited, scopes, loop                    waits for Deferreds; spans to adopt; runs of the callback loop
 *     relief, entries, operations, nodes       resumptions in place of observers; observers; generators; Deferreds
 *     links, begun                             Deferreds that feed each other; spans that began under a frame
 *     generator, deferred, code                reading generators, Deferreds and code objects
 *     turn, watch, span                        the core's lock; weak references; spans of libtheseus
 *     core, table, compat
 *
 * All rooms run with the GIL held.  Comments mark the references that are borrowed from Python. */
#ifndef SHIM_CORE_H
#define SHIM_CORE_H

#include "compat.h"
#include "table.h"
#include "theseus.h"

#include <stdbool.h>

/* The names of attributes and variables that are read often, as interned strings.  shim_make_names() makes them
 * once. */
typedef struct shim_names {
  PyObject *called, *paused, *running, *result, *type, *canceller, *chained_to, *deferred_list;
  PyObject *current, *gen;
  PyObject *call, *return_;
  PyObject *status, *self;
} shim_names;
extern shim_names shim_name;
int shim_make_names(void);

/* Made by shim_types().  A reaper is the callback of a weak reference.  A callback is an object that sys.monitoring
 * calls. */
extern PyTypeObject *shim_observer_type, *shim_reaper_type, *shim_callback_type, *shim_core_type, *shim_hook_type;

typedef struct shim_core shim_core;

/* A source of the program's events: one of the hooks. */
typedef struct shim_listener {
  int (*install)(shim_core *core); /* returns -1 with an exception */
  void (*uninstall)(shim_core *core);
  /* Returns true if the return of a frame that runs now will be reported. */
  bool (*sees_returns)(shim_core *core);
  /* Returns true if the listener is still in its place in the interpreter. */
  bool (*listening)(shim_core *core);
  /* Returns the number of events since install().  NULL: no later hook can call this one. */
  size_t (*heard)(shim_core *core);
  /* Called when a span began under a frame of this code.  NULL: not needed. */
  void (*scope_began)(shim_core *core, PyObject *code);
  /* True if the listener reports every resumption of a generator: see relief.h. */
  bool sees_resumptions;
} shim_listener;

enum { SHIM_SPARE_ENTRIES = 4 };

struct shim_core {
  PyObject_HEAD theseus_profile *profile;
  PyObject *owner; /* keeps `profile` alive */
  PyObject *clock; /* NULL: the monotonic clock */
  uint64_t latest; /* the time that shim_now() read last */
  unsigned long thread;
  bool installed, busy;
  bool coroutines; /* true: awaited coroutines are operations, too */

  /* Objects of Twisted, machinery.py and calls.py; all owned. */
  PyObject *loop_code, *driver_code, *starter_code;
  PyObject *deferred_type, *failure_type, *cancelled_type, *list_type;
  PyObject *continuation, *resume, *resume_code; /* the last two: Py_None if this Twisted has none */
  PyObject *describe, *note, *race_links, *race_members, *boxed_type;
  PyObject *no_arguments, *no_keywords; /* the arguments of an observer's entry */
  PyObject *plumbing_file;              /* a code object of this file is plumbing, unless it is in `shown` */
  shim_table shown, race_codes;
  PyObject *callbacks_name; /* the name of the attribute that holds a Deferred's entries */
  Py_ssize_t resume_cell;

  /* turn */
  struct shim_late *late;
  size_t late_count, late_capacity;
  void (*leaving)(shim_core *core); /* the rest of an uninstallation that happened during an event; or NULL */
  /* Called before a span ends.  NULL: no span has taken another yet. */
  void (*ending)(shim_core *core, uint64_t span, uint64_t now);

  /* code, operations: by address of the code object, or of the generator */
  shim_table codes, operations;
  struct shim_operation **starting; /* the operations in their first leg, innermost last */
  size_t starting_count, starting_capacity;
  struct shim_operation *spare_operations; /* a linked list: .generator points to the next one */
  shim_table members;                      /* by address of a coroutine: the operation in whose chain it is */

  /* entries, relief */
  vectorcallfunc observed;               /* the function that a call of an observer runs */
  PyObject *entries[SHIM_SPARE_ENTRIES]; /* spare entries, each with an observer */
  size_t entry_count;
  size_t relieved; /* the number of operations whose resumption stands in for observers */

  /* loop */
  struct shim_passed *passed;
  size_t passed_count, passed_capacity;
  struct shim_boxed *boxed;
  size_t boxed_count, boxed_capacity;

  /* scopes, innermost last */
  struct shim_scope *scopes;
  size_t scope_count, scope_capacity;

  /* awaited */
  uint64_t *spans; /* the spans that shim_begin_wait() found */
  size_t span_count, span_capacity;
  const void *returned; /* the Deferred that was returned last: see awaited.h */
  uint64_t returned_span;

  /* stack */
  struct shim_call *calls; /* scratch of a walk */
  size_t call_count, call_capacity;
  struct shim_step *steps; /* the steps that shim_suspended() found */
  size_t step_count, step_capacity;
  uint32_t reactor_function;
  bool has_reactor_function;

  const shim_listener *listener;
  PyObject *notice; /* called with the core when an observer finds that the listener has lost its place; or NULL */
  /* hook-profile */
  PyObject *hook;
  /* hook-monitoring */
  int tool;
  PyObject *disable;   /* sys.monitoring.DISABLE */
  shim_table watched;  /* code objects, and places in them, whose returns may matter */
  shim_table disabled; /* code objects in which places are disabled */
  shim_table adopting; /* code objects under which spans have begun */
  int return_constant; /* the opcode RETURN_CONST; -1: this version has none */
};

/* Makes room for one more item in a growing array.  Returns -1 if there is no memory. */
#define SHIM_ROOM(array, count, capacity) shim_room((void *)&(array), (count), &(capacity), sizeof *(array))
int shim_room(void *array, size_t count, size_t *capacity, size_t size);

/* Returns the time, in ns.  If the program's own clock fails, returns the time that was read last. */
uint64_t shim_now(shim_core *core);

#endif
