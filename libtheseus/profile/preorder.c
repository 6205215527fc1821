/* SPDX-License-Identifier: ISC */
#include "profile/preorder.h"
#include "base/sort.h"
#include "base/text.h"

#include <string.h>

struct sorting {
  const theseus_profile *profile;
  const char **texts;  /* of each function the name and the file, as a file has them */
  th_strings cleaned;  /* those that are not so in the profile */
  uint32_t *functions; /* in their order */
  uint32_t *ranks;     /* of the functions in that */
  uint32_t *spare;
  uint32_t *children; /* stacks, those of one parent together */
  uint32_t *starts;   /* where those of a parent are in it, and after the last one, its end */
};

/* By what will be read in a file: the same order before and after. */
static bool function_less(const void *owner, uint32_t a, uint32_t b) {
  const struct sorting *sorting = owner;
  int order = strcmp(sorting->texts[2 * (size_t)a], sorting->texts[2 * (size_t)b]);
  if (!order)
    order = strcmp(sorting->texts[2 * (size_t)a + 1], sorting->texts[2 * (size_t)b + 1]);
  const struct th_function *functions = sorting->profile->functions.items;
  return order ? order < 0 : functions[a].first_line < functions[b].first_line;
}

static int clean_texts(struct sorting *sorting, th_alloc *alloc) {
  const th_strings *strings = &sorting->profile->strings;
  int status = THESEUS_OK;
  for (uint32_t i = 0; !status && i < sorting->profile->functions.count; i++) {
    const uint32_t ids[] = {sorting->profile->functions.items[i].name, sorting->profile->functions.items[i].file};
    for (uint32_t k = 0; !status && k < 2; k++) {
      const struct th_text *text = &strings->texts[ids[k]];
      uint32_t id;
      sorting->texts[2 * (size_t)i + k] = text->bytes;
      if (th_text_is_clean(text->bytes, text->length))
        continue;
      status = th_strings_intern_clean(&sorting->cleaned, alloc, text->bytes, text->length, &id);
      if (!status)
        sorting->texts[2 * (size_t)i + k] = th_strings_get(&sorting->cleaned, id);
    }
  }
  return status;
}

static void sort_functions(struct sorting *sorting) {
  uint32_t n = sorting->profile->functions.count;
  for (uint32_t i = 0; i < n; i++)
    sorting->functions[i] = i;
  th_sort(sorting->functions, n, sorting->spare, function_less, sorting);
  for (uint32_t i = 0; i < n; i++)
    sorting->ranks[sorting->functions[i]] = i;
}

static bool child_less(const void *owner, uint32_t a, uint32_t b) {
  const struct sorting *sorting = owner;
  const struct th_stack *x = &sorting->profile->stacks.items[a], *y = &sorting->profile->stacks.items[b];
  if (x->call_line != y->call_line)
    return x->call_line < y->call_line;
  return sorting->ranks[x->function] < sorting->ranks[y->function];
}

/* The children of each parent, in their order.  `spare` has room for as many. */
static void sort_children(struct sorting *sorting, uint32_t n, uint32_t *spare) {
  const struct th_stack *stacks = sorting->profile->stacks.items;
  uint32_t *starts = sorting->starts;

  for (uint32_t i = 1; i < n; i++)
    starts[stacks[i].parent + 2]++;
  for (uint32_t i = 2; i < n + 2; i++)
    starts[i] += starts[i - 1];
  for (uint32_t i = 1; i < n; i++) /* starts[p + 1] goes from where p's begin to where they end */
    sorting->children[starts[stacks[i].parent + 1]++] = i;
  for (uint32_t i = 0; i < n; i++)
    if (starts[i + 1] - starts[i] > 1)
      th_sort(sorting->children + starts[i], starts[i + 1] - starts[i], spare, child_less, sorting);
}

static void number_stacks(const struct sorting *sorting, th_preorder *preorder) {
  const struct th_stack *stacks = sorting->profile->stacks.items;
  uint32_t *sizes = preorder->order; /* of subtrees, until all positions are known */
  uint32_t n = preorder->count, *positions = preorder->positions;

  for (uint32_t i = n; i-- > 0;) { /* parents have smaller numbers than children */
    sizes[i]++;
    if (i)
      sizes[stacks[i].parent] += sizes[i];
  }
  positions[THESEUS_ROOT] = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t next = positions[i] + 1;
    for (uint32_t k = sorting->starts[i]; k < sorting->starts[i + 1]; k++) {
      positions[sorting->children[k]] = next;
      next += sizes[sorting->children[k]];
    }
  }
  for (uint32_t i = 0; i < n; i++)
    preorder->order[positions[i]] = i;
}

static int sort_all(struct sorting *sorting, th_alloc *alloc, th_preorder *preorder) {
  uint32_t functions = sorting->profile->functions.count, n = preorder->count;
  size_t size = 3 * (size_t)functions + 2 * (size_t)n + 2, texts = 2 * (size_t)functions + 1;

  sorting->texts = th_alloc_zeroed(alloc, texts, sizeof *sorting->texts);
  if (sorting->texts)
    sorting->spare = th_alloc_zeroed(alloc, size, sizeof *sorting->spare);
  int status = sorting->spare ? clean_texts(sorting, alloc) : th_alloc_why(alloc);
  if (!status) {
    sorting->functions = sorting->spare + functions;
    sorting->ranks = sorting->functions + functions;
    sorting->children = sorting->ranks + functions;
    sorting->starts = sorting->children + n;
    sort_functions(sorting);
    sort_children(sorting, n, preorder->positions); /* which has nothing yet */
    number_stacks(sorting, preorder);
  }
  th_alloc_free(alloc, sorting->texts, texts, sizeof *sorting->texts);
  th_alloc_free(alloc, sorting->spare, size, sizeof *sorting->spare);
  th_strings_free(&sorting->cleaned, alloc);
  return status;
}

int th_preorder_init(th_preorder *preorder, th_alloc *alloc, const theseus_profile *profile) {
  struct sorting sorting = {.profile = profile};

  *preorder = (th_preorder){.count = profile->stacks.count};
  preorder->order = th_alloc_zeroed(alloc, preorder->count, sizeof *preorder->order);
  if (preorder->order)
    preorder->positions = th_alloc_zeroed(alloc, preorder->count, sizeof *preorder->positions);
  return preorder->positions ? sort_all(&sorting, alloc, preorder) : th_alloc_why(alloc);
}

void th_preorder_free(th_preorder *preorder, th_alloc *alloc) {
  th_alloc_free(alloc, preorder->order, preorder->count, sizeof *preorder->order);
  th_alloc_free(alloc, preorder->positions, preorder->count, sizeof *preorder->positions);
  *preorder = (th_preorder){0};
}
