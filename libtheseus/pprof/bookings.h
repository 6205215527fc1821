/* SPDX-License-Identifier: ISC */
/* pprof-bookings - remembers what a file adds to a profile, sample by sample, so that it can be undone.  New items need
 * no memory: they are the last ones, and are cut off.
 *
 * A file may turn out to be broken in its last sample.  Then nothing of it may remain.  The alternative, a profile for
 * each file that is then merged, would take more time and memory. */
#ifndef TH_PPROF_BOOKINGS_H
#define TH_PPROF_BOOKINGS_H

#include "profile/profile.h"

typedef struct th_bookings {
  theseus_profile *profile;
  struct th_booked_cell {
    uint32_t cell;
    uint64_t amount;
  } * cells;
  uint32_t cell_count, cell_capacity;
  struct th_booked_spans *spans;
  uint32_t span_count, span_capacity;
  struct {
    uint32_t cells, buckets, stats, events;
    uint64_t truncated_pushes;
  } before;
  uint32_t last_cell, last_bucket;
} th_bookings;

/* Spans of one stack that ended in one way: `outcome` is one of enum theseus_outcome, or TH_PENDING. */
enum { TH_PENDING = TH_OUTCOMES };
struct th_ended {
  uint32_t stack, outcome;
  uint64_t count, latency_ns;
  uint64_t mark; /* a latency that stands for all of them; TH_NO_MARK: none */
};

void th_bookings_begin(th_bookings *bookings, theseus_profile *profile);
/* Book costs, and spans.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_bookings_cost(th_bookings *bookings, const struct th_cell_key *key, uint64_t amount);
int th_bookings_spans(th_bookings *bookings, const struct th_ended *ended);
/* Undoes all bookings, and removes the events that the file added.  Cannot fail. */
void th_bookings_undo(th_bookings *bookings);
void th_bookings_free(th_bookings *bookings);

#endif
