/* SPDX-License-Identifier: ISC */
#include "deferred.h"

PyObject *shim_attribute(PyObject *object, PyObject *name) {
  PyObject *value = PyObject_GetAttr(object, name);
  if (!value)
    PyErr_Clear();
  return value;
}

static bool truth(PyObject *object, PyObject *name) {
  PyObject *value = shim_attribute(object, name);
  int is_true = !value || value == Py_False ? 0 : value == Py_True ? 1 : PyObject_IsTrue(value);
  Py_XDECREF(value);
  if (is_true < 0)
    PyErr_Clear();
  return is_true > 0;
}

PyObject *shim_callbacks_of(shim_core *core, PyObject *deferred) {
  PyObject *entries = PyObject_GetAttr(deferred, core->callbacks_name);
  if (!entries)
    PyErr_Clear();
  else if (!PyList_Check(entries))
    Py_CLEAR(entries);
  return entries;
}

bool shim_has_fired(shim_core *core, PyObject *deferred) {
  if (!truth(deferred, shim_name.called) || truth(deferred, shim_name.paused) || truth(deferred, shim_name.running))
    return false;
  PyObject *entries = shim_callbacks_of(core, deferred);
  bool none = !entries || PyList_GET_SIZE(entries) == 0;
  Py_XDECREF(entries);
  return none;
}

int shim_outcome_of(shim_core *core, PyObject *result) {
  if (!PyObject_TypeCheck(result, (PyTypeObject *)core->failure_type))
    return THESEUS_SUCCESS;
  PyObject *type = shim_attribute(result, shim_name.type);
  int outcome = THESEUS_FAILURE;
  if (type && PyType_Check(type)) {
    if (PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)core->cancelled_type))
      outcome = THESEUS_CANCELLED;
    else if (PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)PyExc_StopIteration) ||
             PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)PyExc_StopAsyncIteration))
      outcome = THESEUS_SUCCESS; /* the end of an iterator */
  }
  Py_XDECREF(type);
  return outcome;
}

int shim_outcome_of_deferred(shim_core *core, PyObject *deferred) {
  PyObject *result = shim_attribute(deferred, shim_name.result);
  int outcome = result ? shim_outcome_of(core, result) : THESEUS_SUCCESS;
  Py_XDECREF(result);
  return outcome;
}

PyObject *shim_half_of(PyObject *entry, Py_ssize_t half) {
  if (!PyTuple_Check(entry) || PyTuple_GET_SIZE(entry) != 2)
    return NULL;
  PyObject *found = PyTuple_GET_ITEM(entry, half);
  return PyTuple_Check(found) && PyTuple_GET_SIZE(found) == 3 ? found : NULL;
}

PyObject *shim_callback_in(PyObject *entry) {
  PyObject *half = shim_half_of(entry, 0);
  return half ? PyTuple_GET_ITEM(half, 0) : Py_None;
}

PyObject *shim_resumed_generator(shim_core *core, PyObject *entry) {
  PyObject *half = shim_half_of(entry, 0);
  if (!half)
    return NULL;
  PyObject *callback = PyTuple_GET_ITEM(half, 0), *arguments = PyTuple_GET_ITEM(half, 1);
  if (callback == core->resume && callback != Py_None)
    return PyTuple_Check(arguments) && PyTuple_GET_SIZE(arguments) > 1 ? Py_NewRef(PyTuple_GET_ITEM(arguments, 1))
                                                                       : NULL;
  if (PyFunction_Check(callback) && PyFunction_GetCode(callback) == core->resume_code) {
    PyObject *cells = PyFunction_GetClosure(callback);
    if (cells && core->resume_cell >= 0 && core->resume_cell < PyTuple_GET_SIZE(cells))
      return PyCell_Get(PyTuple_GET_ITEM(cells, core->resume_cell));
  }
  return NULL;
}
