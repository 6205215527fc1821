/* SPDX-License-Identifier: ISC */
#include "pprof/ids.h"

static bool same_id(const void *owner, uint32_t index, const void *key) {
  return ((const struct th_ids *)owner)->ids[index] == *(const uint64_t *)key;
}

static uint32_t hash_id(uint64_t id) {
  const uint32_t words[] = {(uint32_t)id, (uint32_t)(id >> 32)};
  return th_hash_words(words, 2);
}

uint32_t th_ids_find(const struct th_ids *ids, uint64_t id) {
  if (id - 1 < ids->direct_size)
    return ids->direct[id - 1];
  return th_map_find(&ids->map, hash_id(id), same_id, ids, &id);
}

int th_ids_add(struct th_ids *ids, th_alloc *alloc, uint64_t id) {
  int status = th_alloc_grow(alloc, &ids->ids, &ids->capacity, (uint64_t)ids->count + 1, sizeof *ids->ids);
  if (!status)
    ids->ids[ids->count++] = id;
  return status;
}

int th_ids_index(struct th_ids *ids, th_alloc *alloc, uint64_t *wrong) {
  if (!ids->count)
    return THESEUS_OK;
  ids->direct = th_alloc_zeroed(alloc, ids->count, sizeof *ids->direct);
  if (!ids->direct)
    return th_alloc_why(alloc);
  ids->direct_size = ids->count;
  for (uint32_t i = 0; i < ids->count; i++)
    ids->direct[i] = TH_NONE;
  for (uint32_t i = 0; i < ids->count; i++) {
    uint64_t id = *wrong = ids->ids[i];
    if (!id || th_ids_find(ids, id) != TH_NONE)
      return THESEUS_EFORMAT;
    if (id <= ids->direct_size) {
      ids->direct[id - 1] = i;
      continue;
    }
    int status = th_map_reserve(&ids->map, alloc, (uint64_t)ids->map.count + 1);
    if (status)
      return status;
    th_map_add(&ids->map, hash_id(id), i);
  }
  return THESEUS_OK;
}

void th_ids_free(struct th_ids *ids, th_alloc *alloc) {
  th_alloc_free(alloc, ids->ids, ids->capacity, sizeof *ids->ids);
  th_alloc_free(alloc, ids->direct, ids->direct_size, sizeof *ids->direct);
  th_map_free(&ids->map, alloc);
}
