/* SPDX-License-Identifier: ISC */
/* generator - what generators and coroutines say of themselves. */
#ifndef SHIM_GENERATOR_H
#define SHIM_GENERATOR_H

#include "code.h"

/* Makes the names that the questions below need.  -1: an exception is set. */
int shim_make_told(void);
/* Looks up where a generator is: its code, not NULL, and the line, unless `line` is NULL.  0: it has finished, or is
 * something else; -1: no memory. */
int shim_at(shim_core *core, PyObject *generator, shim_code **code, uint32_t *line);
/* The object that a generator is suspended in: a new reference, or NULL. */
PyObject *shim_delegate_of(PyObject *generator);
/* The generator that a running frame of _inlineCallbacks or _cancellableInlineCallbacks is for: a new reference, or
 * NULL. */
PyObject *shim_driven_generator(compat_frame *frame);

#endif
