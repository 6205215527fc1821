/* SPDX-License-Identifier: ISC */
/* hook-monitoring - sys.monitoring (PEP 669): of all calls only those that can matter are reported at all.
 *
 *     PY_START    of _cancellableInlineCallbacks alone
 *     PY_RETURN   of everything, until it is known not to matter: generators (their "return" is never that of a Deferred which a function
 *                 returned) and plumbing are disabled when they return for the first time
 *     PY_UNWIND   of everything: exceptions are rare
 *
 * It sees all threads, and minds its own. */
#include "core.h"

static bool mine(const shim_core *core) {
  return core->installed && !core->busy && PyThread_get_thread_ident() == core->thread;
}

/* A scope's frame, by its code first: asking for the frame costs more. */
static bool is_scope(const shim_core *core, const void *code) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].code == code)
      return shim_is_scope(core, PyEval_GetFrame());
  return false;
}

static bool is_generator(PyObject *code) {
  return (((PyCodeObject *)code)->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

static bool is_plumbing(const shim_core *core, PyObject *code) {
  PyObject *file = ((PyCodeObject *)code)->co_filename;
  return (file == core->plumbing_file || PyUnicode_Compare(file, core->plumbing_file) == 0) &&
         !shim_table_get(&core->shown, code);
}

/* (code, instruction offset, returned value) */
static PyObject *on_return(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  shim_core *core = (shim_core *)self;

  if (count != 3 || !mine(core))
    Py_RETURN_NONE;
  PyObject *code = arguments[0], *result = arguments[2];
  PyObject *answer = Py_None;
  if (code == core->driver_code) {
    core->busy = true;
    shim_leg_ended(core, PyEval_GetFrame());
    shim_leave(core);
  } else if (code == core->starter_code) {
    core->busy = true;
    shim_started(core, PyEval_GetFrame(), result);
    shim_leave(core);
  } else if (code == core->loop_code) {
    if (core->passed_count || core->boxed_count) {
      core->busy = true;
      shim_loop_left(core, PyEval_GetFrame());
      shim_leave(core);
    }
  } else if (is_generator(code) || is_plumbing(core, code)) {
    answer = core->disable;
  } else {
    bool deferred = PyObject_TypeCheck(result, (PyTypeObject *)core->deferred_type);
    if (deferred || (core->scope_count && is_scope(core, code))) {
      PyFrameObject *frame = PyEval_GetFrame();
      core->busy = true;
      const shim_code *known = shim_code_of(core, frame);
      if (known && known->kind == SHIM_PLAIN) {
        if (deferred)
          shim_returned(core, frame, result);
        else
          shim_left(core, frame);
      }
      shim_leave(core);
    }
  }
  PyErr_Clear();
  return Py_NewRef(answer);
}

/* (code, instruction offset, exception) */
static PyObject *on_unwind(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  shim_core *core = (shim_core *)self;

  if (count != 3 || !mine(core))
    Py_RETURN_NONE;
  PyObject *code = arguments[0];
  if (code == core->starter_code) {
    core->busy = true;
    shim_started(core, PyEval_GetFrame(), NULL);
    shim_leave(core);
  } else if (core->scope_count && is_scope(core, code)) {
    core->busy = true;
    shim_left(core, PyEval_GetFrame());
    shim_leave(core);
  }
  PyErr_Clear();
  Py_RETURN_NONE;
}

/* (code, instruction offset) */
static PyObject *on_start(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  shim_core *core = (shim_core *)self;
  (void)arguments;

  if (count == 2 && mine(core)) {
    core->busy = true;
    shim_start(core, PyEval_GetFrame());
    shim_leave(core);
    PyErr_Clear();
  }
  Py_RETURN_NONE;
}

static PyMethodDef callbacks[] = {
    {"theseus_start", (PyCFunction)(void (*)(void))on_start, METH_FASTCALL, NULL},
    {"theseus_return", (PyCFunction)(void (*)(void))on_return, METH_FASTCALL, NULL},
    {"theseus_unwind", (PyCFunction)(void (*)(void))on_unwind, METH_FASTCALL, NULL},
};
static const char *const event_names[] = {"PY_START", "PY_RETURN", "PY_UNWIND"};
enum { START, RETURN, UNWIND, EVENTS };

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

/* 0 is the debugger's, 1 coverage's, 2 profilers' (cProfile), 5 the optimizer's. */
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

/* Sets our callbacks and events, or takes them back. */
static int listen(shim_core *core, PyObject *found, bool on) {
  PyObject *events = PyObject_GetAttrString(found, "events"), *done;
  long bits[EVENTS];
  int status = events ? 0 : -1;

  for (int i = 0; !status && i < EVENTS; i++) {
    PyObject *callback = on ? PyCFunction_New(&callbacks[i], (PyObject *)core) : Py_NewRef(Py_None);
    bits[i] = number(events, event_names[i]);
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
  if (!status) {
    done = PyObject_CallMethod(found, "set_local_events", "iOl", core->tool, core->starter_code, on ? bits[START] : 0L);
    status = done ? 0 : -1;
    Py_XDECREF(done);
  }
  if (!status && on) { /* what an earlier holder of this id had disabled */
    done = PyObject_CallMethod(found, "restart_events", NULL);
    status = done ? 0 : -1;
    Py_XDECREF(done);
  }
  Py_XDECREF(events);
  return status;
}

int shim_monitoring_install(shim_core *core) {
  PyObject *found = monitoring(), *name = PyUnicode_FromString("theseus");
  int status = -1;

  if (found && name && (core->tool = take_tool(found, name)) >= 0) {
    Py_XSETREF(core->disable, PyObject_GetAttrString(found, "DISABLE"));
    status = core->disable ? listen(core, found, true) : -1;
    if (status) {
      compat_error saved = compat_save_error();
      shim_monitoring_uninstall(core);
      PyErr_Clear();
      compat_restore_error(saved);
    }
  }
  Py_XDECREF(name);
  Py_XDECREF(found);
  return status;
}

void shim_monitoring_uninstall(shim_core *core) {
  PyObject *found = monitoring();

  if (found) {
    (void)listen(core, found, false);
    PyErr_Clear();
    Py_XDECREF(PyObject_CallMethod(found, "free_tool_id", "i", core->tool));
  }
  PyErr_Clear();
  Py_XDECREF(found);
}
