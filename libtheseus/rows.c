/* SPDX-License-Identifier: ISC */
#include "rows.h"

#include <string.h>

enum { NEARBY = 8 };

void th_rows_init(th_rows *rows, uint32_t stride) {
  memset(rows, 0, sizeof *rows);
  rows->stride = stride;
  rows->last = rows->other = rows->home = TH_NONE;
}

void th_rows_free(th_rows *rows, th_alloc *alloc) {
  th_alloc_free(alloc, rows->keys, rows->capacity, sizeof *rows->keys);
  th_alloc_free(alloc, rows->values, rows->values_capacity, sizeof *rows->values);
  th_alloc_free(alloc, rows->touched, rows->touched_capacity, sizeof *rows->touched);
  th_alloc_free(alloc, rows->undo_rows, rows->undo_capacity, sizeof *rows->undo_rows);
  th_alloc_free(alloc, rows->undo_values, rows->undo_values_capacity, sizeof *rows->undo_values);
  th_map_free(&rows->map, alloc);
  th_rows_init(rows, rows->stride);
}

static uint64_t mix(uint64_t h) {
  h *= UINT64_C(0xff51afd7ed558ccd);
  return h ^ h >> 32;
}

/* Neighbours come one after the other, so a few of them, a block, go into the same place of the map: a cache line,
 * mostly. */
static uint64_t block_of(const th_row *key) { return (key->address ? key->address : 4 * (uint64_t)key->line) >> 4; }

static uint64_t hash_function(const th_row *key) {
  return mix(mix((uint64_t)key->function << 32 | key->callee) ^ key->file);
}

static uint32_t hash_block(uint64_t function, uint64_t block) { return (uint32_t)mix(function ^ block) & ~UINT32_C(7); }

/* The key's hash; meanwhile the places of the next two blocks come near. */
static uint32_t hash_key(const th_rows *rows, const th_row *key) {
  uint64_t function = hash_function(key), block = block_of(key);
  if (rows->map.capacity)
    for (uint64_t ahead = 1; ahead <= 2; ahead++)
      th_prefetch(&rows->map.slots[hash_block(function, block + ahead) & (rows->map.capacity - 1)]);
  uint32_t within = (uint32_t)((key->address ? key->address >> 1 : 2 * key->line) & 7);
  return hash_block(function, block) + within;
}

/* th_map_find, but compiled for these keys: it is where new rows spend their time. */
static uint32_t find(const th_rows *rows, uint32_t hash, const th_row *key) {
  uint32_t mask = rows->map.capacity - 1;
  if (!rows->map.capacity)
    return TH_NONE;
  for (uint32_t i = hash & mask; rows->map.slots[i].index != TH_NONE; i = (i + 1) & mask)
    if (rows->map.slots[i].hash == hash && th_row_same(&rows->keys[rows->map.slots[i].index], key))
      return rows->map.slots[i].index;
  return TH_NONE;
}

static bool is_at(const th_rows *rows, uint32_t row, const th_row *key) {
  return row < rows->count && th_row_same(&rows->keys[row], key);
}

/* A key that comes back has mostly been there a few rows ago; one that does not follow was mostly preceded by rows that
 * this file does not have. */
static uint32_t look_around(const th_rows *rows, const th_row *key) {
  uint32_t next = rows->last + 1; /* at the beginning, 0 */
  if (is_at(rows, rows->home, key))
    return rows->home;
  if (is_at(rows, next, key))
    return next;
  if (is_at(rows, rows->other, key))
    return rows->other;
  for (uint32_t i = 1; i <= NEARBY; i++) {
    if (is_at(rows, next - 1 - i, key))
      return next - 1 - i;
    if (is_at(rows, next + i, key))
      return next + i;
  }
  return TH_NONE;
}

int th_rows_search(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out) {
  uint32_t hash = 0, row = look_around(rows, key);
  if (row == TH_NONE) {
    hash = hash_key(rows, key);
    row = find(rows, hash, key);
  }
  if (row == TH_NONE) {
    uint64_t count = (uint64_t)rows->count + 1;
    int status = th_alloc_grow(alloc, &rows->keys, &rows->capacity, count, sizeof *rows->keys);
    if (!status)
      status = th_alloc_grow(alloc, &rows->values, &rows->values_capacity, count * rows->stride + 1,
                             sizeof *rows->values); /* one more, as there may be no events */
    if (!status)
      status = th_map_reserve(&rows->map, alloc, count);
    if (status)
      return status;
    row = rows->count++;
    rows->keys[row] = *key;
    rows->keys[row].hash = hash;
    rows->keys[row].follow = row + 1;
    if (rows->stride)
      memset(th_rows_values(rows, row), 0, rows->stride * sizeof *rows->values);
    th_map_add(&rows->map, hash, row);
  }
  if (rows->home == TH_NONE)
    rows->home = row;
  if (rows->last < rows->count) {
    rows->keys[rows->last].follow = row;
    if (row != rows->last + 1)
      rows->other = rows->last + 1;
  }
  *out = rows->last = row;
  return THESEUS_OK;
}

int th_rows_widen(th_rows *rows, th_alloc *alloc, uint32_t stride) {
  int status =
      th_alloc_grow(alloc, &rows->values, &rows->values_capacity, (uint64_t)rows->count * stride, sizeof *rows->values);
  if (status)
    return status;
  for (uint32_t row = rows->count; row-- > 0;) { /* from the end, as each moves up */
    uint64_t *to = rows->values + (size_t)row * stride;
    memmove(to, th_rows_values(rows, row), rows->stride * sizeof *to);
    memset(to + rows->stride, 0, (stride - rows->stride) * sizeof *to);
  }
  rows->stride = stride;
  return THESEUS_OK;
}

int th_rows_begin(th_rows *rows, th_alloc *alloc, bool undo) {
  rows->last = rows->other = rows->home = TH_NONE;
  if (!undo)
    return THESEUS_OK;
  uint32_t had = rows->touched_capacity;
  int status = th_alloc_grow(alloc, &rows->touched, &rows->touched_capacity, (uint64_t)rows->count / 64 + 1,
                             sizeof *rows->touched);
  if (status)
    return status;
  memset(rows->touched + had, 0, (rows->touched_capacity - had) * sizeof *rows->touched);
  rows->kept = rows->count;
  rows->kept_stride = rows->stride;
  return THESEUS_OK;
}

void th_rows_commit(th_rows *rows) {
  for (uint32_t i = 0; i < rows->undo_count; i++) /* a whole word: the others of it are in the list too */
    rows->touched[rows->undo_rows[i] / 64] = 0;
  rows->kept = 0;
  rows->undo_count = 0;
}

int th_rows_keep(th_rows *rows, th_alloc *alloc, uint32_t row) {
  uint32_t slot = rows->undo_count, stride = rows->kept_stride;
  uint64_t numbers = ((uint64_t)slot + 1) * stride;
  if (slot == rows->undo_capacity || numbers > rows->undo_values_capacity) {
    int status =
        th_alloc_grow(alloc, &rows->undo_rows, &rows->undo_capacity, (uint64_t)slot + 1, sizeof *rows->undo_rows);
    if (!status)
      status =
          th_alloc_grow(alloc, &rows->undo_values, &rows->undo_values_capacity, numbers, sizeof *rows->undo_values);
    if (status)
      return status;
  }
  const uint64_t *values = th_rows_values(rows, row);
  for (uint32_t i = 0; i < stride; i++)
    rows->undo_values[(size_t)slot * stride + i] = values[i];
  rows->undo_rows[slot] = row;
  rows->touched[row / 64] |= UINT64_C(1) << row % 64;
  rows->undo_count++;
  return THESEUS_OK;
}

void th_rows_rollback(th_rows *rows) {
  uint32_t stride = rows->kept_stride;
  bool grown = rows->count != rows->kept;

  rows->count = rows->kept;
  if (rows->stride != stride)
    for (uint32_t row = 0; row < rows->count; row++)
      memmove(rows->values + (size_t)row * stride, th_rows_values(rows, row), stride * sizeof *rows->values);
  rows->stride = stride;
  for (uint32_t i = 0; stride && i < rows->undo_count; i++)
    memcpy(th_rows_values(rows, rows->undo_rows[i]), rows->undo_values + (size_t)i * stride,
           stride * sizeof *rows->values);
  if (grown) { /* nothing is ever taken out of a map: it is filled again, within the room that it has */
    th_map_clear(&rows->map);
    for (uint32_t row = 0; row < rows->count; row++)
      th_map_add(&rows->map, rows->keys[row].hash, row);
  }
  rows->last = rows->other = rows->home = TH_NONE;
  th_rows_commit(rows);
}
