/* SPDX-License-Identifier: ISC */
/* hook-profile - CPython's profile hook.  The hook that was there before keeps being called, first. */
#include "core.h"

static int hook(PyObject *object, PyFrameObject *frame, int what, PyObject *argument);

bool shim_profile_listening(shim_core *core) {
  Py_tracefunc function;
  PyObject *object;
  compat_get_profile(&function, &object);
  return function == hook && object == (PyObject *)core;
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

static int forward(shim_core *core, PyFrameObject *frame, int what, PyObject *argument) {
  if (core->forwarding) /* a chain of hooks that came to be a ring */
    return 0;
  core->forwarding = true;
  /* It may uninstall us, and be freed with that. */
  PyObject *object = Py_XNewRef(core->previous_object);
  int status = core->previous(object, frame, what, argument);
  Py_XDECREF(object);
  core->forwarding = false;
  return status;
}

static int hook(PyObject *object, PyFrameObject *frame, int what, PyObject *argument) {
  shim_core *core = (shim_core *)object;

  if (core->previous) {
    Py_INCREF(core);
    int status = forward(core, frame, what, argument);
    Py_DECREF(core); /* whoever holds the hook holds the core */
    if (status)
      return status;
  }
  if ((what != PyTrace_CALL && what != PyTrace_RETURN) || !core->installed)
    return 0;
  compat_error saved = compat_save_error();
  if (what == PyTrace_CALL)
    on_call(core, frame);
  else
    on_return(core, frame, argument);
  PyErr_Clear();
  compat_restore_error(saved);
  return 0;
}

int shim_profile_install(shim_core *core) {
  Py_tracefunc function;
  PyObject *object;

  compat_get_profile(&function, &object);
  if (function != hook || object != (PyObject *)core) {
    core->previous = function;
    Py_XSETREF(core->previous_object, Py_XNewRef(object));
    PyEval_SetProfile(hook, (PyObject *)core);
  }
  return 0;
}

void shim_profile_uninstall(shim_core *core) {
  /* With a later hook in its place ours may be called yet, by that one: it then only forwards. */
  if (!shim_profile_listening(core))
    return;
  Py_tracefunc function = core->previous;
  PyObject *object = core->previous_object;
  core->previous = NULL;
  core->previous_object = NULL;
  PyEval_SetProfile(function, object);
  Py_XDECREF(object);
}

PyObject *shim_profile_call(PyObject *self, PyObject *arguments, PyObject *keywords) {
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
  if (((shim_core *)self)->installed && !shim_profile_listening((shim_core *)self))
    PyEval_SetProfile(hook, self);
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strcmp(event, events[i].name) == 0)
      status = hook(self, (PyFrameObject *)frame, events[i].what, argument);
  if (status)
    return NULL;
  Py_RETURN_NONE;
}
