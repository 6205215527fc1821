/* SPDX-License-Identifier: ISC */
#include "methods.h"

#include "life.h"
#include "loop.h"
#include "relief.h"
#include "turn.h"

#include <structmember.h>

static PyObject *core_install(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;

  core->thread = PyThread_get_thread_ident();
  core->installed = true;
  if (core->listener->install(core)) {
    core->installed = false;
    return NULL;
  }
  Py_RETURN_NONE;
}

static PyObject *core_uninstall(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;

  core->installed = false;
  core->listener->uninstall(core);
  shim_let_go(core);
  Py_RETURN_NONE;
}

/* Installs the listener again, after another profiler has taken its place. */
static PyObject *core_rearm(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;

  shim_let_go(core);
  if (core->listener->sees_resumptions)
    shim_restore_observers(core);
  if (core->listener->install(core))
    return NULL;
  Py_RETURN_NONE;
}

static PyObject *core_listening(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;
  return PyBool_FromLong(core->listener->listening(core));
}

static PyObject *core_heard(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;
  return PyLong_FromSize_t(core->listener->heard ? core->listener->heard(core) : 0);
}

/* Begins a method: reads the time, applies the late ends, and makes the core busy.  A finalizer, a signal handler or
 * another thread may call the method during an event.  method_leave() then restores the state of that event.  No Python
 * code runs before method_leave(). */
static bool method_enter(shim_core *core, uint64_t *now) {
  bool was_busy;

  *now = shim_now(core);
  if (core->late_count)
    shim_drain(core);
  was_busy = core->busy;
  core->busy = true;
  return was_busy;
}

static void method_leave(shim_core *core, bool was_busy) {
  core->busy = was_busy;
  if (!was_busy)
    shim_idle(core);
}

/* merge_into(address of a profile): adds everything that was measured up to now to that profile. */
static PyObject *core_merge_into(PyObject *self, PyObject *address) {
  shim_core *core = (shim_core *)self;
  theseus_profile *into = (theseus_profile *)(uintptr_t)PyLong_AsUnsignedLongLong(address);
  uint64_t now;

  if (PyErr_Occurred())
    return NULL;
  bool was_busy = method_enter(core, &now);
  theseus_settle(core->profile, now);
  int status = theseus_profile_merge(into, core->profile);
  method_leave(core, was_busy);
  return PyLong_FromLong(status);
}

static PyObject *core_clear_profile(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  uint64_t now;
  (void)none;

  bool was_busy = method_enter(core, &now);
  theseus_settle(core->profile, now);
  theseus_profile_clear(core->profile);
  method_leave(core, was_busy);
  Py_RETURN_NONE;
}

static PyObject *core_open_spans(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  uint64_t now;
  (void)none;

  bool was_busy = method_enter(core, &now);
  uint32_t count = theseus_open_span_count(core->profile);
  theseus_span_info *infos = PyMem_Calloc(count ? count : 1, sizeof *infos);
  for (uint32_t i = 0; infos && i < count; i++) {
    infos[i].size = sizeof *infos;
    (void)theseus_open_span_get(core->profile, i, &infos[i]);
  }
  method_leave(core, was_busy);
  if (!infos)
    return PyErr_NoMemory();
  PyObject *spans = PyList_New(0);
  for (uint32_t i = 0; spans && i < count; i++) {
    const theseus_span_info info = infos[i];
    PyObject *row = Py_BuildValue("(KKKIIII)", (unsigned long long)info.span, (unsigned long long)info.parent,
                                  (unsigned long long)info.began_ns, (unsigned)info.stack, (unsigned)info.place_stack,
                                  (unsigned)info.line, (unsigned)info.state);
    if (!row || PyList_Append(spans, row))
      Py_CLEAR(spans);
    Py_XDECREF(row);
  }
  PyMem_Free(infos);
  return spans ? Py_BuildValue("(KN)", (unsigned long long)now, spans) : NULL;
}

/* frames(stack): returns (name, file, first line, call line) of each frame, outermost first.  The texts are bytes. */
static PyObject *core_frames(PyObject *self, PyObject *number) {
  shim_core *core = (shim_core *)self;
  unsigned long stack = PyLong_AsUnsignedLong(number);
  theseus_stack_info info = {.size = sizeof info};
  theseus_function_info function = {.size = sizeof function};

  if (PyErr_Occurred())
    return NULL;
  PyObject *found = PyList_New(0);
  for (; found && stack != THESEUS_ROOT; stack = info.parent) {
    if (theseus_stack_get(core->profile, (uint32_t)stack, &info) ||
        theseus_function_get(core->profile, info.function, &function)) {
      PyErr_SetString(PyExc_ValueError, "no such stack");
      Py_CLEAR(found);
      break;
    }
    PyObject *row =
        Py_BuildValue("(yyII)", function.name, function.file, (unsigned)function.first_line, (unsigned)info.call_line);
    if (!row || PyList_Append(found, row))
      Py_CLEAR(found);
    Py_XDECREF(row);
  }
  if (found && PyList_Reverse(found))
    Py_CLEAR(found);
  return found;
}

/* The callback that box() in loop.c inserts before the entries of a chained Deferred. */
static PyObject *core_pass_boxed(PyObject *self, PyObject *boxed) {
  PyObject *deferred = PyObject_GetAttrString(boxed, "deferred");
  PyObject *given = deferred ? shim_pass_deferred((shim_core *)self, deferred) : NULL;
  Py_XDECREF(deferred);
  return given;
}

/* Returns the sizes of the tables.  Tests check that nothing is kept. */
static PyObject *core_kept(PyObject *self, PyObject *none) {
  const shim_core *core = (shim_core *)self;
  (void)none;
  return Py_BuildValue("{snsnsnsnsnsnsn}", "operations", (Py_ssize_t)core->operations.count, "members",
                       (Py_ssize_t)core->members.count, "starting", (Py_ssize_t)core->starting_count, "begun",
                       (Py_ssize_t)core->scope_count, "passed", (Py_ssize_t)core->passed_count, "boxed",
                       (Py_ssize_t)core->boxed_count, "late", (Py_ssize_t)core->late_count);
}

static PyMethodDef core_methods[] = {{"install", core_install, METH_NOARGS, NULL},
                                     {"uninstall", core_uninstall, METH_NOARGS, NULL},
                                     {"rearm", core_rearm, METH_NOARGS, NULL},
                                     {"listening", core_listening, METH_NOARGS, NULL},
                                     {"heard", core_heard, METH_NOARGS, NULL},
                                     {"merge_into", core_merge_into, METH_O, NULL},
                                     {"clear", core_clear_profile, METH_NOARGS, NULL},
                                     {"open_spans", core_open_spans, METH_NOARGS, NULL},
                                     {"frames", core_frames, METH_O, NULL},
                                     {"pass_boxed", core_pass_boxed, METH_O, NULL},
                                     {"kept", core_kept, METH_NOARGS, NULL},
                                     {0}};

static PyMemberDef core_members[] = {{"installed", T_BOOL, offsetof(shim_core, installed), READONLY, NULL},
                                     {"notice", T_OBJECT, offsetof(shim_core, notice), 0, NULL},
                                     {0}};

PyType_Spec shim_core_spec = {"theseus._Core", sizeof(shim_core), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                              (PyType_Slot[]){{Py_tp_new, shim_core_new},
                                              {Py_tp_traverse, shim_core_traverse},
                                              {Py_tp_clear, shim_core_clear},
                                              {Py_tp_dealloc, shim_core_dealloc},
                                              {Py_tp_methods, core_methods},
                                              {Py_tp_members, core_members},
                                              {0, NULL}}};
