/* SPDX-License-Identifier: ISC */
/* Projects a profile, a tree of stacks, onto a graph.
 *
 * Stacks are numbered in preorder, so that a stack's subtree is an interval:
 *
 *     pre:   0 (root)   1 a   2 a>b   3 a>b>c   4 a>d   5 e
 *
 * Two kinds of trees of paths become edges: the stacks as they are, and for each head of detached Wait the paths
 * `[detached]` > head's function > frames below `base`, which is the head's stack, or, where the place of the wait is
 * not above that one, the lowest stack that is properly below both. */
#include "base/sort.h"
#include "graph/graph.h"

#include <string.h>

#define NO_FILE "(theseus)" /* consumers want a file for every function */

struct frame { /* a stack */
  uint32_t parent, function /* of the graph */, first_line, call_line;
  uint32_t pre, size; /* its number in preorder; how many stacks the subtree has */
  uint32_t edge;      /* its row in the graph's edges; TH_NONE: not written */
  uint32_t group;     /* the detached tree that it was last part of */
  uint64_t deferreds;
  uint64_t detached; /* Wait in that tree */
  bool live;         /* it or a stack above it has been measured */
};

struct part { /* a cell of detached Wait */
  uint32_t head, base, stack, line;
  uint64_t value;
};

struct link { /* a stack that is the callee on an edge that is not its own */
  uint32_t edge, stack;
};

struct projection {
  const theseus_profile *profile;
  theseus_graph *graph;
  uint32_t stacks, events;
  struct frame *frames;
  uint64_t *sums;     /* by stack, by event: what was measured, then with all above */
  uint64_t *zeros;    /* by event */
  uint64_t *scratch;  /* by event */
  uint32_t *nodes;    /* the profile's functions in the graph */
  uint32_t *preorder; /* stacks */
  uint32_t *on_path;  /* by function of the graph */
  uint32_t *path, *list, *spare;
  struct part *parts;
  uint32_t part_count, part_capacity;
  struct link *links;
  uint32_t link_count, link_capacity;
  uint32_t root, detached; /* the pseudo-functions, of the graph */
};

/* ---- the profile as it is ---- */

static int add_function(struct projection *p, const char *object, const char *file, const char *name, uint32_t *out) {
  return theseus_graph_function_intern(p->graph, object, *file ? file : NO_FILE, name, out);
}

static int load_events(struct projection *p) {
  for (uint32_t i = 0; i < p->events; i++) {
    theseus_event_info event = {.size = sizeof event};
    uint32_t id;
    theseus_event_get(p->profile, i, &event);
    int status = theseus_graph_event_intern(p->graph, &event, &id);
    if (status)
      return status;
  }
  return THESEUS_OK;
}

static int load_functions(struct projection *p) {
  uint32_t n = theseus_function_count(p->profile);
  int status = add_function(p, "", "", "(root)", &p->root);
  if (!status)
    status = add_function(p, "", "", "[detached]", &p->detached);
  for (uint32_t i = 0; i < n && !status; i++) {
    theseus_function_info function = {.size = sizeof function};
    theseus_function_get(p->profile, i, &function);
    status = add_function(p, function.object, function.file, function.name, &p->nodes[i]);
  }
  return status;
}

static int add_self(struct projection *p, uint32_t function, uint32_t line, const uint64_t *values) {
  th_row key = {.function = function, .file = p->graph->functions[function].file, .line = line, .callee = TH_NONE};
  return th_graph_add_cost(p->graph, &key, values, NULL, p->events);
}

static int add_self_event(struct projection *p, uint32_t function, uint32_t line, uint32_t event, uint64_t value) {
  p->scratch[event] = value;
  int status = add_self(p, function, line, p->scratch);
  p->scratch[event] = 0;
  return status;
}

/* Stacks, what their counts are, and their numbers in preorder: a parent's id is less than its children's. */
static int load_stacks(struct projection *p) {
  for (uint32_t s = 0; s < p->stacks; s++) {
    theseus_stack_info info = {.size = sizeof info};
    theseus_function_info function = {.size = sizeof function};
    struct frame *frame = &p->frames[s];
    theseus_stack_get(p->profile, s, &info);
    if (s)
      theseus_function_get(p->profile, info.function, &function);
    *frame = (struct frame){.parent = info.parent,
                            .function = s ? p->nodes[info.function] : p->root,
                            .first_line = function.first_line,
                            .call_line = info.parent ? info.call_line : 0, /* `(root)` has no lines */
                            .size = 1,
                            .edge = TH_NONE,
                            .deferreds = info.deferreds};
    uint64_t *own = p->sums + (size_t)s * p->events;
    own[THESEUS_LATENCY] = info.latency_ns;
    own[THESEUS_DEFERREDS] = info.deferreds;
    own[THESEUS_FAILED] = info.failure;
    own[THESEUS_PENDING] = info.pending;
    if (!th_add(&own[THESEUS_FAILED], info.cancelled))
      return THESEUS_EOVERFLOW;
    for (uint32_t i = 0; i < p->events; i++)
      frame->live |= own[i] != 0;
    int status = frame->live ? add_self(p, frame->function, frame->first_line, own) : THESEUS_OK;
    if (status)
      return status;
  }
  for (uint32_t s = p->stacks - 1; s > 0; s--)
    p->frames[p->frames[s].parent].size += p->frames[s].size;
  uint32_t *next = p->list; /* the number of a stack's next child */
  for (uint32_t s = 0; s < p->stacks; s++) {
    struct frame *frame = &p->frames[s];
    if (s) {
      frame->pre = next[frame->parent];
      next[frame->parent] += frame->size;
    }
    next[s] = frame->pre + 1;
    p->preorder[frame->pre] = s;
  }
  return THESEUS_OK;
}

/* Is stack `s` the stack `below`, or above it? */
static bool is_above(const struct projection *p, uint32_t s, uint32_t below) {
  return p->frames[s].pre - p->frames[below].pre < p->frames[below].size; /* wraps when it is before */
}

/* The stack below which the frames of `s` hang under the head's function. */
static uint32_t base_of(const struct projection *p, uint32_t head, uint32_t s) {
  if (is_above(p, s, head))
    return head;
  if (s == THESEUS_ROOT)
    return s;
  uint32_t base = p->frames[head].parent;
  while (s == base || !is_above(p, s, base))
    base = p->frames[base].parent;
  return base;
}

static int load_cells(struct projection *p) {
  uint32_t n = theseus_cell_count(p->profile);

  for (uint32_t i = 0; i < n; i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    theseus_cell_get(p->profile, i, &cell);
    if (!cell.value)
      continue;
    int status = THESEUS_OK;
    if (cell.detached) {
      status =
          th_alloc_grow(&p->graph->alloc, &p->parts, &p->part_capacity, (uint64_t)p->part_count + 1, sizeof *p->parts);
      if (!status)
        p->parts[p->part_count++] =
            (struct part){cell.head, base_of(p, cell.head, cell.stack), cell.stack, cell.line, cell.value};
    } else {
      p->frames[cell.stack].live = true;
      if (!th_add(&p->sums[(size_t)cell.stack * p->events + cell.event], cell.value))
        return THESEUS_EOVERFLOW;
      uint32_t line = cell.stack ? cell.line : 0;
      status = add_self_event(p, p->frames[cell.stack].function, line, cell.event, cell.value);
    }
    if (status)
      return status;
  }
  return THESEUS_OK;
}

/* ---- edges ---- */

/* Gives the row of the edge in *out. */
static int add_edge(struct projection *p, uint32_t caller, uint32_t line, uint32_t callee, uint32_t callee_line,
                    uint64_t count, const uint64_t *values, uint32_t *out) {
  th_row key = {.function = caller, .file = p->graph->functions[caller].file, .line = line, .callee = callee};
  const uint64_t head[TH_EDGE_EVENTS] = {count, callee_line, 0};
  int status = th_graph_add_edge(p->graph, &key, head, values, NULL, p->events);
  *out = p->graph->edges.last;
  return status;
}

/* Takes from the path what `s` is not above of, and gives the new length. */
static uint32_t pop_to(struct projection *p, uint32_t length, uint32_t s) {
  while (length && !is_above(p, s, p->path[length - 1]))
    p->on_path[p->frames[p->path[--length]].function]--;
  return length;
}

static void pop_all(struct projection *p, uint32_t length) {
  while (length)
    p->on_path[p->frames[p->path[--length]].function]--;
}

/* The tree of stacks: all but what is booked to detached heads. */
static int project_stacks(struct projection *p) {
  for (uint32_t s = p->stacks - 1; s > 0; s--) {
    struct frame *frame = &p->frames[s];
    if (!frame->live)
      continue;
    p->frames[frame->parent].live = true;
    for (uint32_t i = 0; i < p->events; i++)
      if (!th_add(&p->sums[(size_t)frame->parent * p->events + i], p->sums[(size_t)s * p->events + i]))
        return THESEUS_EOVERFLOW;
  }
  uint32_t length = 0;
  p->on_path[p->root] = 1;
  for (uint32_t i = 1; i < p->stacks; i++) {
    uint32_t s = p->preorder[i];
    struct frame *frame = &p->frames[s];
    if (!frame->live)
      continue;
    length = pop_to(p, length, s);
    bool again = p->on_path[frame->function]++ > 0;
    p->path[length++] = s;
    int status = add_edge(p, p->frames[frame->parent].function, frame->call_line, frame->function, frame->first_line,
                          frame->deferreds, again ? p->zeros : p->sums + (size_t)s * p->events, &frame->edge);
    if (!status) /* callgrind_annotate stumbles over a file in which no function has a line of its own */
      status = add_self(p, frame->function, frame->first_line, p->zeros);
    if (status)
      return status;
  }
  pop_all(p, length);
  p->on_path[p->root] = 0;
  return THESEUS_OK;
}

static bool part_less(const void *owner, uint32_t a, uint32_t b) {
  const struct projection *p = owner;
  const struct part *x = &p->parts[a], *y = &p->parts[b];
  if (x->head != y->head)
    return x->head < y->head;
  return x->base < y->base;
}

static bool pre_less(const void *owner, uint32_t a, uint32_t b) {
  const struct projection *p = owner;
  return p->frames[a].pre < p->frames[b].pre;
}

/* One detached tree: the parts with this head and base, as `order` has them.  Gives its whole Wait in *total. */
static int project_tree(struct projection *p, const uint32_t *order, uint32_t n, uint32_t group, uint64_t *total) {
  uint32_t head = p->parts[order[0]].head, base = p->parts[order[0]].base;
  uint32_t top = head ? p->frames[head].function : p->detached;
  uint32_t count = 0;
  int status = THESEUS_OK;

  *total = 0;
  for (uint32_t i = 0; i < n && !status; i++) {
    const struct part *part = &p->parts[order[i]];
    uint32_t function = part->stack == base ? top : p->frames[part->stack].function;
    status = add_self_event(p, function, function == p->detached ? 0 : part->line, THESEUS_WAIT, part->value);
    for (uint32_t s = part->stack; s != base && p->frames[s].group != group; s = p->frames[s].parent) {
      p->frames[s].group = group;
      p->frames[s].detached = 0;
      p->list[count++] = s;
    }
    uint64_t *sum = part->stack == base ? total : &p->frames[part->stack].detached;
    if (!th_add(sum, part->value))
      return THESEUS_EOVERFLOW;
  }
  if (status)
    return status;
  th_sort(p->list, count, p->spare, pre_less, p);
  for (uint32_t i = count; i-- > 0;) {
    uint32_t parent = p->frames[p->list[i]].parent;
    if (!th_add(parent == base ? total : &p->frames[parent].detached, p->frames[p->list[i]].detached))
      return THESEUS_EOVERFLOW;
  }

  uint32_t length = 0;
  p->on_path[p->root]++;
  p->on_path[p->detached]++;
  if (head)
    p->on_path[top]++;
  for (uint32_t i = 0; i < count && !status; i++) {
    uint32_t s = p->list[i], edge;
    struct frame *frame = &p->frames[s];
    length = pop_to(p, length, s);
    bool again = p->on_path[frame->function]++ > 0;
    p->path[length++] = s;
    /* The first frame's line of call is one of the function of `base`, which may not be the head's. */
    bool first = frame->parent == base;
    uint32_t caller = first ? top : p->frames[frame->parent].function;
    uint32_t line = !first || base == head ? frame->call_line : p->frames[head].first_line;
    p->scratch[THESEUS_WAIT] = again ? 0 : frame->detached;
    status = add_edge(p, caller, line, frame->function, frame->first_line, 0, p->scratch, &edge);
    p->scratch[THESEUS_WAIT] = 0;
    if (!status && edge != frame->edge && frame->deferreds) {
      status =
          th_alloc_grow(&p->graph->alloc, &p->links, &p->link_capacity, (uint64_t)p->link_count + 1, sizeof *p->links);
      if (!status)
        p->links[p->link_count++] = (struct link){edge, s};
    }
  }
  pop_all(p, length);
  p->on_path[p->root]--;
  p->on_path[p->detached]--;
  if (head)
    p->on_path[top]--;
  return status;
}

static int project_detached(struct projection *p, uint32_t *order) {
  uint64_t all = 0;
  uint32_t edge, group = 0, counted = THESEUS_ROOT; /* the head whose spans have been counted */
  int status;

  for (uint32_t i = 0; i < p->part_count; i++)
    order[i] = i;
  th_sort(order, p->part_count, order + p->part_count, part_less, p);
  for (uint32_t from = 0, end; from < p->part_count; from = end) {
    const struct part *part = &p->parts[order[from]];
    uint64_t total;
    for (end = from + 1; end < p->part_count && !part_less(p, order[from], order[end]);)
      end++;
    status = project_tree(p, order + from, end - from, ++group, &total);
    if (status)
      return status;
    if (!th_add(&all, total))
      return THESEUS_EOVERFLOW;
    if (part->head == THESEUS_ROOT)
      continue;
    const struct frame *head = &p->frames[part->head];
    p->scratch[THESEUS_WAIT] = total;
    status = add_edge(p, p->detached, 0, head->function, head->first_line, part->head != counted ? head->deferreds : 0,
                      p->scratch, &edge);
    p->scratch[THESEUS_WAIT] = 0;
    if (status)
      return status;
    counted = part->head;
  }
  if (!p->part_count)
    return THESEUS_OK;
  status = add_self(p, p->detached, 0, p->zeros);
  if (status)
    return status;
  p->scratch[THESEUS_WAIT] = all;
  status = add_edge(p, p->root, 0, p->detached, 0, 0, p->scratch, &edge);
  p->scratch[THESEUS_WAIT] = 0;
  return status;
}

static bool link_less(const void *owner, uint32_t a, uint32_t b) {
  const struct projection *p = owner;
  const struct link *x = &p->links[a], *y = &p->links[b];
  return x->edge != y->edge ? x->edge < y->edge : x->stack < y->stack;
}

/* Counts each stack once on each edge that it is the callee of, and at least one call for every edge. */
static int count_calls(struct projection *p) {
  th_rows *edges = &p->graph->edges;
  uint64_t n = (uint64_t)p->link_count * 2;
  uint32_t *order = NULL;

  if (n && !(order = th_alloc_zeroed(&p->graph->alloc, (size_t)n, sizeof *order)))
    return th_alloc_why(&p->graph->alloc);
  for (uint32_t i = 0; i < p->link_count; i++)
    order[i] = i;
  if (order)
    th_sort(order, p->link_count, order + p->link_count, link_less, p);
  int status = THESEUS_OK;
  for (uint32_t i = 0; i < p->link_count; i++) {
    const struct link *link = &p->links[order[i]];
    if (i && !link_less(p, order[i - 1], order[i]))
      continue;
    if (!th_add(&th_rows_values(edges, link->edge)[TH_EDGE_COUNT], p->frames[link->stack].deferreds))
      status = THESEUS_EOVERFLOW;
  }
  th_alloc_free(&p->graph->alloc, order, (size_t)n, sizeof *order);
  for (uint32_t i = 0; i < edges->count; i++)
    if (!th_rows_values(edges, i)[TH_EDGE_COUNT])
      th_rows_values(edges, i)[TH_EDGE_COUNT] = 1;
  return status;
}

/* A host that has no operations that pend, but events of its own, has no use for columns of zeros. */
static int leave_out_spans(struct projection *p) {
  theseus_event_info *own = NULL;
  uint32_t n = p->events - THESEUS_EVENTS;
  bool measured = n == 0 || p->part_count > 0;

  for (uint32_t i = 0; i < THESEUS_EVENTS; i++)
    measured = measured || p->sums[i]; /* of the root: all of them */
  if (measured)
    return THESEUS_OK;
  own = th_alloc_zeroed(&p->graph->alloc, n, sizeof *own);
  if (!own)
    return th_alloc_why(&p->graph->alloc);
  for (uint32_t i = 0; i < n; i++) {
    own[i].size = sizeof own[i];
    theseus_event_get(p->profile, THESEUS_EVENTS + i, &own[i]);
  }
  int status = theseus_graph_select(p->graph, own, n);
  th_alloc_free(&p->graph->alloc, own, n, sizeof *own);
  return status;
}

/* ---- all of it ---- */

static int run(struct projection *p) {
  th_alloc *alloc = &p->graph->alloc;
  int status = load_events(p);
  if (!status)
    status = load_functions(p);
  if (!status && !(p->on_path = th_alloc_zeroed(alloc, p->graph->function_count, sizeof *p->on_path)))
    status = th_alloc_why(alloc);
  if (!status)
    th_graph_positions(p->graph, THESEUS_LINES);
  if (!status)
    status = add_self(p, p->root, 0, p->zeros); /* there is always a `(root)` */
  if (!status)
    status = load_stacks(p);
  if (!status)
    status = load_cells(p);
  if (!status)
    status = project_stacks(p);
  uint64_t n = (uint64_t)p->part_count * 2;
  if (!status && n) {
    uint32_t *order = th_alloc_zeroed(alloc, (size_t)n, sizeof *order);
    status = order ? project_detached(p, order) : th_alloc_why(alloc);
    th_alloc_free(alloc, order, (size_t)n, sizeof *order);
  }
  if (!status)
    status = count_calls(p);
  return status ? status : leave_out_spans(p);
}

static int project(const theseus_profile *profile, theseus_graph *graph) {
  struct projection p = {.profile = profile,
                         .graph = graph,
                         .stacks = theseus_stack_count(profile),
                         .events = theseus_event_count(profile)};
  th_alloc *alloc = &graph->alloc;
  size_t stacks = p.stacks, sums = (stacks + 2) * p.events;
  size_t numbers = (size_t)theseus_function_count(profile) + 4 * stacks;
  int status = THESEUS_OK;

  if (!(p.frames = th_alloc_zeroed(alloc, stacks, sizeof *p.frames)) ||
      !(p.sums = th_alloc_zeroed(alloc, sums, sizeof *p.sums)) ||
      !(p.preorder = th_alloc_zeroed(alloc, numbers, sizeof *p.preorder))) {
    status = th_alloc_why(alloc);
  } else {
    p.zeros = p.sums + stacks * p.events;
    p.scratch = p.zeros + p.events;
    p.path = p.preorder + stacks;
    p.list = p.path + stacks;
    p.spare = p.list + stacks;
    p.nodes = p.spare + stacks;
    status = run(&p);
  }
  th_alloc_free(alloc, p.on_path, graph->function_count, sizeof *p.on_path);
  th_alloc_free(alloc, p.preorder, numbers, sizeof *p.preorder);
  th_alloc_free(alloc, p.sums, sums, sizeof *p.sums);
  th_alloc_free(alloc, p.frames, stacks, sizeof *p.frames);
  th_alloc_free(alloc, p.parts, p.part_capacity, sizeof *p.parts);
  th_alloc_free(alloc, p.links, p.link_capacity, sizeof *p.links);
  return status;
}

int theseus_graph_from_profile(const theseus_profile *profile, const theseus_graph_options *options,
                               theseus_graph **out) {
  theseus_graph *graph;
  if (!profile || !out)
    return THESEUS_EINVAL;
  int status = theseus_graph_new(options, &graph);
  if (status)
    return status;
  status = project(profile, graph);
  if (status) {
    theseus_graph_free(graph);
    return status;
  }
  graph->inputs = 1;
  *out = graph;
  return THESEUS_OK;
}
