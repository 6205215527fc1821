/* SPDX-License-Identifier: ISC */
/* hooks - the listeners: CPython's profile hook, and sys.monitoring. */
#ifndef SHIM_HOOKS_H
#define SHIM_HOOKS_H

#include "core.h"

extern const shim_listener shim_profile_listener, shim_monitoring_listener;

/* Hook: the profile hook as an object, for any target.  Callback: an object that sys.monitoring calls. */
extern PyType_Spec shim_hook_spec, shim_callback_spec;

#endif
