/* SPDX-License-Identifier: ISC */
/* histogram - how many latencies of a stack fell into which bucket.
 *
 * The layout is log-linear, after HdrHistogram: 8 buckets for each power of two, one for each value below 16.  Only
 * those that hold something take memory, and all stacks share one table of them, keyed by (stack, outcome, mark).  A
 * mark is a latency that stands for its bucket: the lowest one there, unless a file that was read has the exact
 * minimum or maximum instead.  Of what a file has counts and a sum only, the mark is TH_NO_MARK, and no bucket counts
 * it.  Those of one stack are a list. */
#ifndef TH_HISTOGRAM_H
#define TH_HISTOGRAM_H

#include "base/map.h"

#define TH_NO_MARK UINT64_MAX

struct th_bucket {
  uint32_t stack, outcome;
  uint64_t mark;
  uint64_t count;
  uint64_t latency_ns; /* sum */
  uint32_t next;       /* of the stack; TH_NONE: the last */
};

typedef struct th_histogram {
  struct th_bucket *items;
  uint32_t count, capacity;
  th_map map;
} th_histogram;

/* Room for `more` buckets that are not there yet, so that th_histogram_add cannot fail for them.  ENOMEM, EOVERFLOW. */
int th_histogram_reserve(th_histogram *histogram, th_alloc *alloc, uint64_t more);
/* Adds the counts of a stack's list by theseus_latency_bucket. */
void th_histogram_fill(const th_histogram *histogram, uint32_t first, uint64_t counts[THESEUS_BUCKETS]);
/* The bucket with the key of `wanted`, (stack, outcome, mark), which is made, empty, if need be, and then is the first
 * of its stack's list.  ENOMEM, EOVERFLOW. */
int th_histogram_intern(th_histogram *histogram, th_alloc *alloc, const struct th_bucket *wanted, uint32_t *first,
                        uint32_t *out);
/* Adds what `added` has to the bucket with its key.  A sum that does not fit stays at its largest.  ENOMEM,
 * EOVERFLOW. */
int th_histogram_add(th_histogram *histogram, th_alloc *alloc, const struct th_bucket *added, uint32_t *first);
/* Takes out the bucket that came last; `first` is its stack's list, of which it is the first. */
void th_histogram_cut(th_histogram *histogram, uint32_t *first);
void th_histogram_clear(th_histogram *histogram);
void th_histogram_free(th_histogram *histogram, th_alloc *alloc);

#endif
