/* SPDX-License-Identifier: ISC */
#include "base/wire.h"

#include <string.h>

int th_wire_reserve(th_wire *wire, th_alloc *alloc, uint64_t n) {
  return th_alloc_grow(alloc, &wire->bytes, &wire->capacity, wire->used + n, 1);
}

static void put(th_wire *wire, uint64_t number) { wire->used += th_wire_put(wire->bytes + wire->used, number); }

int th_wire_field(th_wire *wire, th_alloc *alloc, uint32_t field, uint64_t number) {
  int status = number ? th_wire_reserve(wire, alloc, 2 * TH_VARINT) : THESEUS_OK;
  if (!status && number) {
    put(wire, field << 3 | TH_WIRE_NUMBER);
    put(wire, number);
  }
  return status;
}

int th_wire_block(th_wire *wire, th_alloc *alloc, uint32_t field, const void *bytes, size_t n) {
  if (n > UINT32_MAX - 3 * TH_VARINT)
    return THESEUS_EOVERFLOW;
  int status = th_wire_reserve(wire, alloc, 2 * TH_VARINT + n);
  if (status)
    return status;
  put(wire, field << 3 | TH_WIRE_BLOCK);
  put(wire, n);
  if (n)
    memcpy(wire->bytes + wire->used, bytes, n);
  wire->used += (uint32_t)n;
  return THESEUS_OK;
}

void th_wire_free(th_wire *wire, th_alloc *alloc) {
  th_alloc_free(alloc, wire->bytes, wire->capacity, 1);
  *wire = (th_wire){0};
}

const char *th_wire_next_field(th_bytes *bytes, struct th_field *out) {
  th_bytes rest = *bytes;
  uint64_t tag, size;

  if (!th_wire_take(&rest, &tag))
    return "a number that does not end";
  if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
    return "a field of no number";
  *out = (struct th_field){.number = (uint32_t)(tag >> 3)};
  switch (tag & 7) {
    case TH_WIRE_NUMBER:
      if (!th_wire_take(&rest, &out->value))
        return "a number that does not end";
      *bytes = rest;
      return NULL;
    case TH_WIRE_BLOCK:
      if (!th_wire_take(&rest, &size))
        return "a number that does not end";
      break;
    case TH_WIRE_FIXED64: size = 8; break;
    case TH_WIRE_FIXED32: size = 4; break;
    default: return "a field of unknown kind";
  }
  if (size > (uint64_t)(rest.end - rest.at))
    return "a field that is longer than what holds it";
  out->is_block = (tag & 7) == TH_WIRE_BLOCK;
  out->block = (th_bytes){rest.at, rest.at + size};
  bytes->at = rest.at + size;
  return NULL;
}
