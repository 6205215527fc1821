/* SPDX-License-Identifier: ISC */
/* callgrind-names - one table of compressed names: `fn=(12) main` defines what `fn=(12)` means.
 *
 *     slots   [ id, what it is ][ empty ][ id, what it is ] …      a power of two, linear probing, at most 3/4 full
 * Even small ids are looked up in a hash table.  Valgrind omits most ids, so an array would have gaps, and would not
 * fit into the nearest caches.  For the same reason the names are in the table itself. */
#ifndef TH_CALLGRIND_NAMES_H
#define TH_CALLGRIND_NAMES_H

#include "base/map.h"

typedef struct th_name {
  uint32_t id;                     /* TH_NONE: the slot is empty */
  uint32_t text;                   /* TH_NONE: not defined */
  uint32_t object, file, function; /* of a function: the one that it was the last time, with this object and file */
  uint32_t top;                    /* the number of the part from the top that defined it */
} th_name;

typedef struct th_names {
  th_name *slots;
  uint32_t count, capacity; /* capacity: 0, or a power of two */
} th_names;

/* Returns the slot of an id, or the free slot where it belongs.  The table must have slots. */
static inline th_name *th_names_slot(const th_names *names, uint32_t id) {
  uint32_t mask = names->capacity - 1, at = (uint32_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
  while (names->slots[at].id != id && names->slots[at].id != TH_NONE)
    at = (at + 1) & mask;
  return &names->slots[at];
}

/* Returns the name with this id, or NULL.  Valid until the next call of th_names_at(). */
static inline th_name *th_names_find(const th_names *names, uint32_t id) {
  th_name *name = names->capacity ? th_names_slot(names, id) : NULL;
  return name && name->id == id ? name : NULL;
}

/* Finds the name with this id < TH_NONE, creating it if necessary.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out);

void th_names_clear(th_names *names);
void th_names_free(th_names *names, th_alloc *alloc);

#endif
