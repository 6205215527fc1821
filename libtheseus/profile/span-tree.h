/* SPDX-License-Identifier: ISC */
/* span-tree - which span awaits which, and how time flows through them.
 *
 * Each span has a clock for the children that it awaits.  The clock runs at the span's own share of time, divided by
 * the number of these children.
 *
 *     wall clock --1--> head --1/2--> child --1/2--> self wait, booked in a cell
 *                         \----1/2--> child --1/4--> grandchild ...
 *                                       \----1/4--> grandchild ...
 *
 * A notification has no weight until an operation awaits it, which clears its flag TH_SPAN_NOTIFICATION.  While it is a
 * head, the children that it awaits are heads in its place, although they stay in its list of awaited children:
 *
 *     notification --0--> wall clock --1--> child --1/2--> ...
 *
 * If a notification is awaited, and has its flag, the span that awaits it is a notification that has its flag.
 *
 * Nothing is done as time passes.  A span is *advanced*, from its head downwards, before anything about it changes.
 * The functions below take slots of open spans, and cannot fail: theseus_span_begin and theseus_span_await reserve the
 * memory that they may need, and a loss is counted in the profile. */
#ifndef TH_SPAN_TREE_H
#define TH_SPAN_TREE_H

#include "profile/profile.h"

static inline struct th_span *th_span_at(const theseus_profile *profile, uint32_t slot) {
  return th_span_table_at(&profile->spans, slot);
}

/* Returns the slot of an open span; TH_NONE: the id is stale, or never existed. */
static inline uint32_t th_span_find(const theseus_profile *profile, uint64_t id) {
  return th_span_table_find(&profile->spans, id);
}

/* Brings a span's clock, and the clocks of all spans that its share comes from, up to the profile's latest time.
 * Call th_span_advance() instead, which returns early if the span is up to date. */
void th_span_advance_now(theseus_profile *profile, struct th_span *span);
static inline void th_span_advance(theseus_profile *profile, uint32_t slot) {
  struct th_span *span = th_span_at(profile, slot);
  if (span->touched != profile->info.now_ns)
    th_span_advance_now(profile, span);
}

/* Adds a new span to the list of its parent that fits its state.  For other spans, call th_span_move(). */
void th_span_join(theseus_profile *profile, uint32_t slot);

/* Removes a span that is over from the list of its parent.  For other spans, call th_span_move(). */
void th_span_unlink(theseus_profile *profile, uint32_t slot);

/* Gives a span another state and another parent (TH_NONE: none).  O(depth); if its head changes, also O(spans that it
 * awaits, directly or not). */
void th_span_move(theseus_profile *profile, uint32_t slot, enum th_span_state state, uint32_t parent);

/* Gives a span another state. */
static inline void th_span_set_state(theseus_profile *profile, uint32_t slot, enum th_span_state state) {
  const struct th_span *span = th_span_at(profile, slot);
  if (span->state != state)
    th_span_move(profile, slot, state, span->parent);
}

/* A child that `slot` awaits has become known: if it awaited all of its children, it awaits `child` only. */
void th_span_await_known(theseus_profile *profile, uint32_t slot, uint32_t child);

/* The state of a span beyond max_nesting, and of a child of a span that awaits THESEUS_ALL.  To give weight to a
 * notification, an operation must await it by name. */
static inline enum th_span_state th_span_awaited_unasked(const struct th_span *span) {
  return span->flags & TH_SPAN_NOTIFICATION ? TH_HEAD : TH_AWAITED;
}

/* Returns the state of a span that has just left its first leg. */
static inline enum th_span_state th_span_state_after_leg(const struct th_span *span) {
  return span->parent == TH_NONE ? TH_HEAD : span->flags & TH_SPAN_FLATTENED ? th_span_awaited_unasked(span) : TH_HELD;
}

/* Whether a span is a notification in place of a head, or awaited by such a one: what it awaits are heads. */
bool th_span_is_quiet(const theseus_profile *profile, const struct th_span *span);

/* Returns the number of spans from the root of the tree to this one, both included.  0: `slot` is TH_NONE. */
static inline uint32_t th_span_nesting(const theseus_profile *profile, uint32_t slot) {
  uint32_t n = 0;
  for (; slot != TH_NONE; slot = th_span_at(profile, slot)->parent)
    n++;
  return n;
}

/* Returns the parent for a child of `parent`.  If `parent` is at max_nesting, that is its deepest ancestor that may
 * have children, and *flattened is true. */
static inline uint32_t th_span_bounded_parent(const theseus_profile *profile, uint32_t parent, bool *flattened) {
  uint32_t n = th_span_nesting(profile, parent);
  *flattened = n >= profile->max_nesting;
  for (; n > profile->max_nesting; n--)
    parent = th_span_at(profile, parent)->parent;
  return parent;
}

#endif
