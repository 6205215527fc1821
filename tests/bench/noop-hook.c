/* SPDX-License-Identifier: ISC */
/* noop-hook - a profile hook that does nothing: what CPython asks of any profiler that is one.  Called through
 * ctypes.PyDLL. */
#include <Python.h>
#include <frameobject.h>

static int hook(PyObject *object, PyFrameObject *frame, int what, PyObject *argument) {
  (void)object, (void)frame, (void)what, (void)argument;
  return 0;
}

void noop_install(void);
void noop_install(void) { PyEval_SetProfile(hook, NULL); }

void noop_uninstall(void);
void noop_uninstall(void) { PyEval_SetProfile(NULL, NULL); }
