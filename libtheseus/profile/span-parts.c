/* SPDX-License-Identifier: ISC */
#include "profile/span-parts.h"

int theseus_span_set_outcome(theseus_profile *profile, uint64_t id, int outcome) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id);

  if (slot == TH_NONE)
    return th_fail(profile, THESEUS_ESTALE, "the part # has ended, or never existed", id, 0);
  struct th_span *span = th_span_at(profile, slot);
  if (!(span->flags & TH_SPAN_PART))
    return th_fail(profile, THESEUS_EINVAL, "the span # is not a part", id, 0);
  if (outcome != THESEUS_SUCCESS && outcome != THESEUS_FAILURE)
    return th_fail(profile, THESEUS_EINVAL, "outcome is not success or failure", 0, 0);
  span->flags &= ~(uint32_t)TH_SPAN_FAILED;
  span->flags |= outcome == THESEUS_FAILURE ? TH_SPAN_FAILED : 0;
  return THESEUS_OK;
}

/* Returns a part of this span, or TH_NONE. */
static uint32_t part_of(const theseus_profile *profile, uint32_t slot) {
  uint32_t child = th_span_at(profile, slot)->first[TH_LIST_AWAITED];
  while (child != TH_NONE && !(th_span_at(profile, child)->flags & TH_SPAN_PART))
    child = th_span_at(profile, child)->next;
  return child;
}

void th_span_give_children(theseus_profile *profile, uint32_t part, uint32_t to) {
  for (int list = 0; list < TH_LISTS; list++)
    for (uint32_t child; (child = th_span_at(profile, part)->first[list]) != TH_NONE;) {
      struct th_span *span = th_span_at(profile, child);
      span->flags &= ~(uint32_t)TH_SPAN_FLATTENED; /* it moves up */
      span->taken = 0;
      th_span_move(profile, child, span->state == TH_AWAITED ? TH_HELD : span->state, to);
    }
}

static void end_part(theseus_profile *profile, uint32_t slot, int outcome, uint32_t top) {
  const struct th_span *span = th_span_at(profile, slot);

  if (outcome != THESEUS_ABANDONED)
    outcome = span->flags & TH_SPAN_FAILED ? THESEUS_FAILURE : THESEUS_SUCCESS;
  th_span_advance(profile, slot);
  th_profile_count(profile, span->stack, outcome, profile->info.now_ns - span->began_ns);
  th_span_give_children(profile, slot, top);
  th_span_unlink(profile, slot);
  th_span_table_give_back(&profile->spans, slot);
  (void)th_profile_reserve(profile);
}

void th_span_end_parts(theseus_profile *profile, uint32_t top, int outcome) {
  uint32_t slot = top, part;

  for (;;) { /* the innermost first */
    while ((part = part_of(profile, slot)) != TH_NONE)
      slot = part;
    if (slot == top)
      return;
    part = slot;
    slot = th_span_at(profile, part)->parent;
    end_part(profile, part, outcome, top);
  }
}
