/* SPDX-License-Identifier: ISC */
/* methods - the Python type Core.  hooks.py makes one, and the Tracer calls it.  PortableCore has the same methods. */
#ifndef SHIM_METHODS_H
#define SHIM_METHODS_H

#include "core.h"

extern PyType_Spec shim_core_spec;

#endif
