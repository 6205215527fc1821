/* SPDX-License-Identifier: ISC */
/* deferred - what Deferreds and their entries say of themselves: the questions of machinery.py that are asked often. */
#ifndef SHIM_DEFERRED_H
#define SHIM_DEFERRED_H

#include "core.h"

/* ---- Deferreds ---- */

/* An attribute: a new reference, or NULL without an exception. */
PyObject *shim_attribute(PyObject *object, PyObject *name);

static inline bool shim_is_deferred(const shim_core *core, PyObject *object) {
  return PyObject_TypeCheck(object, (PyTypeObject *)core->deferred_type);
}

/* The same of a returned value.  Most are of builtin types, which have a flag. */
static inline bool shim_is_returned_deferred(const shim_core *core, PyObject *result) {
  const unsigned long builtin = Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS |
                                Py_TPFLAGS_BYTES_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS |
                                Py_TPFLAGS_TYPE_SUBCLASS;
  return result != Py_None && !PyType_HasFeature(Py_TYPE(result), builtin) && shim_is_deferred(core, result);
}

/* The list of the entries that have not run: a new reference.  NULL without an exception: it is only half built. */
PyObject *shim_callbacks_of(shim_core *core, PyObject *deferred);
/* Whether an entry that is appended now would not be waited for. */
bool shim_has_fired(shim_core *core, PyObject *deferred);
/* The outcome that a result means. */
int shim_outcome_of(shim_core *core, PyObject *result);
/* The outcome of a Deferred that has fired. */
int shim_outcome_of_deferred(shim_core *core, PyObject *deferred);

/* ---- entries ---- */

/* One of the two (callback, args, kwargs) of an entry, borrowed.  NULL: the entry is not made of tuples. */
PyObject *shim_half_of(PyObject *entry, Py_ssize_t half);
/* The callback of an entry: borrowed. */
PyObject *shim_callback_in(PyObject *entry);
/* The generator that an entry resumes: a new reference, or NULL. */
PyObject *shim_resumed_generator(shim_core *core, PyObject *entry);

#endif
