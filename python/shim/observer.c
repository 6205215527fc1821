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
  shim_fired(core, found->span, shim_outcome_of(core, result), compat_top());
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

/* ---- entries ---- */

/* Twisted's own form of an entry that is callback and errback alike: ((call, (), {}), the same). */
static PyObject *entry_of(const shim_core *core, observer *made) {
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
  observer *made = PyObject_GC_New(observer, shim_observer_type);
  PyObject *entry = NULL;

  if (made) {
    made->call = observer_call;
    made->core = NULL;
    made->ended = true;
    if (core->clock) /* only through a clock of the program's own can there be a cycle */
      PyObject_GC_Track(made);
    entry = entry_of(core, made);
    Py_DECREF(made);
  }
  return entry;
}

/* An entry that nobody has: kept for the next observer, or let go of. */
static void spare(shim_core *core, PyObject *entry) {
  PyObject *half = PyTuple_GET_ITEM(entry, 0);
  observer *made = (observer *)PyTuple_GET_ITEM(half, 0);

  if (core->entry_count < SHIM_ENTRIES && Py_REFCNT(entry) == 1 && Py_REFCNT(half) == 2 && Py_REFCNT(made) == 1) {
    Py_CLEAR(made->core); /* somebody else has the core */
    core->entries[core->entry_count++] = entry;
  } else {
    Py_DECREF(entry);
  }
}

/* Puts an observer before the entry with this number. */
static int insert(shim_core *core, PyObject *entries, Py_ssize_t number, uint64_t span) {
  PyObject *entry = core->entry_count ? core->entries[--core->entry_count] : new_entry(core);

  if (!entry ||
      (number == PyList_GET_SIZE(entries) ? PyList_Append(entries, entry) : PyList_Insert(entries, number, entry))) {
    Py_XDECREF(entry);
    return -1;
  }
  observer *made = (observer *)shim_callback_in(entry);
  made->core = (shim_core *)Py_NewRef(core);
  made->span = span;
  made->ended = false;
  Py_DECREF(entry);
  return 0;
}

int shim_observe(shim_core *core, PyObject *entries, uint64_t span) {
  return insert(core, entries, PyList_GET_SIZE(entries), span);
}

/* ---- an operation's resumption in the place of an observer ---- */

struct found {
  shim_core *core;
  PyObject *deferreds;
};

static bool resumes(shim_core *core, PyObject *entry, const void *generator) {
  PyObject *resumed = shim_resumed_generator(core, entry);
  Py_XDECREF(resumed);
  return resumed && resumed == generator;
}

void shim_relieve(shim_core *core, PyObject *entries, shim_operation *operation, const void *status) {
  Py_ssize_t last = PyList_GET_SIZE(entries) - 1, first = last;

  while (first > 0 && last - first < SHIM_OBSERVED) {
    PyObject *callback = shim_callback_in(PyList_GET_ITEM(entries, first - 1));
    if (!shim_observed(core, callback) || ((observer *)callback)->ended)
      break;
    first--;
  }
  if (first < last && !operation->observed_count &&
      resumes(core, PyList_GET_ITEM(entries, last), operation->generator)) {
    PyObject *taken[SHIM_OBSERVED];
    int count = 0;
    for (Py_ssize_t i = first; i < last; i++) {
      taken[count] = PyList_GET_ITEM(entries, i);
      observer *found = (observer *)shim_callback_in(taken[count]);
      operation->observed[count++] = found->span;
      found->ended = true;
    }
    /* What is asked for most often: so not by PyList_SetSlice(), which also gives memory back. */
    PyList_SET_ITEM(entries, first, PyList_GET_ITEM(entries, last));
    Py_SET_SIZE(entries, first + 1);
    operation->observed_count = count;
    operation->observed_by = status;
    core->observed++;
    while (count)
      spare(core, taken[--count]);
  }
}

/* Adds the Deferreds among all objects to a list. */
static int add_deferred(PyObject *object, void *argument) {
  const struct found *found = argument;
  return !shim_is_deferred(found->core, object) || !PyList_Append(found->deferreds, object);
}

/* In the entries of a Deferred, before one that resumes an operation. */
static void put_back(shim_core *core, PyObject *entries) {
  for (Py_ssize_t i = 0; core->observed && i < PyList_GET_SIZE(entries); i++) {
    PyObject *generator = shim_resumed_generator(core, PyList_GET_ITEM(entries, i));
    shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
    uint64_t spans[SHIM_OBSERVED];
    Py_XDECREF(generator);
    for (int j = 0, count = operation ? shim_take_observed(core, operation, spans) : 0; j < count; j++)
      if (insert(core, entries, i++, spans[j]))
        shim_end(core, spans[j], THESEUS_ABANDONED);
  }
}

void shim_take_over(shim_core *core) {
  /* To know where each is would take a weak reference; this is asked for once. */
  struct found found = {core, core->observed ? PyList_New(0) : NULL};

  if (found.deferreds)
    compat_visit(add_deferred, &found);
  for (Py_ssize_t i = 0; found.deferreds && i < PyList_GET_SIZE(found.deferreds); i++) {
    PyObject *entries = shim_callbacks_of(core, PyList_GET_ITEM(found.deferreds, i));
    if (entries)
      put_back(core, entries);
    Py_XDECREF(entries);
  }
  PyErr_Clear();
  Py_XDECREF(found.deferreds);
}

int shim_take_observed(shim_core *core, shim_operation *operation, uint64_t spans[SHIM_OBSERVED]) {
  int count = operation->observed_count;
  if (count) {
    memcpy(spans, operation->observed, sizeof operation->observed);
    operation->observed_count = 0;
    core->observed--;
  }
  return count;
}
