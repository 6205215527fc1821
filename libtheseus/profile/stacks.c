/* SPDX-License-Identifier: ISC */
#include "profile/stacks.h"

#include <string.h>

static bool same(const void *owner, uint32_t index, const void *key) {
  const struct th_stack *stack = &((const th_stacks *)owner)->items[index];
  const struct th_stack *wanted = key;
  return stack->parent == wanted->parent && stack->function == wanted->function &&
         stack->call_line == wanted->call_line;
}

int th_stacks_init(th_stacks *stacks, th_alloc *alloc) {
  int status = th_alloc_grow(alloc, &stacks->items, &stacks->capacity, 1, sizeof *stacks->items);
  if (!status) {
    stacks->items[0] = (struct th_stack){.function = TH_NONE, .stats = TH_NONE};
    stacks->count = 1;
  }
  return status;
}

static uint32_t hash_of(uint32_t parent, uint32_t function, uint32_t call_line) {
  const uint32_t words[] = {parent, function, call_line};
  return th_hash_words(words, 3);
}

uint32_t th_stacks_find(const th_stacks *stacks, uint32_t parent, uint32_t function, uint32_t call_line) {
  const struct th_stack key = {parent, function, call_line, 0, TH_NONE};

  if (th_stacks_is_next(stacks, parent, function, call_line))
    return parent + 1;
  if (parent + 1 == stacks->count)
    return TH_NONE;
  return th_map_find(&stacks->map, hash_of(parent, function, call_line), same, stacks, &key);
}

int th_stacks_push(th_stacks *stacks, th_alloc *alloc, uint32_t parent, uint32_t function, uint32_t call_line,
                   uint32_t *out) {
  struct th_stack key = {parent, function, call_line, 0, TH_NONE};
  bool follows = parent + 1 == stacks->count; /* it has no children yet */
  uint32_t hash = 0, id = TH_NONE;

  if (th_stacks_is_next(stacks, parent, function, call_line)) {
    *out = parent + 1;
    return THESEUS_OK;
  }
  if (!follows) {
    hash = hash_of(parent, function, call_line);
    id = th_map_find(&stacks->map, hash, same, stacks, &key);
  }
  if (id == TH_NONE) {
    uint64_t needed = (uint64_t)stacks->count + 1;
    int status = th_alloc_grow(alloc, &stacks->items, &stacks->capacity, needed, sizeof key);
    if (!status && !follows)
      status = th_map_reserve(&stacks->map, alloc, (uint64_t)stacks->map.count + 1);
    if (status)
      return status;
    key.depth = stacks->items[parent].depth + 1;
    id = stacks->count++;
    stacks->items[id] = key;
    if (!follows)
      th_map_add(&stacks->map, hash, id);
  }
  *out = id;
  return THESEUS_OK;
}

void th_stacks_free(th_stacks *stacks, th_alloc *alloc) {
  th_alloc_free(alloc, stacks->items, stacks->capacity, sizeof *stacks->items);
  th_map_free(&stacks->map, alloc);
  memset(stacks, 0, sizeof *stacks);
}
