/* SPDX-License-Identifier: ISC */
/* types - Core as Python sees it: made by hooks.py, asked by the Tracer.  portable.PortableCore has the same methods. */
#include "core.h"
#include "shim.h"

#include <stddef.h>
#include <structmember.h>
#include <time.h>

PyTypeObject *shim_observer_type, *shim_reaper_type, *shim_callback_type, *shim_core_type, *shim_hook_type;

int shim_room(void *array, size_t count, size_t *capacity, size_t size) {
  void *block;

  if (count < *capacity)
    return 0;
  size_t wanted = *capacity ? 2 * *capacity : 8;
  memcpy(&block, array, sizeof block);
  block = wanted > PY_SSIZE_T_MAX / size ? NULL : PyMem_Realloc(block, wanted * size);
  if (!block)
    return -1;
  memcpy(array, &block, sizeof block);
  *capacity = wanted;
  return 0;
}

/* A clock of the program's own that fails has stood still. */
uint64_t shim_now(shim_core *core) {
  if (core->clock) {
    /* It may work with Deferreds itself: they are not observed, or asking would not end. */
    bool was_busy = core->busy, here = PyThread_get_thread_ident() == core->thread;
    if (here)
      core->busy = true;
    PyObject *told = PyObject_CallNoArgs(core->clock);
    unsigned long long now = told ? PyLong_AsUnsignedLongLong(told) : (unsigned long long)-1;
    if (!told || (now == (unsigned long long)-1 && PyErr_Occurred()))
      compat_drop_error();
    else
      core->latest = now;
    Py_XDECREF(told);
    if (here)
      core->busy = was_busy;
  } else {
    struct timespec now;
    if (!clock_gettime(CLOCK_MONOTONIC, &now))
      core->latest = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  }
  return core->latest;
}

/* ---- life ---- */

/* Where each thing of machinery.py that the hooks need is kept. */
static const struct {
  const char *name;
  size_t offset;
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
    {"describe", offsetof(shim_core, describe)},
    {"race_links", offsetof(shim_core, race_links)},
    {"members_of", offsetof(shim_core, race_members)},
    {"NO_ARGUMENTS", offsetof(shim_core, no_arguments)},
    {"NO_KEYWORDS", offsetof(shim_core, no_keywords)},
    {"Boxed", offsetof(shim_core, boxed_type)},
};

static PyObject **thing(shim_core *core, size_t i) { return (PyObject **)((char *)core + things[i].offset); }

/* The addresses of code objects, which machinery.py keeps. */
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

static int take_machinery(shim_core *core, PyObject *machinery) {
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    if (!(*thing(core, i) = PyObject_GetAttrString(machinery, things[i].name)))
      return -1;
  core->resume_cell = take_number(machinery, "RESUME_CELL");
  core->return_constant = (int)take_number(machinery, "RETURN_CONSTANT");
  if (PyErr_Occurred() || take_codes(machinery, "SHOWN", &core->shown))
    return -1;
  return take_codes(machinery, "RACE_CODES", &core->race_codes);
}

/* Core(machinery, profile address, profile owner, clock or None, use sys.monitoring) */
static PyObject *core_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  PyObject *machinery, *owner, *clock;
  unsigned long long address;
  int on_monitoring;
  (void)keywords;

  if (!PyArg_ParseTuple(arguments, "OKOOp", &machinery, &address, &owner, &clock, &on_monitoring))
    return NULL;
  shim_core *core = (shim_core *)type->tp_alloc(type, 0);
  if (!core)
    return NULL;
  core->profile = (theseus_profile *)(uintptr_t)address;
  core->owner = Py_NewRef(owner);
  core->clock = clock == Py_None ? NULL : Py_NewRef(clock);
  core->monitoring = on_monitoring;
  if (take_machinery(core, machinery))
    Py_CLEAR(core);
  return (PyObject *)core;
}

static int core_traverse(PyObject *self, visitproc visit, void *arg) {
  shim_core *core = (shim_core *)self;

  Py_VISIT(Py_TYPE(self));
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    Py_VISIT(*thing(core, i));
  Py_VISIT(core->owner);
  Py_VISIT(core->clock);
  Py_VISIT(core->hook);
  Py_VISIT(core->disable);
  for (size_t i = 0; i < core->boxed_count; i++) {
    Py_VISIT(core->boxed[i].current);
    Py_VISIT(core->boxed[i].box);
  }
  return 0;
}

/* Breaks the cycles that there can be; what the hooks cannot do without stays until the end. */
static int core_clear(PyObject *self) {
  shim_core *core = (shim_core *)self;

  core->installed = false;
  Py_CLEAR(core->clock);
  Py_CLEAR(core->hook);
  return 0;
}

static void core_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  shim_core *core = (shim_core *)self;

  PyObject_GC_UnTrack(self);
  core->busy = true; /* nothing is reported to it any more */
  core_clear(self);
  for (size_t i = 0; i < core->operations.capacity; i++) {
    shim_operation *operation = core->operations.entries[i].value;
    if (operation) {
      shim_unwatch(operation->alive, operation->callback);
      PyMem_Free(operation);
    }
  }
  while (core->entry_count)
    Py_DECREF(core->entries[--core->entry_count]);
  while (core->spare) {
    shim_operation *operation = core->spare;
    core->spare = (shim_operation *)operation->generator;
    shim_unwatch(NULL, operation->callback);
    PyMem_Free(operation);
  }
  for (size_t i = 0; i < core->codes.capacity; i++) {
    shim_code *code = core->codes.entries[i].value;
    if (code) {
      shim_unwatch(code->alive, code->callback);
      PyMem_Free(code);
    }
  }
  for (size_t i = 0; i < core->scope_count; i++)
    PyMem_Free(core->scopes[i].begun);
  for (size_t i = 0; i < core->boxed_count; i++) {
    Py_DECREF(core->boxed[i].current);
    Py_DECREF(core->boxed[i].box);
  }
  shim_table_free(&core->operations);
  shim_table_free(&core->codes);
  shim_table_free(&core->shown);
  shim_table_free(&core->race_codes);
  shim_table_free(&core->watched);
  shim_table_free(&core->disabled);
  shim_table_free(&core->adopting);
  PyMem_Free(core->starting);
  PyMem_Free(core->scopes);
  PyMem_Free(core->passed);
  PyMem_Free(core->boxed);
  PyMem_Free(core->late);
  PyMem_Free(core->calls);
  PyMem_Free(core->spans);
  for (size_t i = 0; i < sizeof things / sizeof *things; i++)
    Py_CLEAR(*thing(core, i));
  Py_CLEAR(core->disable);
  Py_CLEAR(core->owner);
  type->tp_free(self);
  Py_DECREF(type);
}

/* ---- methods ---- */

static PyObject *core_install(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;

  core->thread = PyThread_get_thread_ident();
  core->installed = true;
  if (core->monitoring ? shim_monitoring_install(core) : shim_profile_install(core)) {
    core->installed = false;
    return NULL;
  }
  Py_RETURN_NONE;
}

static PyObject *core_uninstall(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;

  core->installed = false;
  if (core->monitoring)
    shim_monitoring_uninstall(core);
  else
    shim_profile_uninstall(core);
  shim_let_go(core);
  Py_RETURN_NONE;
}

/* Bracket a method: what has ended is ended first.  It may be called in the middle of an event, by a finalizer, a signal handler or
 * another thread, and then leaves that as it was.  In between no Python code runs. */
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

/* merge_into(address of a profile): adds a copy of what was measured up to now. */
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
  (void)none;

  uint64_t now;
  bool was_busy = method_enter(core, &now);
  theseus_settle(core->profile, now);
  theseus_profile_clear(core->profile);
  method_leave(core, was_busy);
  Py_RETURN_NONE;
}

static PyObject *core_open_spans(PyObject *self, PyObject *none) {
  shim_core *core = (shim_core *)self;
  (void)none;

  uint64_t now;
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
    PyObject *told = Py_BuildValue("(KKKIIII)", (unsigned long long)info.span, (unsigned long long)info.parent,
                                   (unsigned long long)info.began_ns, (unsigned)info.stack, (unsigned)info.place_stack,
                                   (unsigned)info.line, (unsigned)info.state);
    if (!told || PyList_Append(spans, told))
      Py_CLEAR(spans);
    Py_XDECREF(told);
  }
  PyMem_Free(infos);
  return spans ? Py_BuildValue("(KN)", (unsigned long long)now, spans) : NULL;
}

/* frames(stack): (name, file, first line, call line) of each frame, outermost first, the texts as bytes */
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
    PyObject *told =
        Py_BuildValue("(yyII)", function.name, function.file, (unsigned)function.first_line, (unsigned)info.call_line);
    if (!told || PyList_Append(found, told))
      Py_CLEAR(found);
    Py_XDECREF(told);
  }
  if (found && PyList_Reverse(found))
    Py_CLEAR(found);
  return found;
}

/* The callback that unboxes: what box() in events.c puts before a chained Deferred's own. */
static PyObject *core_pass_boxed(PyObject *self, PyObject *boxed) {
  PyObject *deferred = PyObject_GetAttrString(boxed, "deferred");
  PyObject *given = deferred ? shim_pass_deferred((shim_core *)self, deferred) : NULL;
  Py_XDECREF(deferred);
  return given;
}

/* How much the tables hold, for the tests of "nothing is kept". */
static PyObject *core_kept(PyObject *self, PyObject *none) {
  const shim_core *core = (shim_core *)self;
  (void)none;
  return Py_BuildValue("{snsnsnsnsnsn}", "operations", (Py_ssize_t)core->operations.count, "starting",
                       (Py_ssize_t)core->starting_count, "begun", (Py_ssize_t)core->scope_count, "passed",
                       (Py_ssize_t)core->passed_count, "boxed", (Py_ssize_t)core->boxed_count, "late",
                       (Py_ssize_t)core->late_count);
}

static PyMethodDef core_methods[] = {{"install", core_install, METH_NOARGS, NULL},
                                     {"uninstall", core_uninstall, METH_NOARGS, NULL},
                                     {"merge_into", core_merge_into, METH_O, NULL},
                                     {"clear", core_clear_profile, METH_NOARGS, NULL},
                                     {"open_spans", core_open_spans, METH_NOARGS, NULL},
                                     {"frames", core_frames, METH_O, NULL},
                                     {"pass_boxed", core_pass_boxed, METH_O, NULL},
                                     {"kept", core_kept, METH_NOARGS, NULL},
                                     {0}};

static PyMemberDef core_members[] = {{"installed", T_BOOL, offsetof(shim_core, installed), READONLY, NULL}, {0}};

static PyType_Spec core_spec = {"theseus._Core", sizeof(shim_core), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                                (PyType_Slot[]){{Py_tp_new, core_new},
                                                {Py_tp_traverse, core_traverse},
                                                {Py_tp_clear, core_clear},
                                                {Py_tp_dealloc, core_dealloc},
                                                {Py_tp_methods, core_methods},
                                                {Py_tp_members, core_members},
                                                {0, NULL}}};

shim_names shim_name;
shim_told shim_frames[SHIM_TELLING] = {{&PyGen_Type, "gi_frame", NULL, NULL},
                                       {&PyCoro_Type, "cr_frame", NULL, NULL},
                                       {&PyAsyncGen_Type, "ag_frame", NULL, NULL}};
shim_told shim_delegates[SHIM_TELLING] = {{&PyGen_Type, "gi_yieldfrom", NULL, NULL},
                                          {&PyCoro_Type, "cr_await", NULL, NULL},
                                          {&PyAsyncGen_Type, "ag_await", NULL, NULL}};

static int make_told(shim_told told[SHIM_TELLING]) {
  for (int i = 0; i < SHIM_TELLING; i++) {
    for (const PyGetSetDef *slot = told[i].type->tp_getset; slot && slot->name; slot++)
      if (strcmp(slot->name, told[i].text) == 0)
        told[i].get = slot->get;
    if (!told[i].name && !(told[i].name = PyUnicode_InternFromString(told[i].text)))
      return -1;
  }
  return 0;
}

static int make_names(void) {
  static const struct {
    PyObject **name;
    const char *text;
  } names[] = {{&shim_name.called, "called"},
               {&shim_name.paused, "paused"},
               {&shim_name.running, "_runningCallbacks"},
               {&shim_name.result, "result"},
               {&shim_name.type, "type"},
               {&shim_name.canceller, "_canceller"},
               {&shim_name.chained_to, "_chainedTo"},
               {&shim_name.deferred_list, "_deferredList"},
               {&shim_name.current, "current"},
               {&shim_name.gen, "gen"},
               {&shim_name.call, "call"},
               {&shim_name.return_, "return"},
               {&shim_name.status, "status"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!*names[i].name && !(*names[i].name = PyUnicode_InternFromString(names[i].text)))
      return -1;
  return 0;
}

int shim_types(uintptr_t list) {
  static const struct {
    PyTypeObject **type;
    PyType_Spec *spec;
  } types[] = {{&shim_core_type, &core_spec},
               {&shim_hook_type, &shim_hook_spec},
               {&shim_observer_type, &shim_observer_spec},
               {&shim_reaper_type, &shim_reaper_spec},
               {&shim_callback_type, &shim_callback_spec}};
  PyGILState_STATE gil = PyGILState_Ensure(); /* cffi has let go of it */
  int status = make_names() || make_told(shim_frames) || make_told(shim_delegates) ? -1 : 0;

  for (size_t i = 0; !status && i < sizeof types / sizeof *types; i++) {
    if (!*types[i].type)
      *types[i].type = (PyTypeObject *)PyType_FromSpec(types[i].spec);
    status = *types[i].type ? PyList_Append((PyObject *)list, (PyObject *)*types[i].type) : -1;
  }
  PyErr_Clear();
  PyGILState_Release(gil);
  return status;
}
