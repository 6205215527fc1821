/* SPDX-License-Identifier: ISC */
/* subtract - one profile less another that was taken earlier of the same program: what was measured since.
 *
 * All that can fail comes first: the names, then the new stats and the new histogram beside the old ones, and a look at
 * each cell.  What remains cannot fail. */
#include "profile/profile.h"

#include <string.h>

struct difference {
  theseus_profile *profile;
  const theseus_profile *earlier;
  uint32_t *functions, *stacks, *events, *labels; /* what the ids of `earlier` are in `profile` */
  struct th_stats *stats;                         /* those of the difference */
  th_histogram histogram;
};

/* ---- names ---- */

static int name_functions(struct difference *d) {
  int status = THESEUS_OK;
  for (uint32_t i = 0; i < d->earlier->functions.count && !status; i++) {
    theseus_function_info function = {.size = sizeof function};
    theseus_function_get(d->earlier, i, &function);
    status = theseus_function_intern_in(d->profile, *function.file ? NULL : function.object, function.file,
                                        function.name, function.first_line, &d->functions[i]);
  }
  return status;
}

static int name_stacks(struct difference *d) {
  const th_stacks *stacks = &d->earlier->stacks;
  int status = THESEUS_OK;

  for (uint32_t i = 1; i < stacks->count && !status; i++) {
    const struct th_stack *stack = &stacks->items[i];
    struct th_stats *stats;
    status = stack->depth > d->profile->max_depth ? THESEUS_EINVAL : THESEUS_OK;
    if (!status)
      status = th_profile_push(d->profile, d->stacks[stack->parent], d->functions[stack->function], stack->call_line,
                               &d->stacks[i]);
    if (!status && stack->stats != TH_NONE)
      status = th_profile_stats(d->profile, d->stacks[i], &stats);
  }
  return status;
}

static int name_all(struct difference *d) {
  const theseus_profile *earlier = d->earlier;
  theseus_profile *profile = d->profile;
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < earlier->event_count && !status; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(earlier, i, &event);
    d->events[i] = i;
    if (i >= THESEUS_EVENTS)
      status = theseus_event_intern(profile, &event, &d->events[i]);
  }
  for (uint32_t i = 0; i <= earlier->labels.count && !status; i++)
    status = th_labels_rename(&earlier->labels, &earlier->strings, i, &profile->labels, &profile->strings,
                              &profile->alloc, &d->labels[i]);
  if (!status)
    status = name_functions(d);
  return status ? status : name_stacks(d);
}

/* ---- cells ---- */

static uint32_t find_cell(const struct difference *d, const struct th_cell_key *key) {
  struct th_cell_key renamed = *key;
  renamed.event = d->events[key->event];
  renamed.head = d->stacks[key->head];
  renamed.stack = d->stacks[key->stack];
  renamed.labels = d->labels[key->labels];
  return th_cells_find(&d->profile->cells, &renamed);
}

static int check_cells(const struct difference *d) {
  for (uint32_t i = 0; i < d->earlier->cells.count; i++) {
    const struct th_cell *cell = &d->earlier->cells.items[i];
    uint32_t found = find_cell(d, &cell->key);
    uint64_t value = th_fixed_round(cell->value);
    if (value && (found == TH_NONE || th_fixed_round(d->profile->cells.items[found].value) < value))
      return th_failure_set(&d->profile->alloc.failure, "theseus_profile_subtract", THESEUS_EINVAL,
                            "cell # of `earlier` is greater", i, 0);
  }
  return THESEUS_OK;
}

static void subtract_cells(const struct difference *d) {
  for (uint32_t i = 0; i < d->earlier->cells.count; i++) {
    const struct th_cell *cell = &d->earlier->cells.items[i];
    uint64_t value = th_fixed_round(cell->value);
    if (!value)
      continue;
    th_fixed *later = &d->profile->cells.items[find_cell(d, &cell->key)].value;
    *later = (th_fixed){th_fixed_round(*later) - value, 0};
  }
}

/* ---- spans ---- */

/* The bucket that a bucket is added to, or subtracted from: marks that are exact minima and maxima are not kept. */
static struct th_bucket plain_bucket(const struct th_bucket *bucket, uint32_t stack) {
  struct th_bucket plain = *bucket;
  uint64_t high;
  plain.stack = stack;
  if (plain.mark != TH_NO_MARK)
    theseus_bucket_bounds(theseus_latency_bucket(plain.mark), &plain.mark, &high);
  return plain;
}

static uint32_t *list_of(struct difference *d, uint32_t stack) {
  return &d->stats[d->profile->stacks.items[stack].stats].buckets;
}

static int subtract_buckets(struct difference *d) {
  const th_histogram *later = &d->profile->histogram, *earlier = &d->earlier->histogram;
  th_alloc *alloc = &d->profile->alloc;
  int status = THESEUS_OK;
  uint32_t found;

  for (uint32_t i = 0; i < later->count && !status; i++) {
    struct th_bucket bucket = plain_bucket(&later->items[i], later->items[i].stack);
    status = th_histogram_add(&d->histogram, alloc, &bucket, list_of(d, bucket.stack));
  }
  for (uint32_t i = 0; i < earlier->count && !status; i++) {
    struct th_bucket bucket = plain_bucket(&earlier->items[i], d->stacks[earlier->items[i].stack]);
    status = th_histogram_intern(&d->histogram, alloc, &bucket, list_of(d, bucket.stack), &found);
    if (status)
      return status;
    struct th_bucket *left = &d->histogram.items[found];
    if (left->count < bucket.count || left->latency_ns < bucket.latency_ns)
      return th_failure_set(&d->profile->alloc.failure, "theseus_profile_subtract", THESEUS_EINVAL,
                            "the latencies of stack # of `earlier` are not in `profile`", earlier->items[i].stack, 0);
    left->count -= bucket.count;
    left->latency_ns -= bucket.latency_ns;
  }
  return status;
}

/* Spans that pend are counted as begun since. */
static bool subtract_stats(struct th_stats *stats, const struct th_stats *earlier) {
  uint64_t ended = 0, pending = stats->operations;

  if (stats->operations < earlier->operations || stats->latency_ns < earlier->latency_ns)
    return false;
  for (int i = 0; i < TH_OUTCOMES; i++) {
    if (stats->outcomes[i] < earlier->outcomes[i])
      return false;
    pending -= stats->outcomes[i];
    stats->outcomes[i] -= earlier->outcomes[i];
    ended += stats->outcomes[i];
  }
  stats->operations = ended + pending;
  stats->latency_ns -= earlier->latency_ns;
  return true;
}

/* Sets the minimum and the maximum from the buckets, no further apart than they were. */
static void bound_latencies(const struct difference *d, struct th_stats *stats) {
  uint64_t least = UINT64_MAX, most = 0;

  for (uint32_t i = stats->buckets; i != TH_NONE; i = d->histogram.items[i].next) {
    const struct th_bucket *bucket = &d->histogram.items[i];
    uint64_t low, high;
    if (!bucket->count || bucket->mark == TH_NO_MARK)
      continue;
    theseus_bucket_bounds(theseus_latency_bucket(bucket->mark), &low, &high);
    least = low < least ? low : least;
    most = high > most ? high : most;
  }
  if (least != UINT64_MAX) {
    stats->latency_min_ns = least > stats->latency_min_ns ? least : stats->latency_min_ns;
    stats->latency_max_ns = most < stats->latency_max_ns ? most : stats->latency_max_ns;
  } else {
    stats->latency_min_ns = UINT64_MAX;
    stats->latency_max_ns = 0;
  }
}

static int subtract_spans(struct difference *d) {
  theseus_profile *profile = d->profile;

  for (uint32_t i = 0; i < profile->stats_count; i++) {
    d->stats[i] = profile->stats[i];
    d->stats[i].buckets = TH_NONE;
  }
  for (uint32_t i = 0; i < d->earlier->stacks.count; i++) {
    uint32_t stats = d->earlier->stacks.items[i].stats;
    if (stats != TH_NONE &&
        !subtract_stats(&d->stats[profile->stacks.items[d->stacks[i]].stats], &d->earlier->stats[stats]))
      return th_failure_set(&d->profile->alloc.failure, "theseus_profile_subtract", THESEUS_EINVAL,
                            "a count of stack # of `earlier` is greater", i, 0);
  }
  int status = subtract_buckets(d);
  for (uint32_t i = 0; i < profile->stats_count && !status; i++)
    bound_latencies(d, &d->stats[i]);
  return status;
}

/* ---- the difference ---- */

static uint64_t less(uint64_t later, uint64_t earlier) { return later > earlier ? later - earlier : 0; }

static void subtract_info(theseus_profile_info *info, const theseus_profile_info *earlier) {
  if (earlier->time_ns)
    info->time_ns = earlier->time_ns + earlier->duration_ns;
  info->duration_ns = less(info->duration_ns, earlier->duration_ns);
  info->clock_reversals = less(info->clock_reversals, earlier->clock_reversals);
  info->truncated_pushes = less(info->truncated_pushes, earlier->truncated_pushes);
  info->flattened_spans = less(info->flattened_spans, earlier->flattened_spans);
  info->lost_wait_ns = less(info->lost_wait_ns, earlier->lost_wait_ns);
  info->lost_latencies = less(info->lost_latencies, earlier->lost_latencies);
}

/* The new stats, and so their number, come when all stacks are known. */
static int prepare(struct difference *d, uint32_t *stats_count) {
  int status = name_all(d);
  *stats_count = d->profile->stats_count + 1;
  if (status)
    return status;
  d->stats = th_alloc_zeroed(&d->profile->alloc, *stats_count, sizeof *d->stats);
  if (!d->stats)
    return th_alloc_why(&d->profile->alloc);
  status = check_cells(d);
  return status ? status : subtract_spans(d);
}

static void commit(struct difference *d) {
  theseus_profile *profile = d->profile;
  th_histogram old = profile->histogram;

  subtract_cells(d);
  memcpy(profile->stats, d->stats, profile->stats_count * sizeof *profile->stats);
  profile->histogram = d->histogram;
  d->histogram = old;
  subtract_info(&profile->info, &d->earlier->info);
}

int theseus_profile_subtract(theseus_profile *profile, const theseus_profile *earlier) {
  struct difference d = {.profile = profile, .earlier = earlier};

  if (!profile || !earlier)
    return THESEUS_EINVAL;
  if (profile == earlier)
    return th_fail(profile, THESEUS_EINVAL, "`profile` equals `earlier`", 0, 0);
  if (profile->spans.open_count)
    return th_fail(profile, THESEUS_EINVAL, "# spans are open: subtract from a copy", profile->spans.open_count, 0);
  if (profile->generation != earlier->generation)
    return th_fail(profile, THESEUS_EINVAL, "theseus_profile_clear() was called between the two", 0, 0);
  th_alloc *alloc = &profile->alloc;
  const size_t counts[] = {earlier->functions.count + (size_t)1, earlier->stacks.count, earlier->event_count,
                           earlier->labels.count + (size_t)1};
  size_t count = counts[0] + counts[1] + counts[2] + counts[3];
  uint32_t events = profile->event_count, stats_count = 0;
  uint64_t truncated = profile->info.truncated_pushes;
  uint32_t *ids = th_alloc_zeroed(alloc, count, sizeof *ids);
  if (!ids)
    return th_alloc_why(alloc);
  d.functions = ids;
  d.stacks = d.functions + counts[0];
  d.events = d.stacks + counts[1];
  d.labels = d.events + counts[2];
  int status = prepare(&d, &stats_count);
  if (status) {
    profile->event_count = events; /* a file would have columns for them */
    profile->info.truncated_pushes = truncated;
  } else {
    commit(&d);
  }
  th_histogram_free(&d.histogram, alloc);
  th_alloc_free(alloc, d.stats, stats_count, sizeof *d.stats);
  th_alloc_free(alloc, ids, count, sizeof *ids);
  return status;
}
