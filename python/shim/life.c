/* SPDX-License-Identifier: ISC */
#include "life.h"

#include "code.h"
#include "entries.h"
#include "hooks.h"
#include "loop.h"
#include "observer.h"
#include "operations.h"
#include "scopes.h"
#include "turn.h"

#include <stddef.h>

/* The attributes of machinery.py, and of an object of calls.py, that the core keeps, and the members that keep them. */
static const struct {
  const char *name;
  size_t offset;
  bool of_calls;
} things[] = {
    {"LOOP_CODE", offsetof(shim_core, loop_code)},
    {"DRIVER_CODE", offsetof(shim_core, driver_code)},
    {"STARTER_CODE", offsetof(shim_core, starter_code)},
    {"Deferred", offsetof(shim_core, deferred_type)},
    {"DeferredList", offsetof(shim_core, list_type)},
    {"Failure", offsetof(shim_core, failure_type)},
    {"CancelledError", offsetof(shim_core, cancelled_type)},
    {"CONTINUE", offsetof(shim_core, continuation)},
    {"RESUME", offsetof(shim_core, resume)},
    {"RESUME_CODE", offsetof(shim_core, resume_code)},
    {"CALLBACKS", offsetof(shim_core, callbacks_name)},
    {"PLUMBING_FILE", offsetof(shim_core, plumbing_file)},
    {"describe", offsetof(shim_core, describe), true},
    {"note", offsetof(shim_core, note), true},
    {"race_links", offsetof(shim_core, race_links)},
    {"members_of", offsetof(shim_core, race_members)},
    {"NO_ARGUMENTS", offsetof(shim_core, no_arguments)},
    {"NO_KEYWORDS", offsetof(shim_core, no_keywords)},
    {"Boxed", offsetof(shim_core, boxed_type)},
};

static PyObject **thing(shim_core *core, size_t i) { return (PyObject **)((char *)core + things[i].offset); }

/* Stores the addresses of code objects.  machinery.py keeps these alive. */
static int take_codes(PyObject *machinery, const char *name, shim_table *table) {
  PyObject *codes = PyObject_GetAttrString(machinery, name), *code;
  PyObject *items = codes ? PyObject_GetIter(codes) : NULL;

  while (items && (code = PyIter_Next(items))) {
    if (shim_table_set(table, code, code))
      PyErr_NoMemory();
    Py_DECREF(code);
    if (PyErr_Occurred())
      break;
  }
  Py_XDECREF(items);
  Py_XDECREF(codes);
  return PyErr_Occurred() ? -1 : 0;
}

static Py_ssize_t take_number(PyObject *machinery, const char *name) {
  PyObject *number = PyObject_GetAttrString(machinery, name);
  Py_ssize_t taken = number ? PyLong_AsSsize_t(number) : -1;
  Py_XDECREF(number);
  return taken;
}

static int take_machinery(shim_core *core, PyObject *machinery, PyObject *calls) {
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    if (!(*thing(core, i) = PyObject_GetAttrString(things[i].of_calls ? calls : machinery, things[i].name)))
      return -1;
  core->resume_cell = take_number(machinery, "RESUME_CELL");
  core->return_constant = (int)take_number(machinery, "RETURN_CONSTANT");
  if (PyErr_Occurred() || take_codes(machinery, "SHOWN", &core->shown))
    return -1;
  return take_codes(machinery, "RACE_CODES", &core->race_codes);
}

PyObject *shim_core_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  PyObject *machinery, *calls, *owner, *clock;
  unsigned long long address;
  int on_monitoring, coroutines;
  (void)keywords;

  if (!PyArg_ParseTuple(arguments, "OOKOOpp", &machinery, &calls, &address, &owner, &clock, &on_monitoring,
                        &coroutines))
    return NULL;
  shim_core *core = (shim_core *)type->tp_alloc(type, 0);
  if (!core)
    return NULL;
  core->profile = (theseus_profile *)(uintptr_t)address;
  core->owner = Py_NewRef(owner);
  core->clock = clock == Py_None ? NULL : Py_NewRef(clock);
  core->listener = on_monitoring ? &shim_monitoring_listener : &shim_profile_listener;
  core->observed = shim_observer_call;
  core->coroutines = coroutines;
  if (take_machinery(core, machinery, calls))
    Py_CLEAR(core);
  return (PyObject *)core;
}

int shim_core_traverse(PyObject *self, visitproc visit, void *arg) {
  shim_core *core = (shim_core *)self;

  Py_VISIT(Py_TYPE(self));
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    Py_VISIT(*thing(core, i));
  Py_VISIT(core->owner);
  Py_VISIT(core->clock);
  Py_VISIT(core->hook);
  Py_VISIT(core->notice);
  Py_VISIT(core->disable);
  for (size_t i = 0; i < core->boxed_count; i++) {
    Py_VISIT(core->boxed[i].current);
    Py_VISIT(core->boxed[i].box);
  }
  return 0;
}

/* Breaks cycles.  Members that the hooks always need stay until the core is freed. */
int shim_core_clear(PyObject *self) {
  shim_core *core = (shim_core *)self;

  core->installed = false;
  Py_CLEAR(core->clock);
  Py_CLEAR(core->hook);
  Py_CLEAR(core->notice);
  return 0;
}

void shim_core_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  shim_core *core = (shim_core *)self;

  PyObject_GC_UnTrack(self);
  core->busy = true; /* no event reaches the core any more */
  shim_core_clear(self);
  shim_free_operations(core);
  shim_free_entries(core);
  shim_free_codes(core);
  shim_free_scopes(core);
  shim_free_loops(core);
  shim_table_free(&core->shown);
  shim_table_free(&core->race_codes);
  shim_table_free(&core->watched);
  shim_table_free(&core->disabled);
  shim_table_free(&core->adopting);
  PyMem_Free(core->late);
  PyMem_Free(core->calls);
  PyMem_Free(core->spans);
  PyMem_Free(core->steps);
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    Py_CLEAR(*thing(core, i));
  Py_CLEAR(core->disable);
  Py_CLEAR(core->owner);
  type->tp_free(self);
  Py_DECREF(type);
}

void shim_let_go(shim_core *core) {
  uint64_t now = shim_now(core);

  core->leaving = core->busy ? shim_let_go : NULL;
  if (core->leaving)
    return;
  if (core->late_count)
    shim_drain(core);
  shim_let_go_operations(core, now);
  shim_let_go_scopes(core, now);
  shim_let_go_loops(core);
}
