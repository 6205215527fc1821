/* SPDX-License-Identifier: ISC */
/* operations - the data of the generators and coroutines that Twisted drives. */
#ifndef SHIM_OPERATIONS_H
#define SHIM_OPERATIONS_H

#include "begun.h"

enum { SHIM_RELIEVED = 4 };

/* A coroutine that an operation awaits, or a generator that it yields from: see chain.h. */
typedef struct shim_member {
  const void *coroutine; /* its address */
  PyObject *alive;       /* weak reference to it */
  uint64_t span;
  bool failed; /* true: an exception left it */
} shim_member;

typedef struct shim_operation {
  const void *generator;      /* NULL: it was collected, or finished in its first leg */
  PyObject *alive;            /* weak reference to the generator; NULL in the first leg */
  PyObject *callback;         /* the callback of `alive`; the next operation in this struct uses it again */
  uint64_t span;              /* THESEUS_NO_SPAN: see shim_span_of() */
  uint64_t parent, operation; /* see shim_place */
  bool detached;
  uint32_t flags; /* the flags of its span, besides THESEUS_SPAN_LEG */
  uint32_t stack, place_stack, line;
  shim_stop stop;
  const void *starter;                                   /* the frame of the call that began it */
  enum { SHIM_RUNS, SHIM_SUSPENDED, SHIM_FINISHED } leg; /* how the last leg ended */
  /* The spans that its resumption ends in place of observers: see relief.h. */
  uint64_t relieved[SHIM_RELIEVED];
  int relieved_count;
  const void *relieved_by; /* the driver's variable `status` in that leg; the resumption is called with it */
  bool returned;
  shim_member *chain; /* the outermost first */
  size_t chain_count, chain_capacity;
  shim_scope begun; /* the spans that began in it, unless a function below it has adopted them */
} shim_operation;

/* Returns the operation of a generator, or NULL. */
static inline shim_operation *shim_operation_of(const shim_core *core, PyObject *generator) {
  /* An address never belongs to another generator: a generator's entry is removed when the generator is collected. */
  return shim_table_get(&core->operations, generator);
}

/* Creates the operation of a generator.  The caller fills it, except .generator and .span.  Returns NULL if there is no
 * memory. */
shim_operation *shim_new_operation(shim_core *core, const void *generator);

/* Handles the end of an operation's first leg.  From now on the operation is kept as long as its generator lives. */
void shim_keep_operation(shim_core *core, shim_operation *operation);

/* Returns the span of an operation, and begins it at the first call.  Many operations are over in their first leg, with
 * nothing begun in them, and need none.  Returns THESEUS_NO_SPAN if there is no memory. */
uint64_t shim_span_of(shim_core *core, shim_operation *operation);

/* Returns the span that waits while an operation is suspended: that of the last member of its chain, or its own if the
 * chain is empty. */
static inline uint64_t shim_waiter(const shim_operation *operation) {
  return operation->chain_count ? operation->chain[operation->chain_count - 1].span : operation->span;
}

/* Removes the members from number `first` on from an operation's chain. */
void shim_forget_chain(shim_core *core, shim_operation *operation, size_t first);

/* Forgets a generator that has finished or was collected. */
void shim_forget_operation(shim_core *core, const void *generator);

/* Removes an operation from those in their first leg.  `starter` is the frame that it began with.  Returns NULL if
 * there is none: the core was uninstalled meanwhile. */
shim_operation *shim_take_starting(shim_core *core, const void *starter);

/* Removes the spans that an operation's resumption ends.  The caller ends them instead.  Returns their number. */
int shim_take_relieved(shim_core *core, shim_operation *operation, uint64_t spans[SHIM_RELIEVED]);

/* Detaches the operations in their first leg: their Deferreds will be returned unseen. */
void shim_let_go_operations(shim_core *core, uint64_t now);

void shim_free_operations(shim_core *core);

#endif
