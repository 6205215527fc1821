/* SPDX-License-Identifier: ISC */
/* histogram - the number of latencies of each stack in each bucket.
 *
 * The layout is log-linear, after HdrHistogram: 8 buckets for each power of two, one for each value below 16.  All
 * stacks share one table, which has only buckets that are not empty, keyed by (stack, outcome, mark).  The buckets of a
 * stack form a list.
 *
 * A mark is a latency that stands for its bucket: the lowest latency of the bucket, or an exact minimum or maximum that
 * a file had.  If a file has only a count and a sum, the mark is TH_NO_MARK, and the latencies are in no bucket. */
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

/* Makes room for `more` new buckets, for which th_histogram_add() then cannot fail.  ENOMEM, EOVERFLOW. */
int th_histogram_reserve(th_histogram *histogram, th_alloc *alloc, uint64_t more);
/* Adds the counts of a stack's list to `counts`, by theseus_latency_bucket(). */
void th_histogram_fill(const th_histogram *histogram, uint32_t first, uint64_t counts[THESEUS_BUCKETS]);
/* Finds the bucket with the key of `wanted`: (stack, outcome, mark).  If necessary, creates it, empty, as the first of
 * the stack's list.  ENOMEM, EOVERFLOW. */
int th_histogram_intern(th_histogram *histogram, th_alloc *alloc, const struct th_bucket *wanted, uint32_t *first,
                        uint32_t *out);
/* Adds the count and the sum of `added` to the bucket with its key.  A sum that does not fit becomes UINT64_MAX.
 * ENOMEM, EOVERFLOW. */
int th_histogram_add(th_histogram *histogram, th_alloc *alloc, const struct th_bucket *added, uint32_t *first);
/* Removes the newest bucket.  It is the first in the list of its stack, `first`. */
void th_histogram_cut(th_histogram *histogram, uint32_t *first);
void th_histogram_clear(th_histogram *histogram);
void th_histogram_free(th_histogram *histogram, th_alloc *alloc);

#endif
