/* SPDX-License-Identifier: ISC */
#include "profile/functions.h"

#include <string.h>

static bool same(const void *owner, uint32_t index, const void *key) {
  const struct th_function *function = &((const th_functions *)owner)->items[index];
  const struct th_function *wanted = key;
  return function->name == wanted->name && function->file == wanted->file &&
         function->first_line == wanted->first_line && function->of == wanted->of;
}

int th_functions_intern(th_functions *functions, th_alloc *alloc, const struct th_function *function, uint32_t *out) {
  const uint32_t words[] = {function->file, function->name, function->first_line, function->of};
  uint32_t hash = th_hash_words(words, function->of == TH_NONE ? 3 : 4);
  uint32_t id = th_map_find(&functions->map, hash, same, functions, function);
  if (id == TH_NONE) {
    int status = th_map_append(&functions->map, alloc, hash, &functions->items, &functions->capacity, functions->count,
                               sizeof *function);
    if (status)
      return status;
    id = functions->count++;
    functions->items[id] = *function;
    functions->items[id].object = function->of;
  }
  *out = id;
  return THESEUS_OK;
}

void th_functions_free(th_functions *functions, th_alloc *alloc) {
  th_alloc_free(alloc, functions->items, functions->capacity, sizeof *functions->items);
  th_map_free(&functions->map, alloc);
  memset(functions, 0, sizeof *functions);
}
