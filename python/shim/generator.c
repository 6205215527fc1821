/* SPDX-License-Identifier: ISC */
#include "generator.h"

#include "deferred.h"

/* The attributes that report where generators, coroutines and async generators are. */
enum { TELLING = 3 };
struct told {
  PyTypeObject *type;
  const char *text;
  PyObject *name;
  getter get; /* NULL: read it as an attribute */
};
static struct told frames[TELLING] = {{&PyGen_Type, "gi_frame", NULL, NULL},
                                      {&PyCoro_Type, "cr_frame", NULL, NULL},
                                      {&PyAsyncGen_Type, "ag_frame", NULL, NULL}};
static struct told delegates[TELLING] = {{&PyGen_Type, "gi_yieldfrom", NULL, NULL},
                                         {&PyCoro_Type, "cr_await", NULL, NULL},
                                         {&PyAsyncGen_Type, "ag_await", NULL, NULL}};

static int make_told(struct told told[TELLING]) {
  for (int i = 0; i < TELLING; i++) {
    for (const PyGetSetDef *slot = told[i].type->tp_getset; slot && slot->name; slot++)
      if (strcmp(slot->name, told[i].text) == 0)
        told[i].get = slot->get;
    if (!told[i].name && !(told[i].name = PyUnicode_InternFromString(told[i].text)))
      return -1;
  }
  return 0;
}

int shim_make_told(void) { return make_told(frames) || make_told(delegates) ? -1 : 0; }

/* Reads one of these attributes of a generator.  CPython's own types have getters.  The getters are called directly,
 * because this is frequent.  Other types, such as Cython's, have an attribute with one of these names.  The type is
 * searched first: an object of the program might notice the look-up of an attribute that it does not have. */
static PyObject *tell(PyObject *generator, const struct told told[TELLING]) {
  for (int i = 0; i < TELLING; i++)
    if (Py_IS_TYPE(generator, told[i].type) && told[i].get) {
      PyObject *value = told[i].get(generator, NULL);
      if (!value)
        PyErr_Clear();
      return value;
    }
  for (int i = 0; i < TELLING; i++) {
    PyObject *found = shim_attribute((PyObject *)Py_TYPE(generator), told[i].name);
    Py_XDECREF(found);
    if (found)
      return shim_attribute(generator, told[i].name);
  }
  return NULL;
}

int shim_at(shim_core *core, PyObject *generator, shim_code **code, uint32_t *line) {
  compat_frame *frame = compat_generator_frame(generator);
  PyObject *object = frame ? NULL : tell(generator, frames);
  int found = 0;

  if (object && PyFrame_Check(object))
    frame = compat_frame_of((PyFrameObject *)object);
  if (frame) {
    *code = shim_code_of(core, frame);
    if (*code && line)
      *line = shim_line(*code, frame);
    found = *code ? 1 : -1;
  }
  Py_XDECREF(object);
  return found;
}

PyObject *shim_delegate_of(PyObject *generator) { return tell(generator, delegates); }

PyObject *shim_driven_generator(compat_frame *frame) { return compat_variable(frame, shim_name.gen); }
