/* SPDX-License-Identifier: ISC */
/* calls - Twisted's starter and driver of generators, seen as they are called rather than by events: that costs half as much, and gives
 * the arguments, for which a frame would have to be asked.
 *
 *     whoever calls ──> call_starter ──> what the function was called by before
 *                            └───> shim_start, shim_started of each core that watches
 *
 * CPython lets a function's vectorcall be set since 3.12 (PEP 590; PyFunction_SetVectorcall). */
#include "core.h"

/* The cores that watch, of all the process: borrowed.  With the GIL held. */
static shim_core *watching;
/* What calls Python functions, where nobody watches any more. */
static vectorcallfunc python_call;

/* An argument by its position, however it is given: borrowed; NULL. */
static PyObject *argument(PyObject *const *arguments, size_t count, PyObject *keywords, Py_ssize_t position,
                          PyObject *name) {
  Py_ssize_t positional = PyVectorcall_NARGS(count);

  if (position < positional)
    return arguments[position];
  for (Py_ssize_t i = 0; keywords && i < PyTuple_GET_SIZE(keywords); i++)
    if (PyTuple_GET_ITEM(keywords, i) == name) /* both are interned */
      return arguments[positional + i];
  return NULL;
}

/* The call goes on past the cores that have seen it. */
static PyObject *pass(shim_core *next, bool is_starter, PyObject *function, PyObject *const *arguments, size_t count,
                      PyObject *keywords);

static PyObject *call_starter(PyObject *function, PyObject *const *arguments, size_t count, PyObject *keywords) {
  return pass(watching, true, function, arguments, count, keywords);
}

static PyObject *call_driver(PyObject *function, PyObject *const *arguments, size_t count, PyObject *keywords) {
  return pass(watching, false, function, arguments, count, keywords);
}

/* The program's own exception, if its call raised one, is not for us to see. */
static compat_error set_aside(const PyObject *result) { return result ? (compat_error){0} : compat_save_error(); }

static void put_back(const PyObject *result, compat_error raised) {
  compat_drop_error();
  if (!result)
    compat_restore_error(raised);
}

static PyObject *see_start(shim_core *core, PyObject *function, PyObject *const *arguments, size_t count,
                           PyObject *keywords) {
  PyObject *generator = argument(arguments, count, keywords, 0, shim_name.gen);
  shim_operation *operation = NULL;

  Py_INCREF(core);
  if (generator && shim_enter(core)) {
    operation = shim_start(core, compat_top(), generator, NULL);
    shim_leave(core);
    compat_drop_error();
  }
  PyObject *result = pass(core->next_watching, true, function, arguments, count, keywords);
  if (operation) {
    compat_error raised = set_aside(result);
    if (shim_enter(core)) {
      shim_started(core, operation, compat_top(), result);
      shim_leave(core);
    }
    put_back(result, raised);
  }
  Py_DECREF(core);
  return result;
}

static PyObject *see_leg(shim_core *core, PyObject *function, PyObject *const *arguments, size_t count,
                         PyObject *keywords) {
  PyObject *generator = argument(arguments, count, keywords, 1, shim_name.gen);
  shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
  PyObject *given = argument(arguments, count, keywords, 0, shim_name.result);
  PyObject *status = argument(arguments, count, keywords, 2, shim_name.status);

  Py_INCREF(core);
  if (operation && given && status)
    shim_resumed(core, operation, given, status);
  PyObject *result = pass(core->next_watching, false, function, arguments, count, keywords);
  if (operation && status && shim_enter(core)) {
    compat_error raised = set_aside(result);
    shim_leg_ended(core, generator, NULL, status);
    shim_leave(core);
    put_back(result, raised);
  }
  if (!core->installed)
    shim_calls_leave(core);
  Py_DECREF(core);
  return result;
}

static PyObject *pass(shim_core *next, bool is_starter, PyObject *function, PyObject *const *arguments, size_t count,
                      PyObject *keywords) {
  for (; next; next = next->next_watching) {
    if (is_starter ? next->starter == function && shim_mine(next) : next->driver == function)
      return (is_starter ? see_start : see_leg)(next, function, arguments, count, keywords);
  }
  return compat_call(python_call, function, arguments, count, keywords);
}

/* ---- life ---- */

bool shim_calls_watch(shim_core *core) {
  if (core->watching)
    return true;
  if (!PyFunction_Check(core->starter) || !PyFunction_Check(core->driver))
    return false;
  vectorcallfunc starter = compat_set_vectorcall(core->starter, call_starter);
  if (!starter)
    return false;
  (void)compat_set_vectorcall(core->driver, call_driver);
  if (starter != call_starter) /* nobody else watches it */
    python_call = starter;
  core->next_watching = watching;
  watching = core;
  return core->watching = true;
}

void shim_calls_leave(shim_core *core) {
  if (!core->observed)
    shim_calls_forget(core);
}

void shim_calls_forget(shim_core *core) {
  bool starter_watched = false, driver_watched = false;

  if (!core->watching)
    return;
  for (shim_core **link = &watching; *link;)
    if (*link == core) {
      *link = core->next_watching;
    } else {
      starter_watched |= (*link)->starter == core->starter;
      driver_watched |= (*link)->driver == core->driver;
      link = &(*link)->next_watching;
    }
  core->next_watching = NULL;
  core->watching = false;
  if (!starter_watched)
    (void)compat_set_vectorcall(core->starter, python_call);
  if (!driver_watched)
    (void)compat_set_vectorcall(core->driver, python_call);
}
