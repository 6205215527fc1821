/* SPDX-License-Identifier: ISC */
/* stack - logical stacks: locate() of portable/stack.py and its helpers, in C. */
#ifndef SHIM_STACK_H
#define SHIM_STACK_H

#include "code.h"
#include "operations.h"

/* One call on the way down a stack. */
typedef struct shim_call {
  shim_code *code;
  uint32_t line; /* the line that it is at */
} shim_call;

/* A coroutine that an operation is suspended in, or a generator that it yields from. */
typedef struct shim_step {
  PyObject *coroutine; /* owned */
  uint32_t stack;
} shim_step;

/* Finds the logical stack of a running frame.  The calls that the caller put into core->calls, from the leaf on, are on
 * top of it.  Returns -1 after an error. */
int shim_locate(shim_core *core, compat_frame *frame, shim_place *out);

/* Finds the place where an operation is suspended, from its generator and the line `at` of the generator.  Returns -1
 * after an error.  If core->coroutines is set, stores in core->steps the coroutines that the operation is suspended in,
 * the outermost first.  They are valid until shim_let_steps(). */
int shim_suspended(shim_core *core, PyObject *generator, uint32_t at, const shim_operation *operation, uint32_t *stack,
                   uint32_t *line);

static inline void shim_let_steps(shim_core *core) {
  while (core->step_count)
    Py_DECREF(core->steps[--core->step_count].coroutine);
}

#endif
