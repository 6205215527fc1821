/* SPDX-License-Identifier: ISC */
/* totals - what was measured at all stacks together: sums, and which functions returned promises. */
#include "base/sized.h"
#include "profile/profile.h"

static bool add_stats(theseus_totals *totals, const struct th_stats *stats, bool outermost) {
  if (!th_add(&totals->operations, stats->operations)) /* which no other count exceeds */
    return false;
  totals->outermost += outermost ? stats->operations : 0;
  totals->success += stats->outcomes[THESEUS_SUCCESS];
  totals->failure += stats->outcomes[THESEUS_FAILURE];
  totals->cancelled += stats->outcomes[THESEUS_CANCELLED];
  totals->abandoned += stats->outcomes[THESEUS_ABANDONED];
  totals->pending = totals->operations - totals->success - totals->failure - totals->cancelled - totals->abandoned;
  return true;
}

/* `within`, by stack: there are operations at it, or on the way to the root. */
static bool add_stacks(theseus_totals *totals, const theseus_profile *profile, bool *within) {
  for (uint32_t i = 0; i < profile->stacks.count; i++) {
    const struct th_stack *stack = &profile->stacks.items[i];
    const struct th_stats *stats = stack->stats == TH_NONE ? NULL : &profile->stats[stack->stats];
    bool outermost = i == THESEUS_ROOT || !within[stack->parent];
    if (stats && !add_stats(totals, stats, outermost))
      return false;
    within[i] = !outermost || (i != THESEUS_ROOT && stats && stats->operations);
  }
  return true;
}

static bool add_cells(theseus_totals *totals, const theseus_profile *profile) {
  for (uint32_t i = 0; i < profile->cells.count; i++) {
    const struct th_cell *cell = &profile->cells.items[i];
    if (cell->key.event != THESEUS_WAIT)
      continue;
    uint64_t value = th_fixed_round(cell->value);
    if (!th_add(&totals->wait_ns, value))
      return false;
    totals->detached_ns += cell->key.detached ? value : 0;
  }
  return true;
}

int theseus_profile_totals(const theseus_profile *profile, theseus_totals *out) {
  theseus_totals totals = {.size = sizeof totals};

  if (!profile || !out)
    return THESEUS_EINVAL;
  th_alloc alloc = profile->alloc; /* a copy, as the profile is const */
  bool *within = th_alloc_zeroed(&alloc, profile->stacks.count, sizeof *within);
  if (!within)
    return th_alloc_why(&alloc);
  bool fits = add_stacks(&totals, profile, within) && add_cells(&totals, profile);
  th_alloc_free(&alloc, within, profile->stacks.count, sizeof *within);
  return fits ? th_give(out, &totals, sizeof totals) : THESEUS_EOVERFLOW;
}

int theseus_profile_returning(const theseus_profile *profile, uint8_t *returning, uint32_t count) {
  if (!profile || !returning || count != profile->functions.count)
    return THESEUS_EINVAL;
  memset(returning, 0, count);
  for (uint32_t i = 1; i < profile->stacks.count; i++)
    if (profile->stacks.items[i].stats != TH_NONE) /* which no call takes away again */
      returning[profile->stacks.items[i].function] = 1;
  return THESEUS_OK;
}
