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

/* The logical stack of a running frame with core->calls on top, from the leaf.  -1: error. */
int shim_locate(shim_core *core, compat_frame *frame, shim_place *out);

/* The place where an operation is suspended, from its generator and the line that this one is at.  -1: error. */
int shim_suspended(shim_core *core, PyObject *generator, uint32_t at, const shim_operation *operation, uint32_t *stack,
                   uint32_t *line);

#endif
