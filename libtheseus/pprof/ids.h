/* SPDX-License-Identifier: ISC */
/* pprof-ids - the items of a table of a pprof file, by the ids that the file chose. */
#ifndef TH_PPROF_IDS_H
#define TH_PPROF_IDS_H

#include "base/map.h"

/* The items of a table, by ids: any numbers but 0.  Usually ids count from 1. */
struct th_ids {
  uint64_t *ids; /* of the items */
  uint32_t count, capacity;
  uint32_t *direct; /* by id - 1, the items of small ids; TH_NONE: there is none */
  uint32_t direct_size;
  th_map map; /* of the others */
};

/* Appends an item.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_ids_add(struct th_ids *ids, th_alloc *alloc, uint64_t id);
/* Indexes the items by their ids, after all were appended.  EFORMAT: *wrong becomes 0, or the id of two items.  ENOMEM,
 * ELIMIT. */
int th_ids_index(struct th_ids *ids, th_alloc *alloc, uint64_t *wrong);
/* Returns the item with an id, or TH_NONE. */
uint32_t th_ids_find(const struct th_ids *ids, uint64_t id);
void th_ids_free(struct th_ids *ids, th_alloc *alloc);

#endif
