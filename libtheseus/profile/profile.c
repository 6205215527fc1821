/* SPDX-License-Identifier: ISC */
#include "profile/profile.h"
#include "base/sized.h"

#include <string.h>

int theseus_profile_info_get(const theseus_profile *profile, theseus_profile_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  theseus_profile_info info = profile->info;
  info.memory = profile->alloc.used;
  info.refusals = profile->alloc.refused;
  info.is_cut = th_profile_is_cut(profile);
  return th_give(out, &info, sizeof info);
}

void theseus_profile_set_time(theseus_profile *profile, uint64_t time_ns, uint64_t duration_ns) {
  if (!profile)
    return;
  profile->info.time_ns = time_ns;
  profile->info.duration_ns = duration_ns;
}

void th_profile_add_time(theseus_profile *profile, uint64_t time_ns, uint64_t duration_ns) {
  theseus_profile_info *info = &profile->info;
  if (!info->time_ns || (time_ns && time_ns < info->time_ns))
    info->time_ns = time_ns;
  th_add_bounded(&info->duration_ns, duration_ns);
}

/* ---- functions and stacks ---- */

int theseus_function_intern(theseus_profile *profile, const char *file, const char *name, uint32_t first_line,
                            uint32_t *out) {
  if (!profile)
    return THESEUS_EINVAL;
  return theseus_function_intern_in(profile, NULL, file, name, first_line, out);
}

int theseus_function_intern_in(theseus_profile *profile, const char *object, const char *file, const char *name,
                               uint32_t first_line, uint32_t *out) {
  if (!profile)
    return THESEUS_EINVAL;
  struct th_function function = {.first_line = first_line, .of = TH_NONE};

  if (!file || !name || !*name || !out)
    return th_fail(profile, THESEUS_EINVAL, "file, name or out is NULL, or name is empty", 0, 0);
  int status = th_strings_intern(&profile->strings, &profile->alloc, file, strlen(file), &function.file);
  if (!status)
    status = th_strings_intern(&profile->strings, &profile->alloc, name, strlen(name), &function.name);
  if (!status && !*file && object && *object)
    status = th_strings_intern(&profile->strings, &profile->alloc, object, strlen(object), &function.of);
  if (!status)
    status = th_functions_intern(&profile->functions, &profile->alloc, &function, out);
  return status || !object || !*object ? status : theseus_function_set_object(profile, *out, object);
}

uint32_t theseus_function_count(const theseus_profile *profile) { return profile ? profile->functions.count : 0; }

int theseus_function_get(const theseus_profile *profile, uint32_t function, theseus_function_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (function >= profile->functions.count)
    return THESEUS_EINVAL;
  const struct th_function *found = &profile->functions.items[function];
  theseus_function_info info = {sizeof info, th_strings_get(&profile->strings, found->file),
                                th_strings_get(&profile->strings, found->name), found->first_line,
                                found->object == TH_NONE ? "" : th_strings_get(&profile->strings, found->object)};
  return th_give(out, &info, sizeof info);
}

int theseus_function_set_object(theseus_profile *profile, uint32_t function, const char *object) {
  if (!profile)
    return THESEUS_EINVAL;
  uint32_t text = TH_NONE;
  int status = THESEUS_OK;

  if (function >= profile->functions.count)
    return th_fail(profile, THESEUS_EINVAL, "there is no function #: there are #", function, profile->functions.count);
  if (object && *object)
    status = th_strings_intern(&profile->strings, &profile->alloc, object, strlen(object), &text);
  if (!status)
    profile->functions.items[function].object = text;
  return status;
}

void th_profile_join_object(theseus_profile *profile, uint32_t function, uint32_t text) {
  uint32_t *object = &profile->functions.items[function].object;
  if (text != *object && text != TH_NONE &&
      (*object == TH_NONE ||
       strcmp(th_strings_get(&profile->strings, text), th_strings_get(&profile->strings, *object)) < 0))
    *object = text;
}

int th_profile_push(theseus_profile *profile, uint32_t parent, uint32_t function, uint32_t call_line, uint32_t *out) {
  if (profile->stacks.items[parent].depth >= profile->max_depth) {
    profile->info.truncated_pushes++;
    *out = parent;
    return THESEUS_OK;
  }
  if (parent == THESEUS_ROOT) /* it has no caller */
    call_line = 0;
  return th_stacks_push(&profile->stacks, &profile->alloc, parent, function, call_line, out);
}

/* Whether a push is folded into a stack that is there already. */
static bool fold(theseus_profile *profile, uint32_t parent, uint32_t function, uint32_t call_line, uint32_t *out) {
  uint32_t line = parent == THESEUS_ROOT ? 0 : call_line;
  uint32_t stack = th_recursion_fold(&profile->recursion, &profile->alloc, &profile->stacks, parent, function, line);
  if (stack == TH_NONE)
    return false;
  profile->info.folded_pushes++;
  *out = stack;
  return true;
}

int theseus_stack_push(theseus_profile *profile, uint32_t parent, uint32_t function, uint32_t call_line,
                       uint32_t *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (parent >= profile->stacks.count || !out)
    return th_fail(profile, THESEUS_EINVAL, "there is no stack # (parent): there are #; or out is NULL", parent,
                   profile->stacks.count);
  if (function >= profile->functions.count)
    return th_fail(profile, THESEUS_EINVAL, "there is no function #: there are #", function, profile->functions.count);
  uint64_t limit = profile->alloc.limit, refused = profile->alloc.refused;
  profile->alloc.limit = profile->stacks_limit;
  int status = profile->recursion.max && fold(profile, parent, function, call_line, out)
                   ? THESEUS_OK
                   : th_profile_push(profile, parent, function, call_line, out);
  profile->alloc.limit = limit;
  if (status != THESEUS_ELIMIT)
    return status;
  profile->alloc.refused = refused;
  profile->info.truncated_pushes++;
  *out = parent;
  return THESEUS_OK;
}

int theseus_stack_push_frames(theseus_profile *profile, uint32_t parent, const theseus_frame *frames, size_t n,
                              uint32_t *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (parent >= profile->stacks.count || (n && !frames) || !out)
    return th_fail(profile, THESEUS_EINVAL, "there is no stack # (parent): there are #; or a pointer is NULL", parent,
                   profile->stacks.count);
  for (size_t i = 0; i < n; i++)
    if (frames[i].function >= profile->functions.count)
      return th_fail(profile, THESEUS_EINVAL, "frames[#]: there is no function #", i, frames[i].function);
  int status = THESEUS_OK;
  for (size_t i = 0; i < n && !status; i++)
    status = theseus_stack_push(profile, parent, frames[i].function, frames[i].call_line, &parent);
  if (!status)
    *out = parent;
  return status;
}

uint32_t theseus_stack_count(const theseus_profile *profile) { return profile ? profile->stacks.count : 0; }

int theseus_stack_get(const theseus_profile *profile, uint32_t stack, theseus_stack_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (stack >= profile->stacks.count)
    return THESEUS_EINVAL;
  const struct th_stack *found = &profile->stacks.items[stack];
  theseus_stack_info info = {.size = sizeof info,
                             .parent = found->parent,
                             .function = found->function,
                             .call_line = found->call_line,
                             .depth = found->depth};
  if (found->stats != TH_NONE) {
    const struct th_stats *stats = &profile->stats[found->stats];
    info.operations = stats->operations;
    info.success = stats->outcomes[THESEUS_SUCCESS];
    info.failure = stats->outcomes[THESEUS_FAILURE];
    info.cancelled = stats->outcomes[THESEUS_CANCELLED];
    info.abandoned = stats->outcomes[THESEUS_ABANDONED];
    info.pending = stats->operations - info.success - info.failure - info.cancelled - info.abandoned;
    info.latency_ns = stats->latency_ns;
    info.latency_min_ns = stats->latency_min_ns == UINT64_MAX ? 0 : stats->latency_min_ns;
    info.latency_max_ns = stats->latency_max_ns;
  }
  return th_give(out, &info, sizeof info);
}

/* ---- measurements ---- */

int th_profile_reserve_more(theseus_profile *profile) {
  int status = th_cells_reserve(&profile->cells, &profile->alloc, TH_SPARE);
  return status ? status : th_histogram_reserve(&profile->histogram, &profile->alloc, TH_SPARE);
}

int th_profile_stats(theseus_profile *profile, uint32_t stack, struct th_stats **out) {
  uint32_t *id = &profile->stacks.items[stack].stats;
  if (*id == TH_NONE) {
    int status = th_alloc_grow(&profile->alloc, &profile->stats, &profile->stats_capacity,
                               (uint64_t)profile->stats_count + 1, sizeof *profile->stats);
    if (status)
      return status;
    profile->stats[profile->stats_count] = th_no_stats();
    *id = profile->stats_count++;
  }
  *out = &profile->stats[*id];
  return THESEUS_OK;
}

void th_profile_count(theseus_profile *profile, uint32_t stack, int outcome, uint64_t latency_ns) {
  struct th_stats *stats = &profile->stats[profile->stacks.items[stack].stats];

  if (outcome != THESEUS_ABANDONED) {
    struct th_bucket bucket = {.stack = stack, .outcome = (uint32_t)outcome, .count = 1, .latency_ns = latency_ns};
    uint64_t high;
    theseus_bucket_bounds(theseus_latency_bucket(latency_ns), &bucket.mark, &high);
    if (latency_ns < stats->latency_min_ns)
      stats->latency_min_ns = latency_ns;
    if (latency_ns > stats->latency_max_ns)
      stats->latency_max_ns = latency_ns;
    th_add_bounded(&stats->latency_ns, latency_ns);
    if (th_histogram_add(&profile->histogram, &profile->alloc, &bucket, &stats->buckets))
      profile->info.lost_latencies++;
  }
  stats->outcomes[outcome]++;
}

void th_profile_add_stats(struct th_stats *stats, const struct th_stats *more) {
  if (more->latency_min_ns < stats->latency_min_ns)
    stats->latency_min_ns = more->latency_min_ns;
  if (more->latency_max_ns > stats->latency_max_ns)
    stats->latency_max_ns = more->latency_max_ns;
  stats->operations += more->operations;
  stats->latency_ns += more->latency_ns;
  for (int outcome = 0; outcome < TH_OUTCOMES; outcome++)
    stats->outcomes[outcome] += more->outcomes[outcome];
}

int theseus_record(theseus_profile *profile, uint32_t stack, uint32_t line, uint64_t latency_ns, int outcome) {
  if (!profile)
    return THESEUS_EINVAL;
  const struct th_cell_key key = {.event = THESEUS_WAIT, .head = stack, .stack = stack, .line = line};
  struct th_stats *stats;
  uint32_t cell = 0;

  if (stack >= profile->stacks.count)
    return th_fail(profile, THESEUS_EINVAL, "there is no stack #: there are #", stack, profile->stacks.count);
  if (outcome < THESEUS_SUCCESS || outcome > THESEUS_CANCELLED)
    return th_fail(profile, THESEUS_EINVAL, "outcome is not success, failure or cancelled", 0, 0);
  int status = th_profile_stats(profile, stack, &stats);
  if (!status)
    status = th_profile_reserve(profile);
  if (!status)
    status = th_cells_intern(&profile->cells, &profile->alloc, &key, &cell);
  if (status)
    return status;
  if (!th_fits(stats->latency_ns, latency_ns) || !th_fits(profile->cells.items[cell].value.ns, latency_ns))
    return th_fail(profile, THESEUS_EOVERFLOW, "with latency_ns # the sum of stack # exceeds 64 bits", latency_ns,
                   stack);
  th_cells_add(&profile->cells, cell, latency_ns);
  stats->operations++;
  th_profile_count(profile, stack, outcome, latency_ns);
  return THESEUS_OK;
}

/* The bucket of a latency of a stack, among those of one outcome; NULL: it is empty. */
static struct th_bucket *bucket_of(theseus_profile *profile, const struct th_stats *stats, uint64_t latency_ns,
                                   int outcome) {
  uint32_t wanted = theseus_latency_bucket(latency_ns);
  for (uint32_t i = stats->buckets; i != TH_NONE; i = profile->histogram.items[i].next) {
    struct th_bucket *bucket = &profile->histogram.items[i];
    if (bucket->outcome == (uint32_t)outcome && bucket->count && bucket->latency_ns >= latency_ns &&
        bucket->mark != TH_NO_MARK && theseus_latency_bucket(bucket->mark) == wanted)
      return bucket;
  }
  return NULL;
}

int theseus_change_outcome(theseus_profile *profile, uint32_t stack, uint64_t latency_ns, int from, int to) {
  if (!profile)
    return THESEUS_EINVAL;
  if (stack >= profile->stacks.count || profile->stacks.items[stack].stats == TH_NONE)
    return th_fail(profile, THESEUS_EINVAL, "no operation has ended at stack #: there are # stacks", stack,
                   profile->stacks.count);
  if (from < THESEUS_SUCCESS || from > THESEUS_CANCELLED || to < THESEUS_SUCCESS || to > THESEUS_CANCELLED)
    return th_fail(profile, THESEUS_EINVAL, "an outcome is not success, failure or cancelled", 0, 0);
  struct th_stats *stats = &profile->stats[profile->stacks.items[stack].stats];
  struct th_bucket *bucket = bucket_of(profile, stats, latency_ns, from), moved;
  if (!bucket || !stats->outcomes[from])
    return th_fail(profile, THESEUS_EINVAL, "no operation of stack # ended so after # ns", stack, latency_ns);
  moved = *bucket;
  moved.outcome = (uint32_t)to;
  moved.count = 1;
  moved.latency_ns = latency_ns;
  ptrdiff_t index = bucket - profile->histogram.items;
  int status = th_histogram_reserve(&profile->histogram, &profile->alloc, 1);
  if (status)
    return status;
  bucket = &profile->histogram.items[index]; /* the array may have moved */
  bucket->count--;
  bucket->latency_ns -= latency_ns;
  (void)th_histogram_add(&profile->histogram, &profile->alloc, &moved, &stats->buckets); /* room was reserved */
  stats->outcomes[from]--;
  stats->outcomes[to]++;
  return THESEUS_OK;
}

int theseus_percentile(const theseus_profile *profile, uint32_t stack, double fraction, uint64_t *out) {
  if (!profile)
    return THESEUS_EINVAL;
  struct th_stats stats = th_no_stats();
  uint64_t counts[THESEUS_BUCKETS] = {0};

  if (stack >= profile->stacks.count)
    return THESEUS_EINVAL;
  if (profile->stacks.items[stack].stats != TH_NONE) {
    stats = profile->stats[profile->stacks.items[stack].stats];
    th_histogram_fill(&profile->histogram, stats.buckets, counts);
  }
  return theseus_histogram_percentile(counts, stats.latency_min_ns, stats.latency_max_ns, fraction, out);
}

int theseus_histogram_get(const theseus_profile *profile, uint32_t stack, uint64_t *counts) {
  if (!profile)
    return THESEUS_EINVAL;
  if (stack >= profile->stacks.count || !counts)
    return THESEUS_EINVAL;
  memset(counts, 0, THESEUS_BUCKETS * sizeof *counts);
  uint32_t id = profile->stacks.items[stack].stats;
  if (id != TH_NONE)
    th_histogram_fill(&profile->histogram, profile->stats[id].buckets, counts);
  return THESEUS_OK;
}

/* ---- cells ---- */

int theseus_add_cost(theseus_profile *profile, uint32_t stack, uint32_t line, uint32_t event, uint64_t amount) {
  if (!profile)
    return THESEUS_EINVAL;
  const struct th_cell_key key = {.event = event, .head = THESEUS_ROOT, .stack = stack, .line = line};
  uint32_t cell;

  if (stack >= profile->stacks.count)
    return th_fail(profile, THESEUS_EINVAL, "there is no stack #: there are #", stack, profile->stacks.count);
  if (event < THESEUS_EVENTS || event >= profile->event_count)
    return th_fail(profile, THESEUS_EINVAL, "the event # is built in, or unknown: there are #", event,
                   profile->event_count);
  int status = th_cells_intern(&profile->cells, &profile->alloc, &key, &cell);
  if (status)
    return status;
  if (!th_fits(profile->cells.items[cell].value.ns, amount))
    return th_fail(profile, THESEUS_EOVERFLOW, "with amount # the sum of event # exceeds 64 bits", amount, event);
  th_cells_add(&profile->cells, cell, amount);
  return THESEUS_OK;
}

uint32_t theseus_cell_count(const theseus_profile *profile) { return profile ? profile->cells.count : 0; }

int theseus_cell_get(const theseus_profile *profile, uint32_t cell, theseus_cell_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (cell >= profile->cells.count)
    return THESEUS_EINVAL;
  const struct th_cell *found = &profile->cells.items[cell];
  theseus_cell_info info = {.size = sizeof info,
                            .event = found->key.event,
                            .head = found->key.head,
                            .detached = found->key.detached,
                            .stack = found->key.stack,
                            .line = found->key.line,
                            .value = th_fixed_round(found->value),
                            .labels = found->key.labels,
                            .negative = found->key.negative};
  return th_give(out, &info, sizeof info);
}

uint32_t theseus_label_count(const theseus_profile *profile, uint32_t labels) {
  if (!profile)
    return 0;
  return labels == TH_NO_LABELS || labels > profile->labels.count ? 0 : profile->labels.sets[labels - 1].count;
}

int theseus_label_get(const theseus_profile *profile, uint32_t labels, uint32_t number, theseus_label_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (number >= theseus_label_count(profile, labels))
    return THESEUS_EINVAL;
  const struct th_label *label = &profile->labels.items[profile->labels.sets[labels - 1].first + number];
  theseus_label_info info = {.size = sizeof info,
                             .key = th_strings_get(&profile->strings, label->key),
                             .text = label->text == TH_NONE ? NULL : th_strings_get(&profile->strings, label->text),
                             .unit = label->unit == TH_NONE ? "" : th_strings_get(&profile->strings, label->unit),
                             .number = label->number};
  return th_give(out, &info, sizeof info);
}
