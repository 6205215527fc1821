/* SPDX-License-Identifier: ISC */
/* profile - a tree of stacks, with everything that was measured. */
#ifndef TH_PROFILE_H
#define TH_PROFILE_H

#include "base/facts.h"
#include "profile/cells.h"
#include "profile/functions.h"
#include "profile/histogram.h"
#include "profile/labels.h"
#include "profile/recursion.h"
#include "profile/sampling.h"
#include "profile/span-table.h"
#include "profile/stacks.h"

enum { TH_OUTCOMES = THESEUS_ABANDONED + 1, TH_MAX_NESTING = 1024 };

/* What was measured of the spans that began at one stack. */
struct th_stats {
  uint64_t operations;
  uint64_t outcomes[TH_OUTCOMES];
  uint64_t latency_ns;
  uint64_t latency_min_ns, latency_max_ns; /* UINT64_MAX and 0: no span has fired, or the latencies are unknown */
  uint32_t buckets;                        /* its list in the histogram; TH_NONE: empty */
};

/* Returns the stats of a stack at which no span began. */
static inline struct th_stats th_no_stats(void) {
  return (struct th_stats){.latency_min_ns = UINT64_MAX, .buckets = TH_NONE};
}

struct th_event {
  uint32_t name, long_name, unit; /* texts */
};

struct theseus_profile {
  th_alloc alloc;
  th_strings strings;
  th_functions functions;
  th_stacks stacks;
  th_recursion recursion;
  th_histogram histogram;
  th_cells cells;
  th_labels labels; /* of cells */
  th_span_table spans;
  struct th_stats *stats;
  uint32_t stats_count, stats_capacity;
  struct th_event *events;
  uint32_t event_count, event_capacity;
  bool names_chosen; /* of the built-in events: by the caller, or by what was merged */
  uint32_t max_depth, max_nesting;
  uint64_t generation;       /* how often it was cleared, or a profile that was merged into it */
  uint64_t stacks_limit;     /* bytes of memory beyond which theseus_stack_push() makes no stack */
  theseus_profile_info info; /* without `size`, `memory` and `refusals` */
  struct th_facts facts;
  th_sampling sampling;
  /* The stacks of a profile that is blank: the root, and those that calls that failed have left.  0: it is not blank,
   * as facts were set or merged. */
  uint32_t blank_stacks;
};

/* The number of cells and of buckets for which room is kept, for calls that cannot fail. */
enum { TH_SPARE = 64 };
int th_profile_reserve_more(theseus_profile *profile);
static inline int th_profile_reserve(theseus_profile *profile) {
  const th_cells *cells = &profile->cells;
  const th_histogram *histogram = &profile->histogram;
  if (cells->capacity - cells->count >= TH_SPARE && histogram->capacity - histogram->count >= TH_SPARE &&
      th_map_has_room(&cells->map, cells->count + (uint64_t)TH_SPARE) &&
      th_map_has_room(&histogram->map, histogram->count + (uint64_t)TH_SPARE))
    return THESEUS_OK;
  return th_profile_reserve_more(profile);
}

/* theseus_stack_push() for ids that exist, for reading and merging.  At the memory limit it fails, instead of returning
 * the parent.  It does not fold recursion. */
int th_profile_push(theseus_profile *profile, uint32_t parent, uint32_t function, uint32_t call_line, uint32_t *out);

/* Finds the stats of a stack, creating them if necessary.  ENOMEM, EOVERFLOW. */
int th_profile_stats(theseus_profile *profile, uint32_t stack, struct th_stats **out);

/* Adds the stats of one stack to those of another, without their buckets. */
void th_profile_add_stats(struct th_stats *stats, const struct th_stats *more);

/* Counts an ended span of a stack that has stats.  An abandoned span has no latency, so `latency_ns` is ignored. */
void th_profile_count(theseus_profile *profile, uint32_t stack, int outcome, uint64_t latency_ns);

/* Joins the object that another profile has for a function: a text, or TH_NONE. */
void th_profile_join_object(theseus_profile *profile, uint32_t function, uint32_t text);

/* Returns true if stacks lack frames, of this profile or of what was added to it. */
static inline bool th_profile_is_cut(const theseus_profile *profile) {
  return profile->info.is_cut || profile->info.truncated_pushes;
}

/* Joins the max_recursion of another profile, as merging does.  0: that one has none. */
static inline void th_profile_add_recursion(theseus_profile *profile, uint64_t max_recursion) {
  uint64_t *least = &profile->info.max_recursion;
  if (max_recursion && (!*least || max_recursion < *least))
    *least = max_recursion;
}

/* Joins the time and the duration of another profile, as merging does. */
void th_profile_add_time(theseus_profile *profile, uint64_t time_ns, uint64_t duration_ns);

/* Returns true if the profile has no facts, no stacks and no cells.  It takes over the facts of the first profile that
 * is merged into it, or of the first file; later only facts that are equal are kept. */
bool th_profile_is_blank(const theseus_profile *profile);

/* Tells a profile that a merge has failed.  The stacks that the merge has left do not count. */
void th_profile_stay_blank(theseus_profile *profile, bool was_blank);

/* Interns the facts of `from` in `into`.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_profile_name_facts(theseus_profile *into, const theseus_profile *from, struct th_facts *out);
/* Joins facts, as merging does.  `was_blank` is the result of th_profile_is_blank() before the merge. */
void th_profile_add_facts(theseus_profile *profile, bool was_blank, const struct th_facts *facts);

/* Returns the profile's time, now that `now_ns` has been reported: the latest time of all, as time does not go
 * backwards. */
static inline uint64_t th_profile_now(theseus_profile *profile, uint64_t now_ns) {
  if (now_ns < profile->info.now_ns)
    profile->info.clock_reversals++;
  else
    profile->info.now_ns = now_ns;
  return profile->info.now_ns;
}

#endif
