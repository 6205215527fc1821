/* SPDX-License-Identifier: ISC */
/* life - a profile is made, cleared and freed. */
#include "base/sized.h"
#include "profile/events.h"
#include "profile/span-tree.h"

int theseus_profile_new(const theseus_profile_options *options, theseus_profile **out) {
  theseus_profile_options chosen = {.size = sizeof chosen};
  th_alloc alloc;

  if (!out || th_take(&chosen, sizeof chosen, options))
    return THESEUS_EINVAL;
  if (!chosen.max_depth)
    chosen.max_depth = 512;
  if (!chosen.max_nesting)
    chosen.max_nesting = 256;
  if (chosen.max_depth > 65535 || chosen.max_nesting > TH_MAX_NESTING)
    return THESEUS_EINVAL;
  int status = th_alloc_init(&alloc, chosen.allocator, chosen.memory_limit);
  if (status)
    return status;
  theseus_profile *profile = th_alloc_zeroed(&alloc, 1, sizeof *profile);
  if (!profile)
    return th_alloc_why(&alloc);
  profile->alloc = alloc;
  profile->stacks_limit = chosen.memory_limit ? chosen.memory_limit / 4 * 3 : UINT64_MAX;
  profile->max_depth = chosen.max_depth;
  profile->max_nesting = chosen.max_nesting;
  profile->recursion.max = chosen.max_recursion;
  profile->info.max_recursion = chosen.max_recursion;
  profile->facts = th_no_facts();
  th_sampling_init(&profile->sampling);
  profile->blank_stacks = 1;
  th_span_table_init(&profile->spans);
  status = th_stacks_init(&profile->stacks, &profile->alloc);
  if (!status)
    status = th_events_init(profile, chosen.names);
  if (status) {
    theseus_profile_free(profile);
    return status;
  }
  *out = profile;
  return THESEUS_OK;
}

void theseus_profile_free(theseus_profile *profile) {
  if (!profile)
    return;
  th_alloc alloc = profile->alloc; /* a copy, as the profile itself is freed with it */
  th_span_table_free(&profile->spans, &alloc);
  th_cells_free(&profile->cells, &alloc);
  th_labels_free(&profile->labels, &alloc);
  th_sampling_free(&profile->sampling, &alloc);
  th_histogram_free(&profile->histogram, &alloc);
  th_alloc_free(&alloc, profile->stats, profile->stats_capacity, sizeof *profile->stats);
  th_alloc_free(&alloc, profile->events, profile->event_capacity, sizeof *profile->events);
  th_stacks_free(&profile->stacks, &alloc);
  th_recursion_free(&profile->recursion, &alloc);
  th_functions_free(&profile->functions, &alloc);
  th_strings_free(&profile->strings, &alloc);
  th_alloc_free(&alloc, profile, 1, sizeof *profile);
}

/* Counts each open span as begun now. */
static void restart_spans(theseus_profile *profile) {
  for (uint32_t i = 0; i < profile->spans.open_count; i++) {
    struct th_span *span = th_span_at(profile, profile->spans.open[i]);
    span->cell = TH_NONE;
    if (span->state != TH_LEG)
      profile->stats[profile->stacks.items[span->stack].stats].operations++;
  }
}

void theseus_profile_clear(theseus_profile *profile) {
  if (!profile)
    return;
  theseus_settle(profile, profile->info.now_ns);
  th_cells_clear(&profile->cells);
  th_histogram_clear(&profile->histogram);
  for (uint32_t i = 0; i < profile->stats_count; i++)
    profile->stats[i] = th_no_stats();
  profile->info = (theseus_profile_info){.now_ns = profile->info.now_ns, .max_recursion = profile->info.max_recursion};
  profile->alloc.refused = 0;
  profile->generation++;
  restart_spans(profile);
}
