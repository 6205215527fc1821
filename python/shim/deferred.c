/* SPDX-License-Identifier: ISC */
/* deferred - what Deferreds and generators tell: machinery.py's questions, those that are asked often. */
#include "core.h"

static PyObject *attribute(PyObject *object, const char *name) {
  PyObject *value = PyObject_GetAttrString(object, name);
  if (!value)
    PyErr_Clear();
  return value;
}

static bool truth(PyObject *object, const char *name) {
  PyObject *value = attribute(object, name);
  int true_ = value ? PyObject_IsTrue(value) : 0;
  Py_XDECREF(value);
  if (true_ < 0)
    PyErr_Clear();
  return true_ > 0;
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
  if (!truth(deferred, "called") || truth(deferred, "paused") || truth(deferred, "_runningCallbacks"))
    return false;
  PyObject *entries = shim_callbacks_of(core, deferred);
  bool none = !entries || PyList_GET_SIZE(entries) == 0;
  Py_XDECREF(entries);
  return none;
}

int shim_outcome_of(shim_core *core, PyObject *result) {
  if (!PyObject_TypeCheck(result, (PyTypeObject *)core->failure_type))
    return THESEUS_SUCCESS;
  PyObject *type = attribute(result, "type");
  bool cancelled =
      type && PyType_Check(type) && PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)core->cancelled_type);
  Py_XDECREF(type);
  return cancelled ? THESEUS_CANCELLED : THESEUS_FAILURE;
}

int shim_outcome_of_deferred(shim_core *core, PyObject *deferred) {
  PyObject *result = attribute(deferred, "result");
  int outcome = result ? shim_outcome_of(core, result) : THESEUS_SUCCESS;
  Py_XDECREF(result);
  return outcome;
}

/* One of the two (callback, args, kwargs) of an entry, or NULL: entries are tuples of tuples. */
static PyObject *half_of(PyObject *entry, Py_ssize_t half) {
  if (!PyTuple_Check(entry) || PyTuple_GET_SIZE(entry) != 2)
    return NULL;
  PyObject *found = PyTuple_GET_ITEM(entry, half);
  return PyTuple_Check(found) && PyTuple_GET_SIZE(found) == 3 ? found : NULL;
}

PyObject *shim_callback_in(PyObject *entry) {
  PyObject *half = half_of(entry, 0);
  return half ? PyTuple_GET_ITEM(half, 0) : Py_None;
}

PyObject *shim_resumed_generator(shim_core *core, PyObject *entry) {
  PyObject *half = half_of(entry, 0);
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

static PyObject *generator_attribute(PyObject *generator, const char *const names[3]) {
  if (PyGen_CheckExact(generator))
    return attribute(generator, names[0]);
  if (PyCoro_CheckExact(generator))
    return attribute(generator, names[1]);
  for (int i = 0; i < 3; i++) {
    PyObject *found = attribute(generator, names[i]);
    if (found)
      return found;
  }
  return NULL;
}

PyFrameObject *shim_frame_of(PyObject *generator) {
  static const char *const names[3] = {"gi_frame", "cr_frame", "ag_frame"};
  PyObject *frame = generator_attribute(generator, names);
  if (frame && !PyFrame_Check(frame))
    Py_CLEAR(frame);
  return (PyFrameObject *)frame;
}

PyObject *shim_delegate_of(PyObject *generator) {
  static const char *const names[3] = {"gi_yieldfrom", "cr_await", "ag_await"};
  return generator_attribute(generator, names);
}

PyObject *shim_driven_generator(PyFrameObject *frame) {
  /* "g" in Twisted up to 20.3 */
  PyObject *name = PyUnicode_InternFromString("gen");
  PyObject *generator = name ? compat_variable(frame, name) : NULL;
  Py_XDECREF(name);
  return generator;
}

/* ---- the spans on a Deferred ---- */

/* Appends the members of a DeferredList or a race to a list. */
static int add_members(shim_core *core, PyObject *deferred, PyObject *waiting) {
  if (!PyObject_TypeCheck(deferred, (PyTypeObject *)core->list_type)) {
    PyObject *canceller = attribute(deferred, "_canceller");
    bool may_be_race = canceller && PyFunction_Check(canceller) && PyFunction_GetClosure(canceller);
    Py_XDECREF(canceller);
    if (!may_be_race)
      return 0;
  }
  PyObject *members = PyObject_CallOneArg(core->members_of, deferred);
  int status = members && PyList_Check(members) ? 0 : -1;
  for (Py_ssize_t i = 0; !status && i < PyList_GET_SIZE(members); i++)
    if (PyObject_TypeCheck(PyList_GET_ITEM(members, i), (PyTypeObject *)core->deferred_type))
      status = PyList_Append(waiting, PyList_GET_ITEM(members, i));
  Py_XDECREF(members);
  return status;
}

/* The spans that a Deferred itself carries. */
static int add_observed(shim_core *core, uint64_t span, PyObject *entries, bool *others) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); i++) {
    uint64_t other = shim_observed(core, shim_callback_in(PyList_GET_ITEM(entries, i)));
    theseus_span_info info;
    if (!other || other == span || !shim_span_info(core, other, &info))
      continue;
    if (info.parent != span) {
      *others = true;
    } else {
      if (SHIM_ROOM(core->spans, core->span_count, core->span_capacity))
        return -1;
      core->spans[core->span_count++] = other;
    }
  }
  return 0;
}

int shim_children_on(shim_core *core, uint64_t span, PyObject *deferred) {
  PyObject *waiting = PyList_New(0), *seen = PySet_New(NULL);
  bool others = false;
  int status = waiting && seen ? PyList_Append(waiting, deferred) : -1;

  core->span_count = 0;
  for (Py_ssize_t next = 0; !status && next < PyList_GET_SIZE(waiting); next++) {
    PyObject *found = PyList_GET_ITEM(waiting, next);
    PyObject *entries = shim_callbacks_of(core, found), *key, *chained = NULL;
    if (!entries)
      continue;
    key = PyLong_FromVoidPtr(found);
    int known = key ? PySet_Contains(seen, key) : -1;
    status = known < 0 ? -1 : known ? 0 : PySet_Add(seen, key);
    if (known) {
      Py_XDECREF(key);
      Py_DECREF(entries);
      continue;
    }
    if (!status)
      status = add_observed(core, span, entries, &others);
    if (!status)
      status = add_members(core, found, waiting);
    if (!status && (chained = attribute(found, "_chainedTo")) && chained != Py_None &&
        PyObject_TypeCheck(chained, (PyTypeObject *)core->deferred_type))
      status = PyList_Append(waiting, chained);
    Py_XDECREF(chained);
    Py_XDECREF(key);
    Py_DECREF(entries);
  }
  Py_XDECREF(waiting);
  Py_XDECREF(seen);
  return status ? -1 : others;
}
