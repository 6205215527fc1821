/* SPDX-License-Identifier: ISC */
#include "callgrind-names.h"

#include <string.h>

enum { DENSE = 1 << 20 };

static bool same(const void *owner, uint32_t index, const void *key) {
  return ((const th_names *)owner)->names[index].id == *(const uint32_t *)key;
}

/* Makes room for the name and for where it is found. */
static int reserve(th_names *names, th_alloc *alloc, uint32_t id) {
  uint64_t count = (uint64_t)names->count + 1;
  int status = th_alloc_grow(alloc, &names->names, &names->capacity, count, sizeof *names->names);
  if (status)
    return status;
  if (id >= DENSE)
    return th_map_reserve(&names->map, alloc, count);
  if (id < names->number_count)
    return THESEUS_OK;
  status = th_alloc_grow(alloc, &names->numbers, &names->number_capacity, (uint64_t)id + 1, sizeof id);
  if (status)
    return status;
  memset(names->numbers + names->number_count, 0, (id + 1 - names->number_count) * sizeof id);
  names->number_count = id + 1;
  return THESEUS_OK;
}

int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out) {
  uint32_t hash = th_hash_words(&id, 1), index = TH_NONE;
  if (id >= DENSE)
    index = th_map_find(&names->map, hash, same, names, &id);
  else if (id < names->number_count)
    index = names->numbers[id] - 1; /* TH_NONE, when it is 0 */
  if (index == TH_NONE) {
    int status = reserve(names, alloc, id);
    if (status)
      return status;
    index = names->count++;
    names->names[index] = (th_name){id, TH_NONE, TH_NONE, TH_NONE, TH_NONE};
    if (id >= DENSE)
      th_map_add(&names->map, hash, index);
    else
      names->numbers[id] = index + 1;
  }
  *out = &names->names[index];
  return THESEUS_OK;
}

void th_names_clear(th_names *names) {
  names->count = names->number_count = 0;
  if (names->map.count)
    th_map_clear(&names->map);
}

void th_names_free(th_names *names, th_alloc *alloc) {
  th_alloc_free(alloc, names->names, names->capacity, sizeof *names->names);
  th_alloc_free(alloc, names->numbers, names->number_capacity, sizeof *names->numbers);
  th_map_free(&names->map, alloc);
  memset(names, 0, sizeof *names);
}
