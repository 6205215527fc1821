/* SPDX-License-Identifier: ISC */
/* own - what a profile belongs to, for Python: a capsule.  What ffi.gc() gives would be freed by the garbage collector, which sees it, as
 * soon as it is found in a cycle, before others in that cycle are finalized: observers, and whatever of the program uses a profile in its
 * __del__.  A capsule it does not see; that is freed when the last reference goes. */
#include <Python.h>

#include "shim.h"

static void disown(PyObject *capsule) { theseus_profile_free(PyCapsule_GetPointer(capsule, NULL)); }

int shim_own(uintptr_t list, theseus_profile *profile) {
  PyGILState_STATE gil = PyGILState_Ensure(); /* cffi has let go of it */
  PyObject *capsule = PyCapsule_New(profile, NULL, NULL);
  int status = capsule ? PyList_Append((PyObject *)list, capsule) : -1;

  if (!status)
    status = PyCapsule_SetDestructor(capsule, disown);
  Py_XDECREF(capsule);
  PyErr_Clear();
  PyGILState_Release(gil);
  return status;
}
