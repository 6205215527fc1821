/* SPDX-License-Identifier: ISC */
/* wire - protocol buffers: numbers with 7 bits in a byte, and fields, each a number with a value.
 *
 *     field << 3 | 0, number          a number
 *     field << 3 | 2, length, bytes   a text, a message, or packed numbers */
#ifndef TH_WIRE_H
#define TH_WIRE_H

#include "base/alloc.h"

/* ---- writing, into a block that grows ---- */

typedef struct th_wire {
  unsigned char *bytes;
  uint32_t used, capacity;
} th_wire;

enum { TH_VARINT = 10 /* bytes, at most */ };

/* Writes a number to where there is room for it.  Returns the number of bytes that it took. */
static inline uint32_t th_wire_put(unsigned char *at, uint64_t number) {
  uint32_t n = 0;
  for (; number >= 0x80; number >>= 7)
    at[n++] = (unsigned char)(number | 0x80);
  at[n++] = (unsigned char)number;
  return n;
}

/* Returns the number of bytes that a number will take. */
static inline uint32_t th_wire_size(uint64_t number) {
  uint32_t n = 1;
  for (; number >= 0x80; number >>= 7)
    n++;
  return n;
}

/* Makes room for `n` more bytes.  ENOMEM, ELIMIT, EOVERFLOW (4 GB); the functions below the same. */
int th_wire_reserve(th_wire *wire, th_alloc *alloc, uint64_t n);
/* Appends a field that is a number.  A value of 0 is omitted: it is the reader's default. */
int th_wire_field(th_wire *wire, th_alloc *alloc, uint32_t field, uint64_t number);
/* Appends a field that is a block of bytes. */
int th_wire_block(th_wire *wire, th_alloc *alloc, uint32_t field, const void *bytes, size_t n);
void th_wire_free(th_wire *wire, th_alloc *alloc);

/* ---- reading: within bounds ---- */

typedef struct th_bytes {
  const unsigned char *at, *end;
} th_bytes;

struct th_field {
  uint32_t number;
  bool is_block;
  uint64_t value;
  th_bytes block;
};

/* Reads a number of at most 64 bits.  Returns false if the number does not end in time. */
static inline bool th_wire_take(th_bytes *bytes, uint64_t *out) {
  const unsigned char *at = bytes->at;
  uint64_t number = 0;
  uint32_t shift = 0;

  if (at != bytes->end && *at < 0x80) {
    *out = *at;
    bytes->at = at + 1;
    return true;
  }
  for (; at != bytes->end; at++, shift += 7) {
    if (shift == 63 && *at > 1)
      return false;
    number |= (uint64_t)(*at & 0x7f) << shift;
    if (*at < 0x80) {
      *out = number;
      bytes->at = at + 1;
      return true;
    }
  }
  return false;
}

/* Behind th_wire_next(): fields of any kind and size. */
const char *th_wire_next_field(th_bytes *bytes, struct th_field *out);

enum { TH_WIRE_NUMBER = 0, TH_WIRE_FIXED64 = 1, TH_WIRE_BLOCK = 2, TH_WIRE_FIXED32 = 5 };

/* Reads the next field; those of a fixed size have their bytes as a block.  NULL, or what is wrong, and then `bytes` is
 * where.  Inline, as most begin with two bytes that say it all. */
static inline const char *th_wire_next(th_bytes *bytes, struct th_field *out) {
  const unsigned char *at = bytes->at;
  if (bytes->end - at < 2 || at[0] >= 0x80 || at[0] < 1 << 3 || at[1] >= 0x80)
    return th_wire_next_field(bytes, out);
  uint32_t kind = at[0] & 7;
  bool is_block = kind == TH_WIRE_BLOCK;
  if ((!is_block && kind != TH_WIRE_NUMBER) || (is_block && at[1] > bytes->end - at - 2))
    return th_wire_next_field(bytes, out);
  *out = (struct th_field){.number = (uint32_t)at[0] >> 3, .is_block = is_block};
  if (is_block)
    out->block = (th_bytes){at + 2, at + 2 + at[1]};
  else
    out->value = at[1];
  bytes->at = at + 2 + (is_block ? at[1] : 0);
  return NULL;
}

#endif
