/* SPDX-License-Identifier: ISC */
#include "profile/histogram.h"
#include "base/fixed.h"

#include <string.h>

/* Below FIRST every value has a bucket of its own.  Above, the bits of a value are 1sss.....; the bucket is given by
 * sss and the number of dots. */
enum { SUB_BITS = 3, SUBS = 1 << SUB_BITS, FIRST = 2 * SUBS };

static uint32_t log2_floor(uint64_t value) {
  uint32_t log = 0;
  for (uint32_t step = 32; step; step /= 2)
    if (value >> step) {
      value >>= step;
      log += step;
    }
  return log;
}

uint32_t theseus_latency_bucket(uint64_t latency_ns) {
  if (latency_ns < FIRST)
    return (uint32_t)latency_ns;
  uint32_t log = log2_floor(latency_ns);
  return FIRST + (log - SUB_BITS - 1) * SUBS + (uint32_t)(latency_ns >> (log - SUB_BITS) & (SUBS - 1));
}

int theseus_bucket_bounds(uint32_t bucket, uint64_t *low, uint64_t *high) {
  if (bucket >= THESEUS_BUCKETS || !low || !high)
    return THESEUS_EINVAL;
  if (bucket < FIRST) {
    *low = *high = bucket;
  } else {
    uint32_t dots = (bucket - FIRST) / SUBS + 1;
    *low = (uint64_t)(SUBS + (bucket - FIRST) % SUBS) << dots;
    *high = *low + ((UINT64_C(1) << dots) - 1);
  }
  return THESEUS_OK;
}

static bool same(const void *owner, uint32_t index, const void *key) {
  const struct th_bucket *bucket = &((const th_histogram *)owner)->items[index];
  const struct th_bucket *wanted = key;
  return bucket->stack == wanted->stack && bucket->mark == wanted->mark && bucket->outcome == wanted->outcome;
}

static uint32_t hash(const struct th_bucket *bucket) {
  const uint32_t words[] = {bucket->stack, bucket->outcome, (uint32_t)bucket->mark, (uint32_t)(bucket->mark >> 32)};
  return th_hash_words(words, 4);
}

int th_histogram_reserve(th_histogram *histogram, th_alloc *alloc, uint64_t more) {
  uint64_t needed = histogram->count + more;
  int status = th_alloc_grow(alloc, &histogram->items, &histogram->capacity, needed, sizeof *histogram->items);
  return status ? status : th_map_reserve(&histogram->map, alloc, needed);
}

void th_histogram_fill(const th_histogram *histogram, uint32_t first, uint64_t counts[THESEUS_BUCKETS]) {
  for (uint32_t i = first; i != TH_NONE; i = histogram->items[i].next) {
    const struct th_bucket *bucket = &histogram->items[i];
    if (bucket->mark == TH_NO_MARK)
      continue;
    th_add_bounded(&counts[theseus_latency_bucket(bucket->mark)], bucket->count);
  }
}

int theseus_histogram_percentile(const uint64_t *counts, uint64_t min_ns, uint64_t max_ns, double fraction,
                                 uint64_t *out) {
  uint64_t count = 0, low = 0, high = 0, seen = 0;

  if (!counts || !(fraction >= 0 && fraction <= 1) || !out)
    return THESEUS_EINVAL;
  for (uint32_t bucket = 0; bucket < THESEUS_BUCKETS; bucket++)
    th_add_bounded(&count, counts[bucket]);
  if (!count) {
    *out = 0;
    return THESEUS_OK;
  }
  /* The rank of the result, from 1: the least integer that is not below fraction * count. */
  double place = fraction * (double)count;
  uint64_t rank = place < (double)count ? (uint64_t)place : count;
  rank += (double)rank < place && rank < count;
  rank = rank < 1 ? 1 : rank > count ? count : rank;
  if (rank == 1 || rank == count) {
    *out = rank == 1 && fraction < 1 ? min_ns : max_ns;
    return THESEUS_OK;
  }
  uint32_t bucket = 0;
  for (th_add_bounded(&seen, counts[0]); seen < rank; th_add_bounded(&seen, counts[bucket]))
    bucket++;
  theseus_bucket_bounds(bucket, &low, &high);
  uint64_t middle = low + (high - low) / 2;
  *out = middle < min_ns ? min_ns : middle > max_ns ? max_ns : middle;
  return THESEUS_OK;
}

int th_histogram_intern(th_histogram *histogram, th_alloc *alloc, const struct th_bucket *wanted, uint32_t *first,
                        uint32_t *out) {
  uint32_t hashed = hash(wanted), index = th_map_find(&histogram->map, hashed, same, histogram, wanted);
  if (index == TH_NONE) {
    int status = th_histogram_reserve(histogram, alloc, 1);
    if (status)
      return status;
    index = histogram->count++;
    histogram->items[index] = (struct th_bucket){wanted->stack, wanted->outcome, wanted->mark, 0, 0, *first};
    *first = index;
    th_map_add(&histogram->map, hashed, index);
  }
  *out = index;
  return THESEUS_OK;
}

int th_histogram_add(th_histogram *histogram, th_alloc *alloc, const struct th_bucket *added, uint32_t *first) {
  uint32_t index;
  int status = th_histogram_intern(histogram, alloc, added, first, &index);
  if (status)
    return status;
  struct th_bucket *bucket = &histogram->items[index];
  th_add_bounded(&bucket->count, added->count);
  th_add_bounded(&bucket->latency_ns, added->latency_ns);
  return THESEUS_OK;
}

void th_histogram_cut(th_histogram *histogram, uint32_t *first) {
  const struct th_bucket *last = &histogram->items[--histogram->count];
  *first = last->next;
  th_map_remove(&histogram->map, hash(last), histogram->count);
}

void th_histogram_clear(th_histogram *histogram) {
  histogram->count = 0;
  th_map_clear(&histogram->map);
}

void th_histogram_free(th_histogram *histogram, th_alloc *alloc) {
  th_alloc_free(alloc, histogram->items, histogram->capacity, sizeof *histogram->items);
  th_map_free(&histogram->map, alloc);
  memset(histogram, 0, sizeof *histogram);
}
