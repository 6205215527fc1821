/* SPDX-License-Identifier: ISC */
/* hook-profile - CPython's profile hook, as an object: what sys.getprofile() gives while it is installed.
 *
 *     interpreter ──> Hook ──> the hook that was there before, C or Python
 *                        └───> its target: a core, or the portable hook
 *
 * A later hook may keep it and go on calling it after it was uninstalled: then it only forwards. */
#include "core.h"

#include <stddef.h>
#include <structmember.h>

typedef struct {
  PyObject_HEAD
  PyObject *target; /* a core or a callable; NULL: uninstalled */
  Py_tracefunc previous;
  PyObject *previous_object;
  bool forwarding;
} shim_hook;

static int on_event(PyObject *object, PyFrameObject *frame, int what, PyObject *argument);

static bool listening(PyObject *hook) {
  Py_tracefunc function;
  PyObject *object;
  compat_get_profile(&function, &object);
  return function == on_event && object == hook;
}

static void on_call(shim_core *core, PyFrameObject *frame) {
  if ((PyObject *)compat_code(frame) == core->starter_code && shim_enter(core)) {
    shim_start(core, frame);
    shim_leave(core);
  }
}

static void on_return(shim_core *core, PyFrameObject *frame, PyObject *result) {
  PyObject *code = (PyObject *)compat_code(frame);
  bool deferred = result && PyObject_TypeCheck(result, (PyTypeObject *)core->deferred_type);

  if (code == core->driver_code) {
    if (!shim_enter(core))
      return;
    shim_leg_ended(core, frame);
  } else if (code == core->starter_code) {
    if (!shim_enter(core))
      return;
    shim_started(core, frame, result);
  } else if (code == core->loop_code) {
    if (!(core->passed_count || core->boxed_count) || !shim_enter(core))
      return;
    shim_loop_left(core, frame);
  } else if (deferred || (core->scope_count && shim_is_scope(core, frame))) {
    if (!shim_enter(core))
      return;
    const shim_code *known = shim_code_of(core, frame);
    if (known && known->kind == SHIM_PLAIN) {
      if (deferred)
        shim_returned(core, frame, result);
      else
        shim_left(core, frame);
    }
  } else {
    return;
  }
  shim_leave(core);
}

static int forward(shim_hook *hook, PyFrameObject *frame, int what, PyObject *argument) {
  if (hook->forwarding) /* a chain of hooks that came to be a ring */
    return 0;
  hook->forwarding = true;
  /* It may uninstall us, and be freed with that. */
  PyObject *object = Py_XNewRef(hook->previous_object);
  int status = hook->previous(object, frame, what, argument);
  Py_XDECREF(object);
  hook->forwarding = false;
  return status;
}

/* The portable hook sees what sys.setprofile would show it. */
static void call_target(PyObject *target, PyFrameObject *frame, int what, PyObject *argument) {
  PyObject *event = PyUnicode_InternFromString(what == PyTrace_CALL ? "call" : "return");
  if (event)
    Py_XDECREF(PyObject_CallFunctionObjArgs(target, frame, event, argument ? argument : Py_None, NULL));
  Py_XDECREF(event);
}

static int on_event(PyObject *object, PyFrameObject *frame, int what, PyObject *argument) {
  shim_hook *hook = (shim_hook *)object;
  int status = 0;

  Py_INCREF(hook);
  if (hook->previous)
    status = forward(hook, frame, what, argument);
  PyObject *target = Py_XNewRef(hook->target);
  if (target && !status && (what == PyTrace_CALL || what == PyTrace_RETURN)) {
    compat_error saved = compat_save_error();
    if (Py_TYPE(target) != shim_core_type)
      call_target(target, frame, what, argument);
    else if (what == PyTrace_CALL)
      on_call((shim_core *)target, frame);
    else
      on_return((shim_core *)target, frame, argument);
    PyErr_Clear();
    compat_restore_error(saved);
  }
  Py_XDECREF(target);
  Py_DECREF(hook);
  return status;
}

/* ---- life ---- */

/* Hook(target): the target is a core, or called with (frame, event, argument). */
static PyObject *hook_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  PyObject *target;
  (void)keywords;

  if (!PyArg_ParseTuple(arguments, "O", &target))
    return NULL;
  shim_hook *hook = (shim_hook *)type->tp_alloc(type, 0);
  if (hook)
    hook->target = Py_NewRef(target);
  return (PyObject *)hook;
}

static int hook_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(((shim_hook *)self)->target);
  Py_VISIT(((shim_hook *)self)->previous_object);
  return 0;
}

static int hook_clear(PyObject *self) {
  shim_hook *hook = (shim_hook *)self;
  hook->previous = NULL;
  Py_CLEAR(hook->previous_object);
  Py_CLEAR(hook->target);
  return 0;
}

static void hook_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  (void)hook_clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

static PyObject *hook_install(PyObject *self, PyObject *none) {
  shim_hook *hook = (shim_hook *)self;
  (void)none;

  if (!listening(self)) {
    compat_get_profile(&hook->previous, &hook->previous_object);
    Py_XINCREF(hook->previous_object);
    PyEval_SetProfile(on_event, self);
  }
  Py_RETURN_NONE;
}

/* Puts back what was there before; with a later hook in its place, that one is left alone. */
static PyObject *hook_uninstall(PyObject *self, PyObject *none) {
  shim_hook *hook = (shim_hook *)self;
  (void)none;

  Py_CLEAR(hook->target);
  if (listening(self)) {
    Py_tracefunc function = hook->previous;
    PyObject *object = hook->previous_object;
    hook->previous = NULL;
    hook->previous_object = NULL;
    Py_INCREF(self);
    PyEval_SetProfile(function, object);
    Py_XDECREF(object);
    Py_DECREF(self);
  }
  Py_RETURN_NONE;
}

static PyObject *hook_listening(PyObject *self, PyObject *none) {
  (void)none;
  return PyBool_FromLong(listening(self));
}

/* Code that saves and restores a profile function gives sys.setprofile() what sys.getprofile() gave, and so has it called with (frame,
 * event, argument): that takes the hook up again. */
static PyObject *hook_call(PyObject *self, PyObject *arguments, PyObject *keywords) {
  static const struct {
    const char *name;
    int what;
  } events[] = {{"call", PyTrace_CALL}, {"return", PyTrace_RETURN}};
  PyObject *frame, *argument;
  const char *event;
  int status = 0;

  if (keywords && PyDict_GET_SIZE(keywords)) {
    PyErr_SetString(PyExc_TypeError, "a profile function is called with (frame, event, arg)");
    return NULL;
  }
  if (!PyArg_ParseTuple(arguments, "O!sO", &PyFrame_Type, &frame, &event, &argument))
    return NULL;
  if (((shim_hook *)self)->target && !listening(self))
    PyEval_SetProfile(on_event, self);
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strcmp(event, events[i].name) == 0)
      status = on_event(self, (PyFrameObject *)frame, events[i].what, argument);
  if (status)
    return NULL;
  Py_RETURN_NONE;
}

static PyMethodDef hook_methods[] = {{"install", hook_install, METH_NOARGS, NULL},
                                     {"uninstall", hook_uninstall, METH_NOARGS, NULL},
                                     {"listening", hook_listening, METH_NOARGS, NULL},
                                     {0}};

PyType_Spec shim_hook_spec = {"theseus._Hook", sizeof(shim_hook), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                              (PyType_Slot[]){{Py_tp_new, hook_new},
                                              {Py_tp_call, hook_call},
                                              {Py_tp_traverse, hook_traverse},
                                              {Py_tp_clear, hook_clear},
                                              {Py_tp_dealloc, hook_dealloc},
                                              {Py_tp_methods, hook_methods},
                                              {0, NULL}}};

/* ---- for a core ---- */

int shim_profile_install(shim_core *core) {
  PyObject *hook = PyObject_CallOneArg((PyObject *)shim_hook_type, (PyObject *)core);
  PyObject *done = hook ? hook_install(hook, NULL) : NULL;

  Py_XSETREF(core->hook, hook);
  Py_XDECREF(done);
  return done ? 0 : -1;
}

void shim_profile_uninstall(shim_core *core) {
  if (core->hook)
    Py_XDECREF(hook_uninstall(core->hook, NULL));
  Py_CLEAR(core->hook);
}

bool shim_profile_listening(shim_core *core) { return core->hook && listening(core->hook); }
