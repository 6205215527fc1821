/* SPDX-License-Identifier: ISC */
#include "graph/graph.h"
#include "base/sized.h"
#include "profile/events.h"

#include <string.h>

/* ---- life ---- */

int theseus_graph_new(const theseus_graph_options *options, theseus_graph **out) {
  theseus_graph_options chosen = {.size = sizeof chosen};
  th_alloc alloc;

  if (!out || th_take(&chosen, sizeof chosen, options) || chosen.positions > (THESEUS_LINES | THESEUS_ADDRESSES) ||
      th_alloc_init(&alloc, chosen.allocator, chosen.memory_limit))
    return THESEUS_EINVAL;
  theseus_graph *graph = th_alloc_zeroed(&alloc, 1, sizeof *graph);
  if (!graph)
    return th_alloc_why(&alloc);
  graph->alloc = alloc;
  graph->wanted = chosen.positions ? chosen.positions : THESEUS_LINES;
  th_rows_init(&graph->costs, 0);
  th_rows_init(&graph->edges, TH_EDGE_EVENTS);
  for (int i = 0; i < TH_FACTS; i++)
    graph->facts[i] = TH_NONE;
  int status = th_strings_intern(&graph->strings, &graph->alloc, "", 0, &graph->empty);
  if (status) {
    theseus_graph_free(graph);
    return status;
  }
  *out = graph;
  return THESEUS_OK;
}

void theseus_graph_free(theseus_graph *graph) {
  if (!graph)
    return;
  th_alloc *alloc = &graph->alloc;
  th_strings_free(&graph->strings, alloc);
  th_map_free(&graph->function_map, alloc);
  th_map_free(&graph->source_map, alloc);
  th_rows_free(&graph->costs, alloc);
  th_rows_free(&graph->edges, alloc);
  th_alloc_free(alloc, graph->functions, graph->function_capacity, sizeof *graph->functions);
  th_alloc_free(alloc, graph->events, graph->event_capacity, sizeof *graph->events);
  th_alloc_free(alloc, graph->before.events, graph->before.events_capacity, sizeof *graph->events);
  th_alloc_free(alloc, graph->formulas, graph->formula_capacity, sizeof *graph->formulas);
  th_alloc_free(alloc, graph->before.formulas, graph->before.formulas_capacity, sizeof *graph->formulas);
  th_alloc_free(alloc, graph->sources, graph->source_capacity, sizeof *graph->sources);
  theseus_allocator user = alloc->user;
  user.free(user.opaque, graph);
}

/* ---- transactions ---- */

int th_graph_begin(theseus_graph *graph, bool undo) {
  if (graph->before.open) /* a reader is in the middle of a file: each would roll the other back */
    return th_failure_set(&graph->alloc.failure, NULL, THESEUS_EINVAL,
                          "a reader is in the middle of a file for the graph", 0, 0);
  if (graph->event_count) {
    int status = th_alloc_grow(&graph->alloc, &graph->before.events, &graph->before.events_capacity, graph->event_count,
                               sizeof *graph->events);
    if (status)
      return status;
    memcpy(graph->before.events, graph->events, graph->event_count * sizeof *graph->events);
  }
  graph->before.event_count = graph->event_count;
  if (graph->formula_count) {
    int status = th_alloc_grow(&graph->alloc, &graph->before.formulas, &graph->before.formulas_capacity,
                               graph->formula_count, sizeof *graph->formulas);
    if (status)
      return status;
    memcpy(graph->before.formulas, graph->formulas, graph->formula_count * sizeof *graph->formulas);
    for (uint32_t i = 0; i < graph->formula_count; i++)
      graph->formulas[i].told = TH_NONE;
  }
  graph->before.formula_count = graph->formula_count;
  graph->before.function_count = graph->function_count;
  graph->before.positions = graph->positions;
  graph->before.fold = false;
  graph->before.undo = undo;
  int status = th_rows_begin(&graph->costs, &graph->alloc, undo);
  if (!status) {
    status = th_rows_begin(&graph->edges, &graph->alloc, undo);
    if (status)
      th_rows_commit(&graph->costs);
  }
  graph->before.open = !status;
  return status;
}

static uint32_t hash_function(const struct th_graph_function *function) {
  const uint32_t words[] = {function->object, function->file, function->name};
  return th_hash_words(words, 3);
}

void th_graph_rollback(theseus_graph *graph) {
  graph->before.open = false;
  if (!graph->before.undo)
    return;
  th_rows_rollback(&graph->costs);
  th_rows_rollback(&graph->edges);
  if (graph->before.event_count)
    memcpy(graph->events, graph->before.events, graph->before.event_count * sizeof *graph->events);
  graph->event_count = graph->before.event_count;
  if (graph->before.formula_count)
    memcpy(graph->formulas, graph->before.formulas, graph->before.formula_count * sizeof *graph->formulas);
  graph->formula_count = graph->before.formula_count;
  graph->positions = graph->before.positions;
  if (graph->function_count != graph->before.function_count) {
    graph->function_count = graph->before.function_count;
    th_map_clear(&graph->function_map);
    for (uint32_t i = 0; i < graph->function_count; i++)
      th_map_add(&graph->function_map, hash_function(&graph->functions[i]), i);
  }
}

/* Adds up the rows of `from` by line, without addresses, in `to`, which is not initialised. */
static int fold(th_rows *to, const th_rows *from, th_alloc *alloc, uint32_t head) {
  th_rows_init(to, from->stride);
  for (uint32_t i = 0; i < from->count; i++) {
    th_row key = th_rows_key(from, i);
    uint32_t row;
    key.address = 0;
    int status = th_rows_at(to, alloc, &key, &row);
    if (status)
      return status;
    uint64_t *sum = th_rows_values(to, row);
    const uint64_t *values = th_rows_values(from, i);
    if (head) { /* an edge: its callee has no address any more */
      if (!th_add(&sum[TH_EDGE_COUNT], values[TH_EDGE_COUNT]))
        return THESEUS_EOVERFLOW;
      if (values[TH_EDGE_LINE] && (!sum[TH_EDGE_LINE] || values[TH_EDGE_LINE] < sum[TH_EDGE_LINE]))
        sum[TH_EDGE_LINE] = values[TH_EDGE_LINE];
    }
    for (uint32_t k = head; k < from->stride; k++)
      if (!th_add(&sum[k], values[k]))
        return THESEUS_EOVERFLOW;
  }
  return THESEUS_OK;
}

int th_graph_commit(theseus_graph *graph) {
  if (graph->before.fold) {
    th_rows costs, edges;
    int status = fold(&costs, &graph->costs, &graph->alloc, 0);
    th_rows_init(&edges, TH_EDGE_EVENTS);
    if (!status)
      status = fold(&edges, &graph->edges, &graph->alloc, TH_EDGE_EVENTS);
    if (status) {
      th_rows_free(&costs, &graph->alloc);
      th_rows_free(&edges, &graph->alloc);
      graph->positions = graph->before.positions;
      th_graph_rollback(graph);
      return status;
    }
    th_rows_free(&graph->costs, &graph->alloc);
    th_rows_free(&graph->edges, &graph->alloc);
    graph->costs = costs;
    graph->edges = edges;
    for (uint32_t i = 0; i < graph->function_count; i++) /* places of the old rows */
      graph->functions[i].place = TH_NONE;
  }
  th_rows_commit(&graph->costs);
  th_rows_commit(&graph->edges);
  graph->before.open = false;
  return THESEUS_OK;
}

/* ---- what it is made of ---- */

uint32_t th_graph_positions(theseus_graph *graph, uint32_t positions) {
  uint32_t had = graph->positions;
  if (!had) {
    graph->positions = positions;
  } else if (had & positions & THESEUS_ADDRESSES) {
    graph->positions = had | positions;
  } else {
    graph->positions = THESEUS_LINES;
    if (had & THESEUS_ADDRESSES)
      graph->before.fold = true;
  }
  return graph->positions;
}

static bool same_function(const void *owner, uint32_t index, const void *key) {
  const struct th_graph_function *a = &((const theseus_graph *)owner)->functions[index], *b = key;
  return a->name == b->name && a->file == b->file && a->object == b->object;
}

int th_graph_function(theseus_graph *graph, const struct th_graph_function *function, uint32_t *out) {
  uint32_t hash = hash_function(function);
  uint32_t id = th_map_find(&graph->function_map, hash, same_function, graph, function);
  if (id == TH_NONE) {
    int status = th_map_append(&graph->function_map, &graph->alloc, hash, &graph->functions, &graph->function_capacity,
                               graph->function_count, sizeof *function);
    if (status)
      return status;
    id = graph->function_count++;
    graph->functions[id] = *function;
    graph->functions[id].place = graph->functions[id].home = TH_NONE;
  }
  *out = id;
  return THESEUS_OK;
}

/* Deferreds and Operations are two names of one column. */
static bool is_other_name(const theseus_graph *graph, const struct th_graph_event *a, const struct th_graph_event *b) {
  uint32_t empty = graph->empty;
  return th_is_operations(th_strings_get(&graph->strings, a->name)) &&
         th_is_operations(th_strings_get(&graph->strings, b->name)) &&
         (a->unit == b->unit || a->unit == empty || b->unit == empty);
}

/* Renames a column that has had both names: Operations, with the long name that came with that. */
static void join_names(const theseus_graph *graph, struct th_graph_event *known, const struct th_graph_event *event) {
  if (th_default_names(th_strings_get(&graph->strings, event->name)) == th_neutral_names) {
    known->name = event->name;
    known->long_name = event->long_name;
  }
}

/* Keeps the first long name, but a neutral one replaces its counterpart of Twisted.  Returns false if they differ
 * otherwise. */
static bool join_long_names(const theseus_graph *graph, struct th_graph_event *known,
                            const struct th_graph_event *event) {
  if (event->long_name == known->long_name || event->long_name == graph->empty)
    return true;
  const char *text = th_strings_get(&graph->strings, event->long_name);
  const char *before = th_strings_get(&graph->strings, known->long_name);
  bool to_neutral = th_is_neutral_name_of(text, before);
  if (known->long_name == graph->empty || to_neutral) {
    known->long_name = event->long_name;
    return true;
  }
  return th_is_neutral_name_of(before, text);
}

bool th_graph_is_event(const char *name, const char *wanted) {
  size_t length = strlen(wanted);
  if (strcmp(name, wanted) == 0 || (th_is_operations(name) && th_is_operations(wanted)))
    return true;
  return strncmp(name, wanted, length) == 0 && strncmp(name + length, "_(", 2) == 0;
}

int th_graph_event(theseus_graph *graph, const struct th_graph_event *event, bool *clash, uint32_t *out) {
  uint32_t empty = graph->empty;
  for (uint32_t i = 0; i < graph->event_count; i++) {
    struct th_graph_event *known = &graph->events[i];
    bool same = known->name == event->name;
    if (!same && !is_other_name(graph, known, event))
      continue;
    if (known->unit != event->unit && known->unit != empty && event->unit != empty)
      return th_failure_name(&graph->alloc.failure, NULL, THESEUS_EUNIT, "the event $ has another unit in the graph",
                             th_strings_get(&graph->strings, known->name));
    if (known->unit == empty)
      known->unit = event->unit;
    if (!same)
      join_names(graph, known, event);
    else if (!join_long_names(graph, known, event) && clash)
      *clash = true;
    *out = i;
    return THESEUS_OK;
  }
  uint64_t count = (uint64_t)graph->event_count + 1;
  int status = th_alloc_grow(&graph->alloc, &graph->events, &graph->event_capacity, count, sizeof *event);
  if (!status)
    status = th_rows_widen(&graph->costs, &graph->alloc, (uint32_t)count);
  if (!status)
    status = th_rows_widen(&graph->edges, &graph->alloc, (uint32_t)count + TH_EDGE_EVENTS);
  if (status)
    return status;
  graph->events[graph->event_count] = *event;
  *out = graph->event_count++;
  return THESEUS_OK;
}

static bool add_values(uint64_t *sum, const uint64_t *values, const uint32_t *columns, uint32_t n) {
  bool fits = true;
  for (uint32_t i = 0; i < n; i++)
    fits &= th_add(&sum[columns ? columns[i] : i], values[i]);
  return fits;
}

int th_graph_add_cost(theseus_graph *graph, const th_row *key, const uint64_t *values, const uint32_t *columns,
                      uint32_t n) {
  uint32_t row;
  int status = th_rows_at(&graph->costs, &graph->alloc, key, &row);
  if (!status)
    status = th_rows_touch(&graph->costs, &graph->alloc, row);
  if (status)
    return status;
  return add_values(th_rows_values(&graph->costs, row), values, columns, n) ? THESEUS_OK : THESEUS_EOVERFLOW;
}

bool th_graph_add_head(uint64_t *sum, const uint64_t *head) {
  for (int i = TH_EDGE_LINE; i <= TH_EDGE_ADDRESS; i++)
    if (head[i] && (!sum[i] || head[i] < sum[i]))
      sum[i] = head[i];
  return th_add(&sum[TH_EDGE_COUNT], head[TH_EDGE_COUNT]);
}

int th_graph_add_edge(theseus_graph *graph, const th_row *key, const uint64_t *head, const uint64_t *values,
                      const uint32_t *columns, uint32_t n) {
  uint32_t row;
  int status = th_rows_at(&graph->edges, &graph->alloc, key, &row);
  if (!status)
    status = th_rows_touch(&graph->edges, &graph->alloc, row);
  if (status)
    return status;
  uint64_t *sum = th_rows_values(&graph->edges, row);
  th_prefetch(
      th_rows_cells(&graph->edges, th_cells_follow(th_rows_cells(&graph->edges, row)))); /* long before it is needed */
  return th_graph_add_head(sum, head) && add_values(sum + TH_EDGE_EVENTS, values, columns, n) ? THESEUS_OK
                                                                                              : THESEUS_EOVERFLOW;
}

/* ---- where it is from ---- */

static bool same_source(const void *owner, uint32_t index, const void *key) {
  return ((const theseus_graph *)owner)->sources[index] == *(const uint32_t *)key;
}

int th_graph_reserve_sources(theseus_graph *graph, uint32_t more) {
  uint64_t count = (uint64_t)graph->source_count + more;
  int status = th_alloc_grow(&graph->alloc, &graph->sources, &graph->source_capacity, count, sizeof *graph->sources);
  return status ? status : th_map_reserve(&graph->source_map, &graph->alloc, count);
}

void th_graph_describe(theseus_graph *graph, const uint32_t *facts, const uint32_t *sources, uint32_t source_count,
                       bool told, uint64_t inputs) {
  for (int i = 0; i < TH_FACTS; i++)
    if (!graph->inputs)
      graph->facts[i] = facts[i];
    else if (graph->facts[i] != facts[i])
      graph->facts[i] = TH_NONE;
  for (uint32_t i = 0; i < source_count; i++) {
    uint32_t hash = th_hash_words(&sources[i], 1);
    if (th_map_find(&graph->source_map, hash, same_source, graph, &sources[i]) != TH_NONE)
      continue;
    graph->sources[graph->source_count] = sources[i];
    th_map_add(&graph->source_map, hash, graph->source_count++);
  }
  graph->sources_told |= told || (graph->inputs && inputs);
  th_add_bounded(&graph->inputs, inputs);
}
