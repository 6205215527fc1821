/* SPDX-License-Identifier: ISC */
#include "profile/span-take.h"

#include "profile/span-adopt.h"
#include "profile/span-parts.h"

int theseus_span_take(theseus_profile *profile, uint64_t taker_id, uint64_t taken_id, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t taker = th_span_find(profile, taker_id), taken = th_span_find(profile, taken_id);

  if (taker == TH_NONE || taken == TH_NONE)
    return th_fail(profile, THESEUS_ESTALE,
                   taker == TH_NONE ? "taker # has ended, or never existed" : "taken # has ended, or never existed",
                   taker == TH_NONE ? taker_id : taken_id, 0);
  struct th_span *span = th_span_at(profile, taken);
  if (span->flags & TH_SPAN_PART || span->state == TH_LEG || th_span_at(profile, taker)->state == TH_LEG)
    return th_fail(profile, THESEUS_EINVAL, "taken # is a part, or it or taker # is in its first leg", taken_id,
                   taker_id);
  if (th_span_is_within(profile, taker, taken))
    return th_fail(profile, THESEUS_ECYCLE, "taker # is taken # itself, or below it", taker_id, taken_id);
  /* Where the taker's parent took it before, it will have taken it again. */
  uint8_t taken_before = span->parent == th_span_at(profile, taker)->parent ? span->taken : 0;
  int status = THESEUS_OK;
  if (span->parent == taker)
    th_profile_now(profile, now_ns);
  else
    status = th_span_put_below(profile, taken, taker, TH_AWAITED, now_ns);
  if (status || span->parent != taker) /* beyond max_nesting it is awaited by an ancestor of the taker */
    return status;
  th_span_await_known(profile, taker, taken);
  th_span_set_state(profile, taken, TH_AWAITED);
  span->taken = (uint8_t)(taken_before < UINT8_MAX ? taken_before + 1 : UINT8_MAX);
  return THESEUS_OK;
}

int theseus_span_resume(theseus_profile *profile, uint64_t id, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id);

  if (slot == TH_NONE)
    return th_fail(profile, THESEUS_ESTALE, "the span # has ended, or never existed", id, 0);
  th_profile_now(profile, now_ns);
  if (th_span_at(profile, slot)->state != TH_LEG)
    th_span_at(profile, slot)->flags |= TH_SPAN_RUNS;
  return THESEUS_OK;
}

void th_span_give_back_taken(theseus_profile *profile, uint32_t slot) {
  const struct th_span *taker = th_span_at(profile, slot);

  if (taker->parent == TH_NONE)
    return;
  const struct th_span *operation = th_span_at(profile, th_span_operation(profile, taker->parent));
  enum th_span_state state = operation->state == TH_LEG || operation->flags & TH_SPAN_RUNS ? TH_HELD : TH_HEAD;
  for (int list = 0; list < TH_LISTS; list++)
    for (uint32_t child = taker->first[list], next; child != TH_NONE; child = next) {
      struct th_span *span = th_span_at(profile, child);
      next = span->next;
      if (!span->taken)
        continue;
      span->taken--;
      th_span_move(profile, child, state, taker->parent);
    }
}
