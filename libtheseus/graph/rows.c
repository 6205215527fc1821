/* SPDX-License-Identifier: ISC */
#include "graph/rows.h"

#include <string.h>

void th_rows_init(th_rows *rows, uint32_t stride) {
  memset(rows, 0, sizeof *rows);
  rows->stride = stride;
  rows->last = TH_NONE;
}

void th_rows_free(th_rows *rows, th_alloc *alloc) {
  for (uint32_t i = 0; i < rows->place_count; i++)
    th_alloc_free(alloc, rows->tables[i].slots, rows->tables[i].capacity, sizeof *rows->tables[i].slots);
  th_alloc_free(alloc, rows->tables, rows->table_capacity, sizeof *rows->tables);
  th_alloc_free(alloc, rows->places, rows->place_capacity, sizeof *rows->places);
  th_alloc_free(alloc, rows->cells, rows->cells_capacity, sizeof *rows->cells);
  th_alloc_free(alloc, rows->before, rows->before_capacity, sizeof *rows->before);
  th_rows_forget(rows, alloc);
  th_map_free(&rows->map, alloc);
  th_rows_init(rows, rows->stride);
}

/* ---- places ---- */

static bool is_place(const th_place *place, const th_row *key) {
  return place->function == key->function && place->file == key->file && place->callee == key->callee &&
         place->high == key->address >> 32;
}

static bool same_place(const void *owner, uint32_t index, const void *key) {
  return is_place(&((const th_rows *)owner)->places[index], key);
}

/* Returns the place of `row` if the key is there, else TH_NONE. */
static uint32_t guess_place(const th_rows *rows, uint32_t row, const th_row *key) {
  if (row >= rows->count)
    return TH_NONE;
  uint32_t place = th_cells_place(th_rows_cells(rows, row));
  return is_place(&rows->places[place], key) ? place : TH_NONE;
}

int th_rows_place(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out) {
  *out = guess_place(rows, rows->last + 1, key);
  if (*out == TH_NONE && rows->last < rows->count)
    *out = guess_place(rows, th_cells_follow(th_rows_cells(rows, rows->last)), key);
  if (*out != TH_NONE)
    return THESEUS_OK;
  const uint32_t high = (uint32_t)(key->address >> 32), words[] = {key->function, key->file, key->callee, high};
  uint32_t hash = th_hash_words(words, 4);
  *out = th_map_find(&rows->map, hash, same_place, rows, key);
  if (*out != TH_NONE)
    return THESEUS_OK;
  int status =
      th_alloc_grow(alloc, &rows->tables, &rows->table_capacity, (uint64_t)rows->place_count + 1, sizeof *rows->tables);
  if (!status)
    status = th_map_append(&rows->map, alloc, hash, &rows->places, &rows->place_capacity, rows->place_count,
                           sizeof *rows->places);
  if (status)
    return status;
  *out = rows->place_count++;
  rows->places[*out] = (th_place){key->function, key->file, key->callee, high};
  rows->tables[*out] = (th_table){.home = TH_NONE};
  return THESEUS_OK;
}

enum { FEW = 6 }; /* the most rows of a place that are searched one by one */

static uint32_t slot_of(const th_table *table, uint64_t key) {
  uint64_t h = (key ^ key >> 32) * UINT64_C(0xff51afd7ed558ccd);
  return (uint32_t)(h >> 32) & (table->capacity - 1);
}

/* Puts the newest `n` rows into the table, which has room for them. */
static void put(const th_rows *rows, th_table *table, uint32_t n) {
  for (uint32_t row = table->newest; n; row = rows->before[row], n--) {
    uint32_t at = slot_of(table, th_rows_cells(rows, row)[TH_ROW_KEY]);
    while (table->slots[at])
      at = (at + 1) & (table->capacity - 1);
    table->slots[at] = row + 1;
  }
  table->indexed = table->count;
}

/* Completes the table of a place's rows.  At most 3/4 of the table is used. */
static int index_rows(const th_rows *rows, th_alloc *alloc, th_table *table) {
  if (table->count <= table->capacity / 4 * 3) {
    put(rows, table, table->count - table->indexed);
    return THESEUS_OK;
  }
  uint64_t capacity = 8;
  while (table->count >= capacity / 4 * 3) /* usually one more row follows */
    capacity *= 2;
  if (capacity > UINT32_C(1) << 31)
    return THESEUS_EOVERFLOW;
  uint32_t *slots = th_alloc_zeroed(alloc, (size_t)capacity, sizeof *slots);
  if (!slots)
    return th_alloc_why(alloc);
  th_alloc_free(alloc, table->slots, table->capacity, sizeof *slots);
  table->slots = slots;
  table->capacity = (uint32_t)capacity;
  put(rows, table, table->count);
  return THESEUS_OK;
}

/* Finds a row of a place; TH_NONE: it has none with this key. */
static int find(const th_rows *rows, th_alloc *alloc, uint32_t place, uint64_t key, uint32_t *out) {
  th_table *table = &rows->tables[place];
  *out = TH_NONE;
  if (!table->count || key > table->top)
    return THESEUS_OK;
  if (th_rows_is(rows, table->home, place, key)) {
    *out = table->home;
    return THESEUS_OK;
  }
  if (table->count <= FEW) {
    uint32_t row = table->newest, left = table->count;
    for (; left && !th_rows_is(rows, row, place, key); left--)
      row = rows->before[row];
    *out = left ? row : TH_NONE;
    return THESEUS_OK;
  }
  int status = table->indexed == table->count ? THESEUS_OK : index_rows(rows, alloc, table);
  if (status)
    return status;
  uint32_t at = slot_of(table, key);
  while (table->slots[at] && !th_rows_is(rows, table->slots[at] - 1, place, key))
    at = (at + 1) & (table->capacity - 1);
  *out = table->slots[at] - 1; /* an empty slot has 0: TH_NONE */
  return THESEUS_OK;
}

/* Links a row as the newest of its place. */
static void link_row(const th_rows *rows, uint32_t row) {
  const uint64_t *cells = th_rows_cells(rows, row);
  th_table *table = &rows->tables[th_cells_place(cells)];
  rows->before[row] = table->newest;
  table->newest = row;
  table->count++;
  table->top = cells[TH_ROW_KEY] > table->top ? cells[TH_ROW_KEY] : table->top;
}

/* ---- rows ---- */

static void set_follow(const th_rows *rows, uint32_t row, uint32_t follow) {
  uint64_t *cells = th_rows_cells(rows, row);
  cells[TH_ROW_PLACE] = cells[TH_ROW_PLACE] >> 32 << 32 | follow;
}

static int append(th_rows *rows, th_alloc *alloc, uint32_t place, uint64_t key) {
  uint64_t count = (uint64_t)rows->count + 1, width = (uint64_t)rows->stride + TH_ROW_VALUES;
  int status = THESEUS_OK;
  if (count > rows->before_capacity)
    status = th_alloc_grow(alloc, &rows->before, &rows->before_capacity, count, sizeof *rows->before);
  if (!status && count * width > rows->cells_capacity)
    status = th_alloc_grow(alloc, &rows->cells, &rows->cells_capacity, count * width, sizeof *rows->cells);
  if (status)
    return status;
  uint32_t row = rows->count++;
  uint64_t *cells = th_rows_cells(rows, row);
  cells[TH_ROW_KEY] = key;
  cells[TH_ROW_PLACE] = (uint64_t)place << 32 | (row + 1); /* at first, the next row is expected to follow */
  for (uint32_t i = 0; i < rows->stride; i++)
    cells[TH_ROW_VALUES + i] = 0;
  link_row(rows, row);
  return THESEUS_OK;
}

int th_rows_search(th_rows *rows, th_alloc *alloc, uint32_t place, uint64_t key, uint32_t *out) {
  bool known = rows->last < rows->count;
  uint32_t row;

  int status = find(rows, alloc, place, key, &row);
  if (!status && row == TH_NONE) {
    row = rows->count;
    status = append(rows, alloc, place, key);
  }
  if (status)
    return status;
  if (!known || th_cells_place(th_rows_cells(rows, rows->last)) != place)
    rows->tables[place].home = row;
  if (known)
    set_follow(rows, rows->last, row);
  *out = rows->last = row;
  return THESEUS_OK;
}

int th_rows_widen(th_rows *rows, th_alloc *alloc, uint32_t stride) {
  size_t had = (size_t)rows->stride + TH_ROW_VALUES, width = (size_t)stride + TH_ROW_VALUES;
  int status =
      th_alloc_grow(alloc, &rows->cells, &rows->cells_capacity, (uint64_t)rows->count * width, sizeof *rows->cells);
  if (status)
    return status;
  for (uint32_t row = rows->count; row-- > 0;) { /* from the end, as rows move to higher addresses */
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
  for (uint32_t i = 0; i < rows->undo_count; i++) /* a whole word at once: all its rows are in the list */
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
  if (grown) { /* nothing is ever taken out of a place */
    for (uint32_t i = 0; i < rows->place_count; i++) {
      th_table *table = &rows->tables[i];
      table->count = table->indexed = 0;
      table->top = 0;
      if (table->capacity)
        memset(table->slots, 0, table->capacity * sizeof *table->slots);
    }
    for (uint32_t row = 0; row < rows->count; row++)
      link_row(rows, row);
  }
  rows->last = TH_NONE;
  th_rows_commit(rows);
}

void th_rows_forget(th_rows *rows, th_alloc *alloc) {
  th_alloc_free(alloc, rows->touched, rows->touched_capacity, sizeof *rows->touched);
  th_alloc_free(alloc, rows->undo_rows, rows->undo_capacity, sizeof *rows->undo_rows);
  th_alloc_free(alloc, rows->undo_values, rows->undo_values_capacity, sizeof *rows->undo_values);
  rows->touched = NULL;
  rows->undo_rows = NULL;
  rows->undo_values = NULL;
  rows->touched_capacity = rows->undo_capacity = rows->undo_values_capacity = 0;
}
