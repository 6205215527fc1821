/* SPDX-License-Identifier: ISC */
/* profile-merge - adds one profile to another.  Names come first, then room for all sums; then the adding cannot
 * fail. */
#include "profile/events.h"

#include <string.h>

/* Translates the ids of `from` into those of `into`. */
struct names {
  uint32_t *functions, *objects /* of functions: texts */, *stacks, *events, *labels;
  th_sampling sampling;
  bool renamed;
  struct th_event built_in[THESEUS_EVENTS]; /* renamed: the names of the built-in events of the sum */
};

static int fail(theseus_profile *into, int status, const char *what, uint64_t number) {
  return th_failure_set(&into->alloc.failure, "theseus_profile_merge", status, what, number, 0);
}

static int intern_function(theseus_profile *into, const theseus_profile *from, uint32_t i, const struct names *names) {
  theseus_function_info function = {.size = sizeof function};
  theseus_function_get(from, i, &function);
  int status = theseus_function_intern_in(into, *function.file ? NULL : function.object, function.file, function.name,
                                          function.first_line, &names->functions[i]);
  names->objects[i] = TH_NONE;
  if (!status && *function.object)
    status =
        th_strings_intern(&into->strings, &into->alloc, function.object, strlen(function.object), &names->objects[i]);
  return status;
}

/* Interns the innermost frames of a stack that is deeper than max_depth of `into`. */
static int intern_deep(theseus_profile *into, const theseus_profile *from, uint32_t stack, const struct names *names) {
  const struct th_stack *stacks = from->stacks.items;
  uint32_t *path, n = 0, found = THESEUS_ROOT;
  int status = THESEUS_OK;

  if (names->stacks[stack] != TH_NONE)
    return THESEUS_OK;
  path = th_alloc_zeroed(&into->alloc, into->max_depth, sizeof *path);
  if (!path)
    return th_alloc_why(&into->alloc);
  for (uint32_t at = stack; n < into->max_depth; at = stacks[at].parent)
    path[n++] = at;
  while (!status && n) {
    const struct th_stack *frame = &stacks[path[--n]];
    status = th_profile_push(into, found, names->functions[frame->function], frame->call_line, &found);
  }
  th_alloc_free(&into->alloc, path, into->max_depth, sizeof *path);
  into->info.truncated_pushes += stacks[stack].depth - into->max_depth;
  names->stacks[stack] = found;
  return status;
}

/* Interns the stacks.  Stacks deeper than max_depth are interned only if something was measured there. */
static int intern_stacks(theseus_profile *into, const theseus_profile *from, const struct names *names) {
  const struct th_stack *stacks = from->stacks.items;
  int status = THESEUS_OK;

  for (uint32_t i = 0; !status && i < from->stacks.count; i++) {
    const struct th_stack *stack = &stacks[i];
    struct th_stats *stats;
    names->stacks[i] = i ? TH_NONE : THESEUS_ROOT;
    if (stack->depth > into->max_depth)
      status = stack->stats == TH_NONE ? THESEUS_OK : intern_deep(into, from, i, names);
    else if (i != THESEUS_ROOT)
      status = th_profile_push(into, names->stacks[stack->parent], names->functions[stack->function], stack->call_line,
                               &names->stacks[i]);
    if (!status && stack->stats != TH_NONE)
      status = th_profile_stats(into, names->stacks[i], &stats);
  }
  for (uint32_t i = 0; !status && i < from->cells.count; i++) {
    const struct th_cell_key *key = &from->cells.items[i].key;
    status = names->stacks[key->stack] == TH_NONE ? intern_deep(into, from, key->stack, names) : THESEUS_OK;
    if (!status && names->stacks[key->head] == TH_NONE)
      status = intern_deep(into, from, key->head, names);
  }
  return status;
}

/* What the profile says beside its samples, and room for it. */
static int intern_sampling(theseus_profile *into, const theseus_profile *from, struct names *names) {
  if (!th_sampling_fits(&into->sampling, &into->strings, &from->sampling, &from->strings))
    return fail(into, THESEUS_EPERIOD, "the profiles sample different things", 0);
  int status = th_sampling_rename(&from->sampling, &from->strings, &into->strings, &into->alloc, &names->sampling);
  return status ? status : th_sampling_reserve(&into->sampling, &into->alloc, &names->sampling);
}

static int intern_names(theseus_profile *into, const theseus_profile *from, struct names *names) {
  theseus_event_info built_in[THESEUS_EVENTS];
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < THESEUS_EVENTS; i++)
    names->events[i] = i;
  names->renamed = th_events_chosen(from, built_in);
  if (names->renamed)
    status = th_events_join(into, built_in, names->built_in);
  for (uint32_t i = THESEUS_EVENTS; !status && i < from->event_count; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(from, i, &event);
    status = theseus_event_intern(into, &event, &names->events[i]);
  }
  if (!status)
    status = intern_sampling(into, from, names);
  for (uint32_t i = 0; !status && i <= from->labels.count; i++)
    status = th_labels_rename(&from->labels, &from->strings, i, &into->labels, &into->strings, &into->alloc,
                              &names->labels[i]);
  for (uint32_t i = 0; !status && i < from->functions.count; i++)
    status = intern_function(into, from, i, names);
  return status ? status : intern_stacks(into, from, names);
}

static struct th_cell_key rename_cell(const struct names *names, const struct th_cell_key *key) {
  struct th_cell_key renamed = *key;
  renamed.event = names->events[key->event];
  renamed.head = names->stacks[key->head];
  renamed.stack = names->stacks[key->stack];
  renamed.labels = names->labels[key->labels];
  return renamed;
}

static int check_sums(theseus_profile *into, const theseus_profile *from, const struct names *names) {
  for (uint32_t i = 0; i < from->cells.count; i++) {
    struct th_cell_key key = rename_cell(names, &from->cells.items[i].key);
    uint32_t cell = th_cells_find(&into->cells, &key);
    if (cell != TH_NONE && !th_fits(into->cells.items[cell].value.ns, th_fixed_round(from->cells.items[i].value)))
      return fail(into, THESEUS_EOVERFLOW, "the sum of a cell exceeds 64 bits (cell # of `from`)", i);
  }
  for (uint32_t i = 0; i < from->stacks.count; i++) {
    if (from->stacks.items[i].stats == TH_NONE)
      continue;
    const struct th_stats *a = &into->stats[into->stacks.items[names->stacks[i]].stats];
    const struct th_stats *b = &from->stats[from->stacks.items[i].stats];
    if (!th_fits(a->operations, b->operations) || !th_fits(a->latency_ns, b->latency_ns))
      return fail(into, THESEUS_EOVERFLOW, "the sums of a stack exceed 64 bits (stack # of `from`)", i);
  }
  return THESEUS_OK;
}

static void add_sums(theseus_profile *into, const theseus_profile *from, const struct names *names) {
  for (uint32_t i = 0; i < from->cells.count; i++) {
    struct th_cell_key key = rename_cell(names, &from->cells.items[i].key);
    uint32_t cell;
    if (!th_cells_intern(&into->cells, &into->alloc, &key, &cell)) /* room was reserved */
      th_cells_add(&into->cells, cell, th_fixed_round(from->cells.items[i].value));
  }
  for (uint32_t i = 0; i < from->histogram.count; i++) {
    struct th_bucket bucket = from->histogram.items[i];
    bucket.stack = names->stacks[bucket.stack];
    uint32_t *first = &into->stats[into->stacks.items[bucket.stack].stats].buckets;
    (void)th_histogram_add(&into->histogram, &into->alloc, &bucket, first); /* room was reserved */
  }
  for (uint32_t i = 0; i < from->stacks.count; i++)
    if (from->stacks.items[i].stats != TH_NONE)
      th_profile_add_stats(&into->stats[into->stacks.items[names->stacks[i]].stats],
                           &from->stats[from->stacks.items[i].stats]);
  for (uint32_t i = 0; i < from->functions.count; i++)
    th_profile_join_object(into, names->functions[i], names->objects[i]);
  if (names->renamed)
    th_events_rename(into, names->built_in);
  th_profile_add_time(into, from->info.time_ns, from->info.duration_ns);
  into->info.clock_reversals += from->info.clock_reversals;
  into->info.truncated_pushes += from->info.truncated_pushes;
  into->info.folded_pushes += from->info.folded_pushes;
  th_profile_add_recursion(into, from->info.max_recursion);
  into->info.is_cut |= from->info.is_cut;
  into->info.flattened_spans += from->info.flattened_spans;
  into->info.lost_wait_ns += from->info.lost_wait_ns;
  into->info.lost_latencies += from->info.lost_latencies;
}

int theseus_profile_merge(theseus_profile *into, const theseus_profile *from) {
  if (!into || !from)
    return THESEUS_EINVAL;
  struct names names;
  size_t counts[] = {from->functions.count + (size_t)1, from->stacks.count, from->event_count,
                     from->labels.count + (size_t)1};
  uint32_t events = into->event_count;
  uint64_t truncated = into->info.truncated_pushes;
  bool was_blank = th_profile_is_blank(into);
  struct th_facts facts;

  if (into == from)
    return th_fail(into, THESEUS_EINVAL, "`into` equals `from`", 0, 0);
  into->recursion.may_hide = true;
  names.functions = th_alloc_zeroed(&into->alloc, counts[0], sizeof *names.functions);
  names.objects = th_alloc_zeroed(&into->alloc, counts[0], sizeof *names.objects);
  names.stacks = th_alloc_zeroed(&into->alloc, counts[1], sizeof *names.stacks);
  names.events = th_alloc_zeroed(&into->alloc, counts[2], sizeof *names.events);
  names.labels = th_alloc_zeroed(&into->alloc, counts[3], sizeof *names.labels);
  th_sampling_init(&names.sampling);
  int status = names.functions && names.objects && names.stacks && names.events && names.labels
                   ? THESEUS_OK
                   : th_alloc_why(&into->alloc);
  if (!status)
    status = intern_names(into, from, &names);
  if (!status)
    status = check_sums(into, from, &names);
  if (!status)
    status = th_profile_name_facts(into, from, &facts);
  if (!status)
    status = th_cells_reserve(&into->cells, &into->alloc, from->cells.count);
  if (!status)
    status = th_histogram_reserve(&into->histogram, &into->alloc, from->histogram.count);
  if (!status) {
    add_sums(into, from, &names);
    th_sampling_join(&into->sampling, &into->alloc, &names.sampling);
    if (from->generation > into->generation)
      into->generation = from->generation;
    if (!th_profile_is_blank(from))
      th_profile_add_facts(into, was_blank, &facts);
  } else {
    into->event_count = events; /* else files would have columns for them */
    into->info.truncated_pushes = truncated;
    th_profile_stay_blank(into, was_blank);
  }
  th_alloc_free(&into->alloc, names.functions, counts[0], sizeof *names.functions);
  th_alloc_free(&into->alloc, names.objects, counts[0], sizeof *names.objects);
  th_alloc_free(&into->alloc, names.stacks, counts[1], sizeof *names.stacks);
  th_alloc_free(&into->alloc, names.events, counts[2], sizeof *names.events);
  th_alloc_free(&into->alloc, names.labels, counts[3], sizeof *names.labels);
  th_sampling_free(&names.sampling, &into->alloc);
  return status;
}
