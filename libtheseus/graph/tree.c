/* SPDX-License-Identifier: ISC */
/* tree - a profile from the top down: what a reader of stacks looks at.
 *
 *     (root)
 *       page            all stacks that are page, whatever the line of the call
 *         get:20        a function that is asked for by line: one node for each line that calls it
 *       [detached]
 *         tick          the head
 *           store       the frames of the place below it, as in a graph: see detached.h */
#include "base/sized.h"
#include "base/sort.h"
#include "profile/profile.h"

#include <string.h>

struct node {
  uint64_t own, inclusive;
  uint32_t below; /* nodes below it */
  struct th_stats stats;
};

struct theseus_tree {
  th_alloc alloc;
  const theseus_profile *profile; /* while it is made */
  const uint8_t *by_line;         /* the same */
  uint32_t event, detached;       /* the pseudo-function `[detached]`: the number of functions */
  th_stacks nodes;
  struct node *items; /* by node */
  uint32_t item_count, item_capacity;
  uint32_t *places;              /* by stack: its node; TH_NONE: nothing is measured of it, or below it */
  th_cells pairs;                /* (node, stack), whose spans the node has */
  uint32_t *order, *rank, *next; /* by node */
  uint32_t *frames;              /* room for one stack */
  th_histogram histogram;        /* its stacks are nodes */
};

/* ---- nodes ---- */

static int push(theseus_tree *tree, uint32_t parent, uint32_t function, uint32_t line, uint32_t *out) {
  bool by_line = function != tree->detached && tree->by_line[function];
  int status = th_stacks_push(&tree->nodes, &tree->alloc, parent, function, by_line ? line : 0, out);
  if (!status)
    status = th_alloc_grow(&tree->alloc, &tree->items, &tree->item_capacity, tree->nodes.count, sizeof *tree->items);
  while (!status && tree->item_count < tree->nodes.count)
    tree->items[tree->item_count++] = (struct node){.stats = th_no_stats()};
  return status;
}

/* Adds the spans of a stack to a node, once. */
static int add_spans(theseus_tree *tree, uint32_t id, uint32_t stack) {
  const theseus_profile *profile = tree->profile;
  const struct th_cell_key pair = {.head = id, .stack = stack};
  struct th_stats *stats = &tree->items[id].stats;
  uint32_t number = profile->stacks.items[stack].stats, known = tree->pairs.count, found;
  int status = THESEUS_OK;

  if (number == TH_NONE)
    return status;
  const struct th_stats *more = &profile->stats[number];
  status = th_cells_intern(&tree->pairs, &tree->alloc, &pair, &found);
  if (status || found != known)
    return status;
  if (!th_fits(stats->operations, more->operations) || !th_fits(stats->latency_ns, more->latency_ns))
    return THESEUS_EOVERFLOW;
  th_profile_add_stats(stats, more);
  for (uint32_t i = more->buckets; i != TH_NONE && !status; i = profile->histogram.items[i].next) {
    struct th_bucket bucket = profile->histogram.items[i];
    bucket.stack = id;
    status = th_histogram_add(&tree->histogram, &tree->alloc, &bucket, &stats->buckets);
  }
  return status;
}

static int add_stacks(theseus_tree *tree) {
  const th_stacks *stacks = &tree->profile->stacks;
  int status = THESEUS_OK;

  tree->places[THESEUS_ROOT] = 0;
  for (uint32_t i = 1; i < stacks->count && !status; i++) {
    const struct th_stack *stack = &stacks->items[i];
    if (tree->places[i] == TH_NONE)
      continue;
    status = push(tree, tree->places[stack->parent], stack->function, stack->call_line, &tree->places[i]);
    if (!status)
      status = add_spans(tree, tree->places[i], i);
  }
  return status;
}

/* ---- costs ---- */

/* Returns true if a stack's function is on it as often as can be: see detached.c. */
static bool may_be_folded(const theseus_profile *profile, uint32_t stack) {
  const struct th_stack *items = profile->stacks.items;
  uint64_t most = profile->info.max_recursion, found = 0;
  for (uint32_t at = stack; at != THESEUS_ROOT && found < most; at = items[at].parent)
    found += items[at].function == items[stack].function;
  return most && found == most;
}

/* The stack below which the frames of `stack` are below the head's function: see detached.c. */
static uint32_t base_of(const theseus_profile *profile, uint32_t head, uint32_t stack) {
  const struct th_stack *items = profile->stacks.items;
  uint32_t at = stack, base = items[head].parent;
  while (items[at].depth > items[head].depth)
    at = items[at].parent;
  if (at == head || stack == THESEUS_ROOT)
    return at;
  at = items[stack].parent;
  while (at != base) {
    if (items[at].depth >= items[base].depth)
      at = items[at].parent;
    else
      base = items[base].parent;
  }
  return may_be_folded(profile, base) ? items[base].parent : base;
}

/* The node of Wait that a detached head gave. */
static int detached_node(theseus_tree *tree, const struct th_cell_key *key, uint32_t *out) {
  const th_stacks *stacks = &tree->profile->stacks;
  uint32_t base = base_of(tree->profile, key->head, key->stack), n = 0;
  int status = push(tree, 0, tree->detached, 0, out);

  if (!status && key->head != THESEUS_ROOT) {
    status = push(tree, *out, stacks->items[key->head].function, 0, out);
    if (!status)
      status = add_spans(tree, *out, key->head);
  }
  for (uint32_t at = key->stack; at != base; at = stacks->items[at].parent)
    tree->frames[n++] = at;
  while (!status && n) {
    const struct th_stack *frame = &stacks->items[tree->frames[--n]];
    status = push(tree, *out, frame->function, frame->call_line, out);
    if (!status)
      status = add_spans(tree, *out, tree->frames[n]);
  }
  return status;
}

static int add_cells(theseus_tree *tree) {
  const th_cells *cells = &tree->profile->cells;
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < cells->count && !status; i++) {
    const struct th_cell_key *key = &cells->items[i].key;
    uint64_t value;
    uint32_t node;
    if (key->event != tree->event || key->negative)
      continue;
    status = th_cells_net(cells, i, &value);
    if (status || !value)
      continue;
    node = tree->places[key->stack];
    if (key->detached)
      status = detached_node(tree, key, &node);
    if (!status && !th_add(&tree->items[node].own, value))
      status = THESEUS_EOVERFLOW;
  }
  return status;
}

/* Marks the stacks that have a node. */
static void mark(theseus_tree *tree) {
  const theseus_profile *profile = tree->profile;

  for (uint32_t i = 0; i < profile->stacks.count; i++) {
    uint32_t stats = profile->stacks.items[i].stats;
    tree->places[i] = stats != TH_NONE && profile->stats[stats].operations ? 0 : TH_NONE;
  }
  for (uint32_t i = 0; i < profile->cells.count; i++) {
    const struct th_cell *cell = &profile->cells.items[i];
    if (cell->key.event == tree->event && !cell->key.detached && th_fixed_round(cell->value))
      tree->places[cell->key.stack] = 0;
  }
  for (uint32_t i = profile->stacks.count - 1; i > 0; i--)
    if (tree->places[i] != TH_NONE)
      tree->places[profile->stacks.items[i].parent] = 0;
}

static int sum_up(theseus_tree *tree) {
  for (uint32_t i = tree->item_count; i-- > 0;) {
    struct node *node = &tree->items[i];
    if (!th_add(&node->inclusive, node->own) ||
        (i && !th_add(&tree->items[tree->nodes.items[i].parent].inclusive, node->inclusive)))
      return THESEUS_EOVERFLOW;
    if (i)
      tree->items[tree->nodes.items[i].parent].below += 1 + node->below;
  }
  return THESEUS_OK;
}

/* ---- order ---- */

static int compare_functions(const theseus_tree *tree, uint32_t a, uint32_t b) {
  theseus_function_info x = {.size = sizeof x}, y = {.size = sizeof y};
  if (a == b || a == tree->detached || b == tree->detached)
    return (int)(b == tree->detached) - (int)(a == tree->detached);
  theseus_function_get(tree->profile, a, &x);
  theseus_function_get(tree->profile, b, &y);
  int order = strcmp(x.name, y.name);
  if (!order)
    order = strcmp(x.file, y.file);
  if (!order)
    order = strcmp(x.object, y.object);
  return order ? order : x.first_line < y.first_line ? -1 : 1;
}

static bool node_less(const void *owner, uint32_t a, uint32_t b) {
  const theseus_tree *tree = owner;
  const struct th_stack *x = &tree->nodes.items[a], *y = &tree->nodes.items[b];
  const struct node *p = &tree->items[a], *q = &tree->items[b];

  if (x->parent != y->parent)
    return x->parent < y->parent;
  if (p->inclusive != q->inclusive)
    return p->inclusive > q->inclusive;
  int order = compare_functions(tree, x->function, y->function);
  return order ? order < 0 : x->call_line < y->call_line;
}

/* Numbers the nodes in preorder, each parent's children as node_less() has them. */
static int number(theseus_tree *tree) {
  uint32_t n = tree->item_count, at = 0, count = 0;
  uint32_t *sorted = th_alloc_zeroed(&tree->alloc, (size_t)n * 3, sizeof *sorted);

  if (!sorted)
    return th_alloc_why(&tree->alloc);
  tree->order = sorted + n;
  tree->rank = sorted + (size_t)n * 2;
  tree->next = sorted;
  for (uint32_t i = 1; i < n; i++)
    sorted[i - 1] = i;
  th_sort(sorted, n - 1, tree->order, node_less, tree);
  /* Until a node has a number, its rank is the place of its next child. */
  for (uint32_t i = n - 1; i > 0; i--)
    tree->rank[tree->nodes.items[sorted[i - 1]].parent] = i - 1;
  uint32_t *cursor = th_alloc_zeroed(&tree->alloc, n, sizeof *cursor);
  if (!cursor)
    return th_alloc_why(&tree->alloc);
  memcpy(cursor, tree->rank, n * sizeof *cursor);
  tree->order[count] = 0;
  tree->rank[0] = count++;
  for (;;) {
    uint32_t i = cursor[at];
    if (i < n - 1 && tree->nodes.items[sorted[i]].parent == at) {
      cursor[at]++;
      at = sorted[i];
      tree->order[count] = at;
      tree->rank[at] = count++;
    } else if (at) {
      at = tree->nodes.items[at].parent;
    } else {
      break;
    }
  }
  th_alloc_free(&tree->alloc, cursor, n, sizeof *cursor);
  return THESEUS_OK;
}

/* ---- the tree ---- */

static int fill(theseus_tree *tree) {
  const theseus_profile *profile = tree->profile;
  int status = th_stacks_init(&tree->nodes, &tree->alloc);

  if (!status)
    status = th_alloc_grow(&tree->alloc, &tree->items, &tree->item_capacity, 1, sizeof *tree->items);
  if (status)
    return status;
  tree->items[tree->item_count++] = (struct node){.stats = th_no_stats()};
  tree->places = th_alloc_zeroed(&tree->alloc, (size_t)profile->stacks.count * 2, sizeof *tree->places);
  if (!tree->places)
    return th_alloc_why(&tree->alloc);
  tree->frames = tree->places + profile->stacks.count;
  mark(tree);
  status = add_stacks(tree);
  if (!status)
    status = add_spans(tree, 0, THESEUS_ROOT);
  if (!status)
    status = add_cells(tree);
  if (!status)
    status = sum_up(tree);
  if (!status)
    status = number(tree);
  th_alloc_free(&tree->alloc, tree->places, (size_t)profile->stacks.count * 2, sizeof *tree->places);
  th_cells_free(&tree->pairs, &tree->alloc);
  return status;
}

int theseus_profile_tree(const theseus_profile *profile, uint32_t event, const uint8_t *by_line, uint32_t count,
                         theseus_tree **out) {
  if (!profile || !out || count != profile->functions.count || (!by_line && count) || event >= profile->event_count ||
      (event != THESEUS_WAIT && event < THESEUS_EVENTS))
    return THESEUS_EINVAL;
  th_alloc alloc = profile->alloc; /* a copy, as the profile is const */
  theseus_tree *tree = th_alloc_zeroed(&alloc, 1, sizeof *tree);
  if (!tree)
    return th_alloc_why(&alloc);
  tree->alloc = alloc;
  tree->profile = profile;
  tree->by_line = by_line;
  tree->event = event;
  tree->detached = count;
  int status = fill(tree);
  if (status)
    theseus_tree_free(tree);
  else
    *out = tree;
  return status;
}

void theseus_tree_free(theseus_tree *tree) {
  if (!tree)
    return;
  th_alloc alloc = tree->alloc; /* a copy: the tree is freed through it */
  th_alloc_free(&alloc, tree->next, (size_t)tree->item_count * 3, sizeof *tree->next);
  th_alloc_free(&alloc, tree->items, tree->item_capacity, sizeof *tree->items);
  th_histogram_free(&tree->histogram, &alloc);
  th_stacks_free(&tree->nodes, &alloc);
  th_alloc_free(&alloc, tree, 1, sizeof *tree);
}

uint32_t theseus_tree_count(const theseus_tree *tree) { return tree ? tree->item_count : 0; }

int theseus_tree_get(const theseus_tree *tree, uint32_t node, theseus_tree_node *out) {
  if (!tree)
    return THESEUS_EINVAL;
  if (node >= tree->item_count)
    return THESEUS_EINVAL;
  uint32_t id = tree->order[node];
  const struct th_stack *stack = &tree->nodes.items[id];
  const struct th_stats *stats = &tree->items[id].stats;
  theseus_tree_node info = {.size = sizeof info,
                            .parent = tree->rank[stack->parent],
                            .function = id && stack->function != tree->detached ? stack->function : UINT32_MAX,
                            .call_line = stack->call_line,
                            .depth = stack->depth,
                            .below = tree->items[id].below,
                            .own = tree->items[id].own,
                            .inclusive = tree->items[id].inclusive,
                            .success = stats->outcomes[THESEUS_SUCCESS],
                            .failure = stats->outcomes[THESEUS_FAILURE],
                            .cancelled = stats->outcomes[THESEUS_CANCELLED],
                            .abandoned = stats->outcomes[THESEUS_ABANDONED],
                            .pending = stats->operations,
                            .latency_ns = stats->latency_ns,
                            .latency_min_ns = stats->latency_min_ns == UINT64_MAX ? 0 : stats->latency_min_ns,
                            .latency_max_ns = stats->latency_max_ns};
  for (int outcome = 0; outcome < TH_OUTCOMES; outcome++)
    info.pending -= stats->outcomes[outcome];
  return th_give(out, &info, sizeof info);
}

int theseus_tree_histogram(const theseus_tree *tree, uint32_t node, uint64_t *counts) {
  if (!tree || node >= tree->item_count || !counts)
    return THESEUS_EINVAL;
  memset(counts, 0, THESEUS_BUCKETS * sizeof *counts);
  th_histogram_fill(&tree->histogram, tree->items[tree->order[node]].stats.buckets, counts);
  return THESEUS_OK;
}
