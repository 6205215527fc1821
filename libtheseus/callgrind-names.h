/* SPDX-License-Identifier: ISC */
/* callgrind-names - one table of compressed names: `fn=(12) main` defines what `fn=(12)` means.
 *
 * Ids are looked up, even small ones: valgrind leaves most of them out, and an array with gaps is more memory than fits
 * into caches that are near. */
#ifndef TH_CALLGRIND_NAMES_H
#define TH_CALLGRIND_NAMES_H

#include "map.h"

typedef struct th_name {
  uint32_t text;                   /* TH_NONE: not defined */
  uint32_t object, file, function; /* of a function: what it was with which object and file, the last time */
} th_name;

typedef struct th_names {
  th_name *names;
  uint32_t count, capacity;
  th_map map;
} th_names;

/* Different for each id, so that nothing else has to be compared. */
static inline uint32_t th_names_hash(uint32_t id) { return th_hash_finish(id); }

static inline bool th_names_same(const void *owner, uint32_t index, const void *key) {
  (void)owner;
  (void)index;
  (void)key;
  return true;
}

/* The name with this id, or NULL.  Good until the next call of th_names_at. */
static inline th_name *th_names_find(const th_names *names, uint32_t id) {
  uint32_t index = th_map_find(&names->map, th_names_hash(id), th_names_same, names, NULL);
  return index == TH_NONE ? NULL : &names->names[index];
}

/* The same, but made if it is new.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out);

void th_names_clear(th_names *names);
void th_names_free(th_names *names, th_alloc *alloc);

#endif
