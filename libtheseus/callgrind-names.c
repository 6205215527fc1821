/* SPDX-License-Identifier: ISC */
#include "callgrind-names.h"

#include <string.h>

int th_names_at(th_names *names, th_alloc *alloc, uint32_t id, th_name **out) {
  *out = th_names_find(names, id);
  if (*out)
    return THESEUS_OK;
  uint64_t count = (uint64_t)names->count + 1;
  int status = th_alloc_grow(alloc, &names->names, &names->capacity, count, sizeof *names->names);
  if (!status)
    status = th_map_reserve(&names->map, alloc, count);
  if (status)
    return status;
  *out = &names->names[names->count];
  **out = (th_name){TH_NONE, TH_NONE, TH_NONE, TH_NONE};
  th_map_add(&names->map, th_names_hash(id), names->count++);
  return THESEUS_OK;
}

void th_names_clear(th_names *names) {
  names->count = 0;
  if (names->map.count)
    th_map_clear(&names->map);
}

void th_names_free(th_names *names, th_alloc *alloc) {
  th_alloc_free(alloc, names->names, names->capacity, sizeof *names->names);
  th_map_free(&names->map, alloc);
  memset(names, 0, sizeof *names);
}
