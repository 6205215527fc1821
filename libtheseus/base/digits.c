/* SPDX-License-Identifier: ISC */
#include "base/digits.h"

const char *th_digits_rest(const char *at, uint64_t *out) {
  const char *most = at - 8 + TH_DIGITS_FIT;
  for (unsigned digit; (digit = (unsigned)(unsigned char)*at - '0') <= 9; at++) {
    if (at == most)
      return NULL;
    *out = *out * 10 + digit;
  }
  return at;
}
