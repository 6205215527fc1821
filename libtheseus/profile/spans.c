/* SPDX-License-Identifier: ISC */
#include "base/sized.h"
#include "profile/profile.h"

#include <string.h>

enum { PAGE = 64, MAX_NESTING = 1024 };

enum {
  HAD_PARENT = 1, /* a head with it is detached */
  AWAITS_ALL = 2,
  FLATTENED =
      4,    /* beyond max_nesting: awaited from the moment that it is out of its first leg, and as long as it is open */
  NAMED = 8 /* among the children that theseus_span_await was given; only during that call */
};

static struct th_span *at(const theseus_profile *profile, uint32_t slot) {
  return &profile->spans.pages[slot / PAGE][slot % PAGE];
}

/* ---- ids ---- */

static uint64_t id_of(const struct th_span *span, uint32_t slot) {
  return (uint64_t)span->generation << 32 | (slot + 1);
}

/* The slot of an open span, or TH_NONE. */
static uint32_t find(const theseus_profile *profile, uint64_t id) {
  uint32_t slot = (uint32_t)id - 1;
  if (slot >= profile->spans.slots)
    return TH_NONE;
  const struct th_span *span = at(profile, slot);
  return span->number != TH_NONE && span->generation == id >> 32 ? slot : TH_NONE;
}

/* ---- the tree ---- */

static enum th_span_list list_of(const struct th_span *span) {
  return span->state == TH_HELD ? TH_LIST_HELD : span->state == TH_AWAITED ? TH_LIST_AWAITED : TH_LIST_ASIDE;
}

static void unlink_span(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = at(profile, slot);
  if (span->parent == TH_NONE)
    return;
  struct th_span *parent = at(profile, span->parent);
  if (span->previous == TH_NONE)
    parent->first[list_of(span)] = span->next;
  else
    at(profile, span->previous)->next = span->next;
  if (span->next != TH_NONE)
    at(profile, span->next)->previous = span->previous;
  parent->awaits -= span->state == TH_AWAITED;
}

static void link_span(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = at(profile, slot);
  if (span->parent == TH_NONE)
    return;
  struct th_span *parent = at(profile, span->parent);
  uint32_t *first = &parent->first[list_of(span)];
  span->previous = TH_NONE;
  span->next = *first;
  if (*first != TH_NONE)
    at(profile, *first)->previous = slot;
  *first = slot;
  parent->awaits += span->state == TH_AWAITED;

  uint32_t height = span->height + UINT32_C(1);
  for (uint32_t up = span->parent; up != TH_NONE && at(profile, up)->height < height; up = at(profile, up)->parent)
    at(profile, up)->height = (uint16_t)height++;
}

/* How many spans there are in the line from a root of the tree to this one. */
static uint32_t nesting(const theseus_profile *profile, uint32_t slot) {
  uint32_t n = 0;
  for (; slot != TH_NONE; slot = at(profile, slot)->parent)
    n++;
  return n;
}

/* The next of the spans below `top` that are awaited, parents before children; TH_NONE: that was the last. */
static uint32_t next_awaited(const theseus_profile *profile, uint32_t top, uint32_t slot) {
  const struct th_span *span = at(profile, slot);
  if (span->first[TH_LIST_AWAITED] != TH_NONE)
    return span->first[TH_LIST_AWAITED];
  while (slot != top) {
    span = at(profile, slot);
    if (span->next != TH_NONE)
      return span->next;
    slot = span->parent;
  }
  return TH_NONE;
}

/* ---- time ---- */

static const struct th_span *head_of(const theseus_profile *profile, const struct th_span *span) {
  while (span->state == TH_AWAITED)
    span = at(profile, span->parent);
  return span;
}

static void book(theseus_profile *profile, struct th_span *span, th_fixed share) {
  if (span->cell == TH_NONE) {
    const struct th_span *head = head_of(profile, span);
    const struct th_cell_key key = {THESEUS_WAIT, head->stack, (head->flags & HAD_PARENT) != 0, span->place_stack,
                                    span->line};
    if (th_cells_intern(&profile->cells, &profile->alloc, &key, &span->cell)) {
      profile->info.lost_wait_ns += th_fixed_round(share);
      return;
    }
  }
  th_fixed *value = &profile->cells.items[span->cell].value;
  *value = th_fixed_add(*value, share);
}

/* Brings a span's clock, and those of all that it gets its share from, up to the latest time: books its self wait, or hands its
 * share on. */
static void advance_span(theseus_profile *profile, struct th_span *span) {
  struct th_span *path[MAX_NESTING + 2];
  const struct th_span *parent;
  uint32_t length = 0;
  uint64_t now = profile->info.now_ns;

  /* What was advanced at this very time is up to date, and all above it. */
  while (span->touched != now) {
    path[length++] = span;
    if (span->state != TH_AWAITED)
      break;
    span = at(profile, span->parent);
  }
  for (parent = span; length--; parent = span) {
    span = path[length];
    th_fixed share = {0, 0};
    if (span->state == TH_HEAD) {
      share.ns = now - span->touched;
    } else if (span->state == TH_AWAITED) {
      share = th_fixed_subtract(parent->clock, span->seen);
      span->seen = parent->clock;
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

static inline void advance(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = at(profile, slot);
  if (span->touched != profile->info.now_ns)
    advance_span(profile, span);
}

/* Advances a span and all that it awaits, which are about to get another head. */
static void leave_head(theseus_profile *profile, uint32_t top) {
  for (uint32_t slot = top; slot != TH_NONE; slot = next_awaited(profile, top, slot)) {
    advance(profile, slot);
    at(profile, slot)->cell = TH_NONE;
  }
}

/* Puts a span that is in no list into its parent's. */
static void join(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = at(profile, slot);

  if (span->state == TH_AWAITED) {
    advance(profile, span->parent); /* before one more shares its clock */
    span->seen = at(profile, span->parent)->clock;
  }
  link_span(profile, slot);
}

/* Moves a span to a state and a parent.  All bookkeeping of who awaits whom goes through here, or begins with theseus_span_begin(). */
static void move(theseus_profile *profile, uint32_t slot, enum th_span_state state, uint32_t parent) {
  struct th_span *span = at(profile, slot);

  leave_head(profile, slot);
  unlink_span(profile, slot);
  span->state = (uint8_t)state;
  span->parent = parent;
  if (parent != TH_NONE)
    span->flags |= HAD_PARENT;
  join(profile, slot);
}

static void set_state(theseus_profile *profile, uint32_t slot, enum th_span_state state) {
  if (at(profile, slot)->state != state)
    move(profile, slot, state, at(profile, slot)->parent);
}

/* What becomes of a span that is out of its first leg, or whose parent has changed. */
static enum th_span_state state_of_new(const struct th_span *span) {
  return span->parent == TH_NONE ? TH_HEAD : span->flags & FLATTENED ? TH_AWAITED : TH_HELD;
}

/* ---- begin ---- */

static int new_slot(theseus_profile *profile, uint32_t *out) {
  th_spans *spans = &profile->spans;

  int status = spans->open_count < spans->open_capacity
                   ? THESEUS_OK
                   : th_alloc_grow(&profile->alloc, &spans->open, &spans->open_capacity,
                                   (uint64_t)spans->open_count + 1, sizeof *spans->open);
  if (status)
    return status;
  if (spans->free_slot != TH_NONE) {
    *out = spans->free_slot;
    spans->free_slot = at(profile, *out)->next;
    return THESEUS_OK;
  }
  if (spans->slots / PAGE == spans->page_count) {
    status = th_alloc_grow(&profile->alloc, &spans->pages, &spans->page_capacity, (uint64_t)spans->page_count + 1,
                           sizeof *spans->pages);
    if (status)
      return status;
    struct th_span *page = th_alloc_zeroed(&profile->alloc, PAGE, sizeof *page);
    if (!page)
      return th_alloc_why(&profile->alloc);
    spans->pages[spans->page_count++] = page;
  }
  if (spans->slots >= TH_NONE - PAGE)
    return THESEUS_EOVERFLOW;
  *out = spans->slots++;
  return THESEUS_OK;
}

/* The deepest ancestor that may have children, and whether that is not the parent that was asked for. */
static uint32_t bounded_parent(theseus_profile *profile, uint32_t parent, bool *flattened) {
  uint32_t n = nesting(profile, parent);
  *flattened = n >= profile->max_nesting;
  for (; n > profile->max_nesting; n--)
    parent = at(profile, parent)->parent;
  return parent;
}

int theseus_span_begin(theseus_profile *profile, const theseus_span_options *options, uint64_t *out) {
  theseus_span_options chosen = {.size = sizeof chosen};
  uint32_t parent = TH_NONE, slot = 0;
  bool flattened = false;
  struct th_stats *stats;

  if (!options || !out || th_take(&chosen, sizeof chosen, options))
    return THESEUS_EINVAL;
  if (chosen.stack >= profile->stacks.count || chosen.place_stack >= profile->stacks.count ||
      chosen.flags & ~(uint32_t)(THESEUS_SPAN_LEG | THESEUS_SPAN_DETACHED))
    return THESEUS_EINVAL;
  if (chosen.parent != THESEUS_NO_SPAN) {
    parent = find(profile, chosen.parent);
    if (parent == TH_NONE)
      return THESEUS_ESTALE;
    if (chosen.flags & THESEUS_SPAN_DETACHED)
      return THESEUS_EINVAL;
    parent = bounded_parent(profile, parent, &flattened);
  }
  int status = th_profile_stats(profile, chosen.stack, &stats);
  if (!status)
    status = th_profile_reserve(profile);
  if (!status)
    status = new_slot(profile, &slot);
  if (status)
    return status;

  uint64_t now = th_profile_now(profile, chosen.now_ns);
  struct th_span *span = at(profile, slot);
  *span = (struct th_span){.generation = span->generation,
                           .number = profile->spans.open_count,
                           .stack = chosen.stack,
                           .parent = TH_NONE,
                           .first = {TH_NONE, TH_NONE, TH_NONE},
                           .place_stack = chosen.place_stack ? chosen.place_stack : chosen.stack,
                           .line = chosen.line,
                           .cell = TH_NONE,
                           .state = TH_LEG,
                           .flags = (uint8_t)(flattened ? FLATTENED : 0),
                           .touched = now,
                           .began_ns = now};
  profile->spans.open[profile->spans.open_count++] = slot;
  profile->info.flattened_spans += flattened;
  span->parent = parent;
  if (parent != TH_NONE || chosen.flags & THESEUS_SPAN_DETACHED)
    span->flags |= HAD_PARENT;
  if (!(chosen.flags & THESEUS_SPAN_LEG)) {
    stats->deferreds++;
    span->state = (uint8_t)state_of_new(span);
  }
  join(profile, slot);
  *out = id_of(span, slot);
  return THESEUS_OK;
}

/* ---- await ---- */

int theseus_span_await(theseus_profile *profile, uint64_t id, const uint64_t *children, size_t n, uint32_t place_stack,
                       uint32_t line, uint64_t now_ns) {
  bool all = n == THESEUS_ALL;
  uint32_t slot = find(profile, id);

  if (slot == TH_NONE)
    return THESEUS_ESTALE;
  if (place_stack >= profile->stacks.count || (!all && n && !children))
    return THESEUS_EINVAL;
  for (size_t i = 0; !all && i < n; i++) {
    uint32_t child = find(profile, children[i]);
    if (child == TH_NONE)
      return THESEUS_ESTALE;
    if (at(profile, child)->parent != slot || at(profile, child)->state == TH_LEG)
      return THESEUS_EINVAL;
  }
  int status = th_profile_reserve(profile);
  if (status)
    return status;

  uint64_t now = th_profile_now(profile, now_ns);
  struct th_span *span = at(profile, slot);
  advance(profile, slot);
  if (span->state == TH_LEG) {
    profile->stats[profile->stacks.items[span->stack].stats].deferreds++;
    span->began_ns = now;
    set_state(profile, slot, state_of_new(span));
  }
  span->place_stack = place_stack ? place_stack : span->stack;
  span->line = line;
  span->cell = TH_NONE;
  span->flags = (uint8_t)(all ? span->flags | AWAITS_ALL : span->flags & ~AWAITS_ALL);

  for (size_t i = 0; !all && i < n; i++)
    at(profile, find(profile, children[i]))->flags |= NAMED;
  /* Those to be awaited come last, as they would else be met again in their new list. */
  for (uint32_t child = span->first[TH_LIST_AWAITED], next; child != TH_NONE; child = next) {
    next = at(profile, child)->next;
    if (!all && !(at(profile, child)->flags & (NAMED | FLATTENED)))
      set_state(profile, child, TH_HEAD);
  }
  for (uint32_t child = span->first[TH_LIST_HELD], next; child != TH_NONE; child = next) {
    next = at(profile, child)->next;
    if (!(at(profile, child)->flags & NAMED))
      set_state(profile, child, all ? TH_AWAITED : TH_HEAD);
  }
  for (uint32_t child = span->first[TH_LIST_ASIDE], next; all && child != TH_NONE; child = next) {
    next = at(profile, child)->next;
    if (at(profile, child)->state == TH_HEAD)
      set_state(profile, child, TH_AWAITED);
  }
  for (size_t i = 0; !all && i < n; i++) {
    uint32_t child = find(profile, children[i]);
    at(profile, child)->flags &= (uint8_t)~NAMED;
    set_state(profile, child, TH_AWAITED);
  }
  return THESEUS_OK;
}

int theseus_span_await_also(theseus_profile *profile, uint64_t id, uint64_t child_id, uint64_t now_ns) {
  uint32_t slot = find(profile, id), child = find(profile, child_id);

  if (slot == TH_NONE || child == TH_NONE)
    return THESEUS_ESTALE;
  struct th_span *span = at(profile, slot);
  if (at(profile, child)->parent != slot || at(profile, child)->state == TH_LEG)
    return THESEUS_EINVAL;
  th_profile_now(profile, now_ns);
  if (span->flags & AWAITS_ALL) {
    span->flags &= (uint8_t)~AWAITS_ALL;
    for (uint32_t other = span->first[TH_LIST_AWAITED], next; other != TH_NONE; other = next) {
      next = at(profile, other)->next;
      if (other != child && !(at(profile, other)->flags & FLATTENED))
        set_state(profile, other, TH_HEAD);
    }
  }
  set_state(profile, child, TH_AWAITED);
  return THESEUS_OK;
}

int theseus_span_release(theseus_profile *profile, uint64_t id, uint64_t now_ns) {
  uint32_t slot = find(profile, id);

  if (slot == TH_NONE)
    return THESEUS_ESTALE;
  th_profile_now(profile, now_ns);
  const struct th_span *span = at(profile, slot);
  if (span->state == TH_HELD)
    set_state(profile, slot, at(profile, span->parent)->flags & AWAITS_ALL ? TH_AWAITED : TH_HEAD);
  return THESEUS_OK;
}

/* ---- adopt ---- */

/* One of the spans below an adopted one, and where it is in the tree. */
struct below {
  uint32_t slot, nesting, at_bound /* its ancestor that is max_nesting deep */;
};

/* Lists the spans below `top`, parents before children, with the nesting that they have when `top` has `n`. */
static int list_below(theseus_profile *profile, uint32_t top, uint32_t n, struct below **out, uint32_t *count,
                      uint32_t *capacity) {
  *out = NULL;
  *count = *capacity = 0;
  for (uint32_t i = 0, up = top, deep = n, bound = top;; i++) {
    for (int list = 0; list < TH_LISTS; list++)
      for (uint32_t child = at(profile, up)->first[list]; child != TH_NONE; child = at(profile, child)->next) {
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

int theseus_span_adopt(theseus_profile *profile, uint64_t id, uint64_t parent_id, uint64_t now_ns) {
  uint32_t slot = find(profile, id), parent = find(profile, parent_id);
  struct below *below = NULL;
  uint32_t count = 0, capacity = 0;
  bool flattened;

  if (parent_id == THESEUS_NO_SPAN)
    return THESEUS_EINVAL;
  if (slot == TH_NONE || parent == TH_NONE)
    return THESEUS_ESTALE;
  for (uint32_t up = parent; up != TH_NONE; up = at(profile, up)->parent)
    if (up == slot)
      return THESEUS_ECYCLE;
  if (at(profile, slot)->parent == parent)
    return THESEUS_OK;

  parent = bounded_parent(profile, parent, &flattened);
  uint32_t n = nesting(profile, parent) + 1;
  if (n + at(profile, slot)->height > profile->max_nesting) {
    /* What is below would be too deep: it goes up to the deepest ancestor that is not, which is this span's new parent when
     * the span itself is at the bound. */
    int status = list_below(profile, slot, n, &below, &count, &capacity);
    if (status)
      return status;
  }
  th_profile_now(profile, now_ns);
  struct th_span *span = at(profile, slot);
  enum th_span_state state = span->state;
  span->flags = (uint8_t)(flattened ? span->flags | FLATTENED : span->flags & ~FLATTENED);
  profile->info.flattened_spans += flattened;
  move(profile, slot, state == TH_LEG ? TH_LEG : flattened ? TH_AWAITED : TH_HELD, parent);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t up = n > profile->max_nesting ? parent : below[i].at_bound;
    struct th_span *moved = at(profile, below[i].slot);
    if (below[i].nesting <= profile->max_nesting + 1 && up != parent)
      continue;
    moved->flags |= FLATTENED;
    profile->info.flattened_spans++;
    move(profile, below[i].slot, moved->state == TH_HELD ? TH_AWAITED : moved->state, up);
  }
  th_alloc_free(&profile->alloc, below, capacity, sizeof *below);
  return THESEUS_OK;
}

/* ---- end ---- */

static void free_slot(theseus_profile *profile, uint32_t slot) {
  th_spans *spans = &profile->spans;
  struct th_span *span = at(profile, slot);
  uint32_t last = spans->open[--spans->open_count];

  spans->open[span->number] = last;
  at(profile, last)->number = span->number;
  span->number = TH_NONE;
  span->generation++;
  span->next = spans->free_slot;
  spans->free_slot = slot;
}

/* The children of a span that was over in its first leg go to the next operation out: without one, they never had a parent. */
static void hand_out_children(theseus_profile *profile, uint32_t slot) {
  uint32_t parent = at(profile, slot)->parent;
  bool none = parent == TH_NONE && !(at(profile, slot)->flags & HAD_PARENT);

  for (int list = 0; list < TH_LISTS; list++)
    for (uint32_t child; (child = at(profile, slot)->first[list]) != TH_NONE;) {
      struct th_span *span = at(profile, child);
      enum th_span_state state = span->state;
      if (parent == TH_NONE && state != TH_LEG)
        state = TH_HEAD;
      move(profile, child, state, parent);
      if (none)
        span->flags &= (uint8_t)~HAD_PARENT;
    }
}

static void let_go_of_children(theseus_profile *profile, uint32_t slot) {
  for (int list = 0; list < TH_LISTS; list++)
    for (uint32_t child; (child = at(profile, slot)->first[list]) != TH_NONE;)
      move(profile, child, at(profile, child)->state == TH_LEG ? TH_LEG : TH_HEAD, TH_NONE);
}

int theseus_span_end(theseus_profile *profile, uint64_t id, int outcome, uint64_t now_ns) {
  uint32_t slot = find(profile, id);

  if (slot == TH_NONE)
    return THESEUS_ESTALE;
  if (outcome < THESEUS_SUCCESS || outcome > THESEUS_ABANDONED)
    return THESEUS_EINVAL;
  uint64_t now = th_profile_now(profile, now_ns);
  struct th_span *span = at(profile, slot);
  if (span->state == TH_LEG) {
    profile->stats[profile->stacks.items[span->stack].stats].deferreds++;
    th_profile_count(profile, span->stack, outcome, 0);
    hand_out_children(profile, slot);
  } else {
    advance(profile, slot);
    th_profile_count(profile, span->stack, outcome, now - span->began_ns);
    let_go_of_children(profile, slot);
  }
  unlink_span(profile, slot);
  free_slot(profile, slot);
  (void)th_profile_reserve(profile); /* for the next one; the loss, if any, is counted when it comes to that */
  return THESEUS_OK;
}

int theseus_span_discard(theseus_profile *profile, uint64_t id, uint64_t now_ns) {
  uint32_t slot = find(profile, id);

  if (slot == TH_NONE)
    return THESEUS_ESTALE;
  if (at(profile, slot)->state != TH_LEG)
    return THESEUS_EINVAL;
  th_profile_now(profile, now_ns);
  hand_out_children(profile, slot);
  unlink_span(profile, slot);
  free_slot(profile, slot);
  return THESEUS_OK;
}

void theseus_settle(theseus_profile *profile, uint64_t now_ns) {
  th_profile_now(profile, now_ns);
  for (uint32_t i = 0; i < profile->spans.open_count; i++)
    advance(profile, profile->spans.open[i]);
}

/* ---- what is open ---- */

static int describe(const theseus_profile *profile, uint32_t slot, theseus_span_info *out) {
  const struct th_span *span = at(profile, slot);
  static const enum theseus_span_state states[] = {
      [TH_LEG] = THESEUS_IN_LEG, [TH_HELD] = THESEUS_HELD, [TH_AWAITED] = THESEUS_AWAITED, [TH_HEAD] = THESEUS_IS_ROOT};
  theseus_span_info info = {.size = sizeof info,
                            .span = id_of(span, slot),
                            .began_ns = span->began_ns,
                            .stack = span->stack,
                            .place_stack = span->place_stack,
                            .line = span->line,
                            .state = states[span->state],
                            .awaits = span->awaits};
  if (span->parent != TH_NONE)
    info.parent = id_of(at(profile, span->parent), span->parent);
  if (span->state == TH_HEAD && span->flags & HAD_PARENT)
    info.state = THESEUS_IS_DETACHED;
  if (out && out->size == sizeof info) { /* as most are: no copy of unknown size */
    *out = info;
    return THESEUS_OK;
  }
  return th_give(out, &info, sizeof info);
}

int theseus_span_get(const theseus_profile *profile, uint64_t id, theseus_span_info *out) {
  uint32_t slot = find(profile, id);
  return slot == TH_NONE ? THESEUS_ESTALE : out ? describe(profile, slot, out) : THESEUS_OK;
}

uint32_t theseus_open_span_count(const theseus_profile *profile) { return profile->spans.open_count; }

int theseus_open_span_get(const theseus_profile *profile, uint32_t number, theseus_span_info *out) {
  if (number >= profile->spans.open_count)
    return THESEUS_EINVAL;
  return describe(profile, profile->spans.open[number], out);
}

/* ---- life ---- */

void th_spans_init(th_spans *spans) { spans->free_slot = TH_NONE; }

void th_spans_restart(theseus_profile *profile) {
  for (uint32_t i = 0; i < profile->spans.open_count; i++) {
    struct th_span *span = at(profile, profile->spans.open[i]);
    span->cell = TH_NONE;
    if (span->state != TH_LEG)
      profile->stats[profile->stacks.items[span->stack].stats].deferreds++;
  }
}

void th_spans_free(th_spans *spans, th_alloc *alloc) {
  for (uint32_t i = 0; i < spans->page_count; i++)
    th_alloc_free(alloc, spans->pages[i], PAGE, sizeof **spans->pages);
  th_alloc_free(alloc, spans->pages, spans->page_capacity, sizeof *spans->pages);
  th_alloc_free(alloc, spans->open, spans->open_capacity, sizeof *spans->open);
  memset(spans, 0, sizeof *spans);
}
