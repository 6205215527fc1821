/* SPDX-License-Identifier: ISC */
/* hook-monitoring - the listener for sys.monitoring (PEP 669), which reports only the calls that can matter.
 *
 *     PY_START    Only Twisted's starter and driver of generators.
 *     PY_RETURN   All code, until it is known not to matter.  Generators (they return no Deferred as a function does)
 *                 and plumbing are disabled at their first return.  A place that returns a constant is disabled, unless
 *                 a span has begun under its function.  If a span begins later, the disabled places are enabled again.
 *     PY_UNWIND   All code: exceptions are rare.
 *
 * sys.monitoring reports all threads.  The core handles only its own thread. */
#include "chain.h"
#include "code.h"
#include "deferred.h"
#include "hooks.h"
#include "legs.h"
#include "loop.h"
#include "relief.h"
#include "returns.h"
#include "scopes.h"
#include "turn.h"

#include <structmember.h>

/* An object that sys.monitoring calls.  Calling it is cheaper than calling a builtin function of CPython's. */
typedef struct {
  PyObject_HEAD vectorcallfunc call;
  shim_core *core;
} shim_callback;

/* Returns the frame of an event in this code.  Returns NULL if the interpreter did not call us.
 * (sys.monitoring.register_callback() returns the previous callback, so anybody may hold ours and call it.) */
static compat_frame *frame_of(const void *code) {
  compat_frame *frame = compat_top();
  return frame && compat_code(frame) == code ? frame : NULL;
}

/* Returns true if the frame that returns is a scope.  The code is compared first: finding the frame costs more. */
static bool is_scope(const shim_core *core, const void *code) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].code == code) {
      compat_frame *frame = frame_of(code);
      return frame && shim_is_scope(core, frame);
    }
  return false;
}

static bool is_plumbing(const shim_core *core, PyObject *code) {
  PyObject *file = ((PyCodeObject *)code)->co_filename;
  return PyUnicode_Compare(file, core->plumbing_file) == 0 && !shim_table_get(&core->shown, code);
}

/* Returns true if the instruction returns a constant, and so no Deferred.  Versions without such an instruction return
 * from the stack.  The instruction before that does not help: a jump may lead past it. */
static bool returns_constant(const shim_core *core, PyObject *code, Py_ssize_t offset) {
  PyObject *bytes = core->return_constant >= 0 ? compat_instructions((PyCodeObject *)code) : NULL;
  bool constant = bytes && offset >= 0 && offset < PyBytes_GET_SIZE(bytes) &&
                  (unsigned char)PyBytes_AS_STRING(bytes)[offset] == core->return_constant;
  Py_XDECREF(bytes);
  return constant;
}

/* Returns true if no return of this code can ever matter.  This is decided once for each code object.  A later code
 * object at the same address stays reported, which costs only time. */
static bool is_idle(shim_core *core, PyObject *code) {
  if (shim_table_get(&core->watched, code))
    return false;
  if (shim_is_generator(code) || is_plumbing(core, code))
    return true;
  (void)shim_table_set(&core->watched, code, core);
  return false;
}

/* Returns the key of a place in the table `watched`. */
static const void *place_key(PyObject *code, Py_ssize_t place) { return (const char *)code + 1 + place; }

/* Returns true if a return from this place cannot matter.  This is decided once for each place. */
static bool is_idle_place(shim_core *core, PyObject *code, Py_ssize_t place) {
  if (!shim_table_get(&core->adopting, code) && returns_constant(core, code, place) &&
      !shim_table_set(&core->disabled, code, core))
    return true;
  (void)shim_table_set(&core->watched, place_key(code, place), core);
  return false;
}

/* Makes the returns of this code matter from now on, also those from disabled places. */
static void scope_began(shim_core *core, PyObject *code) {
  if (shim_table_get(&core->adopting, code) || shim_table_set(&core->adopting, code, core))
    return;
  if (shim_table_take(&core->disabled, code)) {
    PyObject *found = PySys_GetObject("monitoring");
    Py_XDECREF(found ? PyObject_CallMethod(found, "restart_events", NULL) : NULL);
  }
}

static void take_machinery(shim_core *core, PyObject *code, PyObject *result) {
  compat_frame *frame = frame_of(code);
  if (!frame)
    return;
  if (code == core->driver_code)
    shim_leg_ended(core, frame);
  else if (code == core->starter_code)
    shim_started(core, frame, result);
  else
    shim_loop_left(core, frame);
}

static void take_function(shim_core *core, PyObject *code, PyObject *result, bool deferred) {
  compat_frame *frame = frame_of(code);
  const shim_code *known = frame ? shim_code_of(core, frame) : NULL;
  if (known && known->kind == SHIM_PLAIN) {
    if (deferred)
      shim_returned(core, frame, result);
    else
      shim_left(core, frame);
  }
}

/* (code, instruction offset, returned value).  Most calls do not matter, and end at the third return statement. */
static PyObject *on_return(PyObject *self, PyObject *const *arguments, size_t count, PyObject *keywords) {
  shim_core *core = ((shim_callback *)self)->core;
  (void)keywords;

  if (PyVectorcall_NARGS(count) != 3)
    Py_RETURN_NONE;
  PyObject *code = arguments[0], *result = arguments[2];
  if (code == core->driver_code || code == core->starter_code || code == core->loop_code) {
    if ((code != core->loop_code || shim_has_loops(core)) && shim_enter(core)) {
      take_machinery(core, code, result);
      shim_leave(core);
      compat_drop_error();
    }
    Py_RETURN_NONE;
  }

  Py_ssize_t place = compat_small(arguments[1]);
  bool is_known = shim_table_get(&core->watched, place_key(code, place)) != NULL;
  bool deferred = shim_is_returned_deferred(core, result);
  if (is_known && !deferred && !(core->scope_count && is_scope(core, code)))
    Py_RETURN_NONE;
  if (!is_known && (!PyCode_Check(code) || is_idle(core, code)))
    return Py_NewRef(core->disable);
  if (deferred || (core->scope_count && is_scope(core, code))) {
    if (shim_enter(core)) {
      take_function(core, code, result, deferred);
      shim_leave(core);
      compat_drop_error();
    }
    Py_RETURN_NONE;
  }
  return Py_NewRef(is_idle_place(core, code, place) ? core->disable : Py_None);
}

/* (code, instruction offset, exception) */
static PyObject *on_unwind(PyObject *self, PyObject *const *arguments, size_t count, PyObject *keywords) {
  shim_core *core = ((shim_callback *)self)->core;
  (void)keywords;

  if (PyVectorcall_NARGS(count) != 3 || !shim_mine(core))
    Py_RETURN_NONE;
  PyObject *code = arguments[0];
  if (code == core->starter_code || code == core->driver_code || (code == core->loop_code && shim_has_loops(core))) {
    (void)shim_enter(core);
    take_machinery(core, code, NULL);
    shim_leave(core);
  } else if (core->scope_count && is_scope(core, code)) {
    (void)shim_enter(core);
    shim_left(core, compat_top());
    shim_leave(core);
  } else if (shim_has_members(core) && PyCode_Check(code) && shim_is_generator(code)) {
    compat_frame *frame = frame_of(code);
    PyObject *coroutine = frame ? compat_generator(frame) : NULL;
    (void)shim_enter(core);
    if (coroutine)
      shim_unwound(core, coroutine);
    shim_leave(core);
  }
  compat_drop_error();
  Py_RETURN_NONE;
}

/* (code, instruction offset) */
static PyObject *on_start(PyObject *self, PyObject *const *arguments, size_t count, PyObject *keywords) {
  shim_core *core = ((shim_callback *)self)->core;
  (void)keywords;

  if (PyVectorcall_NARGS(count) != 2)
    Py_RETURN_NONE;
  if (arguments[0] == core->driver_code) {
    compat_frame *driver = core->relieved ? frame_of(arguments[0]) : NULL;
    if (driver)
      shim_resumed(core, driver);
  } else if (arguments[0] == core->starter_code && shim_enter(core)) {
    compat_frame *frame = frame_of(arguments[0]);
    if (frame)
      shim_start(core, frame);
    shim_leave(core);
  }
  compat_drop_error();
  Py_RETURN_NONE;
}

static const struct {
  const char *name;
  vectorcallfunc call;
} events_of_ours[] = {{"PY_START", on_start}, {"PY_RETURN", on_return}, {"PY_UNWIND", on_unwind}};
enum { START, RETURN, UNWIND, EVENTS };

#define TOOL_NAME "theseus"

static PyObject *new_callback(shim_core *core, vectorcallfunc call) {
  shim_callback *made = PyObject_GC_New(shim_callback, shim_callback_type);

  if (made) {
    made->call = call;
    made->core = (shim_core *)Py_NewRef(core);
    PyObject_GC_Track(made);
  }
  return (PyObject *)made;
}

static int callback_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(((shim_callback *)self)->core);
  return 0;
}

static void callback_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);

  PyObject_GC_UnTrack(self);
  Py_DECREF(((shim_callback *)self)->core);
  PyObject_GC_Del(self);
  Py_DECREF(type);
}

static PyMemberDef callback_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(shim_callback, call), READONLY, NULL}, {0}};

PyType_Spec shim_callback_spec = {"theseus._Callback", sizeof(shim_callback), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                                      Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                  (PyType_Slot[]){{Py_tp_call, PyVectorcall_Call},
                                                  {Py_tp_traverse, callback_traverse},
                                                  {Py_tp_dealloc, callback_dealloc},
                                                  {Py_tp_members, callback_members},
                                                  {0, NULL}}};

static PyObject *monitoring(void) {
  PyObject *found = PySys_GetObject("monitoring");
  if (!found)
    PyErr_SetString(PyExc_RuntimeError, "this Python has no sys.monitoring: it came with 3.12");
  return Py_XNewRef(found);
}

static long number(PyObject *from, const char *name) {
  PyObject *value = PyObject_GetAttrString(from, name);
  long found = value ? PyLong_AsLong(value) : -1;
  Py_XDECREF(value);
  return found;
}

/* Takes the id 3 or 4, and returns it.  By convention 0 is for debuggers, 1 for coverage, 2 for profilers (cProfile), 5
 * for optimizers.  Returns -1 with an exception. */
static int take_tool(PyObject *found, PyObject *name) {
  for (int tool = 3; tool <= 4; tool++) {
    PyObject *holder = PyObject_CallMethod(found, "get_tool", "i", tool);
    if (!holder)
      return -1;
    bool is_free = holder == Py_None;
    Py_DECREF(holder);
    if (is_free) {
      PyObject *taken = PyObject_CallMethod(found, "use_tool_id", "iO", tool, name);
      Py_XDECREF(taken);
      return taken ? tool : -1;
    }
  }
  PyErr_SetString(PyExc_RuntimeError, "the ids 3 and 4 of sys.monitoring are both taken by other tools: "
                                      "stop one of them, or use hook=\"profile\"");
  return -1;
}

/* Returns true if the id is still ours.  Somebody may have freed it, and another tool may have it now. */
static bool holds_tool(PyObject *found, int tool) {
  PyObject *holder = PyObject_CallMethod(found, "get_tool", "i", tool);
  bool ours = holder && PyUnicode_Check(holder) && PyUnicode_CompareWithASCIIString(holder, TOOL_NAME) == 0;
  Py_XDECREF(holder);
  return ours;
}

/* Sets our callbacks and events, or removes them. */
static int listen(shim_core *core, PyObject *found, bool on) {
  PyObject *events = PyObject_GetAttrString(found, "events"), *done;
  long bits[EVENTS];
  int status = events ? 0 : -1;

  for (int i = 0; !status && i < EVENTS; i++) {
    PyObject *callback = on ? new_callback(core, events_of_ours[i].call) : Py_NewRef(Py_None);
    bits[i] = number(events, events_of_ours[i].name);
    done = callback && bits[i] >= 0
               ? PyObject_CallMethod(found, "register_callback", "ilO", core->tool, bits[i], callback)
               : NULL;
    status = done ? 0 : -1;
    Py_XDECREF(done);
    Py_XDECREF(callback);
  }
  if (!status) {
    done = PyObject_CallMethod(found, "set_events", "il", core->tool, on ? bits[RETURN] | bits[UNWIND] : 0L);
    status = done ? 0 : -1;
    Py_XDECREF(done);
  }
  PyObject *const starting[] = {core->starter_code, core->driver_code};
  for (int i = 0; !status && i < 2; i++) {
    done = PyObject_CallMethod(found, "set_local_events", "iOl", core->tool, starting[i], on ? bits[START] : 0L);
    status = done ? 0 : -1;
    Py_XDECREF(done);
  }
  if (!status && on) { /* enable the places that an earlier holder of this id has disabled */
    done = PyObject_CallMethod(found, "restart_events", NULL);
    status = done ? 0 : -1;
    Py_XDECREF(done);
  }
  Py_XDECREF(events);
  return status;
}

static void uninstall(shim_core *core) {
  PyObject *found = monitoring();

  shim_restore_observers(core);
  if (found && holds_tool(found, core->tool)) {
    (void)listen(core, found, false);
    PyErr_Clear();
    Py_XDECREF(PyObject_CallMethod(found, "free_tool_id", "i", core->tool));
  }
  PyErr_Clear();
  Py_XDECREF(found);
}

static int install(shim_core *core) {
  PyObject *found = monitoring(), *name = PyUnicode_FromString(TOOL_NAME);
  int status = -1;

  if (found && name && (core->tool = take_tool(found, name)) >= 0) {
    Py_XSETREF(core->disable, PyObject_GetAttrString(found, "DISABLE"));
    status = core->disable ? listen(core, found, true) : -1;
    if (status) {
      compat_error saved = compat_save_error();
      uninstall(core);
      PyErr_Clear();
      compat_restore_error(saved);
    }
  }
  Py_XDECREF(name);
  Py_XDECREF(found);
  return status;
}

static bool sees_returns(shim_core *core) {
  (void)core;
  return true;
}

static bool is_listening(shim_core *core) {
  PyObject *found = monitoring();
  bool ours = found && holds_tool(found, core->tool);

  PyErr_Clear();
  Py_XDECREF(found);
  return ours;
}

const shim_listener shim_monitoring_listener = {.install = install,
                                                .uninstall = uninstall,
                                                .sees_returns = sees_returns,
                                                .listening = is_listening,
                                                .scope_began = scope_began,
                                                .sees_resumptions = true};
