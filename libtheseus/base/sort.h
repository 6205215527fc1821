/* SPDX-License-Identifier: ISC */
/* sort - numbers by what they stand for: the C library's qsort has no argument for that, and may take memory of its
 * own. */
#ifndef TH_SORT_H
#define TH_SORT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef bool th_sort_less(const void *owner, uint32_t a, uint32_t b);

/* A stable merge sort, from the runs that are in order already: O(n log runs).  `spare` has room for n.
 *
 * Inline, so that `less` is as well, for those who sort much. */
static inline void th_sort_inline(uint32_t *ids, uint32_t n, uint32_t *spare, th_sort_less *less, const void *owner);

void th_sort(uint32_t *ids, uint32_t n, uint32_t *spare, th_sort_less *less, const void *owner);

/* Returns the end of the run that begins at `from`. */
static inline uint32_t th_sort_run(const uint32_t *ids, uint32_t from, uint32_t n, th_sort_less *less,
                                   const void *owner) {
  uint32_t end = from + 1;
  while (end < n && !less(owner, ids[end], ids[end - 1]))
    end++;
  return end;
}

static inline void th_sort_inline(uint32_t *ids, uint32_t n, uint32_t *spare, th_sort_less *less, const void *owner) {
  if (n < 2 || th_sort_run(ids, 0, n, less, owner) == n)
    return;
  for (;;) { /* each pass halves the number of runs */
    uint32_t from = 0, merges = 0;
    while (from < n) {
      uint32_t middle = th_sort_run(ids, from, n, less, owner);
      uint32_t end = middle < n ? th_sort_run(ids, middle, n, less, owner) : n, a = from, b = middle;
      for (uint32_t i = from; i < end; i++)
        spare[i] = a < middle && (b == end || !less(owner, ids[b], ids[a])) ? ids[a++] : ids[b++];
      merges++;
      from = end;
    }
    memcpy(ids, spare, n * sizeof *ids);
    if (merges == 1)
      return;
  }
}

#endif
