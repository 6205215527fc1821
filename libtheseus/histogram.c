/* SPDX-License-Identifier: ISC */
#include "histogram.h"

#include <string.h>

/* Below FIRST every value has a bucket; above, the bits of a value are  1sss.....  and sss, with the number of dots, tell
 * its bucket. */
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
  const uint32_t *words = key;
  return bucket->stack == words[0] && bucket->bucket == words[1];
}

int th_histogram_reserve(th_histogram *histogram, th_alloc *alloc, uint64_t more) {
  uint64_t needed = histogram->count + more;
  int status = th_alloc_grow(alloc, &histogram->items, &histogram->capacity, needed, sizeof *histogram->items);
  return status ? status : th_map_reserve(&histogram->map, alloc, needed);
}

uint64_t th_histogram_count(const th_histogram *histogram, uint32_t stack, uint32_t bucket) {
  const uint32_t key[] = {stack, bucket};
  uint32_t index = th_map_find(&histogram->map, th_hash_words(key, 2), same, histogram, key);
  return index == TH_NONE ? 0 : histogram->items[index].count;
}

int th_histogram_add(th_histogram *histogram, th_alloc *alloc, uint32_t stack, uint32_t bucket, uint64_t count) {
  const uint32_t key[] = {stack, bucket};
  uint32_t hash = th_hash_words(key, 2);
  uint32_t index = th_map_find(&histogram->map, hash, same, histogram, key);
  if (index == TH_NONE) {
    int status = th_histogram_reserve(histogram, alloc, 1);
    if (status)
      return status;
    index = histogram->count++;
    histogram->items[index] = (struct th_bucket){stack, bucket, 0};
    th_map_add(&histogram->map, hash, index);
  }
  uint64_t *sum = &histogram->items[index].count;
  *sum = count > UINT64_MAX - *sum ? UINT64_MAX : *sum + count;
  return THESEUS_OK;
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
