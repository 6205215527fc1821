/* SPDX-License-Identifier: ISC */
#include "callgrind/number.h"

static unsigned digit_of(char c) {
  if (c >= '0' && c <= '9')
    return (unsigned)(c - '0');
  if (c >= 'a' && c <= 'f')
    return (unsigned)(c - 'a' + 10);
  return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 16;
}

static const char *take(const char *at, unsigned base, uint64_t *out) {
  const char *start = at;
  *out = 0;
  for (unsigned digit; (digit = digit_of(*at)) < base; at++) {
    if (*out > (UINT64_MAX - digit) / base) {
      *out = UINT64_MAX;
      return NULL;
    }
    *out = *out * base + digit;
  }
  return at > start ? at : NULL;
}

const char *th_callgrind_long_number(const char *start, size_t length, uint64_t *out) {
  if (length == 1 && start[0] == '0' && start[1] == 'x')
    return take(start + 2, 16, out);
  return take(start, 10, out);
}
