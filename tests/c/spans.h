/* SPDX-License-Identifier: ISC */
/* spans - for tests of spans: a profile with a few stacks, and each call made with less ado.
 *
 * Stack k, from 1 to SPANS_STACKS, is function k, called from the root.  A span begun at stack k waits at line 10 k. */
#ifndef SPANS_H
#define SPANS_H

#include "memory.h"

enum { SPANS_STACKS = 12 };

static inline theseus_profile *spans_profile(uint32_t max_nesting) {
  theseus_profile_options options = {.size = sizeof options, .max_nesting = max_nesting};
  theseus_profile *profile;
  must(theseus_profile_new(&options, &profile) == THESEUS_OK);
  for (uint32_t i = 1; i <= SPANS_STACKS; i++) {
    char name[20];
    uint32_t function, stack;
    snprintf(name, sizeof name, "app.f%" PRIu32, i);
    must(theseus_function_intern(profile, "/srv/app.c", name, i, &function) == THESEUS_OK);
    must(theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack) == THESEUS_OK && stack == i);
  }
  return profile;
}

static inline theseus_span_options spans_options(uint32_t stack, uint64_t parent, uint32_t flags, uint64_t now_ns) {
  return (theseus_span_options){.size = sizeof(theseus_span_options),
                                .stack = stack,
                                .flags = flags,
                                .parent = parent,
                                .now_ns = now_ns,
                                .line = 10 * stack};
}

static inline uint64_t begin(theseus_profile *profile, uint32_t stack, uint64_t parent, uint32_t flags,
                             uint64_t now_ns) {
  theseus_span_options options = spans_options(stack, parent, flags, now_ns);
  uint64_t span;
  must(theseus_span_begin(profile, &options, &span) == THESEUS_OK && span != THESEUS_NO_SPAN);
  return span;
}

static inline void end(theseus_profile *profile, uint64_t span, uint64_t now_ns) {
  must(theseus_span_end(profile, span, THESEUS_SUCCESS, now_ns) == THESEUS_OK);
}

/* Suspends a span at line 10 times its stack, waiting for one child; THESEUS_NO_SPAN: for none. */
static inline void await_one(theseus_profile *profile, uint64_t span, uint64_t child, uint64_t now_ns) {
  theseus_span_info info = {.size = sizeof info};
  must(theseus_span_get(profile, span, &info) == THESEUS_OK);
  must(theseus_span_await(profile, span, &child, child != THESEUS_NO_SPAN, 0, 10 * info.stack, now_ns) == THESEUS_OK);
}

static inline theseus_span_info span_of(const theseus_profile *profile, uint64_t span) {
  theseus_span_info info = {.size = sizeof info};
  must(theseus_span_get(profile, span, &info) == THESEUS_OK);
  return info;
}

static inline uint32_t state_of(const theseus_profile *profile, uint64_t span) { return span_of(profile, span).state; }

static inline theseus_stack_info stack_of(const theseus_profile *profile, uint32_t stack) {
  theseus_stack_info info = {.size = sizeof info};
  must(theseus_stack_get(profile, stack, &info) == THESEUS_OK);
  return info;
}

static inline theseus_profile_info told_by(const theseus_profile *profile) {
  theseus_profile_info info = {.size = sizeof info};
  must(theseus_profile_info_get(profile, &info) == THESEUS_OK);
  return info;
}

/* The Wait at a stack, on whatever line of it, that a head of another stack gave. */
static inline uint64_t wait_at(theseus_profile *profile, uint32_t head, bool detached, uint32_t stack) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(theseus_cell_get(profile, i, &cell) == THESEUS_OK);
    if (cell.event == THESEUS_WAIT && cell.head == head && cell.detached == detached && cell.stack == stack)
      sum += cell.value;
  }
  return sum;
}

static inline uint64_t all_wait(const theseus_profile *profile) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(theseus_cell_get(profile, i, &cell) == THESEUS_OK);
    sum += cell.event == THESEUS_WAIT ? cell.value : 0;
  }
  return sum;
}

#endif
