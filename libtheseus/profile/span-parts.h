/* SPDX-License-Identifier: ISC */
/* span-parts - spans that are parts of their parent: the coroutines that an operation awaits, one in the other.
 *
 *     operation ──awaits──> part ──awaits──> part ──awaits──> a child of the innermost part
 *
 * A part is awaited for as long as it is open, and ends with the span that it is a part of. */
#ifndef TH_SPAN_PARTS_H
#define TH_SPAN_PARTS_H

#include "profile/span-tree.h"

/* Whether a part below `parent`, and that part's children, are within max_nesting.  O(depth). */
static inline bool th_span_has_room_for_part(const theseus_profile *profile, uint32_t parent) {
  return th_span_nesting(profile, parent) + 1 < profile->max_nesting;
}

/* The operation that a span is, or is a part of.  TH_NONE of TH_NONE.  O(parts between). */
static inline uint32_t th_span_operation(const theseus_profile *profile, uint32_t slot) {
  while (slot != TH_NONE && th_span_at(profile, slot)->flags & TH_SPAN_PART)
    slot = th_span_at(profile, slot)->parent;
  return slot;
}

/* Ends all parts of a span that is about to end with this outcome, theirs included.  Their children become the span's:
 * held, unless they were heads or are in their first leg.  O(parts, and spans that their children await). */
void th_span_end_parts(theseus_profile *profile, uint32_t slot, int outcome);

/* Gives the children of a part to another span, in the same way. */
void th_span_give_children(theseus_profile *profile, uint32_t part, uint32_t to);

#endif
