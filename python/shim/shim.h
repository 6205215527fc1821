/* SPDX-License-Identifier: ISC */
/* shim - the C of the Python package, beside libtheseus. */
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

/* Appends types to a Python list, given by its id(): Core (the tracer itself), Hook (the profile hook, for any
 * target), and those that they need.  -1: a type could not be made, or this interpreter is not CPython. */
int shim_types(uintptr_t list);

/* Appends an object to a Python list, given by its id().  A profile is freed with that object.  -1: it could not be
 * made, or this interpreter is not CPython: use ffi.gc(). */
int shim_own(uintptr_t list, theseus_profile *profile);

/* Has a Python function, given by its id(), called without arguments when the main thread next runs Python code.  -1:
 * too many wait for that, or this interpreter is not CPython: call it at once. */
int shim_later(uintptr_t function);

/* Has a signal wake shim_signal_wait(), which returns `which`: 0 or 1.  The program's own handler is called too.  -1:
 * there is no such signal, or this interpreter is not CPython. */
int shim_signal_take(int which, int number);

/* Waits for a signal that was taken, without the GIL.  -1: shim_signal_stop() was called. */
int shim_signal_wait(void);
void shim_signal_stop(void);

/* end of declarations */

#endif
