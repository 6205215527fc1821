/* SPDX-License-Identifier: ISC */
/* chain - the coroutines that an operation awaits, one inside the other, and the generators that it yields from.
 *
 *     async def show():           the operation ──awaits──> page ──awaits──> show ──awaits──> get
 *         await get()
 *     async def page():           The chain is page, show: the operation's generator is suspended in them.
 *         await show()            Each member is a part of the one before it (THESEUS_SPAN_PART).
 *
 * A chain is read when a leg ends.  A coroutine that is over by then was never waited for, and is no operation. */
#ifndef SHIM_CHAIN_H
#define SHIM_CHAIN_H

#include "operations.h"

/* Handles the end of a leg.  The operation awaits core->spans, which are its own children or children of its chain.  It
 * is suspended in core->steps, the outermost first: see stack.h. */
void shim_wait(shim_core *core, shim_operation *operation, uint64_t now);

/* Handles an exception that leaves the frame of a coroutine or a generator. */
void shim_unwound(shim_core *core, PyObject *coroutine);

/* Returns true if shim_unwound() has anything to do. */
static inline bool shim_has_members(const shim_core *core) { return core->members.count != 0; }

#endif
