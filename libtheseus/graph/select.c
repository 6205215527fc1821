/* SPDX-License-Identifier: ISC */
/* select - keeps some columns of a graph, in a given order. */
#include "graph/graph.h"

#include <string.h>

/* Keeps the chosen columns of each row, after the first `head` numbers.  `spare` has room for n. */
static void select_rows(th_rows *rows, uint32_t head, const uint32_t *columns, uint32_t n, uint64_t *spare) {
  size_t before = (size_t)head + TH_ROW_VALUES, width = before + n;
  for (uint32_t row = 0; row < rows->count; row++) { /* rows move to lower addresses only */
    const uint64_t *from = th_rows_cells(rows, row);
    uint64_t *to = rows->cells + (size_t)row * width;
    for (uint32_t i = 0; i < n; i++)
      spare[i] = from[before + columns[i]];
    memmove(to, from, before * sizeof *to);
    memcpy(to + before, spare, n * sizeof *to);
  }
  rows->stride = head + n;
}

/* Returns true if all columns are chosen, in their order. */
static bool are_all(const theseus_graph *graph, const uint32_t *columns, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (columns[i] != i)
      return false;
  return n == graph->event_count;
}

/* Finds the columns, and interns their long names.  Only this can fail. */
static int choose(theseus_graph *graph, const theseus_event_info *events, uint32_t n, uint32_t *columns,
                  struct th_graph_event *chosen) {
  for (uint32_t i = 0; i < n; i++) {
    columns[i] = 0;
    if (!events[i].name)
      return th_failure_set(&graph->alloc.failure, "theseus_graph_select", THESEUS_EINVAL, "events[#].name is NULL", i,
                            0);
    while (columns[i] < graph->event_count &&
           strcmp(th_strings_get(&graph->strings, graph->events[columns[i]].name), events[i].name) != 0)
      columns[i]++;
    if (columns[i] == graph->event_count)
      return th_failure_name(&graph->alloc.failure, "theseus_graph_select", THESEUS_EINVAL, "the graph has no event $",
                             events[i].name);
    for (uint32_t k = 0; k < i; k++)
      if (columns[k] == columns[i])
        return th_failure_name(&graph->alloc.failure, "theseus_graph_select", THESEUS_EINVAL,
                               "the event $ is named twice", events[i].name);
    chosen[i] = graph->events[columns[i]];
    if (!events[i].long_name)
      continue;
    int status = th_graph_text(graph, events[i].long_name, strlen(events[i].long_name), &chosen[i].long_name);
    if (status)
      return status;
  }
  return THESEUS_OK;
}

int theseus_graph_select(theseus_graph *graph, const theseus_event_info *events, uint32_t n) {
  if (!graph)
    return THESEUS_EINVAL;
  if ((n && !events) || n > graph->event_count)
    return th_fail(graph, THESEUS_EINVAL, "events is NULL, or # are more than the # that there are", n,
                   graph->event_count);
  th_alloc *alloc = &graph->alloc;
  size_t room = (size_t)n + 1;
  uint32_t *columns = NULL;
  uint64_t *spare = NULL;
  struct th_graph_event *chosen = NULL;
  int status;
  if (!(columns = th_alloc_zeroed(alloc, room, sizeof *columns)) ||
      !(spare = th_alloc_zeroed(alloc, room, sizeof *spare)) ||
      !(chosen = th_alloc_zeroed(alloc, room, sizeof *chosen)))
    status = th_alloc_why(alloc);
  else
    status = choose(graph, events, n, columns, chosen);
  if (!status) {
    if (n < graph->event_count)
      graph->formula_count = 0;
    if (!are_all(graph, columns, n)) {
      select_rows(&graph->costs, 0, columns, n, spare);
      select_rows(&graph->edges, TH_EDGE_EVENTS, columns, n, spare);
    }
    graph->event_count = n;
    if (n)
      memcpy(graph->events, chosen, n * sizeof *chosen);
  }
  th_alloc_free(alloc, chosen, room, sizeof *chosen);
  th_alloc_free(alloc, spare, room, sizeof *spare);
  th_alloc_free(alloc, columns, room, sizeof *columns);
  return status;
}
