/* SPDX-License-Identifier: ISC */
/* write - writes a graph as callgrind, in a form that KCachegrind, callgrind_annotate, gprof2dot and speedscope all
 * read correctly. */
#include "base/digits.h"
#include "base/output.h"
#include "base/version.h"
#include "callgrind/order.h"

#include <string.h>

enum { NUMBER = 24 /* the most bytes of a number, with what surrounds it */ };

/* A table of compressed names.  A name gets its number when it is first mentioned. */
struct names {
  uint32_t *numbers; /* 0: not yet */
  uint32_t last;
};

struct writer {
  const theseus_graph *graph;
  th_output output;
  struct th_order order;
  struct names files, objects; /* by text */
  struct names functions;      /* by function */
  uint64_t *totals;            /* by event */
  size_t number_count, total_count;
};

/* ---- bytes ---- */

static void put_string(struct writer *w, const char *string) { th_output_bytes(&w->output, string, strlen(string)); }

static void put_text(struct writer *w, uint32_t id) {
  const struct th_text *text = &w->graph->strings.texts[id];
  th_output_bytes(&w->output, text->bytes, text->length);
}

static char *decimal(char *at, uint64_t number) {
  if (number >= 10)
    return at + th_decimal(number, at);
  *at = (char)('0' + number);
  return at + 1;
}

static char *hexadecimal(char *at, uint64_t number) {
  *at++ = '0';
  *at++ = 'x';
  for (unsigned shift = 64 - th_zeros_above(number | 1) / 4 * 4; shift > 0;) {
    shift -= 4;
    *at++ = "0123456789abcdef"[number >> shift & 15];
  }
  return at;
}

static void put_decimal(struct writer *w, char first, uint64_t number) {
  char *at = th_output_room(&w->output, NUMBER);
  *at++ = first;
  th_output_until(&w->output, decimal(at, number));
}

/* Writes `key=(id) text`, with the text only at the first mention.  An empty text has no id. */
static void put_name(struct writer *w, const char *key, struct names *names, uint32_t index, uint32_t text) {
  put_string(w, key);
  if (text != w->graph->empty) {
    bool first = !names->numbers[index];
    if (first)
      names->numbers[index] = ++names->last;
    put_decimal(w, '(', names->numbers[index]);
    th_output_byte(&w->output, ')');
    if (first) {
      th_output_byte(&w->output, ' ');
      put_text(w, text);
    }
  }
  th_output_byte(&w->output, '\n');
}

/* ---- lines ---- */

static void put_header_line(struct writer *w, const char *key, const char *bytes, size_t n) {
  put_string(w, key);
  th_output_bytes(&w->output, bytes, n);
  th_output_byte(&w->output, '\n');
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
      const struct th_text *source = &graph->strings.texts[w->order.sources[i]];
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
      th_output_byte(&w->output, ']');
    }
    th_output_byte(&w->output, '\n');
  }
  for (uint32_t i = 0; i < graph->formula_count; i++) {
    if (graph->formulas[i].text == TH_NONE)
      continue;
    put_string(w, "event: ");
    put_text(w, graph->formulas[i].text);
    th_output_byte(&w->output, '\n');
  }
  put_string(w, "events:");
  for (uint32_t i = 0; i < graph->event_count; i++) {
    th_output_byte(&w->output, ' ');
    put_text(w, graph->events[i].name);
  }
  th_output_byte(&w->output, '\n');
}

static void put_totals(struct writer *w, const char *key) {
  put_string(w, key);
  for (uint32_t i = 0; i < w->graph->event_count; i++)
    put_decimal(w, ' ', w->totals[i]);
  th_output_byte(&w->output, '\n');
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

/* Writes an address, a line or both to `at`, which has room. */
static char *position(const struct writer *w, char *at, uint64_t address, uint32_t line) {
  uint32_t positions = w->graph->positions;
  if (positions & THESEUS_ADDRESSES)
    at = hexadecimal(at, address);
  if (positions == THESEUS_ADDRESSES)
    return at;
  if (positions & THESEUS_ADDRESSES)
    *at++ = ' ';
  return decimal(at, line);
}

/* Writes the position and the values of a row. */
static void put_row(struct writer *w, const uint64_t *cells, const th_place *place, const uint64_t *values) {
  uint32_t events = w->graph->event_count;
  char *at = position(w, th_output_room(&w->output, 4 * NUMBER), th_cells_address(cells, place), th_cells_line(cells));
  for (uint32_t i = 0; i < events; i++) {
    if (i) {
      th_output_until(&w->output, at);
      at = th_output_room(&w->output, 2 * NUMBER);
    }
    *at++ = ' ';
    at = decimal(at, values[i]);
  }
  *at++ = '\n';
  th_output_until(&w->output, at);
}

static void put_cost(struct writer *w, uint32_t row) {
  const uint64_t *cells = th_rows_cells(&w->graph->costs, row);
  put_row(w, cells, th_rows_place_of(&w->graph->costs, row), cells + TH_ROW_VALUES);
}

static void put_edge(struct writer *w, uint32_t row) {
  const theseus_graph *graph = w->graph;
  const uint64_t *cells = th_rows_cells(&graph->edges, row), *values = cells + TH_ROW_VALUES;
  const th_place *place = th_rows_place_of(&graph->edges, row);
  const struct th_graph_function *callee = &graph->functions[place->callee];

  if (callee->object != graph->functions[place->function].object)
    put_name(w, "cob=", &w->objects, callee->object, callee->object);
  put_name(w, "cfi=", &w->files, callee->file, callee->file);
  put_name(w, "cfn=", &w->functions, place->callee, callee->name);
  put_string(w, "calls=");
  char *at = decimal(th_output_room(&w->output, 4 * NUMBER), values[TH_EDGE_COUNT]);
  *at++ = ' ';
  at = position(w, at, values[TH_EDGE_ADDRESS], (uint32_t)values[TH_EDGE_LINE]);
  *at++ = '\n';
  th_output_until(&w->output, at);
  put_row(w, cells, place, values + TH_EDGE_EVENTS);
}

/* Writes the rows of a function, file by file: costs, then calls. */
static void put_function(struct writer *w, uint32_t rank, uint32_t *object) {
  const theseus_graph *graph = w->graph;
  const struct th_order *order = &w->order;
  uint32_t id = order->functions[rank];
  const struct th_graph_function *function = &graph->functions[id];
  const uint32_t *cost = order->costs + order->cost_start[rank];
  const uint32_t *cost_end = order->costs + order->cost_start[rank + 1];
  const uint32_t *edge = order->edges + order->edge_start[rank];
  const uint32_t *edge_end = order->edges + order->edge_start[rank + 1];
  uint32_t file = function->file;

  if (cost == cost_end && edge == edge_end)
    return;
  th_output_byte(&w->output, '\n');
  if (function->object != *object)
    put_name(w, "ob=", &w->objects, function->object, function->object);
  *object = function->object;
  put_name(w, "fl=", &w->files, file, file);
  put_name(w, "fn=", &w->functions, id, function->name);
  while (cost < cost_end || edge < edge_end) {
    bool costs = edge == edge_end || (cost < cost_end && th_order_cost_first(order, *cost, *edge));
    uint32_t in = costs ? th_rows_place_of(&graph->costs, *cost)->file : th_rows_place_of(&graph->edges, *edge)->file;
    if (in != file)
      put_name(w, "fi=", &w->files, in, in);
    file = in;
    while (cost < cost_end && th_rows_place_of(&graph->costs, *cost)->file == file)
      put_cost(w, *cost++);
    while (edge < edge_end && th_rows_place_of(&graph->edges, *edge)->file == file)
      put_edge(w, *edge++);
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

static void put_all(struct writer *w) {
  put_header(w);
  uint32_t object = w->graph->empty;
  for (uint32_t rank = 0; rank < w->graph->function_count && !w->output.status; rank++)
    put_function(w, rank, &object);
  put_totals(w, "\ntotals:");
}

/* Allocates the tables of the writer.  The caller frees them, also after a failure. */
static int prepare(struct writer *w, th_alloc *alloc) {
  const theseus_graph *graph = w->graph;
  size_t texts = graph->strings.count;
  w->number_count = 2 * texts + graph->function_count;
  w->total_count = graph->event_count + (size_t)1;
  if (!(w->files.numbers = th_alloc_zeroed(alloc, w->number_count, sizeof *w->files.numbers)) ||
      !(w->totals = th_alloc_zeroed(alloc, w->total_count, sizeof *w->totals)))
    return th_alloc_why(alloc);
  w->objects.numbers = w->files.numbers + texts;
  w->functions.numbers = w->objects.numbers + texts;
  int status = sum_up(w);
  return status ? status : th_order_init(alloc, graph, &w->order);
}

int theseus_callgrind_write(const theseus_graph *graph, const theseus_sink *sink) {
  th_alloc alloc; /* its own: the graph is const, and other threads may read it */
  struct writer w = {.graph = graph};

  if (!graph || th_alloc_init(&alloc, &graph->alloc.user, 0))
    return THESEUS_EINVAL;
  if (graph->alloc.limit != UINT64_MAX)
    alloc.limit = graph->alloc.limit - graph->alloc.used;
  int status = th_output_init(&w.output, &alloc, sink);
  if (!status)
    status = prepare(&w, &alloc);
  if (!status)
    put_all(&w);
  status = th_output_end(&w.output, &alloc, status);
  th_order_free(&alloc, &w.order);
  th_alloc_free(&alloc, w.totals, w.total_count, sizeof *w.totals);
  th_alloc_free(&alloc, w.files.numbers, w.number_count, sizeof *w.files.numbers);
  return status;
}
