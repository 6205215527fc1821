/* SPDX-License-Identifier: ISC */
/* digest - for tests: one number for all that a profile has measured, which changes when any of it does. */
#ifndef DIGEST_H
#define DIGEST_H

#include "tap.h"
#include "theseus.h"

static inline uint64_t digest_numbers(const uint64_t *numbers, size_t n) {
  uint64_t hash = n;
  for (size_t i = 0; i < n; i++) {
    hash = (hash ^ numbers[i]) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 29;
  }
  return hash;
}

#define DIGEST(...)                                                                                                    \
  digest_numbers((const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static inline uint64_t digest_span(const theseus_profile *profile, uint32_t number, bool ids) {
  theseus_span_info span = {.size = sizeof span};
  must(theseus_open_span_get(profile, number, &span) == THESEUS_OK);
  return DIGEST(1, span.began_ns, span.stack, span.place_stack, span.line, span.state, span.awaits, span.marks,
                span.value, ids ? span.span : 0, ids ? span.parent : 0);
}

/* A cell of 0 is as good as none. */
static inline uint64_t digest_cell(const theseus_profile *profile, uint32_t number) {
  theseus_cell_info cell = {.size = sizeof cell};
  must(theseus_cell_get(profile, number, &cell) == THESEUS_OK);
  return cell.value ? DIGEST(2, cell.event, cell.head, cell.detached, cell.stack, cell.line, cell.value) : 0;
}

/* So is a stack without spans. */
static inline uint64_t digest_stack(const theseus_profile *profile, uint32_t number) {
  theseus_stack_info stack = {.size = sizeof stack};
  uint64_t buckets[THESEUS_BUCKETS];
  must(theseus_stack_get(profile, number, &stack) == THESEUS_OK);
  must(theseus_histogram_get(profile, number, buckets) == THESEUS_OK);
  uint64_t hash =
      DIGEST(number, stack.operations, stack.success, stack.failure, stack.cancelled, stack.abandoned, stack.pending,
             stack.latency_ns, stack.latency_min_ns, stack.latency_max_ns, digest_numbers(buckets, THESEUS_BUCKETS));
  bool any = stack.operations || stack.success || stack.failure || stack.cancelled || stack.abandoned;
  return any ? hash : 0;
}

/* `ids` includes the ids of open spans, which two profiles with the same measurements need not share. */
static inline uint64_t digest(const theseus_profile *profile, bool ids) {
  uint64_t all = 0; /* a sum: the order of open spans and of cells means nothing */
  for (uint32_t i = 0; i < theseus_open_span_count(profile); i++)
    all += digest_span(profile, i, ids);
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++)
    all += digest_cell(profile, i);
  for (uint32_t i = 0; i < theseus_stack_count(profile); i++)
    all += digest_stack(profile, i);
  theseus_profile_info info = {.size = sizeof info};
  must(theseus_profile_info_get(profile, &info) == THESEUS_OK);
  return DIGEST(all, info.truncated_pushes, info.flattened_spans, info.lost_wait_ns, info.lost_latencies);
}

#endif
