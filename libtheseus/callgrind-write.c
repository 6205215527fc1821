/* SPDX-License-Identifier: ISC */
/* Writes a graph as callgrind, in the one way that KCachegrind, callgrind_annotate, gprof2dot and speedscope all read
 * right. */
#include "graph.h"
#include "sort.h"
#include "version.h"

#include <string.h>

enum { BUFFER = 1 << 16 };

/* One table of compressed names: what has been mentioned has a number. */
struct names {
  uint32_t *numbers; /* 0: not yet */
  uint32_t last;
};

struct writer {
  const theseus_graph *graph;
  const theseus_sink *sink;
  bool failed; /* the sink refused */
  size_t used;
  struct names files, objects, functions; /* the first two by text */
  uint32_t *text_rank;                    /* of each text, in order of bytes */
  uint32_t *function_rank;
  uint32_t *order;                   /* functions by rank */
  uint32_t *costs, *edges, *sources; /* rows, function by function */
  uint32_t *cost_start, *edge_start; /* by function's rank; one more than there are functions */
  uint32_t *spare;
  uint64_t *totals;
  char buffer[BUFFER];
};

/* ---- bytes ---- */

static void flush(struct writer *w) {
  if (w->used && !w->failed && w->sink->write(w->sink->opaque, w->buffer, w->used))
    w->failed = true;
  w->used = 0;
}

static void put(struct writer *w, const char *bytes, size_t n) {
  while (n) {
    if (w->used == BUFFER)
      flush(w);
    size_t part = n < BUFFER - w->used ? n : BUFFER - w->used;
    memcpy(w->buffer + w->used, bytes, part);
    w->used += part;
    bytes += part;
    n -= part;
  }
}

static void put_string(struct writer *w, const char *string) { put(w, string, strlen(string)); }

static void put_text(struct writer *w, uint32_t id) {
  const struct th_text *text = &w->graph->strings.texts[id];
  put(w, text->bytes, text->length);
}

/* `first`, unless it is NUL, and a number to the base: decimal, or hexadecimal with its 0x. */
static void put_number(struct writer *w, char first, uint64_t number, unsigned base) {
  char digits[24];
  size_t at = sizeof digits;

  do {
    digits[--at] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number);
  if (base == 16) {
    digits[--at] = 'x';
    digits[--at] = '0';
  }
  if (first)
    digits[--at] = first;
  put(w, digits + at, sizeof digits - at);
}

/* `key=(id) text`, the text at its first mention only; an empty text has no id. */
static void put_name(struct writer *w, const char *key, struct names *names, uint32_t index, uint32_t text) {
  put_string(w, key);
  if (text != w->graph->empty) {
    bool first = !names->numbers[index];
    if (first)
      names->numbers[index] = ++names->last;
    put_number(w, '(', names->numbers[index], 10);
    put_string(w, ")");
    if (first) {
      put_string(w, " ");
      put_text(w, text);
    }
  }
  put_string(w, "\n");
}

/* ---- order ---- */

static bool text_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_text *x = &((const struct writer *)owner)->graph->strings.texts[a];
  const struct th_text *y = &((const struct writer *)owner)->graph->strings.texts[b];
  int order = memcmp(x->bytes, y->bytes, x->length < y->length ? x->length : y->length);
  return order < 0 || (order == 0 && x->length < y->length);
}

static bool function_less(const void *owner, uint32_t a, uint32_t b) {
  const struct writer *w = owner;
  const struct th_graph_function *x = &w->graph->functions[a], *y = &w->graph->functions[b];
  if (x->object != y->object)
    return w->text_rank[x->object] < w->text_rank[y->object];
  if (x->file != y->file)
    return w->text_rank[x->file] < w->text_rank[y->file];
  return w->text_rank[x->name] < w->text_rank[y->name];
}

/* Rows of one function: its own file first. */
static bool row_less(const struct writer *w, const th_row *x, const th_row *y) {
  if (x->file != y->file) {
    uint32_t own = w->graph->functions[x->function].file;
    if (x->file == own || y->file == own)
      return x->file == own;
    return w->text_rank[x->file] < w->text_rank[y->file];
  }
  if (x->line != y->line)
    return x->line < y->line;
  if (x->address != y->address)
    return x->address < y->address;
  return x->callee != y->callee && w->function_rank[x->callee] < w->function_rank[y->callee];
}

static bool cost_less(const void *owner, uint32_t a, uint32_t b) {
  const struct writer *w = owner;
  return row_less(w, &w->graph->costs.keys[a], &w->graph->costs.keys[b]);
}

static bool edge_less(const void *owner, uint32_t a, uint32_t b) {
  const struct writer *w = owner;
  return row_less(w, &w->graph->edges.keys[a], &w->graph->edges.keys[b]);
}

/* Rows by their function's rank, where start[rank] is the first of them, then by `less`. */
static void sort_rows(struct writer *w, const th_rows *rows, uint32_t *order, uint32_t *start, th_sort_less *less) {
  uint32_t n = w->graph->function_count;

  for (uint32_t i = 0; i < rows->count; i++)
    start[w->function_rank[rows->keys[i].function] + 1]++;
  for (uint32_t i = 0; i < n; i++)
    start[i + 1] += start[i];
  for (uint32_t i = 0; i < rows->count; i++)
    order[start[w->function_rank[rows->keys[i].function]]++] = i;
  for (uint32_t i = n; i > 0; i--) /* each has moved on to the next one's start */
    start[i] = start[i - 1];
  start[0] = 0;
  for (uint32_t i = 0; i < n; i++)
    th_sort(order + start[i], start[i + 1] - start[i], w->spare, less, w);
}

static void sort_all(struct writer *w) {
  const theseus_graph *graph = w->graph;
  uint32_t texts = graph->strings.count;
  uint32_t *ids = w->files.numbers; /* not in use yet */

  for (uint32_t i = 0; i < texts; i++)
    ids[i] = i;
  th_sort(ids, texts, w->spare, text_less, w);
  for (uint32_t i = 0; i < texts; i++)
    w->text_rank[ids[i]] = i;
  memset(ids, 0, texts * sizeof *ids);
  for (uint32_t i = 0; i < graph->function_count; i++)
    w->order[i] = i;
  th_sort(w->order, graph->function_count, w->spare, function_less, w);
  for (uint32_t i = 0; i < graph->function_count; i++)
    w->function_rank[w->order[i]] = i;
  sort_rows(w, &graph->costs, w->costs, w->cost_start, cost_less);
  sort_rows(w, &graph->edges, w->edges, w->edge_start, edge_less);
  if (graph->source_count)
    memcpy(w->sources, graph->sources, graph->source_count * sizeof *w->sources);
  th_sort(w->sources, graph->source_count, w->spare, text_less, w);
}

/* ---- lines ---- */

static void put_header_line(struct writer *w, const char *key, const char *bytes, size_t n) {
  put_string(w, key);
  put(w, bytes, n);
  put_string(w, "\n");
}

static void put_facts(struct writer *w) {
  static const char *const keys[TH_FACTS] = {"pid: ", "cmd: ", "part: ", "thread: ", "desc: "};
  const theseus_graph *graph = w->graph;

  for (int i = 0; i < TH_FACTS; i++) {
    if (graph->facts[i] == TH_NONE)
      continue;
    const char *line = th_strings_get(&graph->strings, graph->facts[i]);
    for (size_t n = strcspn(line, "\n");; n = strcspn(line, "\n")) { /* only a description has several lines */
      put_header_line(w, keys[i], line, n);
      if (!line[n])
        break;
      line += n + 1;
    }
  }
  if (graph->sources_told || graph->source_count > 1)
    for (uint32_t i = 0; i < graph->source_count; i++) {
      const struct th_text *source = &graph->strings.texts[w->sources[i]];
      put_header_line(w, "desc: Source: ", source->bytes, source->length);
    }
}

static void put_events(struct writer *w) {
  const theseus_graph *graph = w->graph;

  for (uint32_t i = 0; i < graph->event_count; i++) {
    const struct th_graph_event *event = &graph->events[i];
    if (event->long_name == graph->empty && event->unit == graph->empty)
      continue;
    put_string(w, "event: ");
    put_text(w, event->name);
    put_string(w, " : ");
    put_text(w, event->long_name != graph->empty ? event->long_name : event->name);
    if (event->unit != graph->empty) {
      put_string(w, " [");
      put_text(w, event->unit);
      put_string(w, "]");
    }
    put_string(w, "\n");
  }
  for (uint32_t i = 0; i < graph->formula_count; i++) {
    put_string(w, "event: ");
    put_text(w, graph->formulas[i].text);
    put_string(w, "\n");
  }
  put_string(w, "events:");
  for (uint32_t i = 0; i < graph->event_count; i++) {
    put_string(w, " ");
    put_text(w, graph->events[i].name);
  }
  put_string(w, "\n");
}

static void put_totals(struct writer *w, const char *key) {
  put_string(w, key);
  for (uint32_t i = 0; i < w->graph->event_count; i++)
    put_number(w, ' ', w->totals[i], 10);
  put_string(w, "\n");
}

static void put_header(struct writer *w) {
  put_string(w, "# callgrind format\nversion: 1\ncreator: libtheseus-" THESEUS_VERSION "\n");
  put_facts(w);
  put_string(w, w->graph->positions == THESEUS_ADDRESSES                     ? "positions: instr\n"
                : w->graph->positions == (THESEUS_ADDRESSES | THESEUS_LINES) ? "positions: instr line\n"
                                                                             : "positions: line\n");
  put_events(w);
  put_totals(w, "summary:");
}

/* Address, line or both, after `first`. */
static void put_position(struct writer *w, char first, uint64_t address, uint64_t line) {
  uint32_t positions = w->graph->positions;
  if (positions & THESEUS_ADDRESSES)
    put_number(w, first, address, 16);
  if (positions != THESEUS_ADDRESSES)
    put_number(w, positions & THESEUS_ADDRESSES ? ' ' : first, line, 10);
}

static void put_values(struct writer *w, const uint64_t *values) {
  for (uint32_t i = 0; i < w->graph->event_count; i++)
    put_number(w, ' ', values[i], 10);
  put_string(w, "\n");
}

static void put_cost(struct writer *w, uint32_t row) {
  const th_row *key = &w->graph->costs.keys[row];
  put_position(w, '\0', key->address, key->line);
  put_values(w, th_rows_values(&w->graph->costs, row));
}

static void put_edge(struct writer *w, uint32_t row) {
  const theseus_graph *graph = w->graph;
  const th_row *key = &graph->edges.keys[row];
  const struct th_graph_function *callee = &graph->functions[key->callee];
  const uint64_t *values = th_rows_values(&graph->edges, row);

  if (callee->object != graph->functions[key->function].object)
    put_name(w, "cob=", &w->objects, callee->object, callee->object);
  put_name(w, "cfi=", &w->files, callee->file, callee->file);
  put_name(w, "cfn=", &w->functions, key->callee, callee->name);
  put_string(w, "calls=");
  put_number(w, '\0', values[TH_EDGE_COUNT], 10);
  put_position(w, ' ', values[TH_EDGE_ADDRESS], values[TH_EDGE_LINE]);
  put_string(w, "\n");
  put_position(w, '\0', key->address, key->line);
  put_values(w, values + TH_EDGE_EVENTS);
}

/* The function's rows, file by file: costs, then calls. */
static void put_function(struct writer *w, uint32_t rank, uint32_t *object) {
  const theseus_graph *graph = w->graph;
  uint32_t id = w->order[rank];
  const struct th_graph_function *function = &graph->functions[id];
  uint32_t cost = w->cost_start[rank], cost_end = w->cost_start[rank + 1];
  uint32_t edge = w->edge_start[rank], edge_end = w->edge_start[rank + 1];
  uint32_t file = function->file;

  if (cost == cost_end && edge == edge_end)
    return;
  put_string(w, "\n");
  if (function->object != *object)
    put_name(w, "ob=", &w->objects, function->object, function->object);
  *object = function->object;
  put_name(w, "fl=", &w->files, file, file);
  put_name(w, "fn=", &w->functions, id, function->name);
  while (cost < cost_end || edge < edge_end) {
    const th_row *next = cost < cost_end ? &graph->costs.keys[w->costs[cost]] : NULL;
    const th_row *call = edge < edge_end ? &graph->edges.keys[w->edges[edge]] : NULL;
    bool costs = next && (!call || call->file == next->file || row_less(w, next, call));
    uint32_t in = costs ? next->file : call ? call->file : file;
    if (in != file)
      put_name(w, "fi=", &w->files, in, in);
    file = in;
    while (cost < cost_end && graph->costs.keys[w->costs[cost]].file == file)
      put_cost(w, w->costs[cost++]);
    while (edge < edge_end && graph->edges.keys[w->edges[edge]].file == file)
      put_edge(w, w->edges[edge++]);
  }
}

static int sum_up(struct writer *w) {
  const th_rows *costs = &w->graph->costs;
  for (uint32_t row = 0; row < costs->count; row++)
    for (uint32_t i = 0; i < costs->stride; i++)
      if (!th_add(&w->totals[i], th_rows_values(costs, row)[i]))
        return THESEUS_EOVERFLOW;
  return THESEUS_OK;
}

static int write_all(struct writer *w) {
  int status = sum_up(w);
  if (status)
    return status;
  sort_all(w);
  put_header(w);
  uint32_t object = w->graph->empty;
  for (uint32_t rank = 0; rank < w->graph->function_count && !w->failed; rank++)
    put_function(w, rank, &object);
  put_totals(w, "\ntotals:");
  flush(w);
  return w->failed ? THESEUS_EIO : THESEUS_OK;
}

static uint32_t *carve(uint32_t **from, size_t n) {
  uint32_t *part = *from;
  *from += n;
  return part;
}

int theseus_callgrind_write(const theseus_graph *graph, const theseus_sink *sink) {
  th_alloc alloc; /* its own: the graph is const, and others may be reading it */
  if (!graph || !sink || !sink->write || th_alloc_init(&alloc, &graph->alloc.user))
    return THESEUS_EINVAL;
  if (graph->alloc.limit != UINT64_MAX)
    alloc.limit = graph->alloc.limit - graph->alloc.used;
  size_t texts = graph->strings.count, functions = graph->function_count;
  size_t costs = graph->costs.count, edges = graph->edges.count, sources = graph->source_count;
  size_t spare = texts > functions ? texts : functions;
  spare = spare > costs ? spare : costs;
  spare = spare > edges ? spare : edges;
  spare = spare > sources ? spare : sources;
  size_t n = 3 * texts + 3 * functions + costs + edges + sources + 2 * (functions + 1) + spare;
  size_t events = graph->event_count + (size_t)1;

  struct writer *w;
  uint32_t *numbers = NULL;
  uint64_t *totals = NULL;
  int status = THESEUS_OK;
  if (!(w = th_alloc_zeroed(&alloc, 1, sizeof *w)) || !(numbers = th_alloc_zeroed(&alloc, n, sizeof *numbers)) ||
      !(totals = th_alloc_zeroed(&alloc, events, sizeof *totals))) {
    status = th_alloc_why(&alloc);
  } else {
    uint32_t *rest = numbers;
    w->graph = graph;
    w->sink = sink;
    w->totals = totals;
    w->files.numbers = carve(&rest, texts);
    w->objects.numbers = carve(&rest, texts);
    w->text_rank = carve(&rest, texts);
    w->functions.numbers = carve(&rest, functions);
    w->function_rank = carve(&rest, functions);
    w->order = carve(&rest, functions);
    w->costs = carve(&rest, costs);
    w->edges = carve(&rest, edges);
    w->sources = carve(&rest, sources);
    w->cost_start = carve(&rest, functions + 1);
    w->edge_start = carve(&rest, functions + 1);
    w->spare = rest;
    status = write_all(w);
  }
  th_alloc_free(&alloc, totals, events, sizeof *totals);
  th_alloc_free(&alloc, numbers, n, sizeof *numbers);
  th_alloc_free(&alloc, w, 1, sizeof *w);
  return status;
}
