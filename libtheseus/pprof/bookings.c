/* SPDX-License-Identifier: ISC */
#include "pprof/bookings.h"

#include <string.h>

struct th_booked_spans {
  uint32_t stats, outcome, bucket; /* bucket: TH_NONE where there is none */
  uint64_t count, latency_ns;
  uint64_t min_ns, max_ns; /* as they were */
};

void th_bookings_begin(th_bookings *bookings, theseus_profile *profile) {
  *bookings = (th_bookings){.profile = profile,
                            .before = {profile->cells.count, profile->histogram.count, profile->stats_count,
                                       profile->event_count, profile->info.truncated_pushes},
                            .last_cell = TH_NONE,
                            .last_bucket = TH_NONE};
}

/* Usually files have the same order, so the booking after the last one is tried before the map. */
static int find_cell(th_bookings *bookings, const struct th_cell_key *key, uint32_t *out) {
  th_cells *cells = &bookings->profile->cells;
  uint32_t next = bookings->last_cell + 1; /* or the first */
  int status = THESEUS_OK;

  if (next < cells->count && memcmp(&cells->items[next].key, key, sizeof *key) == 0)
    *out = next;
  else
    status = th_cells_intern(cells, &bookings->profile->alloc, key, out);
  bookings->last_cell = *out;
  return status;
}

int th_bookings_cost(th_bookings *bookings, const struct th_cell_key *key, uint64_t amount) {
  theseus_profile *profile = bookings->profile;
  uint32_t cell = 0;
  int status = THESEUS_OK;

  if (bookings->cell_count == bookings->cell_capacity)
    status = th_alloc_grow(&profile->alloc, &bookings->cells, &bookings->cell_capacity,
                           (uint64_t)bookings->cell_count + 1, sizeof *bookings->cells);
  if (!status)
    status = find_cell(bookings, key, &cell);
  if (status)
    return status;
  uint64_t *sum = &profile->cells.items[cell].value.ns;
  if (amount > UINT64_MAX - *sum)
    return THESEUS_EOVERFLOW;
  *sum += amount;
  if (cell < bookings->before.cells)
    bookings->cells[bookings->cell_count++] = (struct th_booked_cell){cell, amount};
  return THESEUS_OK;
}

static int find_bucket(th_bookings *bookings, const struct th_bucket *wanted, uint32_t *first, uint32_t *out) {
  th_histogram *histogram = &bookings->profile->histogram;
  uint32_t next = bookings->last_bucket + 1;
  int status = THESEUS_OK;

  if (next < histogram->count && histogram->items[next].mark == wanted->mark &&
      histogram->items[next].stack == wanted->stack && histogram->items[next].outcome == wanted->outcome)
    *out = next;
  else
    status = th_histogram_intern(histogram, &bookings->profile->alloc, wanted, first, out);
  bookings->last_bucket = *out;
  return status;
}

int th_bookings_spans(th_bookings *bookings, const struct th_ended *ended) {
  theseus_profile *profile = bookings->profile;
  struct th_booked_spans booked = {
      .outcome = ended->outcome, .bucket = TH_NONE, .count = ended->count, .latency_ns = ended->latency_ns};
  const struct th_bucket bucket = {.stack = ended->stack, .outcome = ended->outcome, .mark = ended->mark};
  struct th_stats *stats = NULL;
  int status = THESEUS_OK;

  if (bookings->span_count == bookings->span_capacity)
    status = th_alloc_grow(&profile->alloc, &bookings->spans, &bookings->span_capacity,
                           (uint64_t)bookings->span_count + 1, sizeof booked);
  if (!status)
    status = th_profile_stats(profile, ended->stack, &stats);
  if (status)
    return status;
  if (ended->count > UINT64_MAX - stats->operations || ended->latency_ns > UINT64_MAX - stats->latency_ns)
    return THESEUS_EOVERFLOW;
  if (ended->outcome <= THESEUS_CANCELLED)
    status = find_bucket(bookings, &bucket, &stats->buckets, &booked.bucket);
  if (status)
    return status;
  booked.stats = profile->stacks.items[ended->stack].stats;
  booked.min_ns = stats->latency_min_ns;
  booked.max_ns = stats->latency_max_ns;
  if (booked.stats < bookings->before.stats)
    bookings->spans[bookings->span_count++] = booked;

  stats->operations += ended->count;
  stats->latency_ns += ended->latency_ns;
  if (ended->outcome < TH_PENDING)
    stats->outcomes[ended->outcome] += ended->count;
  if (booked.bucket == TH_NONE)
    return THESEUS_OK;
  struct th_bucket *sum = &profile->histogram.items[booked.bucket]; /* of what fits into the stack's sums */
  sum->count += ended->count;
  sum->latency_ns += ended->latency_ns;
  if (ended->mark != TH_NO_MARK && ended->mark < stats->latency_min_ns)
    stats->latency_min_ns = ended->mark;
  if (ended->mark != TH_NO_MARK && ended->mark > stats->latency_max_ns)
    stats->latency_max_ns = ended->mark;
  return THESEUS_OK;
}

void th_bookings_undo(th_bookings *bookings) {
  theseus_profile *profile = bookings->profile;

  for (uint32_t i = bookings->cell_count; i-- > 0;)
    profile->cells.items[bookings->cells[i].cell].value.ns -= bookings->cells[i].amount;
  for (uint32_t i = bookings->span_count; i-- > 0;) { /* the newest first, to restore minima and maxima */
    const struct th_booked_spans *booked = &bookings->spans[i];
    struct th_stats *stats = &profile->stats[booked->stats];
    stats->operations -= booked->count;
    stats->latency_ns -= booked->latency_ns;
    if (booked->outcome < TH_PENDING)
      stats->outcomes[booked->outcome] -= booked->count;
    stats->latency_min_ns = booked->min_ns;
    stats->latency_max_ns = booked->max_ns;
    if (booked->bucket == TH_NONE)
      continue;
    profile->histogram.items[booked->bucket].count -= booked->count;
    profile->histogram.items[booked->bucket].latency_ns -= booked->latency_ns;
  }
  bookings->cell_count = bookings->span_count = 0;
  th_cells_cut(&profile->cells, bookings->before.cells);
  while (profile->histogram.count > bookings->before.buckets) {
    uint32_t stack = profile->histogram.items[profile->histogram.count - 1].stack;
    th_histogram_cut(&profile->histogram, &profile->stats[profile->stacks.items[stack].stats].buckets);
  }
  for (uint32_t i = bookings->before.stats; i < profile->stats_count; i++)
    profile->stats[i] = th_no_stats();
  profile->event_count = bookings->before.events; /* else files would have columns for them */
  profile->info.truncated_pushes = bookings->before.truncated_pushes;
}

void th_bookings_free(th_bookings *bookings) {
  th_alloc *alloc = &bookings->profile->alloc;
  th_alloc_free(alloc, bookings->cells, bookings->cell_capacity, sizeof *bookings->cells);
  th_alloc_free(alloc, bookings->spans, bookings->span_capacity, sizeof *bookings->spans);
}
