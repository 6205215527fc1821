/* SPDX-License-Identifier: ISC */
/* generator - reads generators and coroutines. */
#ifndef SHIM_GENERATOR_H
#define SHIM_GENERATOR_H

#include "code.h"

/* Makes the names that the functions below need.  Returns -1 with an exception set. */
int shim_make_told(void);
/* Looks up where a generator is: its code, and its line unless `line` is NULL.  Returns 1 if the generator is at a
 * place, 0 if it has finished or the object is no generator, and -1 if there is no memory. */
int shim_at(shim_core *core, PyObject *generator, shim_code **code, uint32_t *line);
/* Returns the object that a generator is suspended in: a new reference, or NULL. */
PyObject *shim_delegate_of(PyObject *generator);
/* Returns the generator that a running frame of _inlineCallbacks or _cancellableInlineCallbacks is for: a new
 * reference, or NULL. */
PyObject *shim_driven_generator(compat_frame *frame);

#endif
