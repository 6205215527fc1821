/* SPDX-License-Identifier: ISC */
#include "watch.h"

/* The callback of a weak reference.  It borrows the core, until shim_unwatch() clears the pointer. */
typedef struct {
  PyObject_HEAD shim_core *core;
  const void *key;
  shim_forget forget;
} reaper;

static PyObject *reaper_call(PyObject *self, PyObject *arguments, PyObject *keywords) {
  const reaper *found = (reaper *)self;
  (void)keywords;

  if (found->core)
    found->forget(found->core, found->key, PyTuple_GET_SIZE(arguments) ? PyTuple_GET_ITEM(arguments, 0) : NULL);
  Py_RETURN_NONE;
}

static void reaper_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyType_Spec shim_reaper_spec = {"theseus._Reaper", sizeof(reaper), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                (PyType_Slot[]){{Py_tp_call, reaper_call}, {Py_tp_dealloc, reaper_dealloc}, {0, NULL}}};

PyObject *shim_watch(shim_core *core, PyObject *object, shim_forget forget, PyObject **callback) {
  if (!*callback) {
    reaper *made = PyObject_New(reaper, shim_reaper_type);
    if (!made)
      return NULL;
    made->forget = forget;
    *callback = (PyObject *)made;
  }
  ((reaper *)*callback)->core = core;
  ((reaper *)*callback)->key = object;
  return PyWeakref_NewRef(object, *callback);
}

void shim_unwatch(PyObject *reference, PyObject *callback) {
  if (callback)
    ((reaper *)callback)->core = NULL;
  Py_XDECREF(reference);
  Py_XDECREF(callback);
}
