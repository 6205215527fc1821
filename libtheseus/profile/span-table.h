/* SPDX-License-Identifier: ISC */
/* span-table - the memory of spans: pages of slots, lists of free and of open slots, and the ids of spans.
 *
 *     id  =  generation << 32 | slot + 1         the generation of a slot grows each time that its span ends, so that
 *                                                an id is never used twice
 *     pages[slot / TH_SPAN_PAGE][slot % TH_SPAN_PAGE]    a span never moves, and growing copies none
 *     open[span->number]                         the slots of open spans, in no order
 *
 * The table knows no profile.  span-tree.h knows how the spans of a tree relate to each other. */
#ifndef TH_SPAN_TABLE_H
#define TH_SPAN_TABLE_H

#include "base/fixed.h"
#include "base/map.h"

enum { TH_SPAN_PAGE = 32 };

enum th_span_state { TH_LEG, TH_HELD, TH_AWAITED, TH_HEAD };

/* The lists in which a span keeps its children. */
enum th_span_list { TH_LIST_HELD, TH_LIST_AWAITED, TH_LIST_ASIDE /* in their first leg, or heads */, TH_LISTS };

enum th_span_flag {
  TH_SPAN_HAD_PARENT = 1, /* a head with this flag is detached, one without it is a root */
  TH_SPAN_AWAITS_ALL = 2,
  TH_SPAN_FLATTENED =
      4,               /* it was begun below max_nesting; after its first leg it is awaited for as long as it is open */
  TH_SPAN_NAMED = 8,   /* it is among the children given to theseus_span_await; set during that call only */
  TH_SPAN_PART = 16,   /* a part of its parent: see span-parts.h */
  TH_SPAN_FAILED = 32, /* a part whose outcome is failure if it ends along with its operation */
  TH_SPAN_RUNS = 128,  /* it is in a leg after its first one, so far as the host has said */
  TH_SPAN_NOTIFICATION = 256 /* no operation has awaited it yet: it has no weight.  See th_span_is_quiet() */
};

struct th_span {
  uint32_t generation;
  uint32_t number; /* its index in `open`; TH_NONE: the slot is free */
  uint32_t stack;
  uint32_t parent;         /* a slot; TH_NONE: no parent */
  uint32_t next, previous; /* in the parent's list; `next` also links the free slots */
  uint32_t first[TH_LISTS];
  uint32_t awaits; /* length of the list of awaited children */
  uint32_t rest;   /* remainder of the last division of the clock */
  uint32_t place_stack, line;
  uint32_t cell;     /* where its self wait is booked under its present head; TH_NONE: not looked up yet */
  uint16_t height;   /* upper bound of the number of generations below it */
  uint8_t state;     /* an enum th_span_state */
  uint8_t taken;     /* how often it was taken: by its parent, by that one's parent before, … */
  uint32_t flags;    /* of enum th_span_flag */
  th_fixed clock;    /* time that has passed for each awaited child */
  th_fixed seen;     /* awaited: the parent's clock when this span was last advanced */
  uint64_t touched;  /* when this span was last advanced */
  uint64_t began_ns; /* when its promise was handed out */
  uint64_t value;    /* the host's own */
};

typedef struct th_span_table {
  struct th_span **pages;
  uint32_t page_count, page_capacity;
  uint32_t slots;     /* number of slots, open and free */
  uint32_t free_slot; /* TH_NONE: none */
  uint32_t *open;
  uint32_t open_count, open_capacity;
} th_span_table;

void th_span_table_init(th_span_table *table);
void th_span_table_free(th_span_table *table, th_alloc *alloc);

/* Takes a free slot and adds it to the open ones.  The caller sets all members of the span but `number` and
 * `generation`.  ENOMEM, ELIMIT, EOVERFLOW: the table is as before. */
int th_span_table_take(th_span_table *table, th_alloc *alloc, uint32_t *out);

/* Frees the slot of an open span.  The id becomes stale. */
void th_span_table_give_back(th_span_table *table, uint32_t slot);

static inline struct th_span *th_span_table_at(const th_span_table *table, uint32_t slot) {
  return &table->pages[slot / TH_SPAN_PAGE][slot % TH_SPAN_PAGE];
}

static inline uint64_t th_span_id(const struct th_span *span, uint32_t slot) {
  return (uint64_t)span->generation << 32 | (slot + 1);
}

/* Returns the slot of an open span; TH_NONE: the id is stale, or never existed. */
static inline uint32_t th_span_table_find(const th_span_table *table, uint64_t id) {
  uint32_t slot = (uint32_t)id - 1;
  if (slot >= table->slots)
    return TH_NONE;
  const struct th_span *span = th_span_table_at(table, slot);
  return span->number != TH_NONE && span->generation == id >> 32 ? slot : TH_NONE;
}

#endif
