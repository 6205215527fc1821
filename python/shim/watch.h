/* SPDX-License-Identifier: ISC */
/* watch - weak references whose callback tells the core that an object has died. */
#ifndef SHIM_WATCH_H
#define SHIM_WATCH_H

#include "core.h"

/* Forgets what is kept under the address of an object that has died.  `reference` is the one that reports it: somebody
 * else may have kept an older one, which reports the death of an object that had this address before. */
typedef void (*shim_forget)(shim_core *core, const void *key, const PyObject *reference);

extern PyType_Spec shim_reaper_spec;

/* A weak reference to `object`, with *callback, which is made if it is NULL.  NULL: an exception is set. */
PyObject *shim_watch(shim_core *core, PyObject *object, shim_forget forget, PyObject **callback);

/* Lets go of such a reference when the core goes.  Somebody else may hold it too (weakref.getweakrefs, gc.get_objects).
 * Both may be NULL. */
void shim_unwatch(PyObject *reference, PyObject *callback);

#endif
