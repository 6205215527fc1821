/* SPDX-License-Identifier: ISC */
/* own - the owner of a profile, for Python: a capsule.
 *
 * ffi.gc() would not do.  The collector sees its object, and frees it as soon as it finds it in a cycle, before
 * others in that cycle are finalized: observers, and objects of the program that use a profile in their __del__.  It
 * does not see a capsule, which is freed with its last reference. */
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
