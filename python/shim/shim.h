/* SPDX-License-Identifier: ISC */
/* shim - the functions in C that the Python package calls, besides those of libtheseus.  cffi calls them without the
 * GIL. */
#ifndef SHIM_H
#define SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "theseus.h"

/* From here to the line `end of declarations' cffi reads this file as it is. */

/* A sink that keeps the bytes in memory.  Zero it first, and free it with shim_buffer_free(). */
typedef struct shim_buffer {
  char *bytes;
  size_t size;
  size_t capacity;
} shim_buffer;

int shim_buffer_write(void *buffer, const void *bytes, size_t size);
void shim_buffer_free(shim_buffer *buffer);

/* Appends types to a Python list: Core (the tracer itself), Hook (the profile hook, for any target), and the types that
 * these need.  `list` is the id() of the list.  Returns -1 if a type could not be made, or if this interpreter is not
 * CPython. */
int shim_types(uintptr_t list);

/* Appends an object that owns the profile to a Python list.  `list` is the id() of the list.  The profile is freed when
 * the object is.  Returns -1 if the object could not be made, or if this interpreter is not CPython: use ffi.gc()
 * then. */
int shim_own(uintptr_t list, theseus_profile *profile);

/* Schedules a Python function: the main thread calls it, without arguments, when it next runs Python code.  `function`
 * is the id() of the function.  Returns -1 if too many calls are scheduled, or if this interpreter is not CPython: call
 * the function at once then. */
int shim_later(uintptr_t function);

/* Installs a handler for a signal.  The signal then wakes shim_signal_wait(), which returns `which`: 0 or 1.  The
 * handler also calls the program's own handler.  Returns -1 if no such signal exists, or if this interpreter is not
 * CPython. */
int shim_signal_take(int which, int number);

/* Waits for a signal that was taken, without the GIL.  Returns its `which`, or -1 after shim_signal_stop(). */
int shim_signal_wait(void);
void shim_signal_stop(void);

/* end of declarations */

#endif
