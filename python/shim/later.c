/* SPDX-License-Identifier: ISC */
/* later - schedules a Python function, which the main thread calls when it next runs Python code.
 *
 * A fork hook needs this to start a thread again.  os.fork() warns if the process has several threads.  Since 3.12 it
 * counts them after it has called the functions of os.register_at_fork(), so these must not start the thread
 * themselves. */
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
  PyGILState_STATE gil = PyGILState_Ensure(); /* cffi has released the GIL */
  int status;

  Py_INCREF((PyObject *)function);
  status = Py_AddPendingCall(call, (void *)function);
  if (status)
    Py_DECREF((PyObject *)function);
  PyGILState_Release(gil);
  return status;
}
