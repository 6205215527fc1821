/* SPDX-License-Identifier: ISC */
/* later - has a Python function called when the main thread next runs Python code.
 *
 * A thread that os.register_at_fork() starts again is there when os.fork() counts the threads, and warns of them: since
 * 3.12 it does so after those functions were called. */
#include <Python.h>

#include "shim.h"

static int call(void *function) {
  PyObject *result = PyObject_CallNoArgs(function);

  if (!result)
    PyErr_WriteUnraisable(function);
  Py_XDECREF(result);
  Py_DECREF((PyObject *)function);
  return 0;
}

int shim_later(uintptr_t function) {
  PyGILState_STATE gil = PyGILState_Ensure(); /* cffi has let go of it */
  int status;

  Py_INCREF((PyObject *)function);
  status = Py_AddPendingCall(call, (void *)function);
  if (status)
    Py_DECREF((PyObject *)function);
  PyGILState_Release(gil);
  return status;
}
