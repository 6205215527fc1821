/* SPDX-License-Identifier: ISC */
/* code - what is known of code objects: asked of machinery.py once for each. */
#include "core.h"

/* The callback of a weak reference.  It borrows the core, which takes itself out when it goes. */
typedef struct {
  PyObject_HEAD shim_core *core;
  const void *key;
  bool is_code;
} reaper;

static PyObject *reaper_call(PyObject *self, PyObject *arguments, PyObject *keywords) {
  const reaper *found = (reaper *)self;
  PyObject *reference = PyTuple_GET_SIZE(arguments) ? PyTuple_GET_ITEM(arguments, 0) : NULL;
  (void)keywords;

  if (!found->core)
    Py_RETURN_NONE;
  /* A reference that somebody else kept may be of what was watched before. */
  if (found->is_code) {
    const shim_code *code = shim_table_get(&found->core->codes, found->key);
    if (code && code->alive == reference)
      shim_forget_code(found->core, found->key);
  } else {
    const shim_operation *operation = shim_table_get(&found->core->operations, found->key);
    if (operation && operation->alive == reference)
      shim_forget_operation(found->core, found->key);
  }
  Py_RETURN_NONE;
}

static void reaper_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyType_Spec shim_reaper_spec = {"theseus._Reaper", sizeof(reaper), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                (PyType_Slot[]){{Py_tp_call, reaper_call}, {Py_tp_dealloc, reaper_dealloc}, {0, NULL}}};

PyObject *shim_watch(shim_core *core, PyObject *object, PyObject **callback) {
  if (!*callback) {
    reaper *made = PyObject_New(reaper, shim_reaper_type);
    if (!made)
      return NULL;
    made->is_code = PyCode_Check(object);
    *callback = (PyObject *)made;
  }
  ((reaper *)*callback)->core = core;
  ((reaper *)*callback)->key = object;
  return PyWeakref_NewRef(object, *callback);
}

void shim_unwatch(PyObject *reference, PyObject *callback) {
  if (callback)
    ((reaper *)callback)->core = NULL;
  Py_XDECREF(reference);
  Py_XDECREF(callback);
}

void shim_forget_code(shim_core *core, const void *key) {
  shim_code *code = shim_table_take(&core->codes, key);
  if (code) {
    shim_unwatch(code->alive, code->callback);
    PyMem_Free(code);
  }
}

/* describe(code, globals) -> (kind, file, name, first line), the texts as bytes */
static int describe(shim_core *core, compat_frame *frame, PyObject *code, shim_code *out) {
  PyObject *globals = compat_globals(frame);
  PyObject *told = globals ? PyObject_CallFunctionObjArgs(core->describe, code, globals, NULL) : NULL;
  const char *file, *name;
  unsigned int first_line;
  int status = -1;

  if (told && PyArg_ParseTuple(told, "iyyI", &out->kind, &file, &name, &first_line) &&
      !theseus_function_intern(core->profile, file, name, first_line, &out->function))
    status = 0;
  Py_XDECREF(told);
  Py_XDECREF(globals);
  return status;
}

uint32_t shim_line(shim_code *code, compat_frame *frame) {
  int place = compat_place(frame), line;
  size_t slot = (size_t)place % (sizeof code->lines / sizeof *code->lines);

  if (code->lines[slot].place != place + 1) { /* so that 0 is none */
    line = compat_line(frame);
    code->lines[slot].line = line > 0 ? (uint32_t)line : 0;
    code->lines[slot].place = place + 1;
  }
  return code->lines[slot].line;
}

shim_code *shim_code_of(shim_core *core, compat_frame *frame) {
  PyObject *code = (PyObject *)compat_code(frame);
  shim_code *known = shim_table_get(&core->codes, code);

  if (known)
    return known;
  known = PyMem_Calloc(1, sizeof *known);
  if (!known || describe(core, frame, code, known) || !(known->alive = shim_watch(core, code, &known->callback)) ||
      shim_table_set(&core->codes, code, known)) {
    if (known)
      shim_unwatch(known->alive, known->callback);
    PyMem_Free(known);
    compat_drop_error();
    return NULL;
  }
  return known;
}
