/* SPDX-License-Identifier: ISC */
/* Each frame of each stack is looked up, in no order that helps a cache.  Most functions are called from few lines, so
 * the first TH_FEW lines of a function are kept together; only further lines need the map. */
#include "pprof/write-locations.h"

struct key {
  uint32_t function, line;
};

static uint32_t hash(const struct key *key) {
  const uint32_t words[] = {key->function, key->line};
  return th_hash_words(words, 2);
}

static bool same(const void *owner, uint32_t index, const void *key) {
  const struct th_pprof_location *found = &((const th_pprof_locations *)owner)->items[index];
  const struct key *wanted = key;
  return found->function == wanted->function && found->line == wanted->line;
}

int th_pprof_locations_init(th_pprof_writer *writer) {
  size_t functions = writer->profile->functions.count + (size_t)1;
  writer->locations.few = th_alloc_zeroed(&writer->alloc, functions, sizeof *writer->locations.few);
  return writer->locations.few ? THESEUS_OK : th_alloc_why(&writer->alloc);
}

static uint32_t add(th_pprof_writer *writer, const struct key *key, bool to_map) {
  th_pprof_locations *locations = &writer->locations;
  int status = th_alloc_grow(&writer->alloc, &locations->items, &locations->capacity, (uint64_t)locations->count + 1,
                             sizeof *locations->items);
  if (!status && to_map)
    status = th_map_reserve(&locations->map, &writer->alloc, (uint64_t)locations->map.count + 1);
  th_pprof_note(writer, status);
  if (status)
    return 0;
  locations->items[locations->count] = (struct th_pprof_location){key->function, key->line};
  if (to_map)
    th_map_add(&locations->map, hash(key), locations->count);
  return ++locations->count;
}

uint32_t th_pprof_location(th_pprof_writer *writer, uint32_t function, uint32_t line) {
  struct th_pprof_few *few = &writer->locations.few[function];
  const struct key key = {function, line};

  for (uint32_t i = 0; i < TH_FEW; i++) {
    if (!few->ids[i]) {
      few->lines[i] = line;
      few->ids[i] = add(writer, &key, false);
      return few->ids[i];
    }
    if (few->lines[i] == line)
      return few->ids[i];
  }
  uint32_t item = th_map_find(&writer->locations.map, hash(&key), same, &writer->locations, &key);
  return item == TH_NONE ? add(writer, &key, true) : item + 1;
}

void th_pprof_locations_release(th_pprof_writer *writer) {
  th_pprof_locations *locations = &writer->locations;
  th_alloc_free(&writer->alloc, locations->few, writer->profile->functions.count + (size_t)1, sizeof *locations->few);
  th_alloc_free(&writer->alloc, locations->items, locations->capacity, sizeof *locations->items);
  th_map_free(&locations->map, &writer->alloc);
}
