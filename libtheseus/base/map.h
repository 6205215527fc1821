/* SPDX-License-Identifier: ISC */
/* map - a hash index over an array that somebody else owns.
 *
 *     slots   [ hash | index ][ empty ][ hash | index ] …      a power of two, linear probing, at most 3/4 full
 *                     |
 *     owner's array   [ 0 ][ 1 ][ 2 ] …
 *
 * It holds numbers, not keys: the owner compares. */
#ifndef TH_MAP_H
#define TH_MAP_H

#include "base/alloc.h"

#include <stdbool.h>

#define TH_NONE UINT32_MAX /* no index */

typedef struct th_map_slot {
  uint32_t hash;
  uint32_t index; /* TH_NONE: empty */
} th_map_slot;

typedef struct th_map {
  th_map_slot *slots;
  uint32_t capacity; /* 0, or a power of two */
  uint32_t count;
} th_map;

/* Returns true if the owner's item `index` has this key. */
typedef bool th_map_same(const void *owner, uint32_t index, const void *key);

/* Makes room for `count` items in all.  Until then th_map_add() cannot fail.  ENOMEM, EOVERFLOW. */
int th_map_reserve(th_map *map, th_alloc *alloc, uint64_t count);

static inline bool th_map_has_room(const th_map *map, uint64_t count) {
  return count <= (uint64_t)map->capacity / 4 * 3;
}

/* Returns the index of the item with this key, or TH_NONE.  O(1).  Inline, so that the compiler also inlines `same`. */
static inline uint32_t th_map_find(const th_map *map, uint32_t hash, th_map_same *same, const void *owner,
                                   const void *key) {
  if (!map->capacity)
    return TH_NONE;
  for (uint32_t i = hash & (map->capacity - 1); map->slots[i].index != TH_NONE; i = (i + 1) & (map->capacity - 1))
    if (map->slots[i].hash == hash && same(owner, map->slots[i].index, key))
      return map->slots[i].index;
  return TH_NONE;
}

/* Adds an item that is not in the map.  Room must have been reserved. */
void th_map_add(th_map *map, uint32_t hash, uint32_t index);

/* The owner appends an item that is not in the map: makes room for it behind the `count` items of the array at *array,
 * and adds its index, which is `count`.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_map_append(th_map *map, th_alloc *alloc, uint32_t hash, void *array, uint32_t *capacity, uint32_t count,
                  size_t size);

/* Removes an item that is in the map.  O(1). */
void th_map_remove(th_map *map, uint32_t hash, uint32_t index);

/* Prefetches memory that will be read soon, if the compiler has an instruction for it. */
static inline void th_prefetch(const void *address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

void th_map_clear(th_map *map);
void th_map_free(th_map *map, th_alloc *alloc);

/* Mixes n words, or n bytes, into a hash (the finaliser of MurmurHash3, and FNV-1a with it). */
static inline uint32_t th_hash_finish(uint32_t h) {
  h ^= h >> 16;
  h *= UINT32_C(0x85ebca6b);
  h ^= h >> 13;
  h *= UINT32_C(0xc2b2ae35);
  return h ^ h >> 16;
}

static inline uint32_t th_hash_words(const uint32_t *words, size_t n) {
  uint32_t h = UINT32_C(0x811c9dc5);
  for (size_t i = 0; i < n; i++)
    h = th_hash_finish(h ^ words[i]) + UINT32_C(0x9e3779b9);
  return h;
}

uint32_t th_hash_bytes(const char *bytes, size_t n);

#endif
