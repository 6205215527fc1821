/* SPDX-License-Identifier: ISC */
/* span-take - a span takes another: what waits for the same promise later waits for all that the other waits for.
 *
 *     parent ──awaits──> taken                      parent ──awaits──> taker ──awaits──> taken
 *            ──awaits──> taker         take                                                         end of taker
 *                                    ────────>                                                      ────────────>
 *                                                                                parent ──held, or detached──> taken */
#ifndef TH_SPAN_TAKE_H
#define TH_SPAN_TAKE_H

#include "profile/span-tree.h"

/* Gives what a span took, and is open, to the span's parent, if it has one.  The span is about to end. */
void th_span_give_back_taken(theseus_profile *profile, uint32_t slot);

#endif
