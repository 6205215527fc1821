/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Returns the length of the valid UTF-8 sequence at the beginning of `bytes`, n > 0 of them; 0: none is there. */
static size_t sequence(const unsigned char *bytes, size_t n) {
  unsigned char lead = bytes[0];
  size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length > n)
    return 0;
  for (size_t i = 1; i < length; i++)
    if (bytes[i] >> 6 != 2)
      return 0;
  if ((lead == 0xe0 && bytes[1] < 0xa0) || (lead == 0xed && bytes[1] > 0x9f) || /* overlong, surrogates */
      (lead == 0xf0 && bytes[1] < 0x90) || (lead == 0xf4 && bytes[1] > 0x8f))
    return 0;
  return length;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Returns the number of bytes at `i` that may stay as they are; 0: the byte must be escaped. */
static size_t clean_at(const char *bytes, size_t i, size_t n) {
  char c = bytes[i];
  if (c == '\0' || c == '\r' || c == '\n' || (is_blank(c) && (i == 0 || i == n - 1)))
    return 0;
  return sequence((const unsigned char *)bytes + i, n - i);
}

/* Returns the length of a prefix that is printable ASCII: a multiple of 8. */
static size_t plain(const char *bytes, size_t n) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  size_t i = 0;
  for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
    memcpy(&word, bytes + i, sizeof word);
    if (((word - ones * ' ') | word) & ones * 0x80) /* a borrow comes from a byte that is not printable */
      break;
  }
  return i;
}

bool th_text_is_clean(const char *bytes, size_t n) {
  if (n && (is_blank(bytes[0]) || is_blank(bytes[n - 1])))
    return false;
  for (size_t i = plain(bytes, n), step; i < n; i += step)
    if (!(step = clean_at(bytes, i, n)))
      return false;
  return true;
}

size_t th_text_clean(const char *bytes, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  size_t length = 0;

  for (size_t i = 0; i < n;) {
    size_t step = clean_at(bytes, i, n);
    if (!step) {
      unsigned char c = (unsigned char)bytes[i++];
      out[length++] = '\\';
      out[length++] = 'x';
      out[length++] = digits[c >> 4];
      out[length++] = digits[c & 15];
    }
    while (step-- > 0)
      out[length++] = bytes[i++];
  }
  return length;
}
