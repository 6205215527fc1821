/* SPDX-License-Identifier: ISC */
/* entries - observers as data: the entries that pending Deferreds carry. */
#ifndef SHIM_ENTRIES_H
#define SHIM_ENTRIES_H

#include "core.h"

/* An observer: the callback of such an entry. */
typedef struct shim_observer {
  PyObject_HEAD vectorcallfunc call;
  shim_core *core; /* NULL: the observer is spare */
  uint64_t span;
  bool ended;
} shim_observer;

/* Returns the span of an observer of this core, or THESEUS_NO_SPAN for any other callback. */
static inline uint64_t shim_observed(const shim_core *core, PyObject *callback) {
  if (Py_TYPE(callback) != shim_observer_type || ((shim_observer *)callback)->core != core)
    return THESEUS_NO_SPAN;
  return ((shim_observer *)callback)->span;
}

/* Inserts an observer before the entry with this number.  Returns -1 if there is no memory. */
int shim_insert_observer(shim_core *core, PyObject *entries, Py_ssize_t number, uint64_t span);

/* Appends an observer.  Returns -1 if there is no memory. */
static inline int shim_observe(shim_core *core, PyObject *entries, uint64_t span) {
  return shim_insert_observer(core, entries, PyList_GET_SIZE(entries), span);
}

/* Keeps an observer's entry for the next observer, or frees it.  The caller has removed the entry from its list, and
 * passes its reference on. */
void shim_spare_entry(shim_core *core, PyObject *entry);

void shim_free_entries(shim_core *core);

#endif
