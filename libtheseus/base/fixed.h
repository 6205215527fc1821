/* SPDX-License-Identifier: ISC */
/* fixed - sums that must fit, and shares of time: 64 bits of nanoseconds and 64 of fraction, exact but for one division
 * by a small number.
 *
 * Arithmetic of shares wraps, which clocks that are only ever subtracted from each other can bear. */
#ifndef TH_FIXED_H
#define TH_FIXED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool th_fits(uint64_t a, uint64_t b) { return b <= UINT64_MAX - a; }

/* Adds x to *sum.  Returns false, and changes nothing, if the sum does not fit into 64 bits. */
static inline bool th_add(uint64_t *sum, uint64_t x) {
  if (!th_fits(*sum, x))
    return false;
  *sum += x;
  return true;
}

/* Adds x to *sum.  A sum that does not fit becomes UINT64_MAX. */
static inline void th_add_bounded(uint64_t *sum, uint64_t x) {
  if (!th_add(sum, x))
    *sum = UINT64_MAX;
}

typedef struct th_fixed {
  uint64_t ns, fraction;
} th_fixed;

static inline th_fixed th_fixed_add(th_fixed a, th_fixed b) {
  th_fixed sum = {a.ns + b.ns, a.fraction + b.fraction};
  sum.ns += sum.fraction < a.fraction;
  return sum;
}

static inline th_fixed th_fixed_subtract(th_fixed a, th_fixed b) {
  return (th_fixed){a.ns - b.ns - (a.fraction < b.fraction), a.fraction - b.fraction};
}

/* (a + *rest units of the last place) / k, and what is left over in *rest: nothing is lost from one division to the
 * next.  k > 0. */
static inline th_fixed th_fixed_divide(th_fixed a, uint32_t k, uint32_t *rest) {
  a = th_fixed_add(a, (th_fixed){0, *rest});
  if (k == 1) {
    *rest = 0;
    return a;
  }
  const uint64_t low = UINT32_MAX;
  uint64_t high = a.ns % k << 32 | a.fraction >> 32; /* < 2^64, as a.ns % k < 2^32 */
  uint64_t last = high % k << 32 | (a.fraction & low);
  *rest = (uint32_t)(last % k);
  return (th_fixed){a.ns / k, high / k << 32 | last / k};
}

/* The nearest integer, halves up.  A sum of thirds that is a half in truth falls short of it by units of the last
 * place: hence the slack, which is far more than their errors, and far less than anything measured. */
static inline uint64_t th_fixed_round(th_fixed a) {
  return a.ns + (a.fraction >= (UINT64_C(1) << 63) - (UINT64_C(1) << 32));
}

#endif
