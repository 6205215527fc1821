/* SPDX-License-Identifier: ISC */
/* table - a profile by function: the costs of its graph, summed by function, and the outcomes and histograms of all
 * stacks that end in one. */
#include "base/sized.h"
#include "base/sort.h"
#include "graph/frames.h"
#include "profile/profile.h"

struct row {
  uint32_t first_line;
  uint64_t calls;
  struct th_stats stats;
};

struct theseus_table {
  theseus_graph *graph; /* and its allocator */
  struct row *rows;     /* by function of the graph */
  uint64_t *values;     /* by function, then event: first the own ones, then the inclusive ones */
  uint32_t *order;      /* the functions that have rows, twice the room: for the sort too */
  uint32_t functions, count;
  th_histogram histogram; /* its stacks are functions of the graph */
};

static uint64_t *own(const theseus_table *table, uint32_t function) {
  return table->values + (size_t)function * 2 * table->graph->event_count;
}

static uint64_t *inclusive(const theseus_table *table, uint32_t function) {
  return own(table, function) + table->graph->event_count;
}

static int add_values(uint64_t *sums, const uint64_t *values, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (!th_add(&sums[i], values[i]))
      return THESEUS_EOVERFLOW;
  return THESEUS_OK;
}

/* ---- costs ---- */

static int add_costs(theseus_table *table) {
  const theseus_graph *graph = table->graph;
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < graph->costs.count && !status; i++)
    status = add_values(own(table, th_rows_place_of(&graph->costs, i)->function), th_rows_values(&graph->costs, i),
                        graph->event_count);
  return status;
}

static int add_edges(theseus_table *table) {
  const theseus_graph *graph = table->graph;
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < graph->edges.count && !status; i++) {
    const uint64_t *values = th_rows_values(&graph->edges, i);
    uint32_t callee = th_rows_place_of(&graph->edges, i)->callee, line = (uint32_t)values[TH_EDGE_LINE];
    struct row *row = &table->rows[callee];
    if (line && (!row->first_line || line < row->first_line))
      row->first_line = line;
    status = add_values(&row->calls, &values[TH_EDGE_COUNT], 1);
    if (!status)
      status = add_values(inclusive(table, callee), values + TH_EDGE_EVENTS, graph->event_count);
  }
  return status;
}

/* ---- stacks ---- */

/* The function of the graph that a function of the profile became. */
static int find_function(theseus_table *table, const theseus_profile *profile, uint32_t function, uint32_t *out) {
  theseus_function_info info = {.size = sizeof info};
  theseus_function_get(profile, function, &info);
  return theseus_graph_function_intern(table->graph, info.object, *info.file ? info.file : TH_NO_FILE, info.name, out);
}

static int add_stack(theseus_table *table, const theseus_profile *profile, const struct th_stack *stack,
                     uint32_t function) {
  const struct th_stats *more = &profile->stats[stack->stats];
  struct th_stats *stats = &table->rows[function].stats;
  int status = THESEUS_OK;

  if (!th_fits(stats->operations, more->operations) || !th_fits(stats->latency_ns, more->latency_ns))
    return THESEUS_EOVERFLOW;
  th_profile_add_stats(stats, more);
  for (uint32_t i = more->buckets; i != TH_NONE && !status; i = profile->histogram.items[i].next) {
    struct th_bucket bucket = profile->histogram.items[i];
    if (bucket.mark == TH_NO_MARK)
      continue;
    bucket.stack = function;
    bucket.outcome = 0;
    uint64_t high;
    theseus_bucket_bounds(theseus_latency_bucket(bucket.mark), &bucket.mark, &high);
    status = th_histogram_add(&table->histogram, &table->graph->alloc, &bucket, &stats->buckets);
  }
  return status;
}

static int add_stacks(theseus_table *table, const theseus_profile *profile, const uint32_t *functions) {
  int status = THESEUS_OK;
  for (uint32_t i = 1; i < profile->stacks.count && !status; i++) {
    const struct th_stack *stack = &profile->stacks.items[i];
    if (stack->stats != TH_NONE)
      status = add_stack(table, profile, stack, functions[stack->function]);
  }
  return status;
}

static int load_stacks(theseus_table *table, const theseus_profile *profile) {
  th_alloc *alloc = &table->graph->alloc;
  uint32_t n = profile->functions.count;
  int status = THESEUS_OK;

  if (!n)
    return status;
  uint32_t *functions = th_alloc_zeroed(alloc, n, sizeof *functions);
  if (!functions)
    return th_alloc_why(alloc);
  for (uint32_t i = 0; i < n && !status; i++)
    status = find_function(table, profile, i, &functions[i]);
  if (!status)
    status = add_stacks(table, profile, functions);
  th_alloc_free(alloc, functions, n, sizeof *functions);
  return status;
}

/* ---- order ---- */

static int compare_texts(const theseus_graph *graph, uint32_t a, uint32_t b) {
  return a == b ? 0 : strcmp(th_strings_get(&graph->strings, a), th_strings_get(&graph->strings, b));
}

static bool row_less(const void *owner, uint32_t a, uint32_t b) {
  const theseus_table *table = owner;
  const theseus_graph *graph = table->graph;
  const struct th_graph_function *x = &graph->functions[a], *y = &graph->functions[b];

  if (graph->event_count && *inclusive(table, a) != *inclusive(table, b))
    return *inclusive(table, a) > *inclusive(table, b);
  if (graph->event_count && *own(table, a) != *own(table, b))
    return *own(table, a) > *own(table, b);
  int order = compare_texts(graph, x->name, y->name);
  if (!order)
    order = compare_texts(graph, x->file, y->file);
  return (order ? order : compare_texts(graph, x->object, y->object)) < 0;
}

static void sort_rows(theseus_table *table) {
  for (uint32_t i = 0; i < table->functions; i++)
    if (table->rows[i].calls)
      table->order[table->count++] = i;
  th_sort(table->order, table->count, table->order + table->functions, row_less, table);
}

/* ---- the table ---- */

static size_t value_count(const theseus_table *table) {
  return (size_t)table->functions * 2 * table->graph->event_count + 1;
}

/* The graph has one function at least: `(root)`. */
static int fill(theseus_table *table, const theseus_profile *profile) {
  th_alloc *alloc = &table->graph->alloc;
  uint32_t n = table->functions = table->graph->function_count;

  if (!(table->rows = th_alloc_zeroed(alloc, n, sizeof *table->rows)) ||
      !(table->values = th_alloc_zeroed(alloc, value_count(table), sizeof *table->values)) ||
      !(table->order = th_alloc_zeroed(alloc, (size_t)n * 2, sizeof *table->order)))
    return th_alloc_why(alloc);
  for (uint32_t i = 0; i < n; i++)
    table->rows[i].stats = th_no_stats();
  int status = add_costs(table);
  if (!status)
    status = add_edges(table);
  if (!status)
    status = load_stacks(table, profile);
  if (!status)
    sort_rows(table);
  return status;
}

int theseus_profile_functions(const theseus_profile *profile, const theseus_graph_options *options,
                              theseus_table **out) {
  theseus_graph *graph;
  if (!out)
    return THESEUS_EINVAL;
  int status = theseus_graph_from_profile(profile, options, &graph);
  if (status)
    return status;
  theseus_table *table = th_alloc_zeroed(&graph->alloc, 1, sizeof *table);
  if (!table) {
    status = th_alloc_why(&graph->alloc);
    theseus_graph_free(graph);
    return status;
  }
  table->graph = graph;
  status = fill(table, profile);
  if (status)
    theseus_table_free(table);
  else
    *out = table;
  return status;
}

void theseus_table_free(theseus_table *table) {
  if (!table)
    return;
  theseus_graph *graph = table->graph;
  th_alloc *alloc = &graph->alloc;
  th_histogram_free(&table->histogram, alloc);
  th_alloc_free(alloc, table->order, (size_t)table->functions * 2, sizeof *table->order);
  th_alloc_free(alloc, table->values, value_count(table), sizeof *table->values);
  th_alloc_free(alloc, table->rows, table->functions, sizeof *table->rows);
  th_alloc_free(alloc, table, 1, sizeof *table);
  theseus_graph_free(graph);
}

const theseus_graph *theseus_table_graph(const theseus_table *table) { return table ? table->graph : NULL; }

uint32_t theseus_table_count(const theseus_table *table) { return table ? table->count : 0; }

int theseus_table_get(const theseus_table *table, uint32_t row, theseus_table_row *out) {
  if (!table)
    return THESEUS_EINVAL;
  theseus_graph_function function = {.size = sizeof function};

  if (row >= table->count)
    return THESEUS_EINVAL;
  uint32_t id = table->order[row];
  const struct row *found = &table->rows[id];
  const struct th_stats *stats = &found->stats;
  theseus_graph_function_get(table->graph, id, &function);
  theseus_table_row info = {.size = sizeof info,
                            .object = function.object,
                            .file = function.file,
                            .name = function.name,
                            .first_line = found->first_line,
                            .calls = found->calls,
                            .success = stats->outcomes[THESEUS_SUCCESS],
                            .failure = stats->outcomes[THESEUS_FAILURE],
                            .cancelled = stats->outcomes[THESEUS_CANCELLED],
                            .abandoned = stats->outcomes[THESEUS_ABANDONED],
                            .pending = stats->operations,
                            .latency_min_ns = stats->latency_min_ns == UINT64_MAX ? 0 : stats->latency_min_ns,
                            .latency_max_ns = stats->latency_max_ns,
                            .own = own(table, id),
                            .inclusive = inclusive(table, id)};
  for (int outcome = 0; outcome < TH_OUTCOMES; outcome++)
    info.pending -= stats->outcomes[outcome];
  return th_give(out, &info, sizeof info);
}

int theseus_table_histogram(const theseus_table *table, uint32_t row, uint64_t *counts) {
  if (!table || row >= table->count || !counts)
    return THESEUS_EINVAL;
  memset(counts, 0, THESEUS_BUCKETS * sizeof *counts);
  th_histogram_fill(&table->histogram, table->rows[table->order[row]].stats.buckets, counts);
  return THESEUS_OK;
}
