/* SPDX-License-Identifier: ISC */
#include "relief.h"

#include "deferred.h"
#include "entries.h"
#include "turn.h"

static bool resumes(shim_core *core, PyObject *entry, const void *generator) {
  PyObject *resumed = shim_resumed_generator(core, entry);
  Py_XDECREF(resumed);
  return resumed && resumed == generator;
}

void shim_relieve(shim_core *core, PyObject *entries, shim_operation *operation, const void *status) {
  Py_ssize_t last = PyList_GET_SIZE(entries) - 1, first = last;

  while (first > 0 && last - first < SHIM_RELIEVED) {
    PyObject *callback = shim_callback_in(PyList_GET_ITEM(entries, first - 1));
    if (!shim_observed(core, callback) || ((shim_observer *)callback)->ended)
      break;
    first--;
  }
  if (first < last && !operation->relieved_count &&
      resumes(core, PyList_GET_ITEM(entries, last), operation->generator)) {
    PyObject *taken[SHIM_RELIEVED];
    int count = 0;
    for (Py_ssize_t i = first; i < last; i++) {
      taken[count] = PyList_GET_ITEM(entries, i);
      shim_observer *found = (shim_observer *)shim_callback_in(taken[count]);
      operation->relieved[count++] = found->span;
      found->ended = true;
    }
    /* PyList_SetSlice() would also release memory.  This is frequent, so cut the list by hand. */
    PyList_SET_ITEM(entries, first, PyList_GET_ITEM(entries, last));
    Py_SET_SIZE(entries, first + 1);
    operation->relieved_count = count;
    operation->relieved_by = status;
    core->relieved++;
    while (count)
      shim_spare_entry(core, taken[--count]);
  }
}

int shim_spans_in(shim_core *core, PyObject *entry, uint64_t spans[SHIM_RELIEVED]) {
  spans[0] = shim_observed(core, shim_callback_in(entry));
  if (spans[0] || !core->relieved)
    return spans[0] != THESEUS_NO_SPAN;
  PyObject *generator = shim_resumed_generator(core, entry);
  const shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
  Py_XDECREF(generator);
  if (!operation)
    return 0;
  memcpy(spans, operation->relieved, sizeof operation->relieved);
  return operation->relieved_count;
}

/* ---- restoring ---- */

struct found {
  shim_core *core;
  PyObject *deferreds;
};

/* Adds an object of the collector's to the list, if the object is a Deferred. */
static int add_deferred(PyObject *object, void *argument) {
  const struct found *found = argument;
  return !shim_is_deferred(found->core, object) || !PyList_Append(found->deferreds, object);
}

/* Puts observers back before each entry that resumes an operation. */
static void restore(shim_core *core, PyObject *entries) {
  for (Py_ssize_t i = 0; core->relieved && i < PyList_GET_SIZE(entries); i++) {
    PyObject *generator = shim_resumed_generator(core, PyList_GET_ITEM(entries, i));
    shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
    uint64_t spans[SHIM_RELIEVED];
    Py_XDECREF(generator);
    for (int j = 0, count = operation ? shim_take_relieved(core, operation, spans) : 0; j < count; j++)
      if (shim_insert_observer(core, entries, i++, spans[j]))
        shim_end(core, spans[j], THESEUS_ABANDONED);
  }
}

void shim_restore_observers(shim_core *core) {
  /* Only the collector knows the Deferreds.  To list them, the core would need a weak reference to each. */
  struct found found = {core, core->relieved ? PyList_New(0) : NULL};

  if (found.deferreds)
    compat_visit(add_deferred, &found);
  for (Py_ssize_t i = 0; found.deferreds && i < PyList_GET_SIZE(found.deferreds); i++) {
    PyObject *entries = shim_callbacks_of(core, PyList_GET_ITEM(found.deferreds, i));
    if (entries)
      restore(core, entries);
    Py_XDECREF(entries);
  }
  PyErr_Clear();
  Py_XDECREF(found.deferreds);
}
