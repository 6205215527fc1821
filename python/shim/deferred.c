/* SPDX-License-Identifier: ISC */
/* deferred - what Deferreds and generators tell: machinery.py's questions, those that are asked often. */
#include "core.h"

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
  PyObject *type = shim_attribute(result, shim_name.type);
  bool cancelled =
      type && PyType_Check(type) && PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)core->cancelled_type);
  Py_XDECREF(type);
  return cancelled ? THESEUS_CANCELLED : THESEUS_FAILURE;
}

int shim_outcome_of_deferred(shim_core *core, PyObject *deferred) {
  PyObject *result = shim_attribute(deferred, shim_name.result);
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

/* What a generator tells of itself: CPython's own types are asked directly, as they are asked often.  Others, such as Cython's, have
 * attributes of one of these names; an object of the program's that has not may notice that it is asked, so its type is. */
static PyObject *tell(PyObject *generator, const shim_told told[SHIM_TELLING]) {
  for (int i = 0; i < SHIM_TELLING; i++)
    if (Py_IS_TYPE(generator, told[i].type) && told[i].get) {
      PyObject *value = told[i].get(generator, NULL);
      if (!value)
        PyErr_Clear();
      return value;
    }
  for (int i = 0; i < SHIM_TELLING; i++) {
    PyObject *found = shim_attribute((PyObject *)Py_TYPE(generator), told[i].name);
    Py_XDECREF(found);
    if (found)
      return shim_attribute(generator, told[i].name);
  }
  return NULL;
}

int shim_at(shim_core *core, PyObject *generator, shim_code **code, uint32_t *line) {
  compat_frame *frame = compat_generator_frame(generator);
  PyObject *object = frame ? NULL : tell(generator, shim_frames);
  int found = 0;

  if (object && PyFrame_Check(object))
    frame = compat_frame_of((PyFrameObject *)object);
  if (frame) {
    *code = shim_code_of(core, frame);
    if (*code && line)
      *line = shim_line(*code, frame);
    found = *code ? 1 : -1;
  }
  Py_XDECREF(object);
  return found;
}

PyObject *shim_delegate_of(PyObject *generator) { return tell(generator, shim_delegates); }

PyObject *shim_driven_generator(compat_frame *frame) { return compat_variable(frame, shim_name.gen); }

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
  PyObject *to = shim_attribute(fed, shim_name.chained_to);
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
  if ((PyObject *)Py_TYPE(deferred) != core->deferred_type &&
      PyObject_TypeCheck(deferred, (PyTypeObject *)core->list_type)) {
    members = shim_attribute(deferred, shim_name.deferred_list);
  } else {
    PyObject *canceller = shim_attribute(deferred, shim_name.canceller);
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

int shim_spans_in(shim_core *core, PyObject *entry, uint64_t spans[SHIM_OBSERVED]) {
  spans[0] = shim_observed(core, shim_callback_in(entry));
  if (spans[0] || !core->observed)
    return spans[0] != THESEUS_NO_SPAN;
  PyObject *generator = shim_resumed_generator(core, entry);
  const shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
  Py_XDECREF(generator);
  if (!operation)
    return 0;
  memcpy(spans, operation->observed, sizeof operation->observed);
  return operation->observed_count;
}

/* The spans that a Deferred itself carries. */
static int add_observed(shim_core *core, uint64_t span, PyObject *entries, bool *others) {
  uint64_t spans[SHIM_OBSERVED];

  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); i++)
    for (int j = 0, count = shim_spans_in(core, PyList_GET_ITEM(entries, i), spans); j < count; j++) {
      theseus_span_info info;
      if (spans[j] == span || !shim_span_info(core, spans[j], &info))
        continue;
      if (info.parent != span) {
        *others = true;
      } else {
        if (SHIM_ROOM(core->spans, core->span_count, core->span_capacity))
          return -1;
        core->spans[core->span_count++] = spans[j];
      }
    }
  return 0;
}

/* What a Deferred itself carries, and adds those that it is made of or chained to.  *alone: there are none. */
static int look_at(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries, bool *others,
                   shim_links *waiting) {
  int status = add_observed(core, span, entries, others);
  if (!status)
    status = add_members(core, deferred, waiting);
  PyObject *chained = shim_attribute(deferred, shim_name.chained_to);
  if (!status && chained && chained != Py_None && shim_is_deferred(core, chained))
    status = shim_add_link(waiting, chained, false);
  Py_XDECREF(chained);
  return status;
}

int shim_children_on(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries, bool *alone) {
  shim_links waiting;
  bool others = false;

  waiting.items = NULL;
  waiting.count = 0;
  core->span_count = 0;
  int status = look_at(core, span, deferred, entries, &others, &waiting);
  *alone = !status && !waiting.count && !core->span_count && !others;
  if (!status && waiting.count) {
    shim_seen seen;
    seen.count = 0;
    seen.many = (shim_table){NULL, 0, 0};
    status = shim_see(&seen, deferred);
    for (size_t next = 0; !status && next < waiting.count; next++) {
      PyObject *other = waiting.items[next].deferred; /* the list may move */
      int known = shim_see(&seen, other);
      PyObject *theirs = known ? NULL : shim_callbacks_of(core, other);
      status = known < 0 ? -1 : theirs ? look_at(core, span, other, theirs, &others, &waiting) : 0;
      Py_XDECREF(theirs);
    }
    shim_table_free(&seen.many);
  }
  shim_free_links(&waiting);
  if (status)
    compat_drop_error();
  return status ? -1 : others;
}
