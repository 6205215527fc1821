/* SPDX-License-Identifier: ISC */
/* digits - a decimal number, eight digits at a time. */
#ifndef TH_DIGITS_H
#define TH_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/* For functions so small that a call would double their cost. */
#ifdef __GNUC__
#define TH_INLINE static inline __attribute__((always_inline))
#else
#define TH_INLINE static inline
#endif

/* Returns 8 bytes as a number, the first byte lowest.  Compilers make one load of it. */
static inline uint64_t th_word(const char *at) {
  const unsigned char *b = (const unsigned char *)at;
  return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 | (uint64_t)b[4] << 32 |
         (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

/* Returns the number of zero bits below the lowest set bit, or above the highest.  One bit must be set. */
static inline unsigned th_zeros_below(uint64_t bits) {
#ifdef __GNUC__
  return (unsigned)__builtin_ctzll(bits);
#else
  unsigned n = 0;
  for (; !(bits & 1); bits >>= 1)
    n++;
  return n;
#endif
}

static inline unsigned th_zeros_above(uint64_t bits) {
#ifdef __GNUC__
  return (unsigned)__builtin_clzll(bits);
#else
  unsigned n = 0;
  for (; !(bits >> 63); bits <<= 1)
    n++;
  return n;
#endif
}

/* Returns the number of digits at the beginning of a word. */
static inline unsigned th_word_digits(uint64_t word) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  word ^= ones * '0'; /* now digits are 0 to 9; find the highest bit of all other bytes */
  uint64_t others = (((word & ones * 0x7f) + ones * (0x80 - 10)) | word) & ones * 0x80;
  return others ? th_zeros_below(others) / 8 : 8;
}

/* Returns the number that the first n digits of a word form, 0 < n <= 8. */
static inline uint64_t th_word_number(uint64_t word, unsigned n) {
  word = (word ^ UINT64_C(0x3030303030303030)) << (64 - 8 * n); /* zeros in front */
  word = word * 10 + (word >> 8);                               /* pairs, then fours, then all */
  return ((word & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
          (word >> 16 & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001)) >>
         32;
}

enum { TH_DIGITS_FIT = 19 }; /* all numbers of this many digits fit into 64 bits */

/* Reads the rest of a number whose first 8 digits have been read.  See th_digits. */
const char *th_digits_rest(const char *at, uint64_t *out);

/* Reads a decimal number of up to TH_DIGITS_FIT digits.  Gives where it ends, or NULL.  Looks at no more than
 * TH_DIGITS_FIT + 8 bytes, which must be there. */
TH_INLINE const char *th_digits(const char *at, uint64_t *out) {
  uint64_t word = th_word(at);
  unsigned n = th_word_digits(word);
  if (!n)
    return NULL;
  *out = th_word_number(word, n);
  return n < 8 ? at + n : th_digits_rest(at + n, out);
}

#endif
