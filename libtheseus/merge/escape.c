/* SPDX-License-Identifier: ISC */
#include "merge/escape.h"

#include <stdint.h>

/* The number of bytes in the UTF-8 sequence that begins with `lead`; 0: none does. */
static size_t length_of(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

static bool is_shown(uint32_t c) {
  bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  bool line = c == 0x2028 || c == 0x2029;
  bool direction =
      c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return !control && !line && !direction;
}

/* The number of bytes of the character at `at` that may stay; 0: the first byte must be escaped. */
static size_t shown(const unsigned char *at, size_t size) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = length_of(*at);
  uint32_t c = length == 1 ? *at : *at & (0x7fU >> length);

  if (!length || length > size)
    return 0;
  for (size_t i = 1; i < length; i++) {
    if (at[i] >> 6 != 2)
      return 0;
    c = c << 6 | (at[i] & 0x3fU);
  }
  bool valid = c >= least[length] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
  return valid && is_shown(c) ? length : 0;
}

size_t escape(const char *bytes, size_t size, bool lines, char *out) {
  static const char digits[] = "0123456789abcdef";
  size_t length = 0;

  for (size_t i = 0; i < size;) {
    unsigned char c = (unsigned char)bytes[i];
    size_t stay = lines && (c == '\n' || c == '\t') ? 1 : shown((const unsigned char *)bytes + i, size - i);
    if (!stay) {
      out[length++] = '\\';
      out[length++] = 'x';
      out[length++] = digits[c >> 4];
      out[length++] = digits[c & 15];
      i++;
    }
    while (stay--)
      out[length++] = bytes[i++];
  }
  return length;
}

size_t escape_whole(const char *bytes, size_t size) {
  for (size_t back = 1; back <= 3 && back <= size; back++) {
    unsigned char c = (unsigned char)bytes[size - back];
    if (c >> 6 != 2) /* the last character begins here */
      return length_of(c) > back ? size - back : size;
  }
  return size;
}
