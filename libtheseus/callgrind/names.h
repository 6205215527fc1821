/* SPDX-License-Identifier: ISC */
/* callgrind-names - one table of compressed names: `fn=(12) main` defines what `fn=(12)` means.
 *
 *     slots   [ id, what it is ][ empty ][ id, what it is ] …      a power of two, linear probing, at most 3/4 full
 *
 * Ids are looked up, even small ones: valgrind leaves most of them out, and an array with gaps is more memory than fits
 * into caches that are near.  For the same reason what is looked up lies in the table itself. */
#ifndef TH_CALLGRIND_NAMES_H
#define TH_CALLGRIND_NAMES_H

#include "base/map.h"

typedef struct th_name {
  uint32_t id;                     /* TH_NONE: there is none */
  uint32_t text;                   /* TH_NONE: not defined */
  uint32_t object, file, function; /* of a function: what it was with which object and file, the last time */
  uint32_t top;                    /* the part from the top that defined it, by number */
} th_name;

typedef struct th_names {
  th_name *slots;
  uint32_t count, capacity; /* capacity: 0, or a power of two */
} th_names;

/* The slot of an id, or the one that is free for it.  There are slots. */
static inline th_name *th_names_slot(const th_names *names, uint32_t id) {
  uint32_t mask = names->capacity - 1, at = (uint32_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
  while (names->slots[at].id != id && names->slots[at].id != TH_NONE)
    at = (at + 1) & mask;
  return &names->slots[at];
}

/* The name with this id, or NULL.  Good until the next call of th_names_at. */
static inline th_name *th_names_find(const th_names *names, uint32_t id) {
  th_name *name = names->capacity ? th_names_slot(names, id) : NULL;
  return name && name->id == id ? name : NULL;
}

/* The same, but made if it is new: id < TH_NONE.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out);

void th_names_clear(th_names *names);
void th_names_free(th_names *names, th_alloc *alloc);

#endif
