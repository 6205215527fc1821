/* SPDX-License-Identifier: ISC */
#include "graph/paths.h"

void th_paths_number(struct th_projection *p) {
  uint32_t *next = p->list; /* by stack: the number for its next child */

  for (uint32_t s = p->stacks - 1; s > 0; s--)
    p->frames[p->frames[s].parent].size += p->frames[s].size;
  for (uint32_t s = 0; s < p->stacks; s++) {
    struct th_frame *frame = &p->frames[s];
    if (s) {
      frame->pre = next[frame->parent];
      next[frame->parent] += frame->size;
    }
    next[s] = frame->pre + 1;
    p->preorder[frame->pre] = s;
  }
}

int th_paths_add_self(struct th_projection *p, uint32_t function, uint32_t line, const uint64_t *values) {
  th_row key = {.function = function, .file = p->graph->functions[function].file, .line = line, .callee = TH_NONE};
  return th_graph_add_cost(p->graph, &key, values, NULL, p->events);
}

int th_paths_add_self_event(struct th_projection *p, uint32_t function, uint32_t line, uint32_t event, uint64_t value) {
  p->scratch[event] = value;
  int status = th_paths_add_self(p, function, line, p->scratch);
  p->scratch[event] = 0;
  return status;
}

int th_paths_add_edge(struct th_projection *p, const struct th_call *call, const uint64_t *values, uint32_t *row) {
  th_row key = {.function = call->caller,
                .file = p->graph->functions[call->caller].file,
                .line = call->line,
                .callee = call->callee};
  const uint64_t head[TH_EDGE_EVENTS] = {call->count, call->callee_line, 0};
  int status = th_graph_add_edge(p->graph, &key, head, values, NULL, p->events);
  *row = p->graph->edges.last;
  return status;
}

uint32_t th_paths_walk(struct th_projection *p, uint32_t length, uint32_t stack, bool *again) {
  while (length && !th_paths_is_above(p, p->path[length - 1], stack))
    p->on_path[p->frames[p->path[--length]].function]--;
  *again = p->on_path[p->frames[stack].function]++ > 0;
  p->path[length] = stack;
  return length + 1;
}

void th_paths_leave(struct th_projection *p, uint32_t length) {
  while (length)
    p->on_path[p->frames[p->path[--length]].function]--;
}

/* Adds what is measured of each stack to its parent. */
static int sum_up(struct th_projection *p) {
  for (uint32_t s = p->stacks - 1; s > 0; s--) {
    uint32_t parent = p->frames[s].parent;
    if (!p->frames[s].live)
      continue;
    p->frames[parent].live = true;
    for (uint32_t i = 0; i < p->events; i++)
      if (!th_add(&p->sums[(size_t)parent * p->events + i], p->sums[(size_t)s * p->events + i]))
        return THESEUS_EOVERFLOW;
  }
  return THESEUS_OK;
}

int th_paths_project(struct th_projection *p) {
  uint32_t length = 0;
  int status = sum_up(p);

  p->on_path[p->root] = 1;
  for (uint32_t i = 1; i < p->stacks && !status; i++) {
    uint32_t s = p->preorder[i];
    struct th_frame *frame = &p->frames[s];
    bool again;
    if (!frame->live)
      continue;
    length = th_paths_walk(p, length, s, &again);
    const struct th_call call = {p->frames[frame->parent].function, frame->call_line, frame->function,
                                 frame->first_line, frame->operations};
    status = th_paths_add_edge(p, &call, again ? p->zeros : p->sums + (size_t)s * p->events, &frame->edge);
    if (!status) /* callgrind_annotate fails on a file in which no function has a line of its own */
      status = th_paths_add_self(p, frame->function, frame->first_line, p->zeros);
  }
  th_paths_leave(p, length);
  p->on_path[p->root] = 0;
  return status;
}
