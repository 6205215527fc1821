/* SPDX-License-Identifier: ISC */
/* access - the public calls that add to a graph and read it. */
#include "base/sized.h"
#include "graph/graph.h"

#include <string.h>

/* Ends a transaction of one call. */
static int finish(theseus_graph *graph, int status) {
  if (status)
    th_graph_rollback(graph);
  else
    status = th_graph_commit(graph);
  if (!status && !graph->inputs)
    graph->inputs = 1;
  return status;
}

static int text(theseus_graph *graph, const char *bytes, uint32_t *out) {
  return th_graph_text(graph, bytes, strlen(bytes), out);
}

int theseus_graph_set(theseus_graph *graph, const char *key, const char *value) {
  if (!graph)
    return THESEUS_EINVAL;
  int fact = th_fact_of(key);
  uint32_t id = TH_NONE;

  if (fact < 0)
    return th_fail_name(graph, THESEUS_EINVAL, "the key \"$\" is unknown", key ? key : "(NULL)");
  int status = THESEUS_OK;
  if (value)
    status = th_fact_intern(&graph->strings, &graph->alloc, fact, value, strlen(value), &id);
  if (status)
    return status;
  graph->facts[fact] = id;
  if (!graph->inputs)
    graph->inputs = 1;
  return THESEUS_OK;
}

const char *theseus_graph_get(const theseus_graph *graph, const char *key) {
  if (!graph)
    return NULL;
  int fact = th_fact_of(key);
  if (fact < 0 || graph->facts[fact] == TH_NONE)
    return NULL;
  return th_strings_get(&graph->strings, graph->facts[fact]);
}

int theseus_graph_add_source(theseus_graph *graph, const char *source) {
  if (!graph)
    return THESEUS_EINVAL;
  uint32_t id;
  if (!source)
    return th_fail(graph, THESEUS_EINVAL, "source is NULL", 0, 0);
  int status = text(graph, source, &id);
  if (!status)
    status = th_graph_reserve_sources(graph, 1);
  if (status)
    return status;
  th_graph_describe(graph, graph->facts, &id, 1, false, !graph->inputs);
  return THESEUS_OK;
}

int theseus_graph_event_intern(theseus_graph *graph, const theseus_event_info *event, uint32_t *out) {
  if (!graph)
    return THESEUS_EINVAL;
  theseus_event_info info = {.size = sizeof info};
  struct th_graph_event added;
  uint32_t id;

  if (!out || !event || th_take(&info, sizeof info, event) || !info.name)
    return th_fail(graph, THESEUS_EINVAL, "event, its name or out is NULL, or event->size is not set", 0, 0);
  if (!*info.name || info.name[strcspn(info.name, " \t\r\n:[]")])
    return th_fail_name(graph, THESEUS_EINVAL, "the name \"$\" is empty, or has a blank, `:`, `[` or `]`", info.name);
  int status = text(graph, info.name, &added.name);
  if (!status)
    status = text(graph, info.long_name ? info.long_name : "", &added.long_name);
  if (!status)
    status = text(graph, info.unit ? info.unit : "", &added.unit);
  if (!status)
    status = th_graph_begin(graph, true);
  if (status)
    return status;
  status = finish(graph, th_graph_event(graph, &added, NULL, &id));
  if (!status)
    *out = id;
  return status;
}

int theseus_graph_function_intern(theseus_graph *graph, const char *object, const char *file, const char *name,
                                  uint32_t *out) {
  if (!graph)
    return THESEUS_EINVAL;
  struct th_graph_function function;
  if (!object || !file || !name || !*name || !out)
    return th_fail(graph, THESEUS_EINVAL, "object, file, name or out is NULL, or name is empty", 0, 0);
  int status = text(graph, object, &function.object);
  if (!status)
    status = text(graph, file, &function.file);
  if (!status)
    status = text(graph, name, &function.name);
  if (!status)
    status = th_graph_function(graph, &function, out);
  return status;
}

/* Completes a key, and begins a transaction. */
static int open_row(theseus_graph *graph, th_row *key, const char *file, uint64_t address) {
  int status = THESEUS_OK;
  if (file)
    status = text(graph, file, &key->file);
  else
    key->file = graph->functions[key->function].file;
  if (!status)
    status = th_graph_begin(graph, true);
  if (status)
    return status;
  uint32_t positions = th_graph_positions(graph, graph->wanted);
  key->address = positions & THESEUS_ADDRESSES ? address : 0;
  return THESEUS_OK;
}

int theseus_graph_add_cost(theseus_graph *graph, const theseus_graph_cost *cost) {
  if (!graph)
    return THESEUS_EINVAL;
  theseus_graph_cost info = {.size = sizeof info};
  if (!cost || th_take(&info, sizeof info, cost) || (!info.values && graph->event_count))
    return th_fail(graph, THESEUS_EINVAL, "cost or its values is NULL, or cost->size is not set", 0, 0);
  if (info.function >= graph->function_count)
    return th_fail(graph, THESEUS_EINVAL, "there is no function #: there are #", info.function, graph->function_count);
  th_row key = {.function = info.function, .line = info.line, .callee = TH_NONE};
  int status = open_row(graph, &key, info.file, info.address);
  if (status)
    return status;
  return finish(graph, th_graph_add_cost(graph, &key, info.values, NULL, graph->event_count));
}

int theseus_graph_add_edge(theseus_graph *graph, const theseus_graph_edge *edge) {
  if (!graph)
    return THESEUS_EINVAL;
  theseus_graph_edge info = {.size = sizeof info};
  if (!edge || th_take(&info, sizeof info, edge) || (!info.values && graph->event_count))
    return th_fail(graph, THESEUS_EINVAL, "edge or its values is NULL, or edge->size is not set", 0, 0);
  if (info.caller >= graph->function_count || info.callee >= graph->function_count)
    return th_fail(graph, THESEUS_EINVAL, "there is no function # (caller) or # (callee)", info.caller, info.callee);
  th_row key = {.function = info.caller, .line = info.line, .callee = info.callee};
  int status = open_row(graph, &key, info.file, info.address);
  if (status)
    return status;
  const uint64_t head[TH_EDGE_EVENTS] = {info.count, info.callee_line,
                                         graph->positions & THESEUS_ADDRESSES ? info.callee_address : 0};
  return finish(graph, th_graph_add_edge(graph, &key, head, info.values, NULL, graph->event_count));
}

int theseus_graph_info_get(const theseus_graph *graph, theseus_graph_info *out) {
  if (!graph)
    return THESEUS_EINVAL;
  theseus_graph_info info = {.size = sizeof info,
                             .events = graph->event_count,
                             .functions = graph->function_count,
                             .costs = graph->costs.count,
                             .edges = graph->edges.count,
                             .sources = graph->source_count,
                             .positions = graph->positions,
                             .inputs = graph->inputs,
                             .memory = graph->alloc.used};
  return th_give(out, &info, sizeof info);
}

int theseus_graph_event_get(const theseus_graph *graph, uint32_t event, theseus_event_info *out) {
  if (!graph)
    return THESEUS_EINVAL;
  if (event >= graph->event_count)
    return THESEUS_EINVAL;
  const struct th_graph_event *found = &graph->events[event];
  theseus_event_info info = {sizeof info, th_strings_get(&graph->strings, found->name),
                             th_strings_get(&graph->strings, found->long_name),
                             th_strings_get(&graph->strings, found->unit)};
  return th_give(out, &info, sizeof info);
}

int theseus_graph_formula_get(const theseus_graph *graph, uint32_t formula, const char **name, const char **text) {
  if (!graph)
    return THESEUS_EINVAL;
  if (!name || !text || formula >= graph->formula_count)
    return THESEUS_EINVAL;
  const struct th_graph_formula *found = &graph->formulas[formula];
  *name = th_strings_get(&graph->strings, found->name);
  *text = found->text == TH_NONE ? NULL : th_strings_get(&graph->strings, found->text);
  return THESEUS_OK;
}

int theseus_graph_function_get(const theseus_graph *graph, uint32_t function, theseus_graph_function *out) {
  if (!graph)
    return THESEUS_EINVAL;
  if (function >= graph->function_count)
    return THESEUS_EINVAL;
  const struct th_graph_function *found = &graph->functions[function];
  theseus_graph_function info = {sizeof info, th_strings_get(&graph->strings, found->object),
                                 th_strings_get(&graph->strings, found->file),
                                 th_strings_get(&graph->strings, found->name)};
  return th_give(out, &info, sizeof info);
}

int theseus_graph_cost_get(const theseus_graph *graph, uint32_t cost, theseus_graph_cost *out) {
  if (!graph)
    return THESEUS_EINVAL;
  if (cost >= graph->costs.count)
    return THESEUS_EINVAL;
  const th_row key = th_rows_key(&graph->costs, cost);
  theseus_graph_cost info = {.size = sizeof info,
                             .function = key.function,
                             .line = key.line,
                             .address = key.address,
                             .file = th_strings_get(&graph->strings, key.file),
                             .values = th_rows_values(&graph->costs, cost)};
  return th_give(out, &info, sizeof info);
}

int theseus_graph_edge_get(const theseus_graph *graph, uint32_t edge, theseus_graph_edge *out) {
  if (!graph)
    return THESEUS_EINVAL;
  if (edge >= graph->edges.count)
    return THESEUS_EINVAL;
  const th_row key = th_rows_key(&graph->edges, edge);
  const uint64_t *values = th_rows_values(&graph->edges, edge);
  theseus_graph_edge info = {.size = sizeof info,
                             .caller = key.function,
                             .callee = key.callee,
                             .line = key.line,
                             .callee_line = (uint32_t)values[TH_EDGE_LINE],
                             .address = key.address,
                             .callee_address = values[TH_EDGE_ADDRESS],
                             .count = values[TH_EDGE_COUNT],
                             .file = th_strings_get(&graph->strings, key.file),
                             .values = values + TH_EDGE_EVENTS};
  return th_give(out, &info, sizeof info);
}
