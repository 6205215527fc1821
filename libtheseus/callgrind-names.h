/* SPDX-License-Identifier: ISC */
/* callgrind-names - one table of compressed names: `fn=(12) main` defines what `fn=(12)` means.
 *
 * Ids up to a million lie in an array, greater ones are looked up: a file that numbers its functions from 4000000000
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
  th_name *dense, *sparse;
  uint32_t dense_count, dense_capacity, sparse_count, sparse_capacity;
  th_map map;
} th_names;

/* The name with this id, which is made if it is new.  Good until the next call.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out);

void th_names_clear(th_names *names);
void th_names_free(th_names *names, th_alloc *alloc);

#endif
