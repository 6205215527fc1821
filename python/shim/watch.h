/* SPDX-License-Identifier: ISC */
/* watch - weak references that report to the core that an object has died. */
#ifndef SHIM_WATCH_H
#define SHIM_WATCH_H

#include "core.h"

/* Forgets the data under the address of an object that has died.  `reference` is the weak reference that reports the
 * death.  The function must compare it with its own: somebody else may have kept an older reference, which reports the
 * death of an earlier object at this address. */
typedef void (*shim_forget)(shim_core *core, const void *key, const PyObject *reference);

extern PyType_Spec shim_reaper_spec;

/* Returns a weak reference to `object`, with the callback *callback, which is created if it is NULL.  Returns NULL with
 * an exception set. */
PyObject *shim_watch(shim_core *core, PyObject *object, shim_forget forget, PyObject **callback);

/* Drops a weak reference and its callback, when the core goes.  Somebody else may hold them too (weakref.getweakrefs,
 * gc.get_objects).  Both may be NULL. */
void shim_unwatch(PyObject *reference, PyObject *callback);

#endif
