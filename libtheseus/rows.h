/* SPDX-License-Identifier: ISC */
/* rows - vectors of numbers under keys, added to again and again: a graph's self costs, and its edges.
 *
 *     keys     [ function file line callee address ][ … ]      in the order in which they came
 *     values   [ stride numbers                    ][ … ]
 *
 * Files of one program name the same keys in nearly the same order, so the row after the last one is tried before the
 * hash is computed.  A transaction keeps the old values of the rows that it touches, once each, and can be taken back.
 * */
#ifndef TH_ROWS_H
#define TH_ROWS_H

#include "map.h"

typedef struct th_row {
  uint32_t function; /* of an edge, the caller */
  uint32_t file;     /* the text's number; of an edge, the file of the call */
  uint32_t line;
  uint32_t callee; /* TH_NONE: no edge */
  uint64_t address;
  uint32_t hash;  /* not a part of the key */
  uint32_t epoch; /* the transaction that last kept its values; not a part of the key */
} th_row;

typedef struct th_rows {
  th_row *keys;
  uint64_t *values;
  uint32_t count, capacity;
  uint32_t values_capacity; /* in numbers */
  uint32_t stride;
  uint32_t last; /* the row that was found last */
  th_map map;

  uint32_t epoch;       /* numbers the transactions */
  uint32_t kept;        /* rows that there were when this one began; 0 outside of one */
  uint32_t kept_stride; /* numbers of each that are kept */
  bool active;
  uint32_t *undo_rows;
  uint64_t *undo_values;
  uint32_t undo_count, undo_capacity, undo_values_capacity;
} th_rows;

void th_rows_init(th_rows *rows, uint32_t stride);
void th_rows_free(th_rows *rows, th_alloc *alloc);

/* Widens every row by numbers that are 0.  ENOMEM, EOVERFLOW. */
int th_rows_widen(th_rows *rows, th_alloc *alloc, uint32_t stride);

/* A transaction: all between begin and commit, or rollback, which cannot fail.  They do not nest. */
void th_rows_begin(th_rows *rows);
void th_rows_commit(th_rows *rows);
void th_rows_rollback(th_rows *rows);

/* Behind th_rows_at: by hash, adding a row of zeros when the key is new. */
int th_rows_search(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out);
/* Behind th_rows_touch: keeps a row's values. */
int th_rows_keep(th_rows *rows, th_alloc *alloc, uint32_t row);

static inline bool th_row_same(const th_row *a, const th_row *b) {
  return a->function == b->function && a->line == b->line && a->address == b->address && a->callee == b->callee &&
         a->file == b->file;
}

/* The row of a key, a new one if need be.  O(1).  ENOMEM, EOVERFLOW. */
static inline int th_rows_at(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out) {
  uint32_t next = rows->last + 1; /* of TH_NONE, 0 */
  if (next >= rows->count || !th_row_same(&rows->keys[next], key))
    return th_rows_search(rows, alloc, key, out);
  *out = rows->last = next;
  return THESEUS_OK;
}

/* To be called before a row's values change.  ENOMEM, EOVERFLOW. */
static inline int th_rows_touch(th_rows *rows, th_alloc *alloc, uint32_t row) {
  if (row >= rows->kept || rows->keys[row].epoch == rows->epoch)
    return THESEUS_OK;
  return th_rows_keep(rows, alloc, row);
}

static inline uint64_t *th_rows_values(const th_rows *rows, uint32_t row) {
  return rows->values + (size_t)row * rows->stride;
}

/* *sum += x, unless that does not fit. */
static inline bool th_add(uint64_t *sum, uint64_t x) {
  if (x > UINT64_MAX - *sum)
    return false;
  *sum += x;
  return true;
}

#endif
