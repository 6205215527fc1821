/* SPDX-License-Identifier: ISC */
#include "profile/functions.h"

#include <string.h>

static bool same(const void *owner, uint32_t index, const void *key) {
  const struct th_function *function = &((const th_functions *)owner)->items[index];
  const struct th_function *wanted = key;
  return function->name == wanted->name && function->file == wanted->file && function->first_line == wanted->first_line;
}

int th_functions_intern(th_functions *functions, th_alloc *alloc, const struct th_function *function, uint32_t *out) {
  const uint32_t words[] = {function->file, function->name, function->first_line};
  uint32_t hash = th_hash_words(words, 3);
  uint32_t id = th_map_find(&functions->map, hash, same, functions, function);
  if (id == TH_NONE) {
    uint64_t needed = (uint64_t)functions->count + 1;
    int status = th_alloc_grow(alloc, &functions->items, &functions->capacity, needed, sizeof *function);
    if (!status)
      status = th_map_reserve(&functions->map, alloc, needed);
    if (status)
      return status;
    id = functions->count++;
    functions->items[id] = *function;
    functions->items[id].object = TH_NONE;
    th_map_add(&functions->map, hash, id);
  }
  *out = id;
  return THESEUS_OK;
}

void th_functions_free(th_functions *functions, th_alloc *alloc) {
  th_alloc_free(alloc, functions->items, functions->capacity, sizeof *functions->items);
  th_map_free(&functions->map, alloc);
  memset(functions, 0, sizeof *functions);
}
