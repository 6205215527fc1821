/* SPDX-License-Identifier: ISC */
/* spans - the public calls that begin, await, release, end and list spans. */
#include "base/sized.h"
#include "profile/span-adopt.h"
#include "profile/span-parts.h"
#include "profile/span-take.h"

static int fail_stale(theseus_profile *profile, const char *where, uint64_t id) {
  return th_failure_set(&profile->alloc.failure, where, THESEUS_ESTALE, "the span # has ended, or never existed", id,
                        0);
}

/* ---- begin ---- */

int theseus_span_begin(theseus_profile *profile, const theseus_span_options *options, uint64_t *out) {
  if (!profile)
    return THESEUS_EINVAL;
  theseus_span_options chosen = {.size = sizeof chosen};
  uint32_t parent = TH_NONE, slot = 0;
  bool flattened = false;
  struct th_stats *stats;

  if (!options || !out || th_take(&chosen, sizeof chosen, options))
    return th_fail(profile, THESEUS_EINVAL, "options or out is NULL, or options->size is not set", 0, 0);
  if (chosen.stack >= profile->stacks.count || chosen.place_stack >= profile->stacks.count)
    return th_fail(profile, THESEUS_EINVAL, "there is no stack # or place_stack #", chosen.stack, chosen.place_stack);
  if (chosen.flags &
      ~(uint32_t)(THESEUS_SPAN_LEG | THESEUS_SPAN_DETACHED | THESEUS_SPAN_NOTIFICATION | THESEUS_SPAN_PART))
    return th_fail(profile, THESEUS_EINVAL, "unknown flags: #", chosen.flags, 0);
  bool is_part = chosen.flags & THESEUS_SPAN_PART;
  if (is_part &&
      (chosen.parent == THESEUS_NO_SPAN || chosen.flags & (uint32_t)(THESEUS_SPAN_LEG | THESEUS_SPAN_NOTIFICATION)))
    return th_fail(profile, THESEUS_EINVAL, "a part without a parent, with THESEUS_SPAN_LEG, or that is a notification",
                   0, 0);
  if (chosen.parent != THESEUS_NO_SPAN) {
    parent = th_span_find(profile, chosen.parent);
    if (parent == TH_NONE)
      return th_fail(profile, THESEUS_ESTALE, "the parent # has ended, or never existed", chosen.parent, 0);
    if (chosen.flags & THESEUS_SPAN_DETACHED)
      return th_fail(profile, THESEUS_EINVAL, "THESEUS_SPAN_DETACHED with the parent #", chosen.parent, 0);
    if (is_part && !th_span_has_room_for_part(profile, parent))
      return th_fail(profile, THESEUS_EINVAL, "a part of # would be beyond max_nesting", chosen.parent, 0);
    if (!is_part)
      parent = th_span_bounded_parent(profile, parent, &flattened);
  }
  int status = th_profile_stats(profile, chosen.stack, &stats);
  if (!status)
    status = th_profile_reserve(profile);
  if (!status)
    status = th_span_table_take(&profile->spans, &profile->alloc, &slot);
  if (status)
    return status;

  uint64_t now = th_profile_now(profile, chosen.now_ns);
  struct th_span *span = th_span_at(profile, slot);
  *span = (struct th_span){.generation = span->generation,
                           .number = span->number,
                           .stack = chosen.stack,
                           .parent = TH_NONE,
                           .first = {TH_NONE, TH_NONE, TH_NONE},
                           .place_stack = chosen.place_stack ? chosen.place_stack : chosen.stack,
                           .line = chosen.line,
                           .cell = TH_NONE,
                           .state = TH_LEG,
                           .flags = (flattened ? TH_SPAN_FLATTENED : 0U) | (is_part ? TH_SPAN_PART : 0U),
                           .touched = now,
                           .began_ns = now,
                           .value = chosen.value};
  profile->info.flattened_spans += flattened;
  span->parent = parent;
  if (parent != TH_NONE || chosen.flags & THESEUS_SPAN_DETACHED)
    span->flags |= TH_SPAN_HAD_PARENT;
  if (chosen.flags & THESEUS_SPAN_NOTIFICATION)
    span->flags |= TH_SPAN_NOTIFICATION;
  if (is_part) /* which has no weight either, for as long as its parent has none */
    span->flags |= th_span_at(profile, parent)->flags & TH_SPAN_NOTIFICATION;
  if (!(chosen.flags & THESEUS_SPAN_LEG)) {
    stats->operations++;
    span->state = (uint8_t)(is_part ? TH_AWAITED : th_span_state_after_leg(span));
  }
  th_span_join(profile, slot);
  *out = th_span_id(span, slot);
  return THESEUS_OK;
}

/* ---- await ---- */

/* Returns true if a child of the span is, because of max_nesting, a child of an ancestor of the span, which awaits it:
 * there is nothing to do if the span names it. */
static bool is_awaited_above(const theseus_profile *profile, uint32_t slot, uint32_t child) {
  const struct th_span *span = th_span_at(profile, child);
  return span->flags & TH_SPAN_FLATTENED && span->parent != slot && span->parent != TH_NONE && span->state != TH_LEG &&
         th_span_is_within(profile, slot, span->parent);
}

int theseus_span_await(theseus_profile *profile, uint64_t id, const uint64_t *children, size_t n, uint32_t place_stack,
                       uint32_t line, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  bool all = n == THESEUS_ALL;
  uint32_t slot = th_span_find(profile, id);

  if (slot == TH_NONE)
    return fail_stale(profile, __func__, id);
  if (place_stack >= profile->stacks.count || (!all && n && !children))
    return th_fail(profile, THESEUS_EINVAL, "there is no place_stack #, or children is NULL", place_stack, 0);
  for (size_t i = 0; !all && i < n; i++) {
    uint32_t child = th_span_find(profile, children[i]);
    if (child == TH_NONE)
      return th_fail(profile, THESEUS_ESTALE, "children[#], which is #, has ended, or never existed", i, children[i]);
    if (is_awaited_above(profile, slot, child))
      continue;
    if (th_span_at(profile, child)->parent != slot || th_span_at(profile, child)->state == TH_LEG)
      return th_fail(profile, THESEUS_EINVAL, "children[#], which is #, is no child of the span, or in its first leg",
                     i, children[i]);
  }
  int status = th_profile_reserve(profile);
  if (status)
    return status;

  uint64_t now = th_profile_now(profile, now_ns);
  struct th_span *span = th_span_at(profile, slot);
  th_span_advance(profile, slot);
  if (span->state == TH_LEG) {
    profile->stats[profile->stacks.items[span->stack].stats].operations++;
    span->began_ns = now;
    th_span_set_state(profile, slot, th_span_state_after_leg(span));
  }
  span->place_stack = place_stack ? place_stack : span->stack;
  span->line = line;
  span->cell = TH_NONE;
  span->flags &= ~(uint32_t)(TH_SPAN_AWAITS_ALL | TH_SPAN_RUNS);
  span->flags |= all ? TH_SPAN_AWAITS_ALL : 0;

  for (size_t i = 0; !all && i < n; i++) {
    struct th_span *child = th_span_at(profile, th_span_find(profile, children[i]));
    if (child->parent == slot)
      child->flags |= TH_SPAN_NAMED;
  }
  /* The named children are moved last.  Otherwise the loops would find them in their new list again. */
  for (uint32_t child = span->first[TH_LIST_AWAITED], next; child != TH_NONE; child = next) {
    next = th_span_at(profile, child)->next;
    uint32_t flags = th_span_at(profile, child)->flags;
    if (flags & TH_SPAN_PART)
      continue;
    if (all ? flags & TH_SPAN_NOTIFICATION : !(flags & (TH_SPAN_NAMED | TH_SPAN_FLATTENED)))
      th_span_set_state(profile, child, TH_HEAD);
  }
  for (uint32_t child = span->first[TH_LIST_HELD], next; child != TH_NONE; child = next) {
    next = th_span_at(profile, child)->next;
    if (!(th_span_at(profile, child)->flags & TH_SPAN_NAMED))
      th_span_set_state(profile, child, all ? th_span_awaited_unasked(th_span_at(profile, child)) : TH_HEAD);
  }
  for (uint32_t child = span->first[TH_LIST_ASIDE], next; all && child != TH_NONE; child = next) {
    next = th_span_at(profile, child)->next;
    if (th_span_at(profile, child)->state == TH_HEAD)
      th_span_set_state(profile, child, th_span_awaited_unasked(th_span_at(profile, child)));
  }
  for (size_t i = 0; !all && i < n; i++) {
    uint32_t child = th_span_find(profile, children[i]);
    if (th_span_at(profile, child)->parent != slot)
      continue;
    th_span_at(profile, child)->flags &= ~(uint32_t)TH_SPAN_NAMED;
    th_span_set_state(profile, child, TH_AWAITED);
  }
  return THESEUS_OK;
}

int theseus_span_await_also(theseus_profile *profile, uint64_t id, uint64_t child_id, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id), child = th_span_find(profile, child_id);

  if (slot == TH_NONE || child == TH_NONE)
    return fail_stale(profile, __func__, slot == TH_NONE ? id : child_id);
  if (is_awaited_above(profile, slot, child))
    return THESEUS_OK;
  if (th_span_at(profile, child)->parent != slot || th_span_at(profile, child)->state == TH_LEG)
    return th_fail(profile, THESEUS_EINVAL, "child # is no child of the span #, or in its first leg", child_id, id);
  th_profile_now(profile, now_ns);
  th_span_await_known(profile, slot, child);
  th_span_set_state(profile, child, TH_AWAITED);
  return THESEUS_OK;
}

int theseus_span_release(theseus_profile *profile, uint64_t id, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id);

  if (slot == TH_NONE)
    return fail_stale(profile, __func__, id);
  th_profile_now(profile, now_ns);
  const struct th_span *span = th_span_at(profile, slot);
  if (span->state == TH_HELD) {
    bool all = th_span_at(profile, span->parent)->flags & TH_SPAN_AWAITS_ALL;
    th_span_set_state(profile, slot, all ? th_span_awaited_unasked(span) : TH_HEAD);
  }
  return THESEUS_OK;
}

/* ---- end ---- */

/* Gives the children of a span that ended in its first leg to its parent.  If it has no parent, its children become as
 * if they had never had one. */
static void hand_out_children(theseus_profile *profile, uint32_t slot) {
  uint32_t parent = th_span_at(profile, slot)->parent;
  bool none = parent == TH_NONE && !(th_span_at(profile, slot)->flags & TH_SPAN_HAD_PARENT);

  for (int list = 0; list < TH_LISTS; list++)
    for (uint32_t child; (child = th_span_at(profile, slot)->first[list]) != TH_NONE;) {
      struct th_span *span = th_span_at(profile, child);
      enum th_span_state state = span->state;
      if (parent == TH_NONE && state != TH_LEG)
        state = TH_HEAD;
      th_span_move(profile, child, state, parent);
      if (none)
        span->flags &= ~(uint32_t)TH_SPAN_HAD_PARENT;
    }
}

static void let_go_of_children(theseus_profile *profile, uint32_t slot) {
  for (int list = 0; list < TH_LISTS; list++)
    for (uint32_t child; (child = th_span_at(profile, slot)->first[list]) != TH_NONE;) {
      th_span_at(profile, child)->taken = 0;
      th_span_move(profile, child, th_span_at(profile, child)->state == TH_LEG ? TH_LEG : TH_HEAD, TH_NONE);
    }
}

/* Gives the children of a span that is about to end to whom they belong then.  Most spans have none. */
static void leave_children(theseus_profile *profile, uint32_t slot) {
  const struct th_span *span = th_span_at(profile, slot);

  if ((span->first[TH_LIST_ASIDE] & span->first[TH_LIST_HELD] & span->first[TH_LIST_AWAITED]) == TH_NONE)
    return;
  if (span->state == TH_LEG) {
    hand_out_children(profile, slot);
  } else if (span->flags & TH_SPAN_PART) {
    th_span_give_children(profile, slot, span->parent);
  } else {
    th_span_give_back_taken(profile, slot);
    let_go_of_children(profile, slot);
  }
}

int theseus_span_end(theseus_profile *profile, uint64_t id, int outcome, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id);

  if (slot == TH_NONE)
    return fail_stale(profile, __func__, id);
  if (outcome < THESEUS_SUCCESS || outcome > THESEUS_ABANDONED)
    return th_fail(profile, THESEUS_EINVAL, "outcome is not one of enum theseus_outcome", 0, 0);
  uint64_t now = th_profile_now(profile, now_ns);
  struct th_span *span = th_span_at(profile, slot);
  if (span->first[TH_LIST_AWAITED] != TH_NONE)
    th_span_end_parts(profile, slot, outcome);
  if (span->state == TH_LEG) {
    profile->stats[profile->stacks.items[span->stack].stats].operations++;
    th_profile_count(profile, span->stack, outcome, 0);
  } else {
    th_span_advance(profile, slot);
    th_profile_count(profile, span->stack, outcome, now - span->began_ns);
  }
  leave_children(profile, slot);
  th_span_unlink(profile, slot);
  th_span_table_give_back(&profile->spans, slot);
  (void)th_profile_reserve(profile); /* for the next end.  If it fails, the loss is counted when it occurs */
  return THESEUS_OK;
}

int theseus_span_discard(theseus_profile *profile, uint64_t id, uint64_t now_ns) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id);

  if (slot == TH_NONE)
    return fail_stale(profile, __func__, id);
  if (th_span_at(profile, slot)->state != TH_LEG)
    return th_fail(profile, THESEUS_EINVAL, "the first leg of the span # is over", id, 0);
  th_profile_now(profile, now_ns);
  th_span_end_parts(profile, slot, THESEUS_SUCCESS);
  hand_out_children(profile, slot);
  th_span_unlink(profile, slot);
  th_span_table_give_back(&profile->spans, slot);
  return THESEUS_OK;
}

void theseus_settle(theseus_profile *profile, uint64_t now_ns) {
  if (!profile)
    return;
  th_profile_now(profile, now_ns);
  for (uint32_t i = 0; i < profile->spans.open_count; i++)
    th_span_advance(profile, profile->spans.open[i]);
}

/* ---- open spans ---- */

static bool has_child(const struct th_span *span) {
  return span->first[TH_LIST_HELD] != TH_NONE || span->first[TH_LIST_AWAITED] != TH_NONE ||
         span->first[TH_LIST_ASIDE] != TH_NONE;
}

static int describe(const theseus_profile *profile, uint32_t slot, theseus_span_info *out) {
  const struct th_span *span = th_span_at(profile, slot);
  static const enum theseus_span_state states[] = {
      [TH_LEG] = THESEUS_IN_LEG, [TH_HELD] = THESEUS_HELD, [TH_AWAITED] = THESEUS_AWAITED, [TH_HEAD] = THESEUS_IS_ROOT};
  theseus_span_info info = {.size = sizeof info,
                            .span = th_span_id(span, slot),
                            .began_ns = span->began_ns,
                            .stack = span->stack,
                            .place_stack = span->place_stack,
                            .line = span->line,
                            .state = states[span->state],
                            .awaits = span->awaits,
                            .marks = (span->taken ? THESEUS_SPAN_IS_TAKEN : 0) |
                                     (span->flags & TH_SPAN_RUNS ? THESEUS_SPAN_RUNS : 0) |
                                     (span->flags & TH_SPAN_HAD_PARENT ? THESEUS_SPAN_HAD_PARENT : 0) |
                                     (has_child(span) ? THESEUS_SPAN_HAS_CHILDREN : 0),
                            .value = span->value};
  if (span->parent != TH_NONE) {
    uint32_t operation = th_span_operation(profile, span->parent);
    info.parent = th_span_id(th_span_at(profile, span->parent), span->parent);
    info.operation = operation == span->parent || operation == TH_NONE
                         ? info.parent
                         : th_span_id(th_span_at(profile, operation), operation);
  }
  if (span->state == TH_HEAD && span->flags & TH_SPAN_HAD_PARENT)
    info.state = THESEUS_IS_DETACHED;
  if (span->flags & TH_SPAN_NOTIFICATION) {
    if (th_span_is_quiet(profile, span))
      info.state = THESEUS_IS_NOTIFICATION;
  } else if (span->state == TH_AWAITED && th_span_is_quiet(profile, th_span_at(profile, span->parent))) {
    info.state = THESEUS_IS_DETACHED;
  }
  if (out && out->size == sizeof info) { /* usually: compilers copy a known number of bytes fast */
    *out = info;
    return THESEUS_OK;
  }
  return th_give(out, &info, sizeof info);
}

int theseus_span_get(const theseus_profile *profile, uint64_t id, theseus_span_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id);
  return slot == TH_NONE ? THESEUS_ESTALE : out ? describe(profile, slot, out) : THESEUS_OK;
}

int theseus_span_set_value(theseus_profile *profile, uint64_t id, uint64_t value) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t slot = th_span_find(profile, id);
  if (slot == TH_NONE)
    return fail_stale(profile, __func__, id);
  th_span_at(profile, slot)->value = value;
  return THESEUS_OK;
}

uint32_t theseus_open_span_count(const theseus_profile *profile) { return profile ? profile->spans.open_count : 0; }

int theseus_open_span_get(const theseus_profile *profile, uint32_t number, theseus_span_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (number >= profile->spans.open_count)
    return THESEUS_EINVAL;
  return describe(profile, profile->spans.open[number], out);
}
