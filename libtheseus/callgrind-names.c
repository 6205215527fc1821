/* SPDX-License-Identifier: ISC */
#include "callgrind-names.h"

#include <string.h>

enum { DENSE = 1 << 20 };

static const th_name undefined = {0, TH_NONE, TH_NONE, TH_NONE, TH_NONE};

static bool same(const void *owner, uint32_t index, const void *key) {
  return ((const th_names *)owner)->sparse[index].id == *(const uint32_t *)key;
}

static int sparse_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out) {
  uint32_t hash = th_hash_words(&id, 1);
  uint32_t index = th_map_find(&names->map, hash, same, names, &id);
  if (index == TH_NONE) {
    uint64_t count = (uint64_t)names->sparse_count + 1;
    int status = th_alloc_grow(alloc, &names->sparse, &names->sparse_capacity, count, sizeof undefined);
    if (!status)
      status = th_map_reserve(&names->map, alloc, count);
    if (status)
      return status;
    index = names->sparse_count++;
    names->sparse[index] = undefined;
    names->sparse[index].id = id;
    th_map_add(&names->map, hash, index);
  }
  *out = &names->sparse[index];
  return THESEUS_OK;
}

int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out) {
  if (id >= DENSE)
    return sparse_at(names, alloc, id, out);
  if (id >= names->dense_count) {
    int status = th_alloc_grow(alloc, &names->dense, &names->dense_capacity, (uint64_t)id + 1, sizeof undefined);
    if (status)
      return status;
    while (names->dense_count <= id)
      names->dense[names->dense_count++] = undefined;
  }
  *out = &names->dense[id];
  return THESEUS_OK;
}

void th_names_clear(th_names *names) {
  names->dense_count = names->sparse_count = 0;
  if (names->map.count)
    th_map_clear(&names->map);
}

void th_names_free(th_names *names, th_alloc *alloc) {
  th_alloc_free(alloc, names->dense, names->dense_capacity, sizeof undefined);
  th_alloc_free(alloc, names->sparse, names->sparse_capacity, sizeof undefined);
  th_map_free(&names->map, alloc);
  memset(names, 0, sizeof *names);
}
