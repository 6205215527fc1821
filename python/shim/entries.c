/* SPDX-License-Identifier: ISC */
#include "entries.h"

#include "deferred.h"

/* Returns Twisted's own form of an entry whose callback is its errback: ((call, (), {}), the same). */
static PyObject *entry_of(const shim_core *core, shim_observer *made) {
  PyObject *half = PyTuple_New(3), *entry = half ? PyTuple_New(2) : NULL;
  if (half) {
    PyTuple_SET_ITEM(half, 0, Py_NewRef(made));
    PyTuple_SET_ITEM(half, 1, Py_NewRef(core->no_arguments));
    PyTuple_SET_ITEM(half, 2, Py_NewRef(core->no_keywords));
  }
  if (entry) {
    PyTuple_SET_ITEM(entry, 0, half);
    PyTuple_SET_ITEM(entry, 1, Py_NewRef(half));
  } else {
    Py_XDECREF(half);
  }
  return entry;
}

static PyObject *new_entry(const shim_core *core) {
  shim_observer *made = PyObject_GC_New(shim_observer, shim_observer_type);
  PyObject *entry = NULL;

  if (made) {
    made->call = core->observed;
    made->core = NULL;
    made->ended = true;
    if (core->clock) /* only a clock of the program's own can make a cycle */
      PyObject_GC_Track(made);
    entry = entry_of(core, made);
    Py_DECREF(made);
  }
  return entry;
}

void shim_spare_entry(shim_core *core, PyObject *entry) {
  PyObject *half = PyTuple_GET_ITEM(entry, 0);
  shim_observer *made = (shim_observer *)PyTuple_GET_ITEM(half, 0);

  /* Keep the entry if nobody else holds any part of it. */
  if (core->entry_count < SHIM_SPARE_ENTRIES && Py_REFCNT(entry) == 1 && Py_REFCNT(half) == 2 && Py_REFCNT(made) == 1) {
    Py_CLEAR(made->core); /* not the last reference: the caller has one */
    core->entries[core->entry_count++] = entry;
  } else {
    Py_DECREF(entry);
  }
}

int shim_insert_observer(shim_core *core, PyObject *entries, Py_ssize_t number, uint64_t span) {
  PyObject *entry = core->entry_count ? core->entries[--core->entry_count] : new_entry(core);

  if (!entry ||
      (number == PyList_GET_SIZE(entries) ? PyList_Append(entries, entry) : PyList_Insert(entries, number, entry))) {
    Py_XDECREF(entry);
    return -1;
  }
  shim_observer *made = (shim_observer *)shim_callback_in(entry);
  made->core = (shim_core *)Py_NewRef(core);
  made->span = span;
  made->ended = false;
  Py_DECREF(entry);
  return 0;
}

void shim_free_entries(shim_core *core) {
  while (core->entry_count)
    Py_DECREF(core->entries[--core->entry_count]);
}
