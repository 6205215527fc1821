/* SPDX-License-Identifier: ISC */
/* rows - vectors of numbers under keys, added to again and again: a graph's self costs, and its edges.
 *
 *     keys     [ function file line callee address ][ … ]      in the order in which they came
 *     values   [ stride numbers                    ][ … ]
 *
 * Files of one program name the same keys in nearly the same order.  So before the hash is computed, which would be a
 * cache miss or three, some rows are tried: the one that followed the last one the last time, the function's first, the
 * next one, the one where the order was left, and those nearby.  A transaction keeps the old values of the rows that it
 * touches, once each, and can be taken back. */
#ifndef TH_ROWS_H
#define TH_ROWS_H

#include "map.h"

#include <string.h>

typedef struct th_row {
  uint32_t function; /* of an edge, the caller */
  uint32_t file;     /* the text's number; of an edge, the file of the call */
  uint32_t line;
  uint32_t callee; /* TH_NONE: no edge */
  uint64_t address;
  uint32_t hash;   /* not a part of the key */
  uint32_t follow; /* the row that came after this one the last time; not a part of the key */
} th_row;

typedef struct th_rows {
  th_row *keys;
  uint64_t *values;
  uint32_t count, capacity;
  uint32_t values_capacity; /* in numbers */
  uint32_t stride;
  uint32_t last;  /* the row that was found last; there need not be such a row any more */
  uint32_t other; /* the row after the one from which it did not go on to the next */
  uint32_t home;  /* the row that a function began with, which its owner remembers for it; TH_NONE: none yet */
  th_map map;

  uint32_t kept;        /* rows that there were when the transaction began; 0 outside of one */
  uint32_t kept_stride; /* numbers of each that are kept */
  uint64_t *touched;    /* a bit for each row: its values have been kept */
  uint32_t *undo_rows;
  uint64_t *undo_values;
  uint32_t undo_count, undo_capacity, undo_values_capacity, touched_capacity;
} th_rows;

/* Asks for memory that is going to be read, if the compiler knows how. */
static inline void th_prefetch(const void *address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

void th_rows_init(th_rows *rows, uint32_t stride);
void th_rows_free(th_rows *rows, th_alloc *alloc);

/* Widens every row by numbers that are 0.  ENOMEM, EOVERFLOW. */
int th_rows_widen(th_rows *rows, th_alloc *alloc, uint32_t stride);

/* A transaction: all between begin and commit, or rollback, which cannot fail.  They do not nest.  Without `undo` it
 * costs less, and there is no way back.  ENOMEM, ELIMIT. */
int th_rows_begin(th_rows *rows, th_alloc *alloc, bool undo);
void th_rows_commit(th_rows *rows);
void th_rows_rollback(th_rows *rows);

/* Behind th_rows_at: nearby, then by hash, adding a row of zeros when the key is new. */
int th_rows_search(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out);
/* Behind th_rows_touch: keeps a row's values. */
int th_rows_keep(th_rows *rows, th_alloc *alloc, uint32_t row);

static inline bool th_row_same(const th_row *a, const th_row *b) { /* there is no padding in between */
  return memcmp(a, b, offsetof(th_row, hash)) == 0;
}

/* The row of a key, a new one if need be.  O(1).  ENOMEM, ELIMIT, EOVERFLOW. */
static inline int th_rows_at(th_rows *rows, th_alloc *alloc, const th_row *key, uint32_t *out) {
  if (rows->last < rows->count) {
    uint32_t row = rows->keys[rows->last].follow;
    if (row < rows->count && th_row_same(&rows->keys[row], key)) {
      *out = rows->last = row;
      return THESEUS_OK;
    }
  }
  return th_rows_search(rows, alloc, key, out);
}

/* To be called before a row's values change.  ENOMEM, ELIMIT, EOVERFLOW. */
static inline int th_rows_touch(th_rows *rows, th_alloc *alloc, uint32_t row) {
  if (row >= rows->kept || rows->touched[row / 64] >> row % 64 & 1)
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
