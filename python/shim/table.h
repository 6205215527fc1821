/* SPDX-License-Identifier: ISC */
/* table - maps addresses to addresses: open addressing, linear probing, at most half full. */
#ifndef SHIM_TABLE_H
#define SHIM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct shim_entry {
  const void *key; /* NULL: empty */
  void *value;
} shim_entry;

typedef struct shim_table {
  shim_entry *entries;
  size_t capacity; /* 0, or a power of two */
  size_t count;
} shim_table;

/* Returns the slot at which the search for a key begins.  The table must have entries. */
static inline size_t shim_table_slot(const shim_table *table, const void *key) {
  uint64_t address = (uint64_t)(uintptr_t)key;
  return (size_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (table->capacity - 1);
}

/* Returns the value of a key, or NULL. */
static inline void *shim_table_get(const shim_table *table, const void *key) {
  if (!table->count)
    return NULL;
  size_t i = shim_table_slot(table, key);
  while (table->entries[i].key && table->entries[i].key != key)
    i = (i + 1) & (table->capacity - 1);
  return table->entries[i].value;
}

/* Sets the value of a key.  Returns -1 if there is no memory. */
int shim_table_set(shim_table *table, const void *key, void *value);
/* Removes a key.  Returns its value, or NULL. */
void *shim_table_take(shim_table *table, const void *key);
void shim_table_free(shim_table *table);

/* A set of addresses that is usually small. */
enum { SHIM_FEW = 16 };
typedef struct shim_seen {
  const void *few[SHIM_FEW];
  size_t count;
  shim_table many;
} shim_seen;

/* Adds an address.  Returns 1 if it was there already, 0 if it is new, and -1 if there is no memory.  Free .many with
 * shim_table_free(). */
int shim_see(shim_seen *seen, const void *address);

static inline bool shim_is_seen(const shim_seen *seen, const void *address) {
  for (size_t i = 0; i < seen->count; i++)
    if (seen->few[i] == address)
      return true;
  return shim_table_get(&seen->many, address) != NULL;
}

#endif
