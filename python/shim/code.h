/* SPDX-License-Identifier: ISC */
/* code - the kind, function and lines of each code object.  describe() of calls.py is called once for each. */
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
  /* The lines of the last few places that were looked up.  A look-up walks through the code's table of lines. */
  struct {
    int place;
    uint32_t line;
  } lines[7];
  /* The last push of the function: the parent stack, the line of the call, and the resulting stack; 0: none yet. */
  struct {
    uint32_t parent, line, stack;
  } pushed;
  PyObject *alive;    /* a weak reference to the code object */
  PyObject *callback; /* the callback of `alive`: drops this entry */
} shim_code;

/* Returns the entry of a frame's code, which the core owns.  Returns NULL if there is no memory. */
shim_code *shim_code_of(shim_core *core, compat_frame *frame);

/* Returns the line that a frame is at. */
uint32_t shim_line(shim_code *code, compat_frame *frame);

/* Pushes a function on a stack, called from this line.  If the library refuses the push, because the stack is too deep,
 * for example, *stack stays as it is.  Returns -1 if there is no memory. */
int shim_push(shim_core *core, uint32_t *stack, shim_code *code, uint32_t line);

/* Returns the flags with which an operation of this code begins. */
static inline uint32_t shim_flags(const shim_code *code) { return code->notification ? THESEUS_SPAN_NOTIFICATION : 0; }

/* Returns true if the code is that of a generator, a coroutine or an async generator. */
static inline bool shim_is_generator(PyObject *code) {
  return (((PyCodeObject *)code)->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

void shim_free_codes(shim_core *core);

#endif
