/* SPDX-License-Identifier: ISC */
/* cells - the counters of a profile: one for each distinct key. */
#ifndef TH_CELLS_H
#define TH_CELLS_H

#include "base/fixed.h"
#include "base/map.h"

struct th_cell_key {
  uint32_t event, head, stack, line;
  uint32_t labels;   /* a set of the profile's labels */
  uint16_t detached; /* 1: the head was detached */
  uint16_t negative; /* 1: what is booked here is to be subtracted.  A value is the difference of two cells */
};

struct th_cell {
  struct th_cell_key key;
  th_fixed value;
};

typedef struct th_cells {
  struct th_cell *items;
  uint32_t count, capacity;
  th_map map;
  bool has_negative; /* some key is negative */
} th_cells;

/* Makes room for `more` new cells.  ENOMEM, EOVERFLOW. */
int th_cells_reserve(th_cells *cells, th_alloc *alloc, uint64_t more);
/* Returns the cell with a key, or TH_NONE. */
uint32_t th_cells_find(const th_cells *cells, const struct th_cell_key *key);
/* Finds the cell with a key, creating it if necessary.  ENOMEM, EOVERFLOW. */
int th_cells_intern(th_cells *cells, th_alloc *alloc, const struct th_cell_key *key, uint32_t *out);
/* Adds an integer to a cell.  A sum that does not fit becomes UINT64_MAX. */
void th_cells_add(th_cells *cells, uint32_t cell, uint64_t amount);
/* The value of a cell, less that of the same key with the other sign.  0 for the lesser of the two.  ENEGATIVE: the
 * negative one is the greater. */
int th_cells_net(const th_cells *cells, uint32_t cell, uint64_t *out);
/* Removes the newest cells, those from number `count` on. */
void th_cells_cut(th_cells *cells, uint32_t count);
void th_cells_clear(th_cells *cells);
void th_cells_free(th_cells *cells, th_alloc *alloc);

#endif
