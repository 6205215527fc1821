/* SPDX-License-Identifier: ISC */
/* random-profile - for tests: profiles of odd names, deep stacks and all kinds of spans, the same ones for the same
 * seed. */
#ifndef RANDOM_PROFILE_H
#define RANDOM_PROFILE_H

#include "spans.h"

static inline uint32_t draw(uint64_t *seed, uint32_t below) {
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*seed >> 33) % below;
}

/* Names of which some are the beginning of others, as they stand or with what a format puts behind a name. */
static inline const char *odd_name(uint32_t number) {
  static const char *const names[] = {"a",    "a;",    "a;b", "a b", "a 1",    "a 12",       "ab",      "b",
                                      "a\\x", "a\xff", " a ", "a\n", "(root)", "[detached]", "\xc3\xa4"};
  return names[number % (sizeof names / sizeof *names)];
}

static inline void random_spans(theseus_profile *profile, uint64_t *seed, uint32_t n) {
  uint64_t open[20] = {0};
  uint32_t stacks = theseus_stack_count(profile);
  for (uint64_t now = 1000; n-- > 0; now += draw(seed, 50)) {
    uint64_t *span = &open[draw(seed, 20)];
    theseus_span_options options = {.size = sizeof options,
                                    .stack = draw(seed, stacks),
                                    .flags = draw(seed, 2) ? THESEUS_SPAN_DETACHED : 0,
                                    .now_ns = now,
                                    .place_stack = draw(seed, stacks),
                                    .line = draw(seed, 4)};
    if (*span) {
      must(theseus_span_end(profile, *span, (int)draw(seed, 4), now) == THESEUS_OK);
      *span = 0;
    } else {
      must(theseus_span_begin(profile, &options, span) == THESEUS_OK);
    }
    theseus_settle(profile, now);
  }
}

static inline theseus_profile *random_profile(uint64_t seed, const theseus_profile_options *options) {
  static const theseus_event_info events[] = {{sizeof *events, "Run", "Run time", "ns"},
                                              {sizeof *events, "Samples", NULL, NULL}};
  theseus_profile *profile;
  seed = seed * 977 + 1;
  must(theseus_profile_new(options, &profile) == THESEUS_OK);
  for (uint32_t i = 0; i < 2; i++) {
    uint32_t id;
    must(theseus_event_intern(profile, &events[i], &id) == THESEUS_OK);
  }
  for (uint32_t i = 0; i < 15; i++) {
    uint32_t function, stack;
    must(theseus_function_intern(profile, draw(&seed, 3) ? "/f" : "", odd_name(draw(&seed, 99)), draw(&seed, 3),
                                 &function) == THESEUS_OK);
    must(theseus_function_set_object(profile, function, draw(&seed, 3) ? "/lib" : "") == THESEUS_OK);
    must(theseus_stack_push(profile, draw(&seed, theseus_stack_count(profile)), function, draw(&seed, 3), &stack) ==
         THESEUS_OK);
  }
  uint32_t stacks = theseus_stack_count(profile), n = draw(&seed, 60);
  uint64_t near = UINT64_C(1) << draw(&seed, 40); /* many of a bucket */
  for (uint32_t i = 0; i < n; i++) {
    uint64_t latency = draw(&seed, 2) ? near + draw(&seed, 5) : draw(&seed, 1000000);
    must(theseus_record(profile, draw(&seed, stacks), draw(&seed, 4), latency, (int)draw(&seed, 3)) == THESEUS_OK);
    must(theseus_add_cost(profile, draw(&seed, stacks), draw(&seed, 4), THESEUS_EVENTS + draw(&seed, 2),
                          draw(&seed, 3)) == THESEUS_OK);
  }
  random_spans(profile, &seed, draw(&seed, 60));
  theseus_profile_set_time(profile, draw(&seed, 2) * UINT64_C(1700000000000000000), draw(&seed, 2) * 77);
  return profile;
}

#endif
