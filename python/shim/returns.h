/* SPDX-License-Identifier: ISC */
/* returns - the events of plain functions.  Frames are borrowed. */
#ifndef SHIM_RETURNS_H
#define SHIM_RETURNS_H

#include "core.h"

/* Handles a frame that returns a Deferred. */
void shim_returned(shim_core *core, compat_frame *frame, PyObject *deferred);

/* Handles a frame that spans have begun under, and that returns something else, or raises. */
void shim_left(shim_core *core, compat_frame *frame);

#endif
