/* SPDX-License-Identifier: ISC */
#include "sort.h"

#include <string.h>

/* The end of the run that begins at `from`. */
static uint32_t run_end(const uint32_t *ids, uint32_t from, uint32_t n, th_sort_less *less, const void *owner) {
  uint32_t end = from + 1;
  while (end < n && !less(owner, ids[end], ids[end - 1]))
    end++;
  return end;
}

static void merge(const uint32_t *ids, uint32_t from, uint32_t middle, uint32_t end, uint32_t *out, th_sort_less *less,
                  const void *owner) {
  uint32_t a = from, b = middle;
  for (uint32_t i = from; i < end; i++)
    out[i] = a < middle && (b == end || !less(owner, ids[b], ids[a])) ? ids[a++] : ids[b++];
}

void th_sort(uint32_t *ids, uint32_t n, uint32_t *spare, th_sort_less *less, const void *owner) {
  if (n < 2 || run_end(ids, 0, n, less, owner) == n)
    return;
  for (;;) { /* each pass halves the number of runs */
    uint32_t from = 0, merges = 0;
    while (from < n) {
      uint32_t middle = run_end(ids, from, n, less, owner);
      uint32_t end = middle < n ? run_end(ids, middle, n, less, owner) : n;
      merge(ids, from, middle, end, spare, less, owner);
      merges++;
      from = end;
    }
    memcpy(ids, spare, n * sizeof *ids);
    if (merges == 1)
      return;
  }
}
