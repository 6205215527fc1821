/* SPDX-License-Identifier: ISC */
/* methods - Core as Python sees it: hooks.py makes one, the Tracer calls it.  PortableCore has the same methods. */
#ifndef SHIM_METHODS_H
#define SHIM_METHODS_H

#include "core.h"

extern PyType_Spec shim_core_spec;

#endif
