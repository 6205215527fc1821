/* SPDX-License-Identifier: ISC */
#include "preorder.h"
#include "sort.h"

#include <string.h>

struct sorting {
  const theseus_profile *profile;
  uint32_t *functions; /* by name */
  uint32_t *ranks;     /* of the functions in that */
  uint32_t *spare;
  uint32_t *children; /* stacks, those of one parent together */
  uint32_t *starts;   /* where those of a parent are in it, and after the last one, its end */
  uint32_t *sizes;    /* how many stacks there are in each subtree */
};

static bool function_less(const void *owner, uint32_t a, uint32_t b) {
  const theseus_profile *profile = ((const struct sorting *)owner)->profile;
  const struct th_function *x = &profile->functions.items[a], *y = &profile->functions.items[b];
  int order = strcmp(th_strings_get(&profile->strings, x->name), th_strings_get(&profile->strings, y->name));
  if (!order)
    order = strcmp(th_strings_get(&profile->strings, x->file), th_strings_get(&profile->strings, y->file));
  return order ? order < 0 : x->first_line < y->first_line;
}

static bool child_less(const void *owner, uint32_t a, uint32_t b) {
  const struct sorting *sorting = owner;
  const struct th_stack *x = &sorting->profile->stacks.items[a], *y = &sorting->profile->stacks.items[b];
  if (x->call_line != y->call_line)
    return x->call_line < y->call_line;
  return sorting->ranks[x->function] < sorting->ranks[y->function];
}

/* The children of each parent, in their order. */
static void sort_children(struct sorting *sorting, uint32_t n) {
  const struct th_stack *stacks = sorting->profile->stacks.items;
  uint32_t *starts = sorting->starts;

  for (uint32_t i = 1; i < n; i++)
    starts[stacks[i].parent + 2]++;
  for (uint32_t i = 2; i < n + 2; i++)
    starts[i] += starts[i - 1];
  for (uint32_t i = 1; i < n; i++) /* starts[p + 1] goes from where p's begin to where they end */
    sorting->children[starts[stacks[i].parent + 1]++] = i;
  for (uint32_t i = 0; i < n; i++)
    th_sort(sorting->children + starts[i], starts[i + 1] - starts[i], sorting->spare, child_less, sorting);
}

static void number_stacks(const struct sorting *sorting, th_preorder *preorder) {
  const struct th_stack *stacks = sorting->profile->stacks.items;
  uint32_t *sizes = sorting->sizes;

  for (uint32_t i = preorder->count; i-- > 0;) { /* parents have smaller numbers than children */
    sizes[i]++;
    if (i)
      sizes[stacks[i].parent] += sizes[i];
  }
  for (uint32_t i = 0; i < preorder->count; i++) {
    uint32_t next = preorder->positions[i] + 1;
    preorder->order[preorder->positions[i]] = i;
    for (uint32_t k = sorting->starts[i]; k < sorting->starts[i + 1]; k++) {
      preorder->positions[sorting->children[k]] = next;
      next += sizes[sorting->children[k]];
    }
  }
}

int th_preorder_init(th_preorder *preorder, th_alloc *alloc, const theseus_profile *profile) {
  uint32_t functions = profile->functions.count, n = profile->stacks.count;
  uint32_t more = functions > n ? functions : n;
  size_t size = 2 * (size_t)functions + more + 3 * (size_t)n + 2;
  struct sorting sorting = {.profile = profile};

  *preorder = (th_preorder){.count = n};
  preorder->order = th_alloc_zeroed(alloc, n, sizeof *preorder->order);
  if (preorder->order)
    preorder->positions = th_alloc_zeroed(alloc, n, sizeof *preorder->positions);
  if (preorder->positions)
    sorting.spare = th_alloc_zeroed(alloc, size, sizeof *sorting.spare);
  if (!sorting.spare)
    return th_alloc_why(alloc);
  sorting.functions = sorting.spare + more;
  sorting.ranks = sorting.functions + functions;
  sorting.children = sorting.ranks + functions;
  sorting.sizes = sorting.children + n;
  sorting.starts = sorting.sizes + n;

  for (uint32_t i = 0; i < functions; i++)
    sorting.functions[i] = i;
  th_sort(sorting.functions, functions, sorting.spare, function_less, &sorting);
  for (uint32_t i = 0; i < functions; i++)
    sorting.ranks[sorting.functions[i]] = i;
  sort_children(&sorting, n);
  number_stacks(&sorting, preorder);
  th_alloc_free(alloc, sorting.spare, size, sizeof *sorting.spare);
  return THESEUS_OK;
}

void th_preorder_free(th_preorder *preorder, th_alloc *alloc) {
  th_alloc_free(alloc, preorder->order, preorder->count, sizeof *preorder->order);
  th_alloc_free(alloc, preorder->positions, preorder->count, sizeof *preorder->positions);
  *preorder = (th_preorder){0};
}
