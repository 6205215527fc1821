/* SPDX-License-Identifier: ISC */
/* recursion - pushes of a function that is on the stack max_recursion times already.  They give its innermost
 * occurrence:
 *
 *     main > job > next > job > next > job > next          + job, if max_recursion is 3
 *     main > job > next > job > next > job                 is the stack that it gives
 *
 * Such a push is an alias of the tree.  It is found by walking the stack once, and by one look-up afterwards. */
#ifndef TH_RECURSION_H
#define TH_RECURSION_H

#include "profile/stacks.h"

struct th_alias {
  uint32_t parent, function; /* what was pushed */
  uint32_t stack;            /* what that gives */
};

typedef struct th_recursion {
  uint32_t max;  /* 0: no limit */
  bool may_hide; /* stacks beyond the limit have come by reading or merging: a stack that is found may be one */
  struct th_alias *aliases;
  uint32_t count, capacity;
  th_map map;
} th_recursion;

/* The stack that a push is folded into; TH_NONE: the push is not folded.  Needs no memory to give the right answer.
 * O(1), and O(depth) if neither the stack nor the alias has been there before. */
uint32_t th_recursion_fold(th_recursion *recursion, th_alloc *alloc, const th_stacks *stacks, uint32_t parent,
                           uint32_t function, uint32_t call_line);

void th_recursion_free(th_recursion *recursion, th_alloc *alloc);

#endif
