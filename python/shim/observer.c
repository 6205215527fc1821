/* SPDX-License-Identifier: ISC */
/* observer - the entry that a pending Deferred carries: passes its result on untouched, and ends the span.  Collected without having
 * been called, it says that the Deferred was. */
#include "core.h"

#include <structmember.h>

typedef struct {
  PyObject_HEAD vectorcallfunc call;
  shim_core *core;
  uint64_t span;
  bool ended;
} observer;

static PyObject *observer_call(PyObject *self, PyObject *const *arguments, size_t count, PyObject *keywords) {
  observer *found = (observer *)self;
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
  shim_fired(core, found->span, shim_outcome_of(core, result), PyEval_GetFrame());
  PyErr_Clear();
  compat_restore_error(saved);
  if (PyObject_TypeCheck(result, (PyTypeObject *)core->deferred_type))
    return shim_pass_deferred(core, result);
  return Py_NewRef(result);
}

static void observer_finalize(PyObject *self) {
  observer *found = (observer *)self;

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
  Py_VISIT(((observer *)self)->core);
  return 0;
}

static int observer_clear(PyObject *self) {
  Py_CLEAR(((observer *)self)->core);
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

static PyMemberDef observer_members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(observer, call), READONLY, NULL},
                                         {0}};

PyType_Spec shim_observer_spec = {"theseus._Observer", sizeof(observer), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                                      Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                  (PyType_Slot[]){{Py_tp_call, PyVectorcall_Call},
                                                  {Py_tp_finalize, observer_finalize},
                                                  {Py_tp_traverse, observer_traverse},
                                                  {Py_tp_clear, observer_clear},
                                                  {Py_tp_dealloc, observer_dealloc},
                                                  {Py_tp_members, observer_members},
                                                  {0, NULL}}};

uint64_t shim_observed(shim_core *core, PyObject *callback) {
  if (Py_TYPE(callback) != shim_observer_type || ((observer *)callback)->core != core)
    return THESEUS_NO_SPAN;
  return ((observer *)callback)->span;
}

/* Twisted's own form of an entry that is callback and errback alike: ((call, (), {}), the same). */
static PyObject *entry_of(const shim_core *core, observer *made) {
  PyObject *half = PyTuple_Pack(3, made, core->no_arguments, core->no_keywords);
  PyObject *entry = half ? PyTuple_Pack(2, half, half) : NULL;
  Py_XDECREF(half);
  return entry;
}

int shim_observe(shim_core *core, PyObject *entries, uint64_t span) {
  observer *made = PyObject_GC_New(observer, shim_observer_type);
  int status = -1;

  if (made) {
    made->call = observer_call;
    made->core = (shim_core *)Py_NewRef(core);
    made->span = span;
    made->ended = false;
    if (core->clock) /* only through a clock of the program's own can there be a cycle */
      PyObject_GC_Track(made);
    PyObject *entry = entry_of(core, made);
    status = entry ? PyList_Append(entries, entry) : -1;
    made->ended = status != 0; /* one that nobody carries has nothing to tell */
    Py_XDECREF(entry);
    Py_DECREF(made);
  }
  return status;
}
