/* SPDX-License-Identifier: ISC */
#include "profile/profile.h"
#include "base/sized.h"

#include <string.h>

int theseus_profile_info_get(const theseus_profile *profile, theseus_profile_info *out) {
  theseus_profile_info info = profile->info;
  info.memory = profile->alloc.used;
  info.refusals = profile->alloc.refused;
  return th_give(out, &info, sizeof info);
}

void theseus_profile_set_time(theseus_profile *profile, uint64_t time_ns, uint64_t duration_ns) {
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
  struct th_function function = {.first_line = first_line};

  if (!file || !name || !*name || !out)
    return THESEUS_EINVAL;
  int status = th_strings_intern(&profile->strings, &profile->alloc, file, strlen(file), &function.file);
  if (!status)
    status = th_strings_intern(&profile->strings, &profile->alloc, name, strlen(name), &function.name);
  return status ? status : th_functions_intern(&profile->functions, &profile->alloc, &function, out);
}

uint32_t theseus_function_count(const theseus_profile *profile) { return profile->functions.count; }

int theseus_function_get(const theseus_profile *profile, uint32_t function, theseus_function_info *out) {
  if (function >= profile->functions.count)
    return THESEUS_EINVAL;
  const struct th_function *found = &profile->functions.items[function];
  theseus_function_info info = {sizeof info, th_strings_get(&profile->strings, found->file),
                                th_strings_get(&profile->strings, found->name), found->first_line,
                                found->object == TH_NONE ? "" : th_strings_get(&profile->strings, found->object)};
  return th_give(out, &info, sizeof info);
}

int theseus_function_set_object(theseus_profile *profile, uint32_t function, const char *object) {
  uint32_t text = TH_NONE;
  int status = THESEUS_OK;

  if (function >= profile->functions.count)
    return THESEUS_EINVAL;
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
  if (parent == THESEUS_ROOT) /* nothing has called it */
    call_line = 0;
  return th_stacks_push(&profile->stacks, &profile->alloc, parent, function, call_line, out);
}

int theseus_stack_push(theseus_profile *profile, uint32_t parent, uint32_t function, uint32_t call_line,
                       uint32_t *out) {
  if (parent >= profile->stacks.count || function >= profile->functions.count || !out)
    return THESEUS_EINVAL;
  uint64_t limit = profile->alloc.limit, refused = profile->alloc.refused;
  profile->alloc.limit = profile->stacks_limit;
  int status = th_profile_push(profile, parent, function, call_line, out);
  profile->alloc.limit = limit;
  if (status != THESEUS_ELIMIT)
    return status;
  profile->alloc.refused = refused;
  profile->info.truncated_pushes++;
  *out = parent;
  return THESEUS_OK;
}

uint32_t theseus_stack_count(const theseus_profile *profile) { return profile->stacks.count; }

int theseus_stack_get(const theseus_profile *profile, uint32_t stack, theseus_stack_info *out) {
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
  const struct th_cell_key key = {.event = THESEUS_WAIT, .head = stack, .stack = stack, .line = line};
  struct th_stats *stats;
  uint32_t cell;

  if (stack >= profile->stacks.count || outcome < THESEUS_SUCCESS || outcome > THESEUS_CANCELLED)
    return THESEUS_EINVAL;
  int status = th_profile_stats(profile, stack, &stats);
  if (!status)
    status = th_profile_reserve(profile);
  if (!status)
    status = th_cells_intern(&profile->cells, &profile->alloc, &key, &cell);
  if (status)
    return status;
  if (!th_fits(stats->latency_ns, latency_ns) || !th_fits(profile->cells.items[cell].value.ns, latency_ns))
    return THESEUS_EOVERFLOW;
  th_cells_add(&profile->cells, cell, latency_ns);
  stats->operations++;
  th_profile_count(profile, stack, outcome, latency_ns);
  return THESEUS_OK;
}

int theseus_percentile(const theseus_profile *profile, uint32_t stack, double fraction, uint64_t *out) {
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
  const struct th_cell_key key = {.event = event, .head = THESEUS_ROOT, .stack = stack, .line = line};
  uint32_t cell;

  if (stack >= profile->stacks.count || event < THESEUS_EVENTS || event >= profile->event_count)
    return THESEUS_EINVAL;
  int status = th_cells_intern(&profile->cells, &profile->alloc, &key, &cell);
  if (status)
    return status;
  if (!th_fits(profile->cells.items[cell].value.ns, amount))
    return THESEUS_EOVERFLOW;
  th_cells_add(&profile->cells, cell, amount);
  return THESEUS_OK;
}

uint32_t theseus_cell_count(const theseus_profile *profile) { return profile->cells.count; }

int theseus_cell_get(const theseus_profile *profile, uint32_t cell, theseus_cell_info *out) {
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
  return labels == TH_NO_LABELS || labels > profile->labels.count ? 0 : profile->labels.sets[labels - 1].count;
}

int theseus_label_get(const theseus_profile *profile, uint32_t labels, uint32_t number, theseus_label_info *out) {
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
