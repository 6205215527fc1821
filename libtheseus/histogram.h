/* SPDX-License-Identifier: ISC */
/* histogram - how many latencies of a stack fell into which bucket.
 *
 * The layout is log-linear, after HdrHistogram: 8 buckets for each power of two, one for each value below 16.  Only buckets that
 * hold something take memory, and all stacks share one table of them, keyed by (stack, bucket). */
#ifndef TH_HISTOGRAM_H
#define TH_HISTOGRAM_H

#include "map.h"

struct th_bucket {
  uint32_t stack, bucket;
  uint64_t count;
};

typedef struct th_histogram {
  struct th_bucket *items;
  uint32_t count, capacity;
  th_map map;
} th_histogram;

/* Room for `more` buckets that are not there yet, so that th_histogram_add cannot fail for them.  ENOMEM, EOVERFLOW. */
int th_histogram_reserve(th_histogram *histogram, th_alloc *alloc, uint64_t more);
/* The count of a bucket, 0 if it is not there. */
uint64_t th_histogram_count(const th_histogram *histogram, uint32_t stack, uint32_t bucket);
/* Adds to a bucket, which is made if need be; a sum that does not fit stays at its largest.  ENOMEM, EOVERFLOW. */
int th_histogram_add(th_histogram *histogram, th_alloc *alloc, uint32_t stack, uint32_t bucket, uint64_t count);
void th_histogram_clear(th_histogram *histogram);
void th_histogram_free(th_histogram *histogram, th_alloc *alloc);

#endif
