/* SPDX-License-Identifier: ISC */
/* rows - vectors of numbers with keys: the self costs of a graph, and its edges.
 *
 *     places   [ function file callee high ] …                  what many rows have in common
 *     tables   [ the rows of a place ] …
 *     cells    [ key | place, follow | stride numbers ] …       the rows, in order of insertion
 *     before   [ row ] …                                        for each row, the next older one of its place
 *
 * The upper half of an address belongs to the place.  So the lower half and the line form a key of 64 bits.
 *
 * Files of one program have the same keys in nearly the same order (see "The same order as last time" in HACKING).  So
 * two rows are tried before a search: the next one, and the one that followed the last time.
 *
 * Each place has a table of its own, which is made when a search first needs it.  Usually none does: the rows of a
 * function come in order, and a key beyond the greatest is new.
 *
 * A transaction keeps the old values of the rows that it changes, so that it can be rolled back. */
#ifndef TH_ROWS_H
#define TH_ROWS_H

#include "base/fixed.h"
#include "base/map.h"

typedef struct th_row { /* a key */
  uint32_t function;    /* of an edge, the caller */
  uint32_t file;        /* the text's number; of an edge, the file of the call */
  uint32_t line;
  uint32_t callee; /* TH_NONE: no edge */
  uint64_t address;
} th_row;

/* The cells of a row before its numbers.  TH_ROW_KEY: the lower half of the address, then the line.  TH_ROW_PLACE: the
 * place, then the row that followed this one the last time. */
enum { TH_ROW_KEY, TH_ROW_PLACE, TH_ROW_VALUES };

typedef struct th_place {
  uint32_t function, file, callee;
  uint32_t high; /* half of the address */
} th_place;

typedef struct th_table {
  uint32_t home;     /* the row with which it began the last time.  The row may be gone */
  uint32_t count;    /* rows */
  uint32_t newest;   /* its newest row, if it has rows */
  uint32_t indexed;  /* number of rows in the table: the oldest ones */
  uint32_t capacity; /* of the table, a power of two, or 0 */
  uint64_t top;      /* the greatest key of its rows */
  uint32_t *slots;   /* row + 1; 0: empty */
} th_table;

typedef struct th_rows {
  uint64_t *cells;
  uint32_t *before; /* of each, the row of the same place that is next older */
  uint32_t count, before_capacity, cells_capacity;
  uint32_t stride; /* numbers of a row */
  uint32_t last;   /* the row that was found last.  The row may be gone */
  th_place *places;
  th_table *tables;
  uint32_t place_count, place_capacity, table_capacity;
  th_map map; /* of places */

  uint32_t kept;        /* number of rows when the transaction began; 0: no transaction */
  uint32_t kept_stride; /* numbers of each that are kept */
  uint64_t *touched;    /* a bit for each row: its old values are kept */
  uint32_t *undo_rows;
  uint64_t *undo_values;
  uint32_t undo_count, undo_capacity, undo_values_capacity, touched_capacity;
} th_rows;

void th_rows_init(th_rows *rows, uint32_t stride);
void th_rows_free(th_rows *rows, th_alloc *alloc);

/* Widens every row, with zeros.  ENOMEM, EOVERFLOW. */
int th_rows_widen(th_rows *rows, th_alloc *alloc, uint32_t stride);

/* Begins a transaction, which commit or rollback ends.  Those cannot fail.  Transactions do not nest.  Without `undo`
 * it costs less, and rollback restores nothing.  ENOMEM, ELIMIT. */
int th_rows_begin(th_rows *rows, th_alloc *alloc, bool undo);
void th_rows_commit(th_rows *rows);
void th_rows_rollback(th_rows *rows);
/* Frees what transactions need.  The next one allocates it again. */
void th_rows_forget(th_rows *rows, th_alloc *alloc);

/* Finds the place of a key, creating it if necessary.  A place stays, even without rows.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_rows_place(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out);
/* Behind th_rows_in(): searches the place.  If the key is new, adds a row of zeros. */
int th_rows_search(th_rows *rows, th_alloc *alloc, uint32_t place, uint64_t key, uint32_t *out);
/* Behind th_rows_touch(): keeps the values of a row. */
int th_rows_keep(th_rows *rows, th_alloc *alloc, uint32_t row);

static inline uint64_t *th_rows_cells(const th_rows *rows, uint32_t row) {
  return rows->cells + (size_t)row * (rows->stride + TH_ROW_VALUES);
}

static inline uint64_t *th_rows_values(const th_rows *rows, uint32_t row) {
  return th_rows_cells(rows, row) + TH_ROW_VALUES;
}

static inline uint32_t th_cells_place(const uint64_t *cells) { return (uint32_t)(cells[TH_ROW_PLACE] >> 32); }

static inline uint32_t th_cells_follow(const uint64_t *cells) { return (uint32_t)cells[TH_ROW_PLACE]; }

static inline uint64_t th_cells_address(const uint64_t *cells, const th_place *place) {
  return (uint64_t)place->high << 32 | cells[TH_ROW_KEY] >> 32;
}

static inline uint32_t th_cells_line(const uint64_t *cells) { return (uint32_t)cells[TH_ROW_KEY]; }

static inline const th_place *th_rows_place_of(const th_rows *rows, uint32_t row) {
  return &rows->places[th_cells_place(th_rows_cells(rows, row))];
}

static inline th_row th_rows_key(const th_rows *rows, uint32_t row) {
  const uint64_t *cells = th_rows_cells(rows, row);
  const th_place *place = th_rows_place_of(rows, row);
  return (th_row){place->function, place->file, th_cells_line(cells), place->callee, th_cells_address(cells, place)};
}

static inline uint64_t th_row_key(uint64_t address, uint32_t line) { return address << 32 | line; }

static inline bool th_rows_is(const th_rows *rows, uint32_t row, uint32_t place, uint64_t key) {
  if (row >= rows->count)
    return false;
  const uint64_t *cells = th_rows_cells(rows, row);
  return cells[TH_ROW_KEY] == key && th_cells_place(cells) == place;
}

/* Returns the row with this key, if it is one of the two that are tried first; else TH_NONE. */
static inline uint32_t th_rows_guess(const th_rows *rows, uint32_t place, uint64_t key) {
  uint32_t row = rows->last + 1; /* 0 at first */
  if (th_rows_is(rows, row, place, key))
    return row;
  if (rows->last >= rows->count)
    return TH_NONE;
  row = th_cells_follow(th_rows_cells(rows, rows->last));
  return th_rows_is(rows, row, place, key) ? row : TH_NONE;
}

/* Finds the row with a key in a place, creating it if necessary.  O(1).  ENOMEM, ELIMIT, EOVERFLOW. */
static inline int th_rows_in(th_rows *rows, th_alloc *alloc, uint32_t place, uint64_t key, uint32_t *out) {
  uint32_t row = th_rows_guess(rows, place, key);
  if (row == TH_NONE)
    return th_rows_search(rows, alloc, place, key, out);
  *out = rows->last = row;
  return THESEUS_OK;
}

/* Finds the row of a whole key, creating it if necessary.  O(1).  ENOMEM, ELIMIT, EOVERFLOW. */
static inline int th_rows_at(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out) {
  uint32_t place;
  int status = th_rows_place(rows, alloc, key, &place);
  return status ? status : th_rows_in(rows, alloc, place, th_row_key(key->address, key->line), out);
}

/* Returns true if the values of a row may change: they are kept, or need not be. */
static inline bool th_rows_is_kept(const th_rows *rows, uint32_t row) {
  return row >= rows->kept || rows->touched[row / 64] >> row % 64 & 1;
}

/* Keeps the values of a row, if necessary.  Call it before they change.  ENOMEM, ELIMIT, EOVERFLOW. */
static inline int th_rows_touch(th_rows *rows, th_alloc *alloc, uint32_t row) {
  return th_rows_is_kept(rows, row) ? THESEUS_OK : th_rows_keep(rows, alloc, row);
}

#endif
