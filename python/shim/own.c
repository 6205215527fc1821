/* SPDX-License-Identifier: ISC */
/* own - the owner of a profile, for Python: a capsule.
 *
 * ffi.gc() is not enough.  The collector frees the object of ffi.gc() as soon as it finds the object in a cycle.  Other
 * objects in that cycle are finalized later and may still use the profile: observers, and objects of the program with a
 * __del__.  A capsule is invisible to the collector, and is freed with its last reference. */
#include <Python.h>

#include "shim.h"

static void disown(PyObject *capsule) { theseus_profile_free(PyCapsule_GetPointer(capsule, NULL)); }

int shim_own(uintptr_t list, theseus_profile *profile) {
  PyGILState_STATE gil = PyGILState_Ensure(); /* cffi has released the GIL */
  PyObject *capsule = PyCapsule_New(profile, NULL, NULL);
  int status = capsule ? PyList_Append((PyObject *)list, capsule) : -1;

  if (!status)
    status = PyCapsule_SetDestructor(capsule, disown);
  Py_XDECREF(capsule);
  PyErr_Clear();
  PyGILState_Release(gil);
  return status;
}
