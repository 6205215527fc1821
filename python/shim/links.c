/* SPDX-License-Identifier: ISC */
#include "links.h"

#include "deferred.h"

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

/* machinery.race_links(entry) returns [the race's Deferred], or []. */
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
    PyObject *half = shim_half_of(entry, i);
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

int shim_add_near(shim_core *core, PyObject *deferred, shim_links *links) {
  int status = add_members(core, deferred, links);
  PyObject *chained = shim_attribute(deferred, shim_name.chained_to);
  if (!status && chained && chained != Py_None && shim_is_deferred(core, chained))
    status = shim_add_link(links, chained, false);
  Py_XDECREF(chained);
  return status;
}

/* ---- fired by hand ---- */

static bool is_firing(PyObject *name) {
  switch (PyUnicode_GET_LENGTH(name)) {
    case 7: return PyUnicode_CompareWithASCIIString(name, "errback") == 0;
    case 8: return PyUnicode_CompareWithASCIIString(name, "callback") == 0;
    default: return false;
  }
}

static bool names_firing(PyObject *function) {
  const PyObject *names = ((PyCodeObject *)PyFunction_GET_CODE(function))->co_names;
  bool found = false;
  for (Py_ssize_t i = 0; !found && i < PyTuple_GET_SIZE(names); i++)
    found = is_firing(PyTuple_GET_ITEM(names, i));
  return found;
}

static int add_if_deferred(shim_core *core, PyObject *object, shim_links *links) {
  return object && shim_is_deferred(core, object) ? shim_add_link(links, object, true) : 0;
}

/* Adds the Deferreds in the closure cells of a function. */
static int add_in_cells(shim_core *core, PyObject *function, shim_links *links) {
  PyObject *cells = PyFunction_GET_CLOSURE(function);
  int status = 0;
  for (Py_ssize_t i = 0; !status && cells && i < PyTuple_GET_SIZE(cells); i++) {
    PyObject *content = PyCell_Get(PyTuple_GET_ITEM(cells, i));
    status = add_if_deferred(core, content, links);
    Py_XDECREF(content);
  }
  return status;
}

/* Adds the Deferreds among the arguments of an entry. */
static int add_in_arguments(shim_core *core, PyObject *half, shim_links *links) {
  PyObject *arguments = PyTuple_GET_ITEM(half, 1), *keywords = PyTuple_GET_ITEM(half, 2), *key, *value;
  int status = 0;
  for (Py_ssize_t i = 0; !status && PyTuple_Check(arguments) && i < PyTuple_GET_SIZE(arguments); i++)
    status = add_if_deferred(core, PyTuple_GET_ITEM(arguments, i), links);
  for (Py_ssize_t i = 0; !status && PyList_Check(arguments) && i < PyList_GET_SIZE(arguments); i++)
    status = add_if_deferred(core, PyList_GET_ITEM(arguments, i), links);
  for (Py_ssize_t at = 0; !status && PyDict_Check(keywords) && PyDict_Next(keywords, &at, &key, &value);)
    status = add_if_deferred(core, value, links);
  return status;
}

int shim_add_fired(shim_core *core, PyObject *entry, shim_links *links) {
  int status = 0;
  for (Py_ssize_t i = 0; !status && i < 2; i++) {
    PyObject *half = shim_half_of(entry, i), *callback = half ? PyTuple_GET_ITEM(half, 0) : Py_None;
    if (PyMethod_Check(callback)) {
      const PyObject *function = PyMethod_GET_FUNCTION(callback);
      if (PyFunction_Check(function) && is_firing(((PyFunctionObject *)function)->func_name))
        status = add_if_deferred(core, PyMethod_GET_SELF(callback), links);
    } else if (PyFunction_Check(callback) && names_firing(callback)) {
      status = add_in_cells(core, callback, links);
      if (!status)
        status = add_in_arguments(core, half, links);
    }
  }
  return status;
}

/* Returns 1 if an entry of `source` fires the Deferred.  If not, returns 0, and adds the Deferreds that the entry hands
 * its result to in another way.  Returns -1 after an error. */
static int fires(shim_core *core, PyObject *source, PyObject *entry, const PyObject *deferred, shim_links *waiting) {
  shim_links found;
  bool is_found = false;

  shim_begin_links(&found);
  int status = shim_add_fired(core, entry, &found);
  for (size_t i = 0; i < found.count; i++)
    is_found |= found.items[i].deferred == deferred;
  shim_free_links(&found);
  if (status || is_found)
    return status ? -1 : 1;
  shim_begin_links(&found);
  status = shim_add_fed(core, source, entry, &found);
  for (size_t i = 0; !status && i < found.count; i++)
    if (!found.items[i].by_hand)
      status = shim_add_link(waiting, found.items[i].deferred, false);
  shim_free_links(&found);
  return status;
}

int shim_feeds(shim_core *core, PyObject *source, PyObject *deferred) {
  shim_links waiting;
  shim_seen seen;
  int found = 0;

  shim_begin_links(&waiting);
  shim_begin_seen(&seen);
  if (shim_add_link(&waiting, source, false))
    found = -1;
  for (size_t next = 0; !found && next < waiting.count; next++) {
    PyObject *other = waiting.items[next].deferred; /* a copy: the list may move */
    int known = shim_see(&seen, other);
    PyObject *entries = known ? NULL : shim_callbacks_of(core, other);
    for (Py_ssize_t i = 0; !found && entries && i < PyList_GET_SIZE(entries); i++)
      found = fires(core, other, PyList_GET_ITEM(entries, i), deferred, &waiting);
    Py_XDECREF(entries);
    if (known < 0)
      found = -1;
  }
  shim_free_links(&waiting);
  shim_table_free(&seen.many);
  if (found < 0)
    compat_drop_error();
  return found;
}
