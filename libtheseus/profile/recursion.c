/* SPDX-License-Identifier: ISC */
#include "profile/recursion.h"

#include <string.h>

static bool same(const void *owner, uint32_t index, const void *key) {
  const struct th_alias *alias = &((const th_recursion *)owner)->aliases[index], *wanted = key;
  return alias->parent == wanted->parent && alias->function == wanted->function;
}

/* The innermost occurrence of a function on a stack, if it has `max` of them; else TH_NONE. */
static uint32_t innermost_of(const th_stacks *stacks, uint32_t stack, uint32_t function, uint32_t max) {
  uint32_t innermost = TH_NONE, found = 0;

  for (; stack != THESEUS_ROOT; stack = stacks->items[stack].parent) {
    if (stacks->items[stack].function != function)
      continue;
    if (!found++)
      innermost = stack;
    if (found == max)
      return innermost;
  }
  return TH_NONE;
}

/* Keeps an alias, if there is memory: without it the stack is walked again the next time. */
static void keep(th_recursion *recursion, th_alloc *alloc, uint32_t hash, const struct th_alias *alias) {
  uint64_t refused = alloc->refused;
  if (th_map_append(&recursion->map, alloc, hash, &recursion->aliases, &recursion->capacity, recursion->count,
                    sizeof *alias))
    alloc->refused = refused;
  else
    recursion->aliases[recursion->count++] = *alias;
}

uint32_t th_recursion_fold(th_recursion *recursion, th_alloc *alloc, const th_stacks *stacks, uint32_t parent,
                           uint32_t function, uint32_t call_line) {
  struct th_alias alias = {.parent = parent, .function = function};
  const uint32_t words[] = {parent, function};

  if (!recursion->may_hide && th_stacks_find(stacks, parent, function, call_line) != TH_NONE)
    return TH_NONE;
  uint32_t hash = th_hash_words(words, 2);
  uint32_t known = th_map_find(&recursion->map, hash, same, recursion, &alias);
  if (known != TH_NONE)
    return recursion->aliases[known].stack;
  alias.stack = innermost_of(stacks, parent, function, recursion->max);
  if (alias.stack != TH_NONE)
    keep(recursion, alloc, hash, &alias);
  return alias.stack;
}

void th_recursion_free(th_recursion *recursion, th_alloc *alloc) {
  th_alloc_free(alloc, recursion->aliases, recursion->capacity, sizeof *recursion->aliases);
  th_map_free(&recursion->map, alloc);
  memset(recursion, 0, sizeof *recursion);
}
