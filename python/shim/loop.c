/* SPDX-License-Identifier: ISC */
#include "loop.h"

#include "deferred.h"
#include "span.h"
#include "turn.h"

/* Returns true if shim_loop_left() will be called for a loop that runs here and now. */
static bool sees_leaving(shim_core *core) { return shim_mine(core) && core->listener->sees_returns(core); }

/* Forgets a run of the loop, and the runs after it in the list: they were inside it, and ended unseen. */
static void forget_loop(shim_core *core, const void *loop) {
  for (size_t i = core->passed_count; i-- > 0;)
    if (core->passed[i].loop == loop)
      core->passed_count = i;
}

/* Calls core->notice if another profiler has taken or removed the listener.  The Tracer may install it again. */
static void notice(shim_core *core) {
  if (core->notice && core->notice != Py_None && shim_mine(core) && !core->listener->sees_returns(core)) {
    Py_XDECREF(PyObject_CallOneArg(core->notice, (PyObject *)core));
    PyErr_Clear();
  }
}

void shim_fired(shim_core *core, uint64_t span, int outcome, compat_frame *loop) {
  theseus_span_info info;

  notice(core);
  if (loop && (PyObject *)compat_code(loop) == core->loop_code && sees_leaving(core) &&
      shim_span_info(core, span, &info)) {
    /* Remember the place for the callbacks that this run of the loop has not called yet. */
    shim_passed passed = {loop, info.stack, info.operation,
                          (info.marks & THESEUS_SPAN_HAD_PARENT) != 0 && !info.parent};
    forget_loop(core, loop);
    if (!SHIM_ROOM(core->passed, core->passed_count, core->passed_capacity))
      core->passed[core->passed_count++] = passed;
  }
  shim_end(core, span, outcome);
}

/* ---- a Deferred as a result ---- */

void shim_loop_left(shim_core *core, compat_frame *frame) {
  forget_loop(core, frame);
  for (size_t i = core->boxed_count; i-- > 0;)
    if (core->boxed[i].loop == frame) {
      shim_boxed boxed = core->boxed[i];
      core->boxed[i] = core->boxed[--core->boxed_count];
      PyObject *result = PyObject_GetAttrString(boxed.current, "result");
      PyObject *inside = result == boxed.box ? PyObject_GetAttrString(boxed.box, "deferred") : NULL;
      if (inside)
        (void)PyObject_SetAttrString(boxed.current, "result", inside);
      Py_XDECREF(inside);
      Py_XDECREF(result);
      Py_DECREF(boxed.current);
      Py_DECREF(boxed.box);
    }
}

/* Calls the loop's next callback here and now, with a Deferred as its result.  Returns what the callback returns. */
static PyObject *call_next(PyObject *entries, PyObject *result) {
  PyObject *entry = Py_NewRef(PyList_GET_ITEM(entries, 0)), *given = NULL, *first = NULL, *arguments = NULL;
  PyObject *more = NULL, *named = NULL, *callback, *others, *keywords, *rest;

  if (!PyList_SetSlice(entries, 0, 1, NULL) &&
      PyArg_ParseTuple(entry, "(OOO)O", &callback, &others, &keywords, &rest) && (more = PySequence_Tuple(others)) &&
      (named = PyDict_New()) && !PyDict_Update(named, keywords) && (first = PyTuple_Pack(1, result)) &&
      (arguments = PySequence_Concat(first, more)))
    given = PyObject_Call(callback, arguments, named);
  Py_XDECREF(more);
  Py_XDECREF(named);
  Py_XDECREF(arguments);
  Py_XDECREF(first);
  Py_DECREF(entry);
  return given;
}

/* Puts a Deferred in a box, which the loop takes for an ordinary result.  If the loop hands the result to another
 * Deferred, an entry before that Deferred's other entries unboxes it.  Otherwise shim_loop_left() unboxes it. */
static PyObject *box(shim_core *core, PyObject *result, compat_frame *loop, PyObject *current, PyObject *entries) {
  PyObject *boxed = PyObject_CallOneArg(core->boxed_type, result);
  int status = boxed ? 0 : -1;

  if (!status && PyList_GET_SIZE(entries)) {
    PyObject *unbox = PyObject_GetAttrString((PyObject *)core, "pass_boxed");
    PyObject *entry = unbox ? Py_BuildValue("((O(){})(O(){}))", unbox, unbox) : NULL;
    PyObject *waiting = PyTuple_GET_ITEM(PyTuple_GET_ITEM(PyTuple_GET_ITEM(PyList_GET_ITEM(entries, 0), 0), 1), 0);
    PyObject *theirs = entry ? shim_callbacks_of(core, waiting) : NULL;
    status = theirs ? PyList_Insert(theirs, 0, entry) : -1;
    Py_XDECREF(theirs);
    Py_XDECREF(entry);
    Py_XDECREF(unbox);
  } else if (!status) {
    status = SHIM_ROOM(core->boxed, core->boxed_count, core->boxed_capacity);
    if (!status)
      core->boxed[core->boxed_count++] = (shim_boxed){loop, Py_NewRef(current), Py_NewRef(boxed)};
  }
  if (status)
    Py_CLEAR(boxed);
  return boxed;
}

PyObject *shim_pass_deferred(shim_core *core, PyObject *result) {
  compat_frame *loop = compat_top();
  PyObject *current = NULL, *entries = NULL, *given = NULL;

  if (loop && (PyObject *)compat_code(loop) == core->loop_code &&
      (current = compat_variable(loop, shim_name.current)) && current != Py_None)
    entries = shim_callbacks_of(core, current);
  if (!entries || (!PyList_GET_SIZE(entries) && !sees_leaving(core))) {
    given = Py_NewRef(result);
  } else if (PyList_GET_SIZE(entries) && shim_callback_in(PyList_GET_ITEM(entries, 0)) != core->continuation) {
    given = call_next(entries, result);
  } else if (!(given = box(core, result, loop, current, entries))) {
    PyErr_Clear();
    given = Py_NewRef(result);
  }
  Py_XDECREF(entries);
  Py_XDECREF(current);
  return given;
}

void shim_let_go_loops(shim_core *core) {
  core->passed_count = 0;
  while (core->boxed_count) {
    shim_boxed boxed = core->boxed[--core->boxed_count];
    Py_DECREF(boxed.current);
    Py_DECREF(boxed.box);
  }
}

void shim_free_loops(shim_core *core) {
  shim_let_go_loops(core);
  PyMem_Free(core->passed);
  PyMem_Free(core->boxed);
}
