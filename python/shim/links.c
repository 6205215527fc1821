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

int shim_add_members(shim_core *core, PyObject *deferred, shim_links *links) {
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
