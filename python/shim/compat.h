/* SPDX-License-Identifier: ISC */
/* compat - the differences between CPython versions, each in an inline function.  No other file tests the version. */
#ifndef SHIM_COMPAT_H
#define SHIM_COMPAT_H

#include <Python.h>
#include <frameobject.h>
#include <stdbool.h>

/* ---- frames ----
 *
 * CPython makes the object of a frame on demand, at the cost of ten calls.  The interpreter runs on a record:
 *
 *     PyFrameObject ──> _PyInterpreterFrame ── previous ──> _PyInterpreterFrame ── …
 *
 * From 3.11 to 3.13, a compat_frame is the record.  CPython's internal headers declare it; greenlet's wheels rely on
 * them as well.  In other versions a compat_frame is the object.  Either is valid while the frame runs, or while its
 * generator is suspended. */
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030E0000
#ifndef Py_BUILD_CORE
#define Py_BUILD_CORE 1
#endif
#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>
#include <opcode.h>

typedef struct _PyInterpreterFrame compat_frame;

/* Returns the code of a frame, borrowed: the frame keeps it. */
static inline PyCodeObject *compat_code(compat_frame *frame) {
#if PY_VERSION_HEX >= 0x030D0000
  return (PyCodeObject *)frame->f_executable;
#else
  return frame->f_code;
#endif
}

/* Skips frames of C, and frames that have not begun yet. */
static inline compat_frame *compat_complete(compat_frame *frame) {
  while (frame && _PyFrame_IsIncomplete(frame))
    frame = frame->previous;
  return frame;
}
/* Returns the innermost frame of this thread, borrowed, or NULL. */
static inline compat_frame *compat_top(void) {
#if PY_VERSION_HEX >= 0x030D0000
  return compat_complete(PyThreadState_Get()->current_frame);
#else
  return compat_complete(PyThreadState_Get()->cframe->current_frame);
#endif
}
/* Returns the caller's frame, or NULL.  Release the frame with compat_let(), like the result of compat_keep().  These
 * two accept NULL. */
static inline compat_frame *compat_back(compat_frame *frame) { return compat_complete(frame->previous); }
static inline compat_frame *compat_keep(compat_frame *frame) { return frame; }
static inline void compat_let(compat_frame *frame) { (void)frame; }
/* Returns the frame of an object, borrowed from the object. */
static inline compat_frame *compat_frame_of(PyFrameObject *object) { return object->f_frame; }

/* Returns the frame of a generator, coroutine or async generator of CPython's own types.  Returns NULL if it has
 * finished, if it has another type, or if a compat_frame is an object in this version. */
static inline compat_frame *compat_generator_frame(PyObject *generator) {
  if (!PyGen_CheckExact(generator) && !PyCoro_CheckExact(generator) && !PyAsyncGen_CheckExact(generator))
    return NULL;
  PyGenObject *known = (PyGenObject *)generator; /* all three structs begin alike */
  return known->gi_frame_state >= FRAME_COMPLETED ? NULL : (compat_frame *)known->gi_iframe;
}
/* Returns the generator, coroutine or async generator that owns this frame, borrowed, or NULL. */
static inline PyObject *compat_generator(compat_frame *frame) {
  return frame->owner == FRAME_OWNED_BY_GENERATOR ? (PyObject *)_PyFrame_GetGenerator(frame) : NULL;
}

/* Returns the place in its code that a frame is at: a number to compare. */
static inline int compat_place(compat_frame *frame) { return _PyInterpreterFrame_LASTI(frame); }
static inline int compat_line(compat_frame *frame) {
  return PyCode_Addr2Line(compat_code(frame), compat_place(frame) * (int)sizeof(_Py_CODEUNIT));
}
/* Returns a new reference, or NULL. */
static inline PyObject *compat_globals(compat_frame *frame) { return Py_XNewRef(frame->f_globals); }

/* Reads `count` local variables of a frame at once: on 3.10 that costs no more than reading one.  Stores new
 * references, or NULL without an exception. */
static inline void compat_variables(compat_frame *frame, PyObject *const names[], PyObject *values[], int count) {
  const PyCodeObject *code = compat_code(frame);
  for (int i = 0; i < count; i++) {
    int slot = 0;
    while (slot < code->co_nlocalsplus && PyTuple_GET_ITEM(code->co_localsplusnames, slot) != names[i])
      slot++;                         /* names are interned: compare addresses first */
    if (slot == code->co_nlocalsplus) /* each interpreter has its own interned names: compare texts */
      for (slot = 0; slot < code->co_nlocalsplus; slot++)
        if (PyUnicode_Compare(PyTuple_GET_ITEM(code->co_localsplusnames, slot), names[i]) == 0)
          break;
    PyObject *value = slot < code->co_nlocalsplus ? frame->localsplus[slot] : NULL;
    bool in_cell = value && _PyLocals_GetKind(code->co_localspluskinds, slot) & (CO_FAST_CELL | CO_FAST_FREE);
    values[i] = in_cell && PyCell_Check(value) ? PyCell_Get(value) : Py_XNewRef(value);
  }
}
#else
typedef PyFrameObject compat_frame;

static inline PyCodeObject *compat_code(compat_frame *frame) {
  PyCodeObject *code = PyFrame_GetCode(frame);
  Py_DECREF(code);
  return code;
}
static inline compat_frame *compat_top(void) { return PyEval_GetFrame(); }
static inline compat_frame *compat_keep(compat_frame *frame) { return (compat_frame *)Py_XNewRef(frame); }
static inline void compat_let(compat_frame *frame) { Py_XDECREF(frame); }
static inline compat_frame *compat_back(compat_frame *frame) { return PyFrame_GetBack(frame); }
static inline compat_frame *compat_frame_of(PyFrameObject *object) { return object; }
static inline compat_frame *compat_generator_frame(PyObject *generator) {
  (void)generator;
  return NULL;
}
static inline PyObject *compat_generator(compat_frame *frame) {
#if PY_VERSION_HEX >= 0x030B0000
  PyObject *generator = PyFrame_GetGenerator(frame);
  Py_XDECREF(generator); /* the code that runs it has a reference */
  return generator;
#else
  return frame->f_gen;
#endif
}
static inline int compat_place(compat_frame *frame) {
#if PY_VERSION_HEX >= 0x030B0000
  return PyFrame_GetLasti(frame);
#else
  return frame->f_lasti;
#endif
}
static inline int compat_line(compat_frame *frame) { return PyFrame_GetLineNumber(frame); }
static inline PyObject *compat_globals(compat_frame *frame) {
  return PyObject_GetAttrString((PyObject *)frame, "f_globals");
}

static inline void compat_variables(compat_frame *frame, PyObject *const names[], PyObject *values[], int count) {
#if PY_VERSION_HEX >= 0x030C0000
  for (int i = 0; i < count; i++)
    if (!(values[i] = PyFrame_GetVar(frame, names[i])))
      PyErr_Clear();
#else
  /* The frame would keep this copy, and all objects in it.  So the copy is emptied. */
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
#endif

static inline PyObject *compat_variable(compat_frame *frame, PyObject *name) {
  PyObject *value;
  compat_variables(frame, &name, &value, 1);
  return value;
}

/* Replaces *frame by its caller's frame, or NULL. */
static inline void compat_step(compat_frame **frame) {
  compat_frame *back = compat_back(*frame);
  compat_let(*frame);
  *frame = back;
}

/* Returns the instructions of a code object, as bytes: a new reference, or NULL. */
static inline PyObject *compat_instructions(PyCodeObject *code) {
#if PY_VERSION_HEX >= 0x030B0000
  return PyCode_GetCode(code);
#else
  return Py_XNewRef(code->co_code);
#endif
}

/* ---- the profile hook and the rest ---- */

/* Returns true if a return event of a generator's frame, with this result, reports an exception.  Early versions of
 * 3.12 report an exception as None, which may also be yielded or returned. */
static inline bool compat_is_unwinding(compat_frame *frame, PyObject *result) {
#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030D0000
  if (result == Py_None) {
    const PyGenObject *generator = (PyGenObject *)compat_generator(frame);
    PyObject *bytes =
        generator && generator->gi_frame_state == FRAME_EXECUTING ? PyCode_GetCode(compat_code(frame)) : NULL;
    Py_ssize_t place = compat_place(frame) * (Py_ssize_t)sizeof(_Py_CODEUNIT);
    unsigned char opcode = RETURN_VALUE;
    if (bytes && place >= 0 && place < PyBytes_GET_SIZE(bytes))
      opcode = (unsigned char)PyBytes_AS_STRING(bytes)[place];
    Py_XDECREF(bytes);
    return opcode != RETURN_VALUE && opcode != RETURN_CONST;
  }
#else
  (void)frame;
#endif
  return !result;
}

/* Returns true if a weak reference refers to this object, which lives.  A reference to an object that has died refers
 * to None. */
static inline bool compat_refers(PyObject *reference, PyObject *object) {
  return ((PyWeakReference *)reference)->wr_object == object;
}

/* Returns the object of a weak reference: a new reference, or NULL if the object has died. */
static inline PyObject *compat_referent(PyObject *reference) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject *object;
  return PyWeakref_GetRef(reference, &object) > 0 ? object : NULL;
#else
  PyObject *object = PyWeakref_GetObject(reference);
  return object == Py_None ? NULL : Py_NewRef(object);
#endif
}

/* Calls `visit` with each object of the garbage collector, until `visit` returns 0.  Objects that gc.freeze() has put
 * aside are skipped, except in the latest 3.13. */
static inline void compat_visit(int (*visit)(PyObject *, void *), void *argument) {
#if PY_VERSION_HEX >= 0x030C0000
  PyUnstable_GC_VisitObjects(visit, argument);
#else
  (void)visit;
  (void)argument;
#endif
}

/* Returns the profile hook of this thread, borrowed. */
static inline void compat_get_profile(Py_tracefunc *function, PyObject **object) {
  PyThreadState *thread = PyThreadState_Get();
  *function = thread->c_profilefunc;
  *object = thread->c_profileobj;
}

/* Returns the value of a small int, such as a count.  Returns -1 for other ints. */
static inline Py_ssize_t compat_small(PyObject *number) {
#if PY_VERSION_HEX >= 0x030C0000
  if (PyLong_CheckExact(number) && PyUnstable_Long_IsCompact((PyLongObject *)number))
    return PyUnstable_Long_CompactValue((PyLongObject *)number);
  return -1;
#else
  Py_ssize_t value = PyLong_AsSsize_t(number);
  if (value < 0)
    PyErr_Clear();
  return value;
#endif
}

/* ---- exceptions ---- */

/* An exception that was set.  compat_save_error() and compat_restore_error() bracket code that may set or clear an
 * exception. */
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

/* Drops an error of ours.  A KeyboardInterrupt (Ctrl-C while our Python code runs) is the program's: it is raised
 * again. */
static inline void compat_drop_error(void) {
  if (!PyErr_Occurred())
    return;
  if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
    PyErr_SetInterrupt();
  PyErr_Clear();
}

/* Before 3.13, a function of sys.setprofile() gets a copy of the frame's variables, which is copied back when the
 * function returns.  Brings that copy up to date. */
static inline void compat_refresh_variables(PyFrameObject *frame) {
#if PY_VERSION_HEX < 0x030D0000
  if (PyFrame_FastToLocalsWithError(frame) < 0)
    PyErr_Clear();
#else
  (void)frame;
#endif
}

#endif
