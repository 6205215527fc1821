/* SPDX-License-Identifier: ISC */
/* operations - the generators and coroutines that Twisted drives, as data. */
#ifndef SHIM_OPERATIONS_H
#define SHIM_OPERATIONS_H

#include "begun.h"

enum { SHIM_RELIEVED = 4 };

/* A coroutine that an operation awaits, or a generator that it yields from: see chain.h. */
typedef struct shim_member {
  const void *coroutine; /* its address */
  PyObject *alive;       /* weak reference to it */
  uint64_t span;
  bool failed; /* an exception left it */
} shim_member;

typedef struct shim_operation {
  const void *generator;      /* NULL: collected or finished in its first leg */
  PyObject *alive;            /* weak reference; NULL in the first leg */
  PyObject *callback;         /* its callback, which serves the next operation in this place, too */
  uint64_t span;              /* THESEUS_NO_SPAN: see shim_span_of() */
  uint64_t parent, operation; /* see shim_place */
  bool detached;
  uint32_t flags; /* with which its span begins, besides THESEUS_SPAN_LEG */
  uint32_t stack, place_stack, line;
  shim_stop stop;
  const void *starter;                                   /* the frame of the call that began it */
  enum { SHIM_RUNS, SHIM_SUSPENDED, SHIM_FINISHED } leg; /* how the last leg ended */
  /* The spans that its resumption ends in place of observers: see relief.h. */
  uint64_t relieved[SHIM_RELIEVED];
  int relieved_count;
  const void *relieved_by; /* the driver's variable `status` in that leg, which the resumption is called with */
  bool returned;
  shim_member *chain; /* the outermost first */
  size_t chain_count, chain_capacity;
  shim_scope begun; /* what began in it, unless a function below it has adopted that */
} shim_operation;

/* The operation of a generator, or NULL. */
static inline shim_operation *shim_operation_of(const shim_core *core, PyObject *generator) {
  /* A generator that is collected takes its entry along, so an address is never another's. */
  return shim_table_get(&core->operations, generator);
}

/* The new operation of a generator, or NULL: no memory.  The caller fills it, but for .generator and .span. */
shim_operation *shim_new_operation(shim_core *core, const void *generator);

/* The first leg of an operation has ended: from now on it is kept while its generator lives. */
void shim_keep_operation(shim_core *core, shim_operation *operation);

/* The span of an operation.  It begins when it is first asked for: many operations are over in their first leg, and
 * nothing began in them.  THESEUS_NO_SPAN: no memory. */
uint64_t shim_span_of(shim_core *core, shim_operation *operation);

/* The span that waits while an operation is suspended: of the last one in its chain; its own, if the chain is empty. */
static inline uint64_t shim_waiter(const shim_operation *operation) {
  return operation->chain_count ? operation->chain[operation->chain_count - 1].span : operation->span;
}

/* From the one with this number on, none is in the chain any more. */
void shim_forget_chain(shim_core *core, shim_operation *operation, size_t first);

/* Forgets a generator that has finished or was collected. */
void shim_forget_operation(shim_core *core, const void *generator);

/* Removes an operation from those in their first leg, by the frame that it began with.  NULL: uninstalled meanwhile. */
shim_operation *shim_take_starting(shim_core *core, const void *starter);

/* Removes the spans that an operation's resumption ends; somebody else ends them from now on.  Returns their number. */
int shim_take_relieved(shim_core *core, shim_operation *operation, uint64_t spans[SHIM_RELIEVED]);

/* Lets go of the operations in their first leg: their Deferreds will be returned unseen. */
void shim_let_go_operations(shim_core *core, uint64_t now);

void shim_free_operations(shim_core *core);

#endif
