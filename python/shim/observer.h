/* SPDX-License-Identifier: ISC */
/* observer - the source of two events.
 *
 * - A Deferred's result has reached the place where the Deferred was when a function returned it.
 * - A Deferred was collected before that.
 *
 * An observer passes the result on untouched. */
#ifndef SHIM_OBSERVER_H
#define SHIM_OBSERVER_H

#include "core.h"

extern PyType_Spec shim_observer_spec;
PyObject *shim_observer_call(PyObject *self, PyObject *const *arguments, size_t count, PyObject *keywords);

#endif
