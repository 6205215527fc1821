/* SPDX-License-Identifier: ISC */
/* hook-profile - CPython's profile hook, as an object, which sys.getprofile() returns while the hook is installed.
 *
 *     interpreter ──> Hook ──> the hook that was there before, C or Python
 *                        └───> its target: a core, or the portable hook
 *
 * A later hook may keep this hook, and call it after its uninstall().  An uninstalled hook only forwards. */
#include "chain.h"
#include "code.h"
#include "deferred.h"
#include "hooks.h"
#include "legs.h"
#include "loop.h"
#include "returns.h"
#include "scopes.h"
#include "turn.h"

#include <stddef.h>
#include <structmember.h>

typedef struct {
  PyObject_HEAD PyObject *target; /* a core or a callable; NULL: uninstalled */
  Py_tracefunc previous;
  PyObject *previous_object;
  bool forwarding;
  size_t heard; /* the number of events */
} shim_hook;

static int on_event(PyObject *object, PyFrameObject *frame, int what, PyObject *argument);

static PyObject *hook_uninstall(PyObject *self, PyObject *none);

static bool listening(PyObject *hook) {
  Py_tracefunc function;
  PyObject *object;
  compat_get_profile(&function, &object);
  return function == on_event && object == hook;
}

/* Returns true if the core handles this event.  Called for every call and return of the program. */
static bool matters(const shim_core *core, compat_frame *frame, int what, PyObject *result) {
  PyObject *code = (PyObject *)compat_code(frame);

  if (what == PyTrace_CALL)
    return code == core->starter_code;
  if (code == core->driver_code || code == core->starter_code)
    return true;
  if (code == core->loop_code)
    return shim_has_loops(core);
  if (shim_has_members(core) && shim_is_generator(code))
    return compat_is_unwinding(frame, result);
  return (result && shim_is_returned_deferred(core, result)) || (core->scope_count && shim_is_scope(core, frame));
}

static void take(shim_core *core, compat_frame *frame, int what, PyObject *result) {
  PyObject *code = (PyObject *)compat_code(frame);

  if (what == PyTrace_CALL) {
    shim_start(core, frame);
  } else if (code == core->driver_code) {
    shim_leg_ended(core, frame);
  } else if (code == core->starter_code) {
    shim_started(core, frame, result);
  } else if (code == core->loop_code) {
    shim_loop_left(core, frame);
  } else {
    PyObject *coroutine = compat_generator(frame);
    if (coroutine) {
      shim_unwound(core, coroutine);
      return;
    }
    const shim_code *known = shim_code_of(core, frame);
    if (!known || known->kind != SHIM_PLAIN)
      return;
    if (result && shim_is_returned_deferred(core, result))
      shim_returned(core, frame, result);
    else
      shim_left(core, frame);
  }
}

static int forward(shim_hook *hook, PyFrameObject *frame, int what, PyObject *argument) {
  if (hook->forwarding) /* the chain of hooks has become a ring */
    return 0;
  hook->forwarding = true;
  /* The previous hook may uninstall this one.  That may free the previous hook. */
  PyObject *object = Py_XNewRef(hook->previous_object);
  int status = hook->previous(object, frame, what, argument);
  Py_XDECREF(object);
  hook->forwarding = false;
  return status;
}

/* Calls the portable hook as sys.setprofile() would. */
static void call_target(PyObject *target, PyFrameObject *frame, int what, PyObject *argument) {
  PyObject *event = what == PyTrace_CALL ? shim_name.call : shim_name.return_;
  PyObject *done = PyObject_CallFunctionObjArgs(target, frame, event, argument ? argument : Py_None, NULL);
  if (!done && !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
    PyErr_WriteUnraisable(target); /* the portable hook raises errors only in development mode */
  Py_XDECREF(done);
}

static int on_event(PyObject *object, PyFrameObject *frame, int what, PyObject *argument) {
  shim_hook *hook = (shim_hook *)object;
  int status = 0;

  hook->heard++;
  if (!hook->previous && hook->target && what != PyTrace_CALL && what != PyTrace_RETURN)
    return 0;
  Py_INCREF(hook);
  if (hook->previous)
    status = forward(hook, frame, what, argument);
  PyObject *target = Py_XNewRef(hook->target);
  if (target && !status && (what == PyTrace_CALL || what == PyTrace_RETURN)) {
    bool is_core = Py_TYPE(target) == shim_core_type;
    if (!is_core ||
        (matters((shim_core *)target, compat_frame_of(frame), what, argument) && shim_enter((shim_core *)target))) {
      compat_error saved = compat_save_error();
      if (is_core) {
        take((shim_core *)target, compat_frame_of(frame), what, argument);
        shim_leave((shim_core *)target);
      } else {
        call_target(target, frame, what, argument);
      }
      compat_drop_error();
      compat_restore_error(saved);
    }
  } else if (!target && listening(object)) {
    /* The hook was uninstalled on another thread, which could not remove it from this thread. */
    compat_error saved = compat_save_error();
    Py_XDECREF(hook_uninstall(object, NULL));
    compat_restore_error(saved);
  }
  Py_XDECREF(target);
  Py_DECREF(hook);
  return status;
}

/* ---- life ---- */

/* Hook(target): a core, or a callable that takes (frame, event, argument). */
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
    PyObject *object;
    compat_get_profile(&hook->previous, &object);
    Py_XSETREF(hook->previous_object, Py_XNewRef(object));
    PyEval_SetProfile(on_event, self);
  }
  Py_RETURN_NONE;
}

/* Puts the previous hook back.  If a later hook has the place, that hook stays. */
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

static PyObject *hook_heard(PyObject *self, PyObject *none) {
  (void)none;
  return PyLong_FromSize_t(((shim_hook *)self)->heard);
}

/* Returns the profile function of the calling thread: its object, or True if it has no object.  Returns None if there
 * is no function. */
static PyObject *hook_current(PyObject *none, PyObject *nothing) {
  Py_tracefunc function;
  PyObject *object;
  (void)none, (void)nothing;

  compat_get_profile(&function, &object);
  return Py_NewRef(!function ? Py_None : object ? object : Py_True);
}

/* Handles a call from Python: (frame, event, argument).
 *
 * Some code saves the result of sys.getprofile(), and passes it to sys.setprofile() later.  sys.setprofile() then calls
 * this object.  At such a call the hook takes its place again.  If a later hook makes the call, that hook keeps its
 * place. */
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
  Py_tracefunc function;
  PyObject *object;
  compat_get_profile(&function, &object);
  if (((shim_hook *)self)->target && object == self && function != on_event)
    PyEval_SetProfile(on_event, self);
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strcmp(event, events[i].name) == 0)
      status = on_event(self, (PyFrameObject *)frame, events[i].what, argument);
  compat_refresh_variables((PyFrameObject *)frame);
  if (status)
    return NULL;
  Py_RETURN_NONE;
}

static PyMethodDef hook_methods[] = {{"install", hook_install, METH_NOARGS, NULL},
                                     {"uninstall", hook_uninstall, METH_NOARGS, NULL},
                                     {"listening", hook_listening, METH_NOARGS, NULL},
                                     {"heard", hook_heard, METH_NOARGS, NULL},
                                     {"current", hook_current, METH_NOARGS | METH_STATIC, NULL},
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

/* Installs the core's hook.  A hook that has lost its place takes it again.  The hook object stays the same, because
 * code may have saved it with sys.getprofile(), and may set it again. */
static int install(shim_core *core) {
  if (!core->hook)
    core->hook = PyObject_CallOneArg((PyObject *)shim_hook_type, (PyObject *)core);
  PyObject *done = core->hook ? hook_install(core->hook, NULL) : NULL;

  Py_XDECREF(done);
  return done ? 0 : -1;
}

static void uninstall(shim_core *core) {
  if (core->hook)
    Py_XDECREF(hook_uninstall(core->hook, NULL));
  Py_CLEAR(core->hook);
}

static bool sees_returns(shim_core *core) { return core->hook && listening(core->hook); }

static size_t heard(shim_core *core) { return core->hook ? ((shim_hook *)core->hook)->heard : 0; }

/* Resumptions are calls.  The core handles only the starter's calls. */
const shim_listener shim_profile_listener = {.install = install,
                                             .uninstall = uninstall,
                                             .sees_returns = sees_returns,
                                             .listening = sees_returns,
                                             .heard = heard};
