/* SPDX-License-Identifier: ISC */
/* order - sorts functions, costs and edges.  See order.h. */
#include "callgrind/order.h"
#include "base/sort.h"

#include <string.h>

static bool text_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_text *x = &((const struct th_order *)owner)->graph->strings.texts[a];
  const struct th_text *y = &((const struct th_order *)owner)->graph->strings.texts[b];
  int order = memcmp(x->bytes, y->bytes, x->length < y->length ? x->length : y->length);
  return order < 0 || (order == 0 && x->length < y->length);
}

static bool function_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_order *order = owner;
  const struct th_graph_function *x = &order->graph->functions[a], *y = &order->graph->functions[b];
  if (x->object != y->object)
    return order->text_rank[x->object] < order->text_rank[y->object];
  if (x->file != y->file)
    return order->text_rank[x->file] < order->text_rank[y->file];
  return order->text_rank[x->name] < order->text_rank[y->name];
}

/* Orders the files of one function: its own is first. */
static bool file_less(const struct th_order *order, uint32_t function, uint32_t x, uint32_t y) {
  uint32_t own = order->graph->functions[function].file;
  return x == own || (y != own && order->text_rank[x] < order->text_rank[y]);
}

struct sorted {
  const struct th_order *order;
  const th_rows *rows;
};

/* Orders the rows of one function.  Usually both are in one place, which then need not be compared. */
static inline bool row_less(const void *owner, uint32_t a, uint32_t b) {
  const struct sorted *sorted = owner;
  const uint64_t *x = th_rows_cells(sorted->rows, a), *y = th_rows_cells(sorted->rows, b);
  uint32_t line = th_cells_line(x), other = th_cells_line(y);
  if (th_cells_place(x) == th_cells_place(y))
    return line < other || (line == other && x[TH_ROW_KEY] < y[TH_ROW_KEY]);
  const th_place *p = th_rows_place_of(sorted->rows, a), *q = th_rows_place_of(sorted->rows, b);
  if (p->file != q->file)
    return file_less(sorted->order, p->function, p->file, q->file);
  if (line != other)
    return line < other;
  uint64_t address = th_cells_address(x, p), another = th_cells_address(y, q);
  if (address != another)
    return address < another;
  return sorted->order->function_rank[p->callee] < sorted->order->function_rank[q->callee];
}

bool th_order_cost_first(const struct th_order *order, uint32_t cost, uint32_t edge) {
  const th_place *x = th_rows_place_of(&order->graph->costs, cost);
  const th_place *y = th_rows_place_of(&order->graph->edges, edge);
  return x->file == y->file || file_less(order, x->function, x->file, y->file);
}

/* Sets start[rank + 1] to the number of rows of the function.  Returns the largest of these numbers. */
static uint32_t count_rows(const struct th_order *order, const th_rows *rows, uint32_t *start) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < rows->place_count; i++) {
    if (!rows->tables[i].count)
      continue;
    uint32_t *count = &start[order->function_rank[rows->places[i].function] + 1];
    *count += rows->tables[i].count;
    most = most > *count ? most : *count;
  }
  return most;
}

/* Sorts rows by the rank of their function, then by row_less.  `start` already holds the counts. */
static void sort_rows(struct th_order *order, const th_rows *rows, uint32_t *sorted, uint32_t *start) {
  const struct sorted owner = {order, rows};
  uint32_t n = order->graph->function_count;

  for (uint32_t i = 0; i < n; i++)
    start[i + 1] += start[i];
  for (uint32_t i = 0; i < rows->count; i++)
    sorted[start[order->function_rank[th_rows_place_of(rows, i)->function]]++] = i;
  for (uint32_t i = n; i > 0; i--) /* each start has moved to the start of the next function */
    start[i] = start[i - 1];
  start[0] = 0;
  for (uint32_t i = 0; i < n; i++)
    th_sort_inline(sorted + start[i], start[i + 1] - start[i], order->spare, row_less, &owner);
}

static int make_spare(th_alloc *alloc, struct th_order *order, uint32_t n) {
  if (n <= order->spare_count)
    return THESEUS_OK;
  th_alloc_free(alloc, order->spare, order->spare_count, sizeof *order->spare);
  order->spare = th_alloc_zeroed(alloc, n, sizeof *order->spare);
  order->spare_count = order->spare ? n : 0;
  return order->spare ? THESEUS_OK : th_alloc_why(alloc);
}

static void sort_names(struct th_order *order, uint32_t *texts) {
  const theseus_graph *graph = order->graph;

  for (uint32_t i = 0; i < graph->strings.count; i++)
    texts[i] = i;
  th_sort(texts, graph->strings.count, order->spare, text_less, order);
  for (uint32_t i = 0; i < graph->strings.count; i++)
    order->text_rank[texts[i]] = i;
  for (uint32_t i = 0; i < graph->function_count; i++)
    order->functions[i] = i;
  th_sort(order->functions, graph->function_count, order->spare, function_less, order);
  for (uint32_t i = 0; i < graph->function_count; i++)
    order->function_rank[order->functions[i]] = i;
  if (graph->source_count)
    memcpy(order->sources, graph->sources, graph->source_count * sizeof *order->sources);
  th_sort(order->sources, graph->source_count, order->spare, text_less, order);
}

static uint32_t *carve(uint32_t **from, size_t n) {
  uint32_t *part = *from;
  *from += n;
  return part;
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

int th_order_init(th_alloc *alloc, const theseus_graph *graph, struct th_order *order) {
  uint32_t texts = graph->strings.count, functions = graph->function_count, sources = graph->source_count;
  size_t starts = (size_t)functions + 1;
  size_t n = 2 * (size_t)texts + 2 * (size_t)functions + 2 * starts + graph->costs.count + graph->edges.count + sources;

  *order = (struct th_order){.graph = graph, .number_count = n};
  uint32_t *rest = order->numbers = th_alloc_zeroed(alloc, n, sizeof *rest);
  if (!rest)
    return th_alloc_why(alloc);
  uint32_t *sorted_texts = carve(&rest, texts);
  order->text_rank = carve(&rest, texts);
  order->functions = carve(&rest, functions);
  order->function_rank = carve(&rest, functions);
  order->cost_start = carve(&rest, starts);
  order->edge_start = carve(&rest, starts);
  order->costs = carve(&rest, graph->costs.count);
  order->edges = carve(&rest, graph->edges.count);
  order->sources = rest;
  int status = make_spare(alloc, order, larger(texts, larger(functions, sources)));
  if (status)
    return status;
  sort_names(order, sorted_texts);
  uint32_t costs = count_rows(order, &graph->costs, order->cost_start);
  uint32_t edges = count_rows(order, &graph->edges, order->edge_start);
  status = make_spare(alloc, order, larger(costs, edges));
  if (status)
    return status;
  sort_rows(order, &graph->costs, order->costs, order->cost_start);
  sort_rows(order, &graph->edges, order->edges, order->edge_start);
  return THESEUS_OK;
}

void th_order_free(th_alloc *alloc, struct th_order *order) {
  th_alloc_free(alloc, order->numbers, order->number_count, sizeof *order->numbers);
  th_alloc_free(alloc, order->spare, order->spare_count, sizeof *order->spare);
}
