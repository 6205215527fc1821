/* SPDX-License-Identifier: ISC */
/* compat - the differences between CPython versions, one inline function for each; no other file asks for the version. */
#ifndef SHIM_COMPAT_H
#define SHIM_COMPAT_H

#include <Python.h>
#include <frameobject.h>
#include <stdbool.h>

/* The generator, coroutine or async generator whose frame this is: a new reference, or NULL without an exception. */
static inline PyObject *compat_generator(PyFrameObject *frame) {
#if PY_VERSION_HEX >= 0x030B0000
  return PyFrame_GetGenerator(frame);
#else
  return Py_XNewRef(frame->f_gen);
#endif
}

/* The instructions of a code object, as bytes: a new reference, or NULL. */
static inline PyObject *compat_instructions(PyCodeObject *code) {
#if PY_VERSION_HEX >= 0x030B0000
  return PyCode_GetCode(code);
#else
  return Py_XNewRef(code->co_code);
#endif
}

/* Where in its code a frame is: an offset, only to tell places apart. */
static inline int compat_place(PyFrameObject *frame) {
#if PY_VERSION_HEX >= 0x030B0000
  return PyFrame_GetLasti(frame);
#else
  return frame->f_lasti;
#endif
}

/* Local variables of a frame, `count` of them at once, which before 3.12 costs no more than one: new references, or NULL without an
 * exception. */
static inline void compat_variables(PyFrameObject *frame, PyObject *const names[], PyObject *values[], int count) {
#if PY_VERSION_HEX >= 0x030C0000
  for (int i = 0; i < count; i++)
    if (!(values[i] = PyFrame_GetVar(frame, names[i])))
      PyErr_Clear();
#else
  /* A copy that the frame would keep, and with it all that is in it now: it is emptied again. */
  PyObject *variables = PyObject_GetAttrString((PyObject *)frame, "f_locals");
  bool known = variables && PyDict_CheckExact(variables);
  for (int i = 0; i < count; i++)
    values[i] = known ? Py_XNewRef(PyDict_GetItemWithError(variables, names[i])) : NULL;
  if (known)
    PyDict_Clear(variables);
  Py_XDECREF(variables);
  PyErr_Clear();
#endif
}

static inline PyObject *compat_variable(PyFrameObject *frame, PyObject *name) {
  PyObject *value;
  compat_variables(frame, &name, &value, 1);
  return value;
}

/* Has a Python function called by `call`: what it was called by before; NULL: that cannot be set, or would not always be heeded. */
static inline vectorcallfunc compat_set_vectorcall(PyObject *function, vectorcallfunc call) {
#if PY_VERSION_HEX >= 0x030C0000
  vectorcallfunc before = ((PyFunctionObject *)function)->vectorcall;
  PyFunction_SetVectorcall((PyFunctionObject *)function, call);
  return before;
#else
  (void)function;
  (void)call;
  return NULL;
#endif
}

/* Calls a Python function from C.  Where Python calls it that takes none of C's recursion; 3.12 allows so little of that (1500, of which
 * a call takes two) that programs would meet its limit before Python's own.  What such a call takes is given back while it runs. */
static inline PyObject *compat_call(vectorcallfunc call, PyObject *function, PyObject *const *arguments, size_t count,
                                    PyObject *keywords) {
#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030D0000
  enum { UNITS = 2 }; /* PY_EVAL_C_STACK_UNITS of ceval.c */
  PyThreadState *thread = PyThreadState_Get();
  thread->c_recursion_remaining += UNITS;
  PyObject *result = call(function, arguments, count, keywords);
  thread->c_recursion_remaining -= UNITS;
  return result;
#else
  return call(function, arguments, count, keywords);
#endif
}

/* The profile hook of this thread: borrowed. */
static inline void compat_get_profile(Py_tracefunc *function, PyObject **object) {
  PyThreadState *thread = PyThreadState_Get();
  *function = thread->c_profilefunc;
  *object = thread->c_profileobj;
}

/* The exception that is set, to be put back; the two bracket whatever may set or clear one. */
typedef struct compat_error {
  PyObject *type, *value, *traceback;
} compat_error;

static inline compat_error compat_save_error(void) {
  compat_error saved = {NULL, NULL, NULL};
#if PY_VERSION_HEX >= 0x030C0000
  saved.value = PyErr_GetRaisedException();
#else
  PyErr_Fetch(&saved.type, &saved.value, &saved.traceback);
#endif
  return saved;
}

static inline void compat_restore_error(compat_error saved) {
#if PY_VERSION_HEX >= 0x030C0000
  PyErr_SetRaisedException(saved.value);
#else
  PyErr_Restore(saved.type, saved.value, saved.traceback);
#endif
}

/* Drops an error of ours.  Ctrl-C, which may come at any time while Python code runs, is the program's: it is raised again. */
static inline void compat_drop_error(void) {
  if (!PyErr_Occurred())
    return;
  if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
    PyErr_SetInterrupt();
  PyErr_Clear();
}

/* What sys.setprofile() calls gets the frame's variables as a copy, which is copied back afterwards: so it must be as they are. */
static inline void compat_refresh_variables(PyFrameObject *frame) {
#if PY_VERSION_HEX < 0x030D0000
  if (PyFrame_FastToLocalsWithError(frame) < 0)
    PyErr_Clear();
#else
  (void)frame;
#endif
}

/* The code of a frame, borrowed: the frame keeps it. */
static inline PyCodeObject *compat_code(PyFrameObject *frame) {
  PyCodeObject *code = PyFrame_GetCode(frame);
  Py_DECREF(code);
  return code;
}

/* What a weak reference refers to: a new reference, or NULL without an exception when it is dead. */
static inline PyObject *compat_referent(PyObject *reference) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject *referent = NULL;
  if (PyWeakref_GetRef(reference, &referent) < 0)
    PyErr_Clear();
  return referent;
#else
  PyObject *referent = PyWeakref_GetObject(reference);
  return referent == Py_None ? NULL : Py_XNewRef(referent);
#endif
}

#endif
