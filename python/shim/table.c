/* SPDX-License-Identifier: ISC */
#include "table.h"

#include <stdlib.h>
#include <string.h>

/* Returns the entry of a key, or the empty entry where it belongs. */
static shim_entry *find(const shim_table *table, const void *key) {
  size_t i = shim_table_slot(table, key);
  while (table->entries[i].key && table->entries[i].key != key)
    i = (i + 1) & (table->capacity - 1);
  return &table->entries[i];
}

int shim_table_set(shim_table *table, const void *key, void *value) {
  if (2 * (table->count + 1) > table->capacity) {
    shim_table grown = {NULL, table->capacity ? 2 * table->capacity : 16, table->count};
    grown.entries = calloc(grown.capacity, sizeof *grown.entries);
    if (!grown.entries)
      return -1;
    for (size_t i = 0; i < table->capacity; i++)
      if (table->entries[i].key)
        *find(&grown, table->entries[i].key) = table->entries[i];
    free(table->entries);
    *table = grown;
  }
  shim_entry *entry = find(table, key);
  table->count += !entry->key;
  *entry = (shim_entry){key, value};
  return 0;
}

void *shim_table_take(shim_table *table, const void *key) {
  if (!table->count)
    return NULL;
  shim_entry *entry = find(table, key);
  void *value = entry->value;
  if (!entry->key)
    return NULL;
  /* Move the entries behind the hole up, so that no search stops at the hole.  Skip an entry whose search begins behind
   * the hole. */
  size_t hole = (size_t)(entry - table->entries), mask = table->capacity - 1;
  for (size_t i = (hole + 1) & mask; table->entries[i].key; i = (i + 1) & mask) {
    size_t home = shim_table_slot(table, table->entries[i].key);
    if (((i - home) & mask) >= ((i - hole) & mask)) {
      table->entries[hole] = table->entries[i];
      hole = i;
    }
  }
  table->entries[hole] = (shim_entry){NULL, NULL};
  table->count--;
  return value;
}

void shim_table_free(shim_table *table) {
  free(table->entries);
  memset(table, 0, sizeof *table);
}

int shim_see(shim_seen *seen, const void *address) {
  for (size_t i = 0; i < seen->count; i++)
    if (seen->few[i] == address)
      return 1;
  if (seen->count < SHIM_FEW) {
    seen->few[seen->count++] = address;
    return 0;
  }
  if (shim_table_get(&seen->many, address))
    return 1;
  return shim_table_set(&seen->many, address, seen) ? -1 : 0;
}
