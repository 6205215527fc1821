/* SPDX-License-Identifier: ISC */
/* life - how a core is made, lets go of the program, and is freed. */
#ifndef SHIM_LIFE_H
#define SHIM_LIFE_H

#include "core.h"

/* Core(machinery, profile address, profile owner, clock or None, use sys.monitoring) */
PyObject *shim_core_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords);

/* Operations that are under way go on without the core.  In the middle of an event that is put off until its end. */
void shim_let_go(shim_core *core);

/* Slots of the type. */
int shim_core_traverse(PyObject *self, visitproc visit, void *arg);
int shim_core_clear(PyObject *self);
void shim_core_dealloc(PyObject *self);

#endif
