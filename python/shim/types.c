/* SPDX-License-Identifier: ISC */
/* types - creates the types of the shim, for hooks.py. */
#include "generator.h"
#include "hooks.h"
#include "methods.h"
#include "observer.h"
#include "shim.h"
#include "watch.h"

int shim_types(uintptr_t list) {
  static const struct {
    PyTypeObject **type;
    PyType_Spec *spec;
  } types[] = {{&shim_core_type, &shim_core_spec},
               {&shim_hook_type, &shim_hook_spec},
               {&shim_observer_type, &shim_observer_spec},
               {&shim_reaper_type, &shim_reaper_spec},
               {&shim_callback_type, &shim_callback_spec}};
  PyGILState_STATE gil = PyGILState_Ensure(); /* cffi has released the GIL */
  int status = shim_make_names() || shim_make_told() ? -1 : 0;

  for (size_t i = 0; !status && i < sizeof types / sizeof *types; i++) {
    if (!*types[i].type)
      *types[i].type = (PyTypeObject *)PyType_FromSpec(types[i].spec);
    status = *types[i].type ? PyList_Append((PyObject *)list, (PyObject *)*types[i].type) : -1;
  }
  PyErr_Clear();
  PyGILState_Release(gil);
  return status;
}
