/* SPDX-License-Identifier: ISC */
/* deferred - what Deferreds and generators tell: machinery.py's questions, those that are asked often. */
#include "core.h"

static PyObject *attribute(PyObject *object, PyObject *name) {
  PyObject *value = PyObject_GetAttr(object, name);
  if (!value)
    PyErr_Clear();
  return value;
}

static bool truth(PyObject *object, PyObject *name) {
  PyObject *value = attribute(object, name);
  int is_true = !value || value == Py_False ? 0 : value == Py_True ? 1 : PyObject_IsTrue(value);
  Py_XDECREF(value);
  if (is_true < 0)
    PyErr_Clear();
  return is_true > 0;
}

int shim_see(shim_seen *seen, const void *address) {
  for (size_t i = 0; i < seen->count; i++)
    if (seen->few[i] == address)
      return 1;
  if (seen->count < SHIM_FEW) {
    seen->few[seen->count++] = address;
    return 0;
  }
  if (shim_table_get(&seen->many, address))
    return 1;
  return shim_table_set(&seen->many, address, seen) ? -1 : 0;
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
  PyObject *type = attribute(result, shim_name.type);
  bool cancelled =
      type && PyType_Check(type) && PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)core->cancelled_type);
  Py_XDECREF(type);
  return cancelled ? THESEUS_CANCELLED : THESEUS_FAILURE;
}

int shim_outcome_of_deferred(shim_core *core, PyObject *deferred) {
  PyObject *result = attribute(deferred, shim_name.result);
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

PyFrameObject *shim_frame_of(PyObject *generator) {
  PyObject *frame = PyGen_CheckExact(generator)    ? attribute(generator, shim_name.gi_frame)
                    : PyCoro_CheckExact(generator) ? attribute(generator, shim_name.cr_frame)
                                                   : NULL;
  if (!frame && !PyGen_CheckExact(generator) && !PyCoro_CheckExact(generator)) {
    PyObject *const names[] = {shim_name.gi_frame, shim_name.cr_frame, shim_name.ag_frame};
    for (int i = 0; !frame && i < 3; i++)
      frame = attribute(generator, names[i]);
  }
  if (frame && !PyFrame_Check(frame))
    Py_CLEAR(frame);
  return (PyFrameObject *)frame;
}

PyObject *shim_delegate_of(PyObject *generator) {
  PyObject *const names[] = {shim_name.gi_yieldfrom, shim_name.cr_await, shim_name.ag_await};
  PyObject *found = NULL;
  for (int i = PyCoro_CheckExact(generator); !found && i < 3; i++)
    found = attribute(generator, names[i]);
  return found;
}

PyObject *shim_driven_generator(PyFrameObject *frame) { return compat_variable(frame, shim_name.gen); }

/* ---- who feeds whom ---- */

bool shim_is_deferred(const shim_core *core, PyObject *object) {
  return PyObject_TypeCheck(object, (PyTypeObject *)core->deferred_type);
}

int shim_add_link(shim_links *links, PyObject *deferred, bool by_hand) {
  if (!links->items) {
    links->items = links->few;
    links->capacity = SHIM_FEW;
  } else if (links->count == links->capacity) {
    bool moves = links->items == links->few;
    shim_link *items = PyMem_Realloc(moves ? NULL : links->items, 2 * links->capacity * sizeof *items);
    if (!items)
      return -1;
    if (moves)
      memcpy(items, links->few, sizeof links->few);
    links->items = items;
    links->capacity *= 2;
  }
  links->items[links->count++] = (shim_link){Py_NewRef(deferred), by_hand};
  return 0;
}

void shim_free_links(shim_links *links) {
  for (size_t i = 0; i < links->count; i++)
    Py_DECREF(links->items[i].deferred);
  if (links->items != links->few)
    PyMem_Free(links->items);
}

/* machinery.race_links(entry) -> [the race's Deferred], or [] */
static int add_race_links(shim_core *core, PyObject *entry, shim_links *links) {
  PyObject *found = PyObject_CallOneArg(core->race_links, entry);
  int status = found && PyList_Check(found) ? 0 : -1;
  for (Py_ssize_t i = 0; !status && i < PyList_GET_SIZE(found); i++)
    if (shim_is_deferred(core, PyList_GET_ITEM(found, i)))
      status = shim_add_link(links, PyList_GET_ITEM(found, i), false);
  Py_XDECREF(found);
  return status;
}

static bool is_chained(PyObject *fed, PyObject *feeding) {
  PyObject *to = attribute(fed, shim_name.chained_to);
  Py_XDECREF(to);
  return to == feeding;
}

int shim_add_fed(shim_core *core, PyObject *feeding, PyObject *entry, shim_links *links) {
  for (Py_ssize_t i = 0; i < 2; i++) {
    PyObject *half = half_of(entry, i);
    PyObject *callback = half ? PyTuple_GET_ITEM(half, 0) : Py_None;
    if (callback == core->continuation && i == 0) {
      PyObject *arguments = PyTuple_GET_ITEM(half, 1);
      bool fits = PyTuple_Check(arguments) && PyTuple_GET_SIZE(arguments) > 0;
      return fits && shim_is_deferred(core, PyTuple_GET_ITEM(arguments, 0))
                 ? shim_add_link(links, PyTuple_GET_ITEM(arguments, 0), false)
                 : 0;
    }
    if (PyMethod_Check(callback) && shim_is_deferred(core, PyMethod_GET_SELF(callback))) {
      PyObject *fed = PyMethod_GET_SELF(callback);
      return shim_add_link(links, fed,
                           !PyObject_TypeCheck(fed, (PyTypeObject *)core->list_type) && !is_chained(fed, feeding));
    }
    if (PyFunction_Check(callback) && PyFunction_GET_CLOSURE(callback) &&
        shim_table_get(&core->race_codes, PyFunction_GET_CODE(callback)))
      return add_race_links(core, entry, links);
  }
  return 0;
}

/* Adds the members of a DeferredList or a race. */
static int add_members(shim_core *core, PyObject *deferred, shim_links *links) {
  PyObject *members = NULL;
  if (PyObject_TypeCheck(deferred, (PyTypeObject *)core->list_type)) {
    members = attribute(deferred, shim_name.deferred_list);
  } else {
    PyObject *canceller = attribute(deferred, shim_name.canceller);
    if (canceller && PyFunction_Check(canceller) && shim_table_get(&core->race_codes, PyFunction_GET_CODE(canceller)))
      members = PyObject_CallOneArg(core->race_members, deferred);
    Py_XDECREF(canceller);
  }
  int status = 0;
  for (Py_ssize_t i = 0; !status && members && PyList_Check(members) && i < PyList_GET_SIZE(members); i++)
    if (shim_is_deferred(core, PyList_GET_ITEM(members, i)))
      status = shim_add_link(links, PyList_GET_ITEM(members, i), false);
  Py_XDECREF(members);
  return status;
}

/* ---- the spans on a Deferred ---- */

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
  shim_links waiting;
  shim_seen seen;
  bool others = false;

  waiting.items = NULL;
  waiting.count = seen.count = 0;
  seen.many = (shim_table){NULL, 0, 0};
  int status = shim_add_link(&waiting, deferred, false);

  core->span_count = 0;
  for (size_t next = 0; !status && next < waiting.count; next++) {
    PyObject *found = waiting.items[next].deferred;
    status = shim_see(&seen, found);
    if (status) {
      status = status < 0 ? -1 : 0;
      continue;
    }
    PyObject *entries = shim_callbacks_of(core, found);
    if (!entries)
      continue;
    status = add_observed(core, span, entries, &others);
    Py_DECREF(entries);
    if (!status)
      status = add_members(core, found, &waiting);
    PyObject *chained = attribute(found, shim_name.chained_to);
    if (!status && chained && chained != Py_None && shim_is_deferred(core, chained))
      status = shim_add_link(&waiting, chained, false);
    Py_XDECREF(chained);
  }
  shim_free_links(&waiting);
  shim_table_free(&seen.many);
  if (status)
    compat_drop_error();
  return status ? -1 : others;
}
