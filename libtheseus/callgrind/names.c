/* SPDX-License-Identifier: ISC */
#include "callgrind/names.h"

#include <string.h>

static int grow(th_names *names, th_alloc *alloc) {
  uint64_t capacity = names->capacity ? 2 * (uint64_t)names->capacity : 16;
  if (capacity > UINT32_C(1) << 31)
    return THESEUS_EOVERFLOW;
  th_names wider = {.count = names->count, .capacity = (uint32_t)capacity};
  wider.slots = th_alloc_zeroed(alloc, (size_t)capacity, sizeof *wider.slots);
  if (!wider.slots)
    return th_alloc_why(alloc);
  memset(wider.slots, 0xff, (size_t)capacity * sizeof *wider.slots); /* TH_NONE */
  for (uint32_t i = 0; i < names->capacity; i++)
    if (names->slots[i].id != TH_NONE)
      *th_names_slot(&wider, names->slots[i].id) = names->slots[i];
  th_names_free(names, alloc);
  *names = wider;
  return THESEUS_OK;
}

int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out) {
  *out = th_names_find(names, id);
  if (*out)
    return THESEUS_OK;
  if (names->count >= names->capacity / 4 * 3) {
    int status = grow(names, alloc);
    if (status)
      return status;
  }
  *out = th_names_slot(names, id);
  **out = (th_name){id, TH_NONE, TH_NONE, TH_NONE, TH_NONE, 0};
  names->count++;
  return THESEUS_OK;
}

void th_names_clear(th_names *names) {
  if (names->count)
    memset(names->slots, 0xff, names->capacity * sizeof *names->slots); /* TH_NONE */
  names->count = 0;
}

void th_names_free(th_names *names, th_alloc *alloc) {
  th_alloc_free(alloc, names->slots, names->capacity, sizeof *names->slots);
  memset(names, 0, sizeof *names);
}
