/* SPDX-License-Identifier: ISC */
/* legs - the events of generators and coroutines.  A leg is a run of the driver, from one wait to the next.
 *
 * Frames are borrowed. */
#ifndef SHIM_LEGS_H
#define SHIM_LEGS_H

#include "core.h"

/* The starter's frame begins: a generator is about to be driven for the first time. */
void shim_start(shim_core *core, compat_frame *starter);
/* … and returns this; NULL: it raised. */
void shim_started(shim_core *core, compat_frame *starter, PyObject *result);

/* The driver's frame begins, perhaps to resume its generator.  On any thread. */
void shim_resumed(shim_core *core, compat_frame *driver);
/* … and returns, perhaps with its generator suspended. */
void shim_leg_ended(shim_core *core, compat_frame *driver);

#endif
