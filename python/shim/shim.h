/* SPDX-License-Identifier: ISC */
/* shim - what the Python package needs of C beside libtheseus. */
#ifndef SHIM_H
#define SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "theseus.h"

/* From here to the line `end of declarations' cffi reads this file as it is. */

/* A sink that collects what is written in memory.  Zero it first; shim_buffer_free() gives the bytes back. */
typedef struct shim_buffer {
  char *bytes;
  size_t size;
  size_t capacity;
} shim_buffer;

int shim_buffer_write(void *buffer, const void *bytes, size_t size);
void shim_buffer_free(shim_buffer *buffer);

/* Appends the types Core (the tracer itself) and Hook (the profile hook, for any target) to a Python list, given by its id(), and then
 * those that they need.
 * -1: it could not be made, or this interpreter is not CPython. */
int shim_types(uintptr_t list);

/* Appends to a Python list, given by its id(), an object that frees a profile when it goes.
 * -1: it could not be made, or this interpreter is not CPython, where ffi.gc() does. */
int shim_own(uintptr_t list, theseus_profile *profile);

/* end of declarations */

#endif
