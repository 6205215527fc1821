/* SPDX-License-Identifier: ISC */
/* relief - lets an operation's resumption end spans in place of observers.
 *
 * The last entry of a Deferred that an operation awaits resumes that operation.  Observers right before that entry
 * would be called with the same result.  The core removes them, and the resumption ends their spans.  So the callback
 * loop calls none of our functions.  This needs a listener that reports every resumption. */
#ifndef SHIM_RELIEF_H
#define SHIM_RELIEF_H

#include "operations.h"

/* Removes the observers right before the last entry, if that entry resumes this operation.  `status` is the driver's
 * variable in this leg. */
void shim_relieve(shim_core *core, PyObject *entries, shim_operation *operation, const void *status);

/* Puts all removed observers back: the listener no longer reports resumptions. */
void shim_restore_observers(shim_core *core);

/* Finds the spans that an entry of a Deferred ends, through an observer or a resumption.  Returns their number. */
int shim_spans_in(shim_core *core, PyObject *entry, uint64_t spans[SHIM_RELIEVED]);

#endif
