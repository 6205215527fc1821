/* SPDX-License-Identifier: ISC */
/* code - what is known of code objects.  machinery.py is asked once for each. */
#ifndef SHIM_CODE_H
#define SHIM_CODE_H

#include "core.h"

/* As in machinery.py. */
enum shim_kind { SHIM_PLAIN, SHIM_GENERATOR, SHIM_PLUMBING, SHIM_LOOP, SHIM_DRIVER, SHIM_STARTER, SHIM_REACTOR };

/* As in calls.py. */
enum shim_notification { SHIM_ORDINARY, SHIM_NOTIFICATION, SHIM_LOOP_NOTIFICATION };

typedef struct shim_code {
  int kind;
  int notification; /* an enum shim_notification */
  uint32_t function;
  /* The lines of the last few places that were looked up: a look-up walks through the code's table of lines. */
  struct {
    int place;
    uint32_t line;
  } lines[7];
  /* The stack that the function was last pushed on, and the result; 0: none yet. */
  struct {
    uint32_t parent, line, stack;
  } pushed;
  PyObject *alive;    /* weak reference, … */
  PyObject *callback; /* … whose callback drops this entry */
} shim_code;

/* Borrowed from the core.  NULL: no memory. */
shim_code *shim_code_of(shim_core *core, compat_frame *frame);

/* The line that a frame is at. */
uint32_t shim_line(shim_code *code, compat_frame *frame);

/* Pushes a function on a stack, to which it was called from this line.  -1: no memory. */
int shim_push(shim_core *core, uint32_t *stack, shim_code *code, uint32_t line);

/* The flags with which an operation of this code begins. */
static inline uint32_t shim_flags(const shim_code *code) { return code->notification ? THESEUS_SPAN_NOTIFICATION : 0; }

/* Whether code is of something that is suspended and resumed. */
static inline bool shim_is_generator(PyObject *code) {
  return (((PyCodeObject *)code)->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

void shim_free_codes(shim_core *core);

#endif
