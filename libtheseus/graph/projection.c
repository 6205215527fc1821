/* SPDX-License-Identifier: ISC */
#include "base/sized.h"
#include "graph/detached.h"
#include "graph/frames.h"
#include "graph/paths.h"
#include "profile/profile.h"

#include <string.h>

#define TOO_DEEP "Theseus: some stacks were too deep: they lack frames"

/* ---- what the profile holds ---- */

static int load_events(struct th_projection *p) {
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

static int load_functions(struct th_projection *p) {
  uint32_t n = theseus_function_count(p->profile);
  int status = theseus_graph_function_intern(p->graph, "", TH_NO_FILE, "(root)", &p->root);
  if (!status)
    status = theseus_graph_function_intern(p->graph, "", TH_NO_FILE, "[detached]", &p->detached);
  for (uint32_t i = 0; i < n && !status; i++) {
    theseus_function_info function = {.size = sizeof function};
    theseus_function_get(p->profile, i, &function);
    status = theseus_graph_function_intern(p->graph, function.object, *function.file ? function.file : TH_NO_FILE,
                                           function.name, &p->nodes[i]);
  }
  return status;
}

/* Frames, and self costs of all that is not in cells. */
static int load_stacks(struct th_projection *p) {
  for (uint32_t s = 0; s < p->stacks; s++) {
    theseus_stack_info info = {.size = sizeof info};
    theseus_function_info function = {.size = sizeof function};
    struct th_frame *frame = &p->frames[s];
    theseus_stack_get(p->profile, s, &info);
    if (s)
      theseus_function_get(p->profile, info.function, &function);
    *frame = (struct th_frame){.parent = info.parent,
                               .function = s ? p->nodes[info.function] : p->root,
                               .first_line = function.first_line,
                               .call_line = info.parent ? info.call_line : 0, /* `(root)` has no lines */
                               .size = 1,
                               .edge = TH_NONE,
                               .operations = info.operations};
    uint64_t *own = p->sums + (size_t)s * p->events;
    own[THESEUS_LATENCY] = info.latency_ns;
    own[THESEUS_OPERATIONS] = info.operations;
    own[THESEUS_FAILED] = info.failure;
    own[THESEUS_PENDING] = info.pending;
    if (!th_add(&own[THESEUS_FAILED], info.cancelled))
      return THESEUS_EOVERFLOW;
    for (uint32_t i = 0; i < p->events; i++)
      frame->live |= own[i] != 0;
    int status = frame->live ? th_paths_add_self(p, frame->function, frame->first_line, own) : THESEUS_OK;
    if (status)
      return status;
  }
  th_paths_number(p);
  return THESEUS_OK;
}

/* A cell that is booked to no detached head. */
static int add_cell(struct th_projection *p, const theseus_cell_info *cell) {
  struct th_frame *frame = &p->frames[cell->stack];
  frame->live = true;
  if (!th_add(&p->sums[(size_t)cell->stack * p->events + cell->event], cell->value))
    return THESEUS_EOVERFLOW;
  return th_paths_add_self_event(p, frame->function, cell->stack ? cell->line : 0, cell->event, cell->value);
}

static bool is_wanted(const struct th_projection *p, uint32_t event) {
  bool found = !p->wanted;
  for (uint32_t i = 0; i < p->wanted_count && !found; i++)
    found = p->wanted[i] == event;
  return found;
}

static int load_cells(struct th_projection *p) {
  uint32_t n = theseus_cell_count(p->profile);
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < n && !status; i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    theseus_cell_get(p->profile, i, &cell);
    if (!is_wanted(p, cell.event))
      continue;
    status = th_cells_net(&p->profile->cells, i, &cell.value);
    if (cell.value && !status)
      status = cell.detached ? th_detached_add(p, &cell) : add_cell(p, &cell);
  }
  return status;
}

/* ---- what the graph gets ---- */

/* Counts calls: each edge has one at least. */
static int count_calls(struct th_projection *p) {
  const th_rows *edges = &p->graph->edges;
  int status = th_detached_count(p);
  for (uint32_t i = 0; i < edges->count; i++)
    if (!th_rows_values(edges, i)[TH_EDGE_COUNT])
      th_rows_values(edges, i)[TH_EDGE_COUNT] = 1;
  return status;
}

/* Drops the columns of spans from the profile of a host that has events of its own, and no spans. */
static int leave_out_spans(struct th_projection *p) {
  theseus_event_info *own = NULL;
  uint32_t n = p->events - THESEUS_EVENTS;
  bool measured = n == 0 || p->part_count > 0;

  for (uint32_t i = 0; i < THESEUS_EVENTS; i++)
    measured = measured || p->sums[i]; /* the sums of the root: all of them */
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

static int run(struct th_projection *p) {
  int status = load_events(p);
  if (!status)
    status = load_functions(p);
  if (!status && !(p->on_path = th_alloc_zeroed(&p->graph->alloc, p->graph->function_count, sizeof *p->on_path)))
    status = th_alloc_why(&p->graph->alloc);
  if (status)
    return status;
  th_graph_positions(p->graph, THESEUS_LINES);
  status = th_paths_add_self(p, p->root, 0, p->zeros); /* every file has `(root)` */
  if (!status)
    status = load_stacks(p);
  if (!status)
    status = load_cells(p);
  if (!status)
    status = th_paths_project(p);
  if (!status)
    status = th_detached_project(p);
  if (!status)
    status = count_calls(p);
  return status ? status : leave_out_spans(p);
}

/* Says in the description what the graph lacks. */
static int describe_losses(const theseus_profile *profile, theseus_graph *graph) {
  const char *said = theseus_profile_get(profile, "desc");
  size_t n = said ? strlen(said) + 1 : 0;

  if (!th_profile_is_cut(profile))
    return THESEUS_OK;
  char *text = th_alloc_zeroed(&graph->alloc, n + sizeof TOO_DEEP, 1);
  if (!text)
    return th_alloc_why(&graph->alloc);
  if (said) {
    memcpy(text, said, n - 1);
    text[n - 1] = '\n';
  }
  memcpy(text + n, TOO_DEEP, sizeof TOO_DEEP);
  int status = theseus_graph_set(graph, "desc", text);
  th_alloc_free(&graph->alloc, text, n + sizeof TOO_DEEP, 1);
  return status;
}

static int project(const theseus_profile *profile, const theseus_graph_options *options, theseus_graph *graph) {
  struct th_projection p = {.profile = profile,
                            .graph = graph,
                            .wanted = options->events,
                            .wanted_count = options->event_count,
                            .stacks = theseus_stack_count(profile),
                            .events = theseus_event_count(profile),
                            .max_recursion = profile->info.max_recursion};
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
  theseus_graph_options chosen = {.size = sizeof chosen};
  theseus_graph *graph;
  if (!profile || !out || th_take(&chosen, sizeof chosen, options))
    return THESEUS_EINVAL;
  int status = theseus_graph_new(options, &graph);
  if (status)
    return status;
  status = project(profile, &chosen, graph);
  if (status) {
    theseus_graph_free(graph);
    return status;
  }
  for (int i = 0; i < TH_FACTS && !status; i++) {
    const char *value = theseus_profile_get(profile, th_fact_key(i));
    status = value ? theseus_graph_set(graph, th_fact_key(i), value) : THESEUS_OK;
  }
  if (!status)
    status = describe_losses(profile, graph);
  if (status) {
    theseus_graph_free(graph);
    return status;
  }
  graph->inputs = 1;
  *out = graph;
  return THESEUS_OK;
}
