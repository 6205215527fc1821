/* SPDX-License-Identifier: ISC */
#include "profile/cells.h"
#include "profile/labels.h"

#include <string.h>

static bool same(const void *owner, uint32_t index, const void *key) {
  return memcmp(&((const th_cells *)owner)->items[index].key, key, sizeof(struct th_cell_key)) == 0;
}

static uint32_t hash(const struct th_cell_key *key) {
  const uint32_t flags = key->detached | (uint32_t)key->negative << 1;
  const uint32_t words[] = {key->event, key->head, flags, key->stack, key->line, key->labels};
  return th_hash_words(words, key->labels == TH_NO_LABELS ? 5 : 6);
}

int th_cells_reserve(th_cells *cells, th_alloc *alloc, uint64_t more) {
  uint64_t needed = cells->count + more;
  int status = th_alloc_grow(alloc, &cells->items, &cells->capacity, needed, sizeof *cells->items);
  return status ? status : th_map_reserve(&cells->map, alloc, needed);
}

uint32_t th_cells_find(const th_cells *cells, const struct th_cell_key *key) {
  return th_map_find(&cells->map, hash(key), same, cells, key);
}

int th_cells_intern(th_cells *cells, th_alloc *alloc, const struct th_cell_key *key, uint32_t *out) {
  uint32_t hashed = hash(key), cell = th_map_find(&cells->map, hashed, same, cells, key);
  if (cell == TH_NONE) {
    int status = th_cells_reserve(cells, alloc, 1);
    if (status)
      return status;
    cell = cells->count++;
    cells->items[cell] = (struct th_cell){*key, {0, 0}};
    cells->has_negative = cells->has_negative || key->negative;
    th_map_add(&cells->map, hashed, cell);
  }
  *out = cell;
  return THESEUS_OK;
}

void th_cells_add(th_cells *cells, uint32_t cell, uint64_t amount) {
  th_add_bounded(&cells->items[cell].value.ns, amount);
}

int th_cells_net(const th_cells *cells, uint32_t cell, uint64_t *out) {
  struct th_cell_key key = cells->items[cell].key;
  uint64_t value = th_fixed_round(cells->items[cell].value), other = 0;

  if (cells->has_negative) {
    key.negative = !key.negative;
    uint32_t mirror = th_cells_find(cells, &key);
    other = mirror == TH_NONE ? 0 : th_fixed_round(cells->items[mirror].value);
  }
  bool negative = cells->items[cell].key.negative;
  *out = negative || value < other ? 0 : value - other;
  return negative && value > other ? THESEUS_ENEGATIVE : THESEUS_OK;
}

void th_cells_cut(th_cells *cells, uint32_t count) {
  while (cells->count > count) {
    cells->count--;
    th_map_remove(&cells->map, hash(&cells->items[cells->count].key), cells->count);
  }
}

void th_cells_clear(th_cells *cells) {
  cells->count = 0;
  cells->has_negative = false;
  th_map_clear(&cells->map);
}

void th_cells_free(th_cells *cells, th_alloc *alloc) {
  th_alloc_free(alloc, cells->items, cells->capacity, sizeof *cells->items);
  th_map_free(&cells->map, alloc);
  memset(cells, 0, sizeof *cells);
}
