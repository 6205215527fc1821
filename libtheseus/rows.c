/* SPDX-License-Identifier: ISC */
#include "rows.h"

#include <string.h>

void th_rows_init(th_rows *rows, uint32_t stride) {
  memset(rows, 0, sizeof *rows);
  rows->stride = stride;
  rows->last = TH_NONE;
}

void th_rows_free(th_rows *rows, th_alloc *alloc) {
  for (uint32_t i = 0; i < rows->place_count; i++)
    if (rows->places[i].capacity)
      th_alloc_free(alloc, rows->places[i].rows.slots, rows->places[i].capacity, sizeof(uint32_t));
  th_alloc_free(alloc, rows->places, rows->place_capacity, sizeof *rows->places);
  th_alloc_free(alloc, rows->cells, rows->cells_capacity, sizeof *rows->cells);
  th_alloc_free(alloc, rows->follow, rows->follow_capacity, sizeof *rows->follow);
  th_alloc_free(alloc, rows->touched, rows->touched_capacity, sizeof *rows->touched);
  th_alloc_free(alloc, rows->undo_rows, rows->undo_capacity, sizeof *rows->undo_rows);
  th_alloc_free(alloc, rows->undo_values, rows->undo_values_capacity, sizeof *rows->undo_values);
  th_map_free(&rows->map, alloc);
  th_rows_init(rows, rows->stride);
}

/* ---- places ---- */

static bool is_place(const th_place *place, const th_row *key) {
  return place->function == key->function && place->file == key->file && place->callee == key->callee;
}

static bool same_place(const void *owner, uint32_t index, const void *key) {
  return is_place(&((const th_rows *)owner)->places[index], key);
}

/* The place of a row that is tried first, if it is the key's; or TH_NONE. */
static uint32_t guess_place(const th_rows *rows, uint32_t row, const th_row *key) {
  if (row >= rows->count)
    return TH_NONE;
  uint32_t place = (uint32_t)(th_rows_cells(rows, row)[TH_ROW_PLACE] >> 32);
  return is_place(&rows->places[place], key) ? place : TH_NONE;
}

int th_rows_place(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out) {
  *out = guess_place(rows, rows->last + 1, key);
  if (*out == TH_NONE && rows->last < rows->count)
    *out = guess_place(rows, rows->follow[rows->last], key);
  if (*out != TH_NONE)
    return THESEUS_OK;
  const uint32_t words[] = {key->function, key->file, key->callee};
  uint32_t hash = th_hash_words(words, 3);
  *out = th_map_find(&rows->map, hash, same_place, rows, key);
  if (*out != TH_NONE)
    return THESEUS_OK;
  uint64_t count = (uint64_t)rows->place_count + 1;
  int status = th_alloc_grow(alloc, &rows->places, &rows->place_capacity, count, sizeof *rows->places);
  if (!status)
    status = th_map_reserve(&rows->map, alloc, count);
  if (status)
    return status;
  *out = rows->place_count++;
  rows->places[*out] = (th_place){.function = key->function, .file = key->file, .callee = key->callee, .home = TH_NONE};
  th_map_add(&rows->map, hash, *out);
  return THESEUS_OK;
}

static uint32_t slot_of(const th_place *place, uint64_t address, uint64_t where) {
  uint64_t h = (address + (uint32_t)where * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
  return (uint32_t)(h >> 32) & (place->capacity - 1);
}

static uint32_t find(const th_rows *rows, const th_place *place, uint64_t address, uint64_t where) {
  if (!place->capacity) {
    for (uint32_t i = 0; i < place->count; i++)
      if (th_rows_is(rows, place->rows.few[i], address, where))
        return place->rows.few[i];
    return TH_NONE;
  }
  const uint32_t *slots = place->rows.slots;
  for (uint32_t i = slot_of(place, address, where); slots[i]; i = (i + 1) & (place->capacity - 1))
    if (th_rows_is(rows, slots[i] - 1, address, where))
      return slots[i] - 1;
  return TH_NONE;
}

/* Room is there. */
static void put(const th_rows *rows, th_place *place, uint32_t row) {
  const uint64_t *cells = th_rows_cells(rows, row);
  uint32_t at = place->count++;
  if (!place->capacity) {
    place->rows.few[at] = row;
    return;
  }
  at = slot_of(place, cells[TH_ROW_ADDRESS], cells[TH_ROW_PLACE]);
  while (place->rows.slots[at])
    at = (at + 1) & (place->capacity - 1);
  place->rows.slots[at] = row + 1;
}

/* Room for one more row, so that at most 3/4 are taken. */
static int reserve(const th_rows *rows, th_alloc *alloc, th_place *place) {
  if (place->count < (place->capacity ? place->capacity / 4 * 3 : TH_PLACE_FEW))
    return THESEUS_OK;
  th_place larger = *place;
  larger.count = 0;
  larger.capacity = place->capacity ? place->capacity * 2 : 4 * TH_PLACE_FEW;
  if (!larger.capacity)
    return THESEUS_EOVERFLOW;
  larger.rows.slots = th_alloc_zeroed(alloc, larger.capacity, sizeof *larger.rows.slots);
  if (!larger.rows.slots)
    return th_alloc_why(alloc);
  for (uint32_t i = 0; i < place->capacity; i++)
    if (place->rows.slots[i])
      put(rows, &larger, place->rows.slots[i] - 1);
  for (uint32_t i = 0; i < place->count && !place->capacity; i++)
    put(rows, &larger, place->rows.few[i]);
  if (place->capacity)
    th_alloc_free(alloc, place->rows.slots, place->capacity, sizeof *place->rows.slots);
  *place = larger;
  return THESEUS_OK;
}

/* ---- rows ---- */

static int append(th_rows *rows, th_alloc *alloc, uint64_t address, uint64_t where) {
  uint64_t count = (uint64_t)rows->count + 1, width = (uint64_t)rows->stride + TH_ROW_VALUES;
  th_place *place = &rows->places[where >> 32];
  int status = THESEUS_OK;
  if (count > rows->follow_capacity)
    status = th_alloc_grow(alloc, &rows->follow, &rows->follow_capacity, count, sizeof *rows->follow);
  if (!status && count * width > rows->cells_capacity)
    status = th_alloc_grow(alloc, &rows->cells, &rows->cells_capacity, count * width, sizeof *rows->cells);
  if (!status)
    status = reserve(rows, alloc, place);
  if (status)
    return status;
  uint32_t row = rows->count++;
  uint64_t *cells = th_rows_cells(rows, row);
  cells[TH_ROW_ADDRESS] = address;
  cells[TH_ROW_PLACE] = where;
  for (uint32_t i = 0; i < rows->stride; i++)
    cells[TH_ROW_VALUES + i] = 0;
  rows->follow[row] = row + 1;
  put(rows, place, row);
  return THESEUS_OK;
}

int th_rows_search(th_rows *rows, th_alloc *alloc, uint64_t address, uint64_t where, uint32_t *out) {
  th_place *place = &rows->places[where >> 32];
  bool known = rows->last < rows->count;
  uint32_t row = place->home;

  if (!th_rows_is(rows, row, address, where))
    row = find(rows, place, address, where);
  if (row == TH_NONE) {
    row = rows->count;
    int status = append(rows, alloc, address, where);
    if (status)
      return status;
  }
  if (!known || th_rows_place_of(rows, rows->last) != place)
    place->home = row;
  if (known)
    rows->follow[rows->last] = row;
  *out = rows->last = row;
  return THESEUS_OK;
}

int th_rows_widen(th_rows *rows, th_alloc *alloc, uint32_t stride) {
  size_t had = (size_t)rows->stride + TH_ROW_VALUES, width = (size_t)stride + TH_ROW_VALUES;
  int status =
      th_alloc_grow(alloc, &rows->cells, &rows->cells_capacity, (uint64_t)rows->count * width, sizeof *rows->cells);
  if (status)
    return status;
  for (uint32_t row = rows->count; row-- > 0;) { /* from the end, as each moves up */
    uint64_t *to = rows->cells + (size_t)row * width;
    memmove(to, th_rows_cells(rows, row), had * sizeof *to);
    memset(to + had, 0, (width - had) * sizeof *to);
  }
  rows->stride = stride;
  return THESEUS_OK;
}

int th_rows_begin(th_rows *rows, th_alloc *alloc, bool undo) {
  rows->last = TH_NONE;
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
  if (rows->stride != stride) {
    size_t width = (size_t)stride + TH_ROW_VALUES;
    for (uint32_t row = 0; row < rows->count; row++)
      memmove(rows->cells + (size_t)row * width, th_rows_cells(rows, row), width * sizeof *rows->cells);
  }
  rows->stride = stride;
  for (uint32_t i = 0; stride && i < rows->undo_count; i++)
    memcpy(th_rows_values(rows, rows->undo_rows[i]), rows->undo_values + (size_t)i * stride,
           stride * sizeof *rows->undo_values);
  if (grown) { /* nothing is ever taken out of a place: they are filled again, within the room that they have */
    for (uint32_t i = 0; i < rows->place_count; i++) {
      rows->places[i].count = 0;
      if (rows->places[i].capacity)
        memset(rows->places[i].rows.slots, 0, rows->places[i].capacity * sizeof(uint32_t));
    }
    for (uint32_t row = 0; row < rows->count; row++)
      put(rows, &rows->places[th_rows_cells(rows, row)[TH_ROW_PLACE] >> 32], row);
  }
  rows->last = TH_NONE;
  th_rows_commit(rows);
}
