/* SPDX-License-Identifier: ISC */
#include "base/map.h"

#include <string.h>

static void put(th_map_slot *slots, uint32_t capacity, uint32_t hash, uint32_t index) {
  uint32_t i = hash & (capacity - 1);
  while (slots[i].index != TH_NONE)
    i = (i + 1) & (capacity - 1);
  slots[i].hash = hash;
  slots[i].index = index;
}

int th_map_reserve(th_map *map, th_alloc *alloc, uint64_t count) {
  if (th_map_has_room(map, count))
    return THESEUS_OK;
  uint64_t capacity = map->capacity ? map->capacity : 16;
  while (count > capacity / 4 * 3)
    capacity *= 2;
  if (capacity > UINT32_C(1) << 31)
    return THESEUS_EOVERFLOW;

  th_map_slot *slots = th_alloc_zeroed(alloc, (size_t)capacity, sizeof *slots);
  if (!slots)
    return th_alloc_why(alloc);
  for (uint32_t i = 0; i < capacity; i++)
    slots[i].index = TH_NONE;
  for (uint32_t i = 0; i < map->capacity; i++)
    if (map->slots[i].index != TH_NONE)
      put(slots, (uint32_t)capacity, map->slots[i].hash, map->slots[i].index);
  th_alloc_free(alloc, map->slots, map->capacity, sizeof *slots);
  map->slots = slots;
  map->capacity = (uint32_t)capacity;
  return THESEUS_OK;
}

void th_map_add(th_map *map, uint32_t hash, uint32_t index) {
  put(map->slots, map->capacity, hash, index);
  map->count++;
}

int th_map_append(th_map *map, th_alloc *alloc, uint32_t hash, void *array, uint32_t *capacity, uint32_t count,
                  size_t size) {
  int status = th_alloc_grow(alloc, array, capacity, (uint64_t)count + 1, size);
  if (!status)
    status = th_map_reserve(map, alloc, (uint64_t)map->count + 1);
  if (!status)
    th_map_add(map, hash, count);
  return status;
}

void th_map_remove(th_map *map, uint32_t hash, uint32_t index) {
  uint32_t mask = map->capacity - 1, hole = hash & mask;
  while (map->slots[hole].index != index)
    hole = (hole + 1) & mask;
  /* Move displaced entries back towards their home slot, so that no search stops at the hole. */
  for (uint32_t i = (hole + 1) & mask; map->slots[i].index != TH_NONE; i = (i + 1) & mask) {
    uint32_t home = map->slots[i].hash & mask;
    if (((i - home) & mask) < ((i - hole) & mask))
      continue;
    map->slots[hole] = map->slots[i];
    hole = i;
  }
  map->slots[hole].index = TH_NONE;
  map->count--;
}

void th_map_clear(th_map *map) {
  for (uint32_t i = 0; i < map->capacity; i++)
    map->slots[i].index = TH_NONE;
  map->count = 0;
}

void th_map_free(th_map *map, th_alloc *alloc) {
  th_alloc_free(alloc, map->slots, map->capacity, sizeof *map->slots);
  map->slots = NULL;
  map->capacity = map->count = 0;
}

/* Eight bytes at a time, because names of C++ are long. */
uint32_t th_hash_bytes(const char *bytes, size_t n) {
  uint64_t h = n, word;
  for (; n >= sizeof word; bytes += sizeof word, n -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 32;
  }
  if (n) {
    word = 0;
    memcpy(&word, bytes, n);
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  }
  return th_hash_finish((uint32_t)(h ^ h >> 32));
}
