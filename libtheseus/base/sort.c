/* SPDX-License-Identifier: ISC */
#include "base/sort.h"

void th_sort(uint32_t *ids, uint32_t n, uint32_t *spare, th_sort_less *less, const void *owner) {
  th_sort_inline(ids, n, spare, less, owner);
}
