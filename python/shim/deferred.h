/* SPDX-License-Identifier: ISC */
/* deferred - reads Deferreds and their entries: the functions of machinery.py that are called often, in C. */
#ifndef SHIM_DEFERRED_H
#define SHIM_DEFERRED_H

#include "core.h"

/* ---- Deferreds ---- */

/* Returns the value of an attribute: a new reference, or NULL without an exception. */
PyObject *shim_attribute(PyObject *object, PyObject *name);

static inline bool shim_is_deferred(const shim_core *core, PyObject *object) {
  return PyObject_TypeCheck(object, (PyTypeObject *)core->deferred_type);
}

/* The same for a returned value, but faster: most values are of builtin types, which have a flag. */
static inline bool shim_is_returned_deferred(const shim_core *core, PyObject *result) {
  const unsigned long builtin = Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS |
                                Py_TPFLAGS_BYTES_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS |
                                Py_TPFLAGS_TYPE_SUBCLASS;
  return result != Py_None && !PyType_HasFeature(Py_TYPE(result), builtin) && shim_is_deferred(core, result);
}

/* Returns the list of the entries that have not run: a new reference.  Returns NULL without an exception if the
 * Deferred is only half built. */
PyObject *shim_callbacks_of(shim_core *core, PyObject *deferred);
/* Returns true if an entry that is appended now would run at once. */
bool shim_has_fired(shim_core *core, PyObject *deferred);
/* Returns the outcome that a result means. */
int shim_outcome_of(shim_core *core, PyObject *result);
/* Returns the outcome of a Deferred that has fired. */
int shim_outcome_of_deferred(shim_core *core, PyObject *deferred);

/* ---- entries ---- */

/* Returns one of the two (callback, args, kwargs) of an entry, borrowed.  Returns NULL if the entry has another
 * form. */
PyObject *shim_half_of(PyObject *entry, Py_ssize_t half);
/* Returns the callback of an entry, borrowed, or None if the entry has another form. */
PyObject *shim_callback_in(PyObject *entry);
/* Returns the generator that an entry resumes: a new reference, or NULL. */
PyObject *shim_resumed_generator(shim_core *core, PyObject *entry);

#endif
