/* SPDX-License-Identifier: ISC */
/* span-adopt - an open span gets another parent, with all that is below it. */
#ifndef TH_SPAN_ADOPT_H
#define TH_SPAN_ADOPT_H

#include "profile/span-tree.h"

/* Returns whether `slot` is `above`, or below it.  TH_NONE is below nothing.  O(depth). */
bool th_span_is_within(const theseus_profile *profile, uint32_t slot, uint32_t above);

/* Makes `slot` a child of `parent`, which is not within it, in the state `wanted`; one in its first leg stays in that.
 * Beyond max_nesting the parent is another, and awaits it.  Brings the profile up to `now_ns`.  ENOMEM: nothing has
 * changed. */
int th_span_put_below(theseus_profile *profile, uint32_t slot, uint32_t parent, enum th_span_state wanted,
                      uint64_t now_ns);

#endif
