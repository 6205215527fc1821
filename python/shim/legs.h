/* SPDX-License-Identifier: ISC */
/* legs - the events of generators and coroutines.  A leg is a run of the driver, from one wait to the next.
 *
 * Frames are borrowed. */
#ifndef SHIM_LEGS_H
#define SHIM_LEGS_H

#include "core.h"

/* Handles the start of the starter's frame: a generator is about to be driven for the first time. */
void shim_start(shim_core *core, compat_frame *starter);
/* Handles the end of the starter's frame, which returns `result`.  `result` is NULL if the frame raised. */
void shim_started(shim_core *core, compat_frame *starter, PyObject *result);

/* Handles the start of the driver's frame, which may resume its generator.  Any thread may call this. */
void shim_resumed(shim_core *core, compat_frame *driver);
/* Handles the end of the driver's frame, which may leave its generator suspended. */
void shim_leg_ended(shim_core *core, compat_frame *driver);

#endif
