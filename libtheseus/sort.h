/* SPDX-License-Identifier: ISC */
/* sort - numbers by what they stand for: the C library's qsort has no argument for that, and may take memory of its
 * own. */
#ifndef TH_SORT_H
#define TH_SORT_H

#include <stdbool.h>
#include <stdint.h>

typedef bool th_sort_less(const void *owner, uint32_t a, uint32_t b);

/* A stable merge sort, from the runs that are in order already: O(n log runs).  `spare` has room for n. */
void th_sort(uint32_t *ids, uint32_t n, uint32_t *spare, th_sort_less *less, const void *owner);

#endif
