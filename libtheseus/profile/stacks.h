/* SPDX-License-Identifier: ISC */
/* stacks - the calling-context tree: a trie in which a node is a stack, and pushing a frame is following an edge.
 *
 *     0 (root) ── main ── 1 ── get:17 ── 2          node = (parent, function, line of the call in the parent)
 *                           └─ put:19 ── 3
 *
 * A node's parent has a smaller number than it, so a loop from the last to the first visits children before parents. */
#ifndef TH_STACKS_H
#define TH_STACKS_H

#include "base/map.h"

struct th_stack {
  uint32_t parent, function, call_line;
  uint32_t depth; /* frames */
  uint32_t stats; /* index of the stats of the spans that began here; TH_NONE: none began */
};

typedef struct th_stacks {
  struct th_stack *items;
  uint32_t count, capacity;
  th_map map; /* of the stacks that do not come right after their parents */
} th_stacks;

/* Creates the root.  ENOMEM. */
int th_stacks_init(th_stacks *stacks, th_alloc *alloc);
/* Returns true if the stack that was made right after `parent` is this one: usually so, as frames are pushed one upon
 * the other (see "The same order as last time" in HACKING). */
static inline bool th_stacks_is_next(const th_stacks *stacks, uint32_t parent, uint32_t function, uint32_t call_line) {
  const struct th_stack *next = stacks->items + parent + 1;
  return parent + 1 < stacks->count && next->parent == parent && next->function == function &&
         next->call_line == call_line;
}
/* Finds the stack of one more frame.  TH_NONE: it does not exist. */
uint32_t th_stacks_find(const th_stacks *stacks, uint32_t parent, uint32_t function, uint32_t call_line);
/* Finds the stack of one more frame, creating it if necessary.  ENOMEM, EOVERFLOW. */
int th_stacks_push(th_stacks *stacks, th_alloc *alloc, uint32_t parent, uint32_t function, uint32_t call_line,
                   uint32_t *out);
void th_stacks_free(th_stacks *stacks, th_alloc *alloc);

#endif
