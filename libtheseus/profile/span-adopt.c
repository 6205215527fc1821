/* SPDX-License-Identifier: ISC */
/* span-adopt - an open span gets another parent, with all that is below it. */
#include "profile/span-adopt.h"

/* A span below the adopted one. */
struct below {
  uint32_t slot, nesting;
  uint32_t at_bound; /* its ancestor at max_nesting, or itself if it is not deeper */
};

/* Lists the spans below `top`, parents before children, with the nesting that they get if `top` gets `n`. */
static int list_below(theseus_profile *profile, uint32_t top, uint32_t n, struct below **out, uint32_t *count,
                      uint32_t *capacity) {
  *out = NULL;
  *count = *capacity = 0;
  for (uint32_t i = 0, up = top, deep = n, bound = top;; i++) {
    for (int list = 0; list < TH_LISTS; list++)
      for (uint32_t child = th_span_at(profile, up)->first[list]; child != TH_NONE;
           child = th_span_at(profile, child)->next) {
        int status = th_alloc_grow(&profile->alloc, out, capacity, (uint64_t)*count + 1, sizeof **out);
        if (status) {
          th_alloc_free(&profile->alloc, *out, *capacity, sizeof **out);
          return status;
        }
        (*out)[(*count)++] = (struct below){child, deep + 1, deep + 1 <= profile->max_nesting ? child : bound};
      }
    if (i == *count)
      return THESEUS_OK;
    up = (*out)[i].slot;
    deep = (*out)[i].nesting;
    bound = (*out)[i].at_bound;
  }
}

bool th_span_is_within(const theseus_profile *profile, uint32_t slot, uint32_t above) {
  while (slot != TH_NONE && slot != above)
    slot = th_span_at(profile, slot)->parent;
  return slot != TH_NONE;
}

/* The state of a span that moves up to its deepest ancestor within max_nesting. */
static enum th_span_state state_beyond_bound(const struct th_span *span) {
  return span->state == TH_HELD || span->state == TH_AWAITED ? th_span_awaited_unasked(span) : span->state;
}

int th_span_put_below(theseus_profile *profile, uint32_t slot, uint32_t parent, enum th_span_state wanted,
                      uint64_t now_ns) {
  struct below *below = NULL;
  uint32_t count = 0, capacity = 0;
  bool flattened;

  parent = th_span_bounded_parent(profile, parent, &flattened);
  uint32_t n = th_span_nesting(profile, parent) + 1;
  if (n + th_span_at(profile, slot)->height > profile->max_nesting) {
    /* Some spans below would be too deep.  They move up to their deepest ancestor that is within the bound.  If `slot`
     * is beyond the bound itself, that ancestor is its new parent. */
    int status = list_below(profile, slot, n, &below, &count, &capacity);
    if (status)
      return status;
  }
  th_profile_now(profile, now_ns);
  struct th_span *span = th_span_at(profile, slot);
  enum th_span_state state = span->state;
  span->flags &= ~(uint32_t)TH_SPAN_FLATTENED;
  span->taken = 0;
  span->flags |= flattened ? TH_SPAN_FLATTENED : 0;
  profile->info.flattened_spans += flattened;
  th_span_move(profile, slot, state == TH_LEG ? TH_LEG : flattened ? th_span_awaited_unasked(span) : wanted, parent);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t up = n > profile->max_nesting ? parent : below[i].at_bound;
    struct th_span *moved = th_span_at(profile, below[i].slot);
    if (below[i].nesting <= profile->max_nesting + 1 && up != parent)
      continue;
    moved->flags |= TH_SPAN_FLATTENED;
    moved->taken = 0;
    profile->info.flattened_spans++;
    th_span_move(profile, below[i].slot, state_beyond_bound(moved), up);
  }
  th_alloc_free(&profile->alloc, below, capacity, sizeof *below);
  return THESEUS_OK;
}

int theseus_span_adopt(theseus_profile *profile, uint64_t id, uint64_t parent_id, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id), parent = th_span_find(profile, parent_id);

  if (parent_id == THESEUS_NO_SPAN)
    return th_fail(profile, THESEUS_EINVAL, "parent is THESEUS_NO_SPAN", 0, 0);
  if (slot == TH_NONE || parent == TH_NONE)
    return th_fail(profile, THESEUS_ESTALE,
                   slot == TH_NONE ? "the span # has ended, or never existed"
                                   : "the parent # has ended, or never existed",
                   slot == TH_NONE ? id : parent_id, 0);
  if (th_span_at(profile, slot)->flags & TH_SPAN_PART)
    return th_fail(profile, THESEUS_EINVAL, "the span # is a part", id, 0);
  if (th_span_is_within(profile, parent, slot))
    return th_fail(profile, THESEUS_ECYCLE, "the parent # is the span # itself, or below it", parent_id, id);
  if (th_span_at(profile, slot)->parent == parent)
    return THESEUS_OK;
  return th_span_put_below(profile, slot, parent, TH_HELD, now_ns);
}
