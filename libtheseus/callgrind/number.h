/* SPDX-License-Identifier: ISC */
/* number - the numbers of callgrind files: decimal, or hexadecimal after 0x.
 *
 * These functions read until a byte that is not a digit.  The caller must make sure that one follows. */
#ifndef TH_CALLGRIND_NUMBER_H
#define TH_CALLGRIND_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Behind th_callgrind_number(): reads the number at `start`, which begins with `length` decimal digits. */
const char *th_callgrind_long_number(const char *start, size_t length, uint64_t *out);

/* Reads the number at `at`, and returns its end.  Returns NULL if no number is there (*out becomes 0), or if it exceeds
 * 64 bits (*out becomes UINT64_MAX). */
static inline const char *th_callgrind_number(const char *at, uint64_t *out) {
  const char *start = at;
  uint64_t number = 0;
  for (unsigned digit; (digit = (unsigned)(unsigned char)*at - '0') <= 9; at++)
    number = number * 10 + digit;
  size_t length = (size_t)(at - start);
  if (length - 1 < 19 && *at != 'x') { /* 1 to 19 digits: they always fit */
    *out = number;
    return at;
  }
  return th_callgrind_long_number(start, length, out);
}

#endif
