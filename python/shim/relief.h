/* SPDX-License-Identifier: ISC */
/* relief - an operation's resumption in place of observers.
 *
 * The last entry of a Deferred that an operation awaits resumes that operation.  Observers right before it would be
 * called with the same result.  They are taken out, and the resumption ends their spans, so that the callback loop
 * calls nothing of ours.  This needs a listener that sees every resumption. */
#ifndef SHIM_RELIEF_H
#define SHIM_RELIEF_H

#include "operations.h"

/* Relieves the observers right before the last entry, if that resumes this operation, with this `status`. */
void shim_relieve(shim_core *core, PyObject *entries, shim_operation *operation, const void *status);

/* Puts all such observers back: resumptions are not seen any more. */
void shim_restore_observers(shim_core *core);

/* The spans that an entry of a Deferred ends, by an observer or by what it resumes.  Returns their number. */
int shim_spans_in(shim_core *core, PyObject *entry, uint64_t spans[SHIM_RELIEVED]);

#endif
