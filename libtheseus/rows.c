/* SPDX-License-Identifier: ISC */
#include "rows.h"

#include <string.h>

void th_rows_init(th_rows *rows, uint32_t stride) {
  memset(rows, 0, sizeof *rows);
  rows->stride = stride;
  rows->last = TH_NONE;
}

void th_rows_free(th_rows *rows, th_alloc *alloc) {
  th_alloc_free(alloc, rows->keys, rows->capacity, sizeof *rows->keys);
  th_alloc_free(alloc, rows->values, rows->values_capacity, sizeof *rows->values);
  th_alloc_free(alloc, rows->undo_rows, rows->undo_capacity, sizeof *rows->undo_rows);
  th_alloc_free(alloc, rows->undo_values, rows->undo_values_capacity, sizeof *rows->undo_values);
  th_map_free(&rows->map, alloc);
  th_rows_init(rows, rows->stride);
}

static uint32_t hash_key(const th_row *key) {
  const uint64_t mix = UINT64_C(0x9e3779b97f4a7c15);
  uint64_t h = ((uint64_t)key->function << 32 | key->line) * mix;
  h ^= h >> 32;
  h = (h + ((uint64_t)key->callee << 32 | key->file)) * mix;
  h ^= h >> 29;
  h = (h + key->address) * mix;
  return (uint32_t)(h >> 32);
}

static bool same(const void *owner, uint32_t index, const void *key) {
  return th_row_same(&((const th_rows *)owner)->keys[index], key);
}

int th_rows_search(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out) {
  uint32_t hash = hash_key(key);
  uint32_t row = th_map_find(&rows->map, hash, same, rows, key);
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
    rows->keys[row].epoch = 0;
    if (rows->stride)
      memset(th_rows_values(rows, row), 0, rows->stride * sizeof *rows->values);
    th_map_add(&rows->map, hash, row);
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

void th_rows_begin(th_rows *rows) {
  rows->epoch++;
  rows->kept = rows->count;
  rows->kept_stride = rows->stride;
  rows->undo_count = 0;
  rows->active = true;
}

void th_rows_commit(th_rows *rows) {
  rows->kept = 0;
  rows->undo_count = 0;
  rows->active = false;
}

int th_rows_keep(th_rows *rows, th_alloc *alloc, uint32_t row) {
  uint64_t count = (uint64_t)rows->undo_count + 1;
  int status = th_alloc_grow(alloc, &rows->undo_rows, &rows->undo_capacity, count, sizeof *rows->undo_rows);
  if (!status)
    status = th_alloc_grow(alloc, &rows->undo_values, &rows->undo_values_capacity, count * rows->kept_stride,
                           sizeof *rows->undo_values);
  if (status)
    return status;
  uint32_t slot = rows->undo_count++;
  rows->undo_rows[slot] = row;
  if (rows->kept_stride)
    memcpy(rows->undo_values + (size_t)slot * rows->kept_stride, th_rows_values(rows, row),
           rows->kept_stride * sizeof *rows->values);
  rows->keys[row].epoch = rows->epoch;
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
  rows->last = TH_NONE;
  th_rows_commit(rows);
}
