/* SPDX-License-Identifier: ISC */
#include "pprof/write-cells.h"
#include "base/sort.h"
#include "base/text.h"
#include "pprof/write-labels.h"

#include <string.h>

static uint32_t line_of(const struct th_cell_key *key) {
  return key->stack == THESEUS_ROOT ? 0 : key->line; /* the root has no location */
}

/* The order of the cells of one stack.  Cells of which neither is less belong to one sample. */
static bool cell_less(const void *owner, uint32_t a, uint32_t b) {
  const th_pprof_writer *writer = owner;
  const struct th_cell_key *x = &writer->profile->cells.items[a].key, *y = &writer->profile->cells.items[b].key;
  if (line_of(x) != line_of(y))
    return line_of(x) < line_of(y);
  if (x->detached != y->detached)
    return x->detached < y->detached;
  if (x->detached && x->head != y->head)
    return writer->stacks.positions[x->head] < writer->stacks.positions[y->head];
  return x->labels != y->labels && th_pprof_labels_rank(writer, x->labels) < th_pprof_labels_rank(writer, y->labels);
}

int th_pprof_cells_sort(th_pprof_writer *writer) {
  const th_cells *cells = &writer->profile->cells;
  const uint32_t *positions = writer->stacks.positions;
  uint32_t n = writer->stacks.count, from = 0;

  if (!cells->count)
    return THESEUS_OK;
  uint32_t *ends = th_alloc_zeroed(&writer->alloc, n + (size_t)1, sizeof *ends);
  writer->cell_ends = ends;
  if (ends)
    writer->cells = th_alloc_zeroed(&writer->alloc, cells->count, 2 * sizeof *writer->cells);
  if (!writer->cells)
    return th_alloc_why(&writer->alloc);
  for (uint32_t i = 0; i < cells->count; i++)
    ends[positions[cells->items[i].key.stack] + 1]++;
  for (uint32_t i = 1; i <= n; i++)
    ends[i] += ends[i - 1];
  for (uint32_t i = 0; i < cells->count; i++) /* ends[p] grows from the begin of p to its end */
    writer->cells[ends[positions[cells->items[i].key.stack]]++] = i;
  for (uint32_t i = 0; i < n; from = ends[i++])
    if (ends[i] - from > 1)
      th_sort(writer->cells + from, ends[i] - from, writer->cells + cells->count, cell_less, writer);
  return THESEUS_OK;
}

/* Returns the number of a text that lists the frames of a head above those that it shares with a stack, lowest first:
 * call line, first line, name and file, each on a line of its own.  Without a file the line is `ob=` and the object. */
static uint32_t head_path(th_pprof_writer *writer, uint32_t head, uint32_t shared) {
  const struct th_stack *stacks = writer->profile->stacks.items;
  th_wire *path = &writer->part; /* used as a buffer of bytes */
  uint32_t id = 0;

  uint32_t length = stacks[head].depth - stacks[shared].depth;
  int status = th_alloc_grow(&writer->alloc, &writer->path, &writer->path_capacity, length, sizeof *writer->path);
  th_pprof_note(writer, status);
  if (status)
    return 0;
  for (uint32_t s = head, i = length; i-- > 0; s = stacks[s].parent)
    writer->path[i] = s;
  for (uint32_t frame = 0; frame < length; frame++) {
    uint32_t s = writer->path[frame];
    const struct th_function *function = &writer->profile->functions.items[stacks[s].function];
    const uint64_t numbers[] = {stacks[s].call_line, function->first_line};
    bool in_object = function->object != TH_NONE && !writer->profile->strings.texts[function->file].length;
    const char *texts[] = {th_strings_get(&writer->profile->strings, function->name),
                           th_strings_get(&writer->profile->strings, in_object ? function->object : function->file)};
    for (uint32_t i = 0; i < 4; i++) {
      size_t n = i < 2 ? TH_DIGITS : strlen(texts[i - 2]);
      uint32_t prefix = i == 3 && in_object ? sizeof TH_WORD_OBJECT - 1 : 0;
      status = th_wire_reserve(path, &writer->alloc, prefix + 4 * (uint64_t)n + 1);
      th_pprof_note(writer, status);
      if (status)
        return 0;
      memcpy(path->bytes + path->used, TH_WORD_OBJECT, prefix);
      path->used += prefix;
      char *at = (char *)path->bytes + path->used;
      n = i < 2 ? th_decimal(numbers[i], at) : th_text_clean(texts[i - 2], n, at);
      path->used += (uint32_t)n;
      path->bytes[path->used++] = '\n';
    }
  }
  th_pprof_note(writer,
                th_strings_intern(&writer->strings, &writer->alloc, (const char *)path->bytes, path->used, &id));
  path->used = 0;
  return id;
}

static uint32_t put_detached(th_pprof_writer *writer, uint32_t head, uint32_t stack, struct th_pprof_label *labels) {
  const struct th_stack *stacks = writer->profile->stacks.items;
  uint32_t shared = head, other = stack, n = 0;

  while (stacks[other].depth > stacks[shared].depth)
    other = stacks[other].parent;
  while (shared != other) {
    if (stacks[shared].depth == stacks[other].depth)
      other = stacks[other].parent;
    shared = stacks[shared].parent;
  }
  uint32_t function = stacks[head].function;
  const char *name = TH_WORD_ROOT_HEAD;
  if (head != THESEUS_ROOT)
    name = th_strings_get(&writer->profile->strings, writer->profile->functions.items[function].name);
  labels[n++] = (struct th_pprof_label){.key = writer->detached, .string = th_pprof_text(writer, name)};
  if (shared != head)
    labels[n++] = (struct th_pprof_label){.key = writer->head_path, .string = head_path(writer, head, shared)};
  labels[n++] = (struct th_pprof_label){writer->head, 0, stacks[shared].depth, writer->head_unit};
  return n;
}

void th_pprof_cells_release(th_pprof_writer *writer) {
  th_alloc *alloc = &writer->alloc;
  th_alloc_free(alloc, writer->cell_ends, writer->stacks.count + (size_t)1, sizeof *writer->cell_ends);
  th_alloc_free(alloc, writer->cells, writer->profile->cells.count, 2 * sizeof *writer->cells);
  th_alloc_free(alloc, writer->path, writer->path_capacity, sizeof *writer->path);
}

/* Adds the value of a cell to the sample, or subtracts it. */
static void add_value(th_pprof_writer *writer, const struct th_cell_key *key, uint64_t amount) {
  uint64_t *sum =
      &writer->sample
           .values[key->event ? th_pprof_host_type(writer) + key->event - THESEUS_EVENTS : (uint32_t)TH_TYPE_WAIT];
  uint64_t before = *sum;

  *sum = key->negative ? before - amount : before + amount;
  /* The sign of a sum that fits changes only if the signs of its parts differ. */
  if (amount > INT64_MAX || ((before > INT64_MAX) == (bool)key->negative && (*sum > INT64_MAX) != (before > INT64_MAX)))
    th_pprof_note(writer, THESEUS_EOVERFLOW);
}

void th_pprof_cells_send(th_pprof_writer *writer, uint32_t position) {
  if (!writer->cell_ends)
    return;
  const th_cells *cells = &writer->profile->cells;
  uint32_t next = position ? writer->cell_ends[position - 1] : 0, end = writer->cell_ends[position];

  while (next < end) {
    uint32_t first = writer->cells[next];
    struct th_cell_key key = cells->items[first].key;
    for (; next < end && !cell_less(writer, first, writer->cells[next]); next++) {
      const struct th_cell *cell = &cells->items[writer->cells[next]];
      add_value(writer, &cell->key, th_fixed_round(cell->value));
    }
    uint32_t n = key.detached ? put_detached(writer, key.head, key.stack, writer->labels) : 0;
    n = th_pprof_labels_put(writer, key.labels, writer->labels, n);
    th_pprof_sample_send(writer, key.stack, key.line, writer->labels, n);
  }
}
