/* SPDX-License-Identifier: ISC */
#include "observer.h"

#include "deferred.h"
#include "entries.h"
#include "loop.h"
#include "turn.h"

#include <structmember.h>

PyObject *shim_observer_call(PyObject *self, PyObject *const *arguments, size_t count, PyObject *keywords) {
  shim_observer *found = (shim_observer *)self;
  (void)keywords;

  if (PyVectorcall_NARGS(count) != 1) {
    PyErr_SetString(PyExc_TypeError, "a Deferred calls this with its result");
    return NULL;
  }
  PyObject *result = arguments[0];
  shim_core *core = found->core;
  if (found->ended || !core)
    return Py_NewRef(result);
  found->ended = true;
  compat_error saved = compat_save_error();
  shim_fired(core, found->span, shim_outcome_of(core, result), compat_top());
  PyErr_Clear();
  compat_restore_error(saved);
  if (PyObject_TypeCheck(result, (PyTypeObject *)core->deferred_type))
    return shim_pass_deferred(core, result);
  return Py_NewRef(result);
}

static void observer_finalize(PyObject *self) {
  shim_observer *found = (shim_observer *)self;

  if (found->ended || !found->core)
    return;
  found->ended = true;
  compat_error saved = compat_save_error();
  shim_end(found->core, found->span, THESEUS_ABANDONED);
  PyErr_Clear();
  compat_restore_error(saved);
}

static int observer_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(((shim_observer *)self)->core);
  return 0;
}

static int observer_clear(PyObject *self) {
  Py_CLEAR(((shim_observer *)self)->core);
  return 0;
}

static void observer_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);

  if (PyObject_CallFinalizerFromDealloc(self))
    return;
  PyObject_GC_UnTrack(self);
  observer_clear(self);
  PyObject_GC_Del(self);
  Py_DECREF(type);
}

static PyMemberDef observer_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(shim_observer, call), READONLY, NULL}, {0}};

PyType_Spec shim_observer_spec = {"theseus._Observer", sizeof(shim_observer), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                                      Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                  (PyType_Slot[]){{Py_tp_call, PyVectorcall_Call},
                                                  {Py_tp_finalize, observer_finalize},
                                                  {Py_tp_traverse, observer_traverse},
                                                  {Py_tp_clear, observer_clear},
                                                  {Py_tp_dealloc, observer_dealloc},
                                                  {Py_tp_members, observer_members},
                                                  {0, NULL}}};
