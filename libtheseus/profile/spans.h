/* SPDX-License-Identifier: ISC */
/* spans - the operations that pend, and whose weight is whose.
 *
 * Each span has a clock, which runs for each of the children that it awaits: at its own share of time, divided by their number.
 *
 *     wall clock ──1──> head ──1/2──> child ──1/2──> self wait, booked in a cell
 *                         └────1/2──> child ──1/4──> grandchild …
 *                                       └────1/4──> grandchild …
 *
 * Nothing is done as time passes.  A span is *advanced*, from its head downwards, before anything about it changes. */
#ifndef TH_SPANS_H
#define TH_SPANS_H

#include "base/fixed.h"
#include "base/map.h"

enum th_span_state { TH_LEG, TH_HELD, TH_AWAITED, TH_HEAD };

/* The lists in which a span keeps its children. */
enum th_span_list { TH_LIST_HELD, TH_LIST_AWAITED, TH_LIST_ASIDE /* in their first leg, or heads */, TH_LISTS };

struct th_span {
  uint32_t generation; /* with the slot, the id */
  uint32_t number;     /* among the open ones; TH_NONE: free */
  uint32_t stack;
  uint32_t parent;         /* a slot; TH_NONE */
  uint32_t next, previous; /* in the parent's list; next also in the list of free slots */
  uint32_t first[TH_LISTS];
  uint32_t awaits; /* length of the list of the awaited */
  uint32_t rest;   /* of the last division of the clock */
  uint32_t place_stack, line;
  uint32_t cell;     /* of its self wait under its present head; TH_NONE: not looked up */
  uint16_t height;   /* at least the generations below it */
  uint8_t state;     /* of enum th_span_state */
  uint8_t flags;     /* of those in spans.c */
  th_fixed clock;    /* the time that has passed for each awaited child */
  th_fixed seen;     /* awaited: the parent's clock when last advanced */
  uint64_t touched;  /* when last advanced */
  uint64_t began_ns; /* when its promise was handed out */
};

typedef struct th_spans {
  struct th_span **pages; /* spans never move, and a million of them is not copied */
  uint32_t page_count, page_capacity;
  uint32_t slots;     /* in use or free */
  uint32_t free_slot; /* TH_NONE: none */
  uint32_t *open;     /* the slots of the open ones */
  uint32_t open_count, open_capacity;
} th_spans;

void th_spans_init(th_spans *spans);
/* Each open span as though it had begun now, where it stands: for theseus_profile_clear. */
void th_spans_restart(theseus_profile *profile);
void th_spans_free(th_spans *spans, th_alloc *alloc);

#endif
