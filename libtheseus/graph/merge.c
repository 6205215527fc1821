/* SPDX-License-Identifier: ISC */
/* graph-merge - adds one graph to another. */
#include "graph/graph.h"

#include <string.h>

/* Translates the numbers of `from` into those of `into`. */
struct translation {
  theseus_graph *into;
  const theseus_graph *from;
  uint32_t *texts, *functions, *columns, *sources, *places;
};

static int text(const struct translation *to, uint32_t id, uint32_t *out) {
  if (id == TH_NONE) {
    *out = TH_NONE;
    return THESEUS_OK;
  }
  if (to->texts[id] == TH_NONE) {
    const struct th_text *bytes = &to->from->strings.texts[id];
    int status = th_strings_intern(&to->into->strings, &to->into->alloc, bytes->bytes, bytes->length, &to->texts[id]);
    if (status)
      return status;
  }
  *out = to->texts[id];
  return THESEUS_OK;
}

static int names(const struct translation *to) {
  const theseus_graph *from = to->from;
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < from->event_count && !status; i++) {
    struct th_graph_event event;
    status = text(to, from->events[i].name, &event.name);
    if (!status)
      status = text(to, from->events[i].long_name, &event.long_name);
    if (!status)
      status = text(to, from->events[i].unit, &event.unit);
    if (!status)
      status = th_graph_event(to->into, &event, NULL, &to->columns[i]);
  }
  for (uint32_t i = 0; i < from->formula_count && !status; i++) {
    struct th_graph_formula formula;
    status = text(to, from->formulas[i].name, &formula.name);
    if (!status)
      status = text(to, from->formulas[i].text, &formula.text);
    if (!status)
      status = th_graph_formula(to->into, formula.name, formula.text, NULL);
  }
  for (uint32_t i = 0; i < from->function_count && !status; i++) {
    struct th_graph_function function;
    status = text(to, from->functions[i].object, &function.object);
    if (!status)
      status = text(to, from->functions[i].file, &function.file);
    if (!status)
      status = text(to, from->functions[i].name, &function.name);
    if (!status)
      status = th_graph_function(to->into, &function, &to->functions[i]);
  }
  return status;
}

/* Translates a place of `from`, creating it in `into` when the first row needs it. */
static int place(const struct translation *to, th_rows *into, const th_row *row, uint32_t *known) {
  th_row key = {.function = to->functions[row->function], .callee = TH_NONE, .address = row->address};
  if (*known != TH_NONE)
    return THESEUS_OK;
  if (row->callee != TH_NONE)
    key.callee = to->functions[row->callee];
  int status = text(to, row->file, &key.file);
  return status ? status : th_rows_place(into, &to->into->alloc, &key, known);
}

/* Adds the rows of `from`; `places` has room for all of its places. */
static int add_rows(const struct translation *to, th_rows *into, const th_rows *from, uint64_t mask, uint32_t *places) {
  th_alloc *alloc = &to->into->alloc;
  bool edges = from == &to->from->edges;
  int status = THESEUS_OK;

  memset(places, 0xff, from->place_count * sizeof *places); /* TH_NONE */
  for (uint32_t i = 0; i < from->count && !status; i++) {
    th_row key = th_rows_key(from, i);
    uint64_t *values = th_rows_values(from, i), head[TH_EDGE_EVENTS];
    uint32_t *known = &places[th_cells_place(th_rows_cells(from, i))], row = 0;
    key.address &= mask;
    status = place(to, into, &key, known);
    if (!status)
      status = th_rows_in(into, alloc, *known, th_row_key(key.address, key.line), &row);
    if (!status)
      status = th_rows_touch(into, alloc, row);
    if (status)
      break;
    uint64_t *sum = th_rows_values(into, row);
    bool fits = true;
    if (edges) {
      memcpy(head, values, sizeof head);
      head[TH_EDGE_ADDRESS] &= mask;
      fits = th_graph_add_head(sum, head);
      sum += TH_EDGE_EVENTS;
      values += TH_EDGE_EVENTS;
    }
    for (uint32_t k = 0; k < to->from->event_count; k++)
      fits &= th_add(&sum[to->columns[k]], values[k]);
    status = fits ? THESEUS_OK : THESEUS_EOVERFLOW;
  }
  return status;
}

static int rows(const struct translation *to) {
  theseus_graph *into = to->into;
  const theseus_graph *from = to->from;
  uint32_t positions = from->positions ? th_graph_positions(into, from->positions) : 0;
  uint64_t mask = positions & THESEUS_ADDRESSES ? UINT64_MAX : 0;
  int status = add_rows(to, &into->costs, &from->costs, mask, to->places);
  return status ? status : add_rows(to, &into->edges, &from->edges, mask, to->places);
}

static int merge(const struct translation *to) {
  const theseus_graph *from = to->from;
  uint32_t facts[TH_FACTS];

  int status = th_graph_begin(to->into, true);
  if (status)
    return status;
  status = names(to);
  if (!status)
    status = rows(to);
  for (int i = 0; i < TH_FACTS && !status; i++)
    status = text(to, from->facts[i], &facts[i]);
  for (uint32_t i = 0; i < from->source_count && !status; i++)
    status = text(to, from->sources[i], &to->sources[i]);
  if (!status)
    status = th_graph_reserve_sources(to->into, from->source_count);
  if (status) {
    th_graph_rollback(to->into);
    return status;
  }
  status = th_graph_commit(to->into);
  if (!status && from->inputs)
    th_graph_describe(to->into, facts, to->sources, from->source_count, from->sources_told, from->inputs);
  return status;
}

int theseus_graph_merge(theseus_graph *into, const theseus_graph *from) {
  if (!into || !from)
    return THESEUS_EINVAL;
  if (into == from || into->before.open)
    return th_fail(into, THESEUS_EINVAL, "`into` equals `from`, or a reader is in the middle of a file for it", 0, 0);
  th_alloc *alloc = &into->alloc;
  size_t places = from->costs.place_count > from->edges.place_count ? from->costs.place_count : from->edges.place_count;
  size_t n = (size_t)from->strings.count + from->function_count + from->event_count + from->source_count + places;
  uint32_t *numbers = th_alloc_zeroed(alloc, n, sizeof *numbers); /* n > 0, because the text "" always exists */
  if (!numbers)
    return th_alloc_why(alloc);
  struct translation to = {.into = into, .from = from, .texts = numbers};
  to.functions = to.texts + from->strings.count;
  to.columns = to.functions + from->function_count;
  to.sources = to.columns + from->event_count;
  to.places = to.sources + from->source_count;
  memset(to.texts, 0xff, from->strings.count * sizeof *numbers); /* TH_NONE */
  int status = merge(&to);
  th_rows_forget(&into->costs, alloc);
  th_rows_forget(&into->edges, alloc);
  th_alloc_free(alloc, numbers, n, sizeof *numbers);
  return status;
}
