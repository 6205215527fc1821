/* SPDX-License-Identifier: ISC */
/* observer - the source of two events: a Deferred's result has come to the place where the Deferred was when it was
 * returned; a Deferred was collected before that.
 *
 * An observer passes the result on untouched. */
#ifndef SHIM_OBSERVER_H
#define SHIM_OBSERVER_H

#include "core.h"

extern PyType_Spec shim_observer_spec;
PyObject *shim_observer_call(PyObject *self, PyObject *const *arguments, size_t count, PyObject *keywords);

#endif
