/* SPDX-License-Identifier: ISC */
/* callgrind-names - one table of compressed names: `fn=(12) main` defines what `fn=(12)` means.
 *
 *     numbers  [ 0 ][ 0 ][ 1 ][ 0 ][ 2 ] …     by id: which name, from 1; small, as files jump about in it
 *     names    [ text, … ][ text, … ] …
 *
 * Ids up to a million lie in that array, greater ones are looked up: a file that numbers its functions from 4000000000
 * down costs no more than one that starts at 1. */
#ifndef TH_CALLGRIND_NAMES_H
#define TH_CALLGRIND_NAMES_H

#include "map.h"

typedef struct th_name {
  uint32_t id;
  uint32_t text;                   /* TH_NONE: not defined */
  uint32_t object, file, function; /* of a function: what it was with which object and file, the last time */
} th_name;

typedef struct th_names {
  th_name *names;
  uint32_t *numbers;
  uint32_t count, capacity, number_count, number_capacity;
  th_map map; /* of those with greater ids */
} th_names;

/* The name with this id, which is made if it is new.  Good until the next call.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out);

/* The name with this id, if it is there and not a great one; or NULL. */
static inline const th_name *th_names_known(const th_names *names, uint64_t id) {
  return id < names->number_count && names->numbers[id] ? &names->names[names->numbers[id] - 1] : NULL;
}

void th_names_clear(th_names *names);
void th_names_free(th_names *names, th_alloc *alloc);

#endif
