/* SPDX-License-Identifier: ISC */
/* entries - an observer as data: the entry that a pending Deferred carries. */
#ifndef SHIM_ENTRIES_H
#define SHIM_ENTRIES_H

#include "core.h"

/* The callback of such an entry. */
typedef struct shim_observer {
  PyObject_HEAD vectorcallfunc call;
  shim_core *core; /* NULL: a spare one */
  uint64_t span;
  bool ended;
} shim_observer;

/* The span of an observer of this core, or THESEUS_NO_SPAN. */
static inline uint64_t shim_observed(const shim_core *core, PyObject *callback) {
  if (Py_TYPE(callback) != shim_observer_type || ((shim_observer *)callback)->core != core)
    return THESEUS_NO_SPAN;
  return ((shim_observer *)callback)->span;
}

/* Inserts an observer before the entry with this number.  -1: no memory. */
int shim_insert_observer(shim_core *core, PyObject *entries, Py_ssize_t number, uint64_t span);

/* Appends an observer. */
static inline int shim_observe(shim_core *core, PyObject *entries, uint64_t span) {
  return shim_insert_observer(core, entries, PyList_GET_SIZE(entries), span);
}

/* Takes an observer's entry that has been removed from a list, with its reference. */
void shim_spare_entry(shim_core *core, PyObject *entry);

void shim_free_entries(shim_core *core);

#endif
