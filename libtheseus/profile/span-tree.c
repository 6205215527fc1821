/* SPDX-License-Identifier: ISC */
#include "profile/span-tree.h"

/* ---- lists of children ---- */

static enum th_span_list list_of(const struct th_span *span) {
  return span->state == TH_HELD ? TH_LIST_HELD : span->state == TH_AWAITED ? TH_LIST_AWAITED : TH_LIST_ASIDE;
}

void th_span_unlink(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = th_span_at(profile, slot);
  if (span->parent == TH_NONE)
    return;
  struct th_span *parent = th_span_at(profile, span->parent);
  if (span->previous == TH_NONE)
    parent->first[list_of(span)] = span->next;
  else
    th_span_at(profile, span->previous)->next = span->next;
  if (span->next != TH_NONE)
    th_span_at(profile, span->next)->previous = span->previous;
  parent->awaits -= span->state == TH_AWAITED;
}

static void link_span(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = th_span_at(profile, slot);
  if (span->parent == TH_NONE)
    return;
  struct th_span *parent = th_span_at(profile, span->parent);
  uint32_t *first = &parent->first[list_of(span)];
  span->previous = TH_NONE;
  span->next = *first;
  if (*first != TH_NONE)
    th_span_at(profile, *first)->previous = slot;
  *first = slot;
  parent->awaits += span->state == TH_AWAITED;

  uint32_t height = span->height + UINT32_C(1);
  for (uint32_t up = span->parent; up != TH_NONE && th_span_at(profile, up)->height < height;
       up = th_span_at(profile, up)->parent)
    th_span_at(profile, up)->height = (uint16_t)height++;
}

/* Returns the awaited span that follows `slot` below `top`, parents before children; TH_NONE: `slot` was the last. */
static uint32_t next_awaited(const theseus_profile *profile, uint32_t top, uint32_t slot) {
  const struct th_span *span = th_span_at(profile, slot);
  if (span->first[TH_LIST_AWAITED] != TH_NONE)
    return span->first[TH_LIST_AWAITED];
  while (slot != top) {
    span = th_span_at(profile, slot);
    if (span->next != TH_NONE)
      return span->next;
    slot = span->parent;
  }
  return TH_NONE;
}

/* ---- time ---- */

bool th_span_is_quiet(const theseus_profile *profile, const struct th_span *span) {
  while (span->flags & TH_SPAN_NOTIFICATION && span->state == TH_AWAITED)
    span = th_span_at(profile, span->parent);
  return span->flags & TH_SPAN_NOTIFICATION && span->state == TH_HEAD;
}

/* The head of a span that has weight. */
static const struct th_span *head_of(const theseus_profile *profile, const struct th_span *span) {
  while (span->state == TH_AWAITED) {
    const struct th_span *parent = th_span_at(profile, span->parent);
    if (parent->flags & TH_SPAN_NOTIFICATION)
      break;
    span = parent;
  }
  return span;
}

static void book(theseus_profile *profile, struct th_span *span, th_fixed share) {
  if (span->cell == TH_NONE) {
    const struct th_span *head = head_of(profile, span);
    const struct th_cell_key key = {.event = THESEUS_WAIT,
                                    .head = head->stack,
                                    .detached = (head->flags & TH_SPAN_HAD_PARENT) != 0,
                                    .stack = span->place_stack,
                                    .line = span->line};
    if (th_cells_intern(&profile->cells, &profile->alloc, &key, &span->cell)) {
      profile->info.lost_wait_ns += th_fixed_round(share);
      return;
    }
  }
  th_fixed *value = &profile->cells.items[span->cell].value;
  *value = th_fixed_add(*value, share);
}

/* Whether the weight of a span, which is not awaited by an operation, is 1. */
static bool is_own_source(const theseus_profile *profile, const struct th_span *span, const struct th_span *parent) {
  if (span->flags & TH_SPAN_NOTIFICATION)
    return false;
  return span->state == TH_HEAD || (span->state == TH_AWAITED && th_span_is_quiet(profile, parent));
}

void th_span_advance_now(theseus_profile *profile, struct th_span *span) {
  struct th_span *path[TH_MAX_NESTING + 2];
  const struct th_span *parent;
  uint32_t length = 0;
  uint64_t now = profile->info.now_ns;

  /* If a span was advanced at this very time, it is up to date, and so are its ancestors. */
  while (span->touched != now) {
    path[length++] = span;
    if (span->state != TH_AWAITED)
      break;
    span = th_span_at(profile, span->parent);
  }
  for (parent = span; length--; parent = span) {
    span = path[length];
    th_fixed share = {0, 0};
    if (span->state == TH_AWAITED && !(parent->flags & TH_SPAN_NOTIFICATION)) {
      share = th_fixed_subtract(parent->clock, span->seen);
      span->seen = parent->clock;
    } else if (is_own_source(profile, span, parent)) {
      share.ns = now - span->touched;
    }
    span->touched = now;
    if (!share.ns && !share.fraction)
      continue;
    if (span->awaits) {
      span->clock = th_fixed_add(span->clock, th_fixed_divide(share, span->awaits, &span->rest));
    } else {
      book(profile, span, th_fixed_add(share, (th_fixed){0, span->rest}));
      span->rest = 0;
    }
  }
}

/* Advances a span and all that it awaits, before they get another head. */
static void leave_head(theseus_profile *profile, uint32_t top) {
  for (uint32_t slot = top; slot != TH_NONE; slot = next_awaited(profile, top, slot)) {
    th_span_advance(profile, slot);
    th_span_at(profile, slot)->cell = TH_NONE;
  }
}

/* An operation begins to await a notification, and by that those which it awaits. */
static void be_ordinary(theseus_profile *profile, uint32_t top) {
  for (uint32_t slot = top; slot != TH_NONE; slot = next_awaited(profile, top, slot))
    th_span_at(profile, slot)->flags &= ~(uint32_t)TH_SPAN_NOTIFICATION;
}

void th_span_join(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = th_span_at(profile, slot);

  if (span->state == TH_AWAITED) {
    th_span_advance(profile, span->parent); /* before one more span shares its clock */
    span->seen = th_span_at(profile, span->parent)->clock;
  }
  link_span(profile, slot);
}

void th_span_move(theseus_profile *profile, uint32_t slot, enum th_span_state state, uint32_t parent) {
  struct th_span *span = th_span_at(profile, slot);

  leave_head(profile, slot);
  if (state == TH_AWAITED && span->flags & TH_SPAN_NOTIFICATION &&
      !(th_span_at(profile, parent)->flags & TH_SPAN_NOTIFICATION))
    be_ordinary(profile, slot);
  th_span_unlink(profile, slot);
  span->state = (uint8_t)state;
  span->parent = parent;
  if (parent != TH_NONE)
    span->flags |= TH_SPAN_HAD_PARENT;
  th_span_join(profile, slot);
}

void th_span_await_known(theseus_profile *profile, uint32_t slot, uint32_t child) {
  struct th_span *span = th_span_at(profile, slot);

  if (!(span->flags & TH_SPAN_AWAITS_ALL))
    return;
  span->flags &= ~(uint32_t)TH_SPAN_AWAITS_ALL;
  for (uint32_t other = span->first[TH_LIST_AWAITED], next; other != TH_NONE; other = next) {
    next = th_span_at(profile, other)->next;
    if (other != child && !(th_span_at(profile, other)->flags & (TH_SPAN_FLATTENED | TH_SPAN_PART)))
      th_span_set_state(profile, other, TH_HEAD);
  }
}
