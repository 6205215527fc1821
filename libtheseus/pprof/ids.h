/* SPDX-License-Identifier: ISC */
/* pprof-ids - the items of a table of a pprof file, by the ids that the file chose. */
#ifndef TH_PPROF_IDS_H
#define TH_PPROF_IDS_H

#include "base/map.h"

/* A table's items by their ids, which are any numbers but 0; mostly they count from 1. */
struct th_ids {
  uint64_t *ids; /* of the items */
  uint32_t count, capacity;
  uint32_t *direct; /* by id - 1, the items of small ids; TH_NONE: there is none */
  uint32_t direct_size;
  th_map map; /* of the others */
};

/* Appends an item.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_ids_add(struct th_ids *ids, th_alloc *alloc, uint64_t id);
/* Makes the items known by their ids, once all are appended.  EFORMAT: *wrong is 0, or the id of two items.  ENOMEM,
 * ELIMIT. */
int th_ids_index(struct th_ids *ids, th_alloc *alloc, uint64_t *wrong);
/* The item with an id, or TH_NONE. */
uint32_t th_ids_find(const struct th_ids *ids, uint64_t id);
void th_ids_free(struct th_ids *ids, th_alloc *alloc);

#endif
