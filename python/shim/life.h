/* SPDX-License-Identifier: ISC */
/* life - creates a core, detaches it from the program, and frees it. */
#ifndef SHIM_LIFE_H
#define SHIM_LIFE_H

#include "core.h"

/* Core(machinery, calls, profile address, profile owner, clock or None, use sys.monitoring, coroutines are
 * operations) */
PyObject *shim_core_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords);

/* Detaches the core: pending operations go on without it.  In the middle of an event, this is put off until the event
 * ends. */
void shim_let_go(shim_core *core);

/* Slots of the type. */
int shim_core_traverse(PyObject *self, visitproc visit, void *arg);
int shim_core_clear(PyObject *self);
void shim_core_dealloc(PyObject *self);

#endif
