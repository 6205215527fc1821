/* SPDX-License-Identifier: ISC */
/* stack - logical stacks: locate() of portable/stack.py and its helpers. */
#ifndef SHIM_STACK_H
#define SHIM_STACK_H

#include "code.h"
#include "operations.h"

/* One call on the way down a stack. */
typedef struct shim_call {
  shim_code *code;
  uint32_t line; /* that it is at */
} shim_call;

/* A coroutine that an operation is suspended in, or a generator that it yields from. */
typedef struct shim_step {
  PyObject *coroutine; /* owned */
  uint32_t stack;
} shim_step;

/* The logical stack of a running frame with core->calls on top, from the leaf.  -1: error. */
int shim_locate(shim_core *core, compat_frame *frame, shim_place *out);

/* The place where an operation is suspended, from its generator and the line that this one is at.  -1: error.
 * If core->coroutines, core->steps are those that it is suspended in, the outermost first, until shim_let_steps(). */
int shim_suspended(shim_core *core, PyObject *generator, uint32_t at, const shim_operation *operation, uint32_t *stack,
                   uint32_t *line);

static inline void shim_let_steps(shim_core *core) {
  while (core->step_count)
    Py_DECREF(core->steps[--core->step_count].coroutine);
}

#endif
