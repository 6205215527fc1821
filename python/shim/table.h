/* SPDX-License-Identifier: ISC */
/* table - addresses to addresses, with deletion: open addressing, linear probing, at most half full. */
#ifndef SHIM_TABLE_H
#define SHIM_TABLE_H

#include <stddef.h>

typedef struct shim_entry {
  const void *key; /* NULL: empty */
  void *value;
} shim_entry;

typedef struct shim_table {
  shim_entry *entries;
  size_t capacity; /* 0, or a power of two */
  size_t count;
} shim_table;

/* The value of a key, or NULL. */
void *shim_table_get(const shim_table *table, const void *key);
/* Sets the value of a key.  -1: no memory. */
int shim_table_set(shim_table *table, const void *key, void *value);
/* Takes a key out, and gives the value it had, or NULL. */
void *shim_table_take(shim_table *table, const void *key);
void shim_table_free(shim_table *table);

#endif
