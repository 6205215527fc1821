/* SPDX-License-Identifier: ISC */
#include "graph/detached.h"
#include "base/sort.h"
#include "graph/paths.h"

/* Returns true if a stack's function is on it as often as can be.  Then stacks that were pushed on it may be folded. */
static bool may_be_folded(const struct th_projection *p, uint32_t stack) {
  uint64_t found = 0;
  for (uint32_t s = stack; s != THESEUS_ROOT && p->max_recursion && found < p->max_recursion; s = p->frames[s].parent)
    found += p->frames[s].function == p->frames[stack].function;
  return p->max_recursion && found == p->max_recursion;
}

/* Returns the base: the stack below which the frames of `s` hang under the function of the head.  It is the deepest one
 * that is above both.  But if its function is on it max_recursion times, the head may have called that function, and
 * the call was folded.  Then the function hangs under the head, too:
 *
 *     main > job > next > job > next > job > next    the head, with max_recursion 3
 *     main > job > next > job > next > job > fetch   `s`: next called job, which called fetch
 *     [detached] > next > job > fetch
 */
static uint32_t base_of(const struct th_projection *p, uint32_t head, uint32_t s) {
  if (th_paths_is_above(p, head, s))
    return head;
  if (s == THESEUS_ROOT)
    return s;
  uint32_t base = p->frames[head].parent;
  while (s == base || !th_paths_is_above(p, base, s))
    base = p->frames[base].parent;
  return may_be_folded(p, base) ? p->frames[base].parent : base;
}

int th_detached_add(struct th_projection *p, const theseus_cell_info *cell) {
  int status =
      th_alloc_grow(&p->graph->alloc, &p->parts, &p->part_capacity, (uint64_t)p->part_count + 1, sizeof *p->parts);
  uint32_t line = cell->stack ? cell->line : 0; /* the root stack has no function that a line could be of */
  if (!status)
    p->parts[p->part_count++] =
        (struct th_part){cell->head, base_of(p, cell->head, cell->stack), cell->stack, line, cell->value};
  return status;
}

static bool part_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_projection *p = owner;
  const struct th_part *x = &p->parts[a], *y = &p->parts[b];
  return x->head != y->head ? x->head < y->head : x->base < y->base;
}

static bool pre_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_projection *p = owner;
  return p->frames[a].pre < p->frames[b].pre;
}

/* ---- one tree ---- */

struct tree {
  uint32_t head, base;
  uint32_t top;   /* the head's function, of the graph */
  uint32_t group; /* its number, from 1 */
  uint32_t count; /* its stacks, in p->list */
  uint64_t total; /* Wait */
};

/* Books the parts as self costs, and lists the stacks from their places to the base. */
static int load(struct th_projection *p, struct tree *tree, const uint32_t *order, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const struct th_part *part = &p->parts[order[i]];
    uint32_t function = part->stack == tree->base ? tree->top : p->frames[part->stack].function;
    uint32_t line = function == p->detached ? 0 : part->line;
    int status = th_paths_add_self_event(p, function, line, THESEUS_WAIT, part->value);
    if (status)
      return status;
    for (uint32_t s = part->stack; s != tree->base && p->frames[s].group != tree->group; s = p->frames[s].parent) {
      p->frames[s].group = tree->group;
      p->frames[s].detached = 0;
      p->list[tree->count++] = s;
    }
    uint64_t *sum = part->stack == tree->base ? &tree->total : &p->frames[part->stack].detached;
    if (!th_add(sum, part->value))
      return THESEUS_EOVERFLOW;
  }
  return THESEUS_OK;
}

/* Sorts the list in preorder, and adds the Wait of each stack to its parent. */
static int sum_up(struct th_projection *p, struct tree *tree) {
  th_sort(p->list, tree->count, p->spare, pre_less, p);
  for (uint32_t i = tree->count; i-- > 0;) {
    const struct th_frame *frame = &p->frames[p->list[i]];
    if (!th_add(frame->parent == tree->base ? &tree->total : &p->frames[frame->parent].detached, frame->detached))
      return THESEUS_EOVERFLOW;
  }
  return THESEUS_OK;
}

static int add_edge(struct th_projection *p, const struct th_call *call, uint64_t wait, uint32_t *row) {
  p->scratch[THESEUS_WAIT] = wait;
  int status = th_paths_add_edge(p, call, p->scratch, row);
  p->scratch[THESEUS_WAIT] = 0;
  return status;
}

/* Adds the edge to the stack `s`. */
static int add_step(struct th_projection *p, const struct tree *tree, uint32_t s, bool again) {
  const struct th_frame *frame = &p->frames[s];
  struct th_call call = {.caller = p->frames[frame->parent].function,
                         .line = frame->call_line,
                         .callee = frame->function,
                         .callee_line = frame->first_line};
  uint32_t row;
  if (frame->parent == tree->base) {
    call.caller = tree->top;
    if (tree->base !=
        tree->head) /* the call's line is one of the base's function, which is another one than the head's */
      call.line = p->frames[tree->head].first_line;
  }
  int status = add_edge(p, &call, again ? 0 : frame->detached, &row);
  if (status || row == frame->edge || !frame->operations)
    return status;
  status = th_alloc_grow(&p->graph->alloc, &p->links, &p->link_capacity, (uint64_t)p->link_count + 1, sizeof *p->links);
  if (!status)
    p->links[p->link_count++] = (struct th_link){row, s};
  return status;
}

/* Adds the edges below the head's function. */
static int add_steps(struct th_projection *p, const struct tree *tree) {
  uint32_t length = 0;
  int status = THESEUS_OK;

  p->on_path[p->root]++;
  p->on_path[p->detached]++;
  if (tree->head)
    p->on_path[tree->top]++;
  for (uint32_t i = 0; i < tree->count && !status; i++) {
    bool again;
    length = th_paths_walk(p, length, p->list[i], &again);
    status = add_step(p, tree, p->list[i], again);
  }
  th_paths_leave(p, length);
  p->on_path[p->root]--;
  p->on_path[p->detached]--;
  if (tree->head)
    p->on_path[tree->top]--;
  return status;
}

/* ---- all trees ---- */

/* Trees come head by head.  `counted` is the head whose spans have been counted. */
static int project_trees(struct th_projection *p, const uint32_t *order, uint64_t *all) {
  uint32_t group = 0, counted = THESEUS_ROOT, row;

  for (uint32_t from = 0, end; from < p->part_count; from = end) {
    const struct th_part *part = &p->parts[order[from]];
    const struct th_frame *head = &p->frames[part->head];
    struct tree tree = {part->head, part->base, part->head ? head->function : p->detached, ++group, 0, 0};
    for (end = from + 1; end < p->part_count && !part_less(p, order[from], order[end]);)
      end++;
    int status = load(p, &tree, order + from, end - from);
    if (!status)
      status = sum_up(p, &tree);
    if (!status)
      status = add_steps(p, &tree);
    if (!status && !th_add(all, tree.total))
      status = THESEUS_EOVERFLOW;
    if (!status && tree.head != THESEUS_ROOT) {
      const struct th_call call = {p->detached, 0, head->function, head->first_line,
                                   tree.head != counted ? head->operations : 0};
      status = add_edge(p, &call, tree.total, &row);
      counted = tree.head;
    }
    if (status)
      return status;
  }
  return THESEUS_OK;
}

int th_detached_project(struct th_projection *p) {
  const struct th_call call = {.caller = p->root, .callee = p->detached};
  size_t n = (size_t)p->part_count * 2;
  uint64_t all = 0;
  uint32_t row;

  if (!n)
    return THESEUS_OK;
  uint32_t *order = th_alloc_zeroed(&p->graph->alloc, n, sizeof *order);
  if (!order)
    return th_alloc_why(&p->graph->alloc);
  for (uint32_t i = 0; i < p->part_count; i++)
    order[i] = i;
  th_sort(order, p->part_count, order + p->part_count, part_less, p);
  int status = project_trees(p, order, &all);
  th_alloc_free(&p->graph->alloc, order, n, sizeof *order);
  if (!status)
    status = th_paths_add_self(p, p->detached, 0, p->zeros);
  return status ? status : add_edge(p, &call, all, &row);
}

/* ---- counts ---- */

static bool link_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_projection *p = owner;
  const struct th_link *x = &p->links[a], *y = &p->links[b];
  return x->edge != y->edge ? x->edge < y->edge : x->stack < y->stack;
}

int th_detached_count(struct th_projection *p) {
  size_t n = (size_t)p->link_count * 2;
  int status = THESEUS_OK;

  if (!n)
    return status;
  uint32_t *order = th_alloc_zeroed(&p->graph->alloc, n, sizeof *order);
  if (!order)
    return th_alloc_why(&p->graph->alloc);
  for (uint32_t i = 0; i < p->link_count; i++)
    order[i] = i;
  th_sort(order, p->link_count, order + p->link_count, link_less, p);
  for (uint32_t i = 0; i < p->link_count; i++) {
    const struct th_link *link = &p->links[order[i]];
    if (i && !link_less(p, order[i - 1], order[i])) /* the same once more */
      continue;
    if (!th_add(&th_rows_values(&p->graph->edges, link->edge)[TH_EDGE_COUNT], p->frames[link->stack].operations))
      status = THESEUS_EOVERFLOW;
  }
  th_alloc_free(&p->graph->alloc, order, n, sizeof *order);
  return status;
}
