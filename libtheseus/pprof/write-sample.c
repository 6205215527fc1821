/* SPDX-License-Identifier: ISC */
#include "pprof/write-sample.h"
#include "pprof/write-locations.h"

enum {
  LOCATION_SIZE = 5, /* the most bytes of the id of a location */
  LABEL_SIZE = 2 + 3 * (1 + LOCATION_SIZE) + 1 + TH_VARINT
};

/* The most labels that a set of the profile has. */
static uint32_t most_labels(const theseus_profile *profile) {
  const th_labels *labels = &profile->labels;
  uint32_t most = 0;
  for (uint32_t i = 0; i < labels->count; i++)
    most = labels->sets[i].count > most ? labels->sets[i].count : most;
  return most;
}

int th_pprof_sample_init(th_pprof_writer *writer) {
  const th_stacks *stacks = &writer->profile->stacks;
  struct th_pprof_sample *sample = &writer->sample;
  th_alloc *alloc = &writer->alloc;
  uint32_t deepest = 0;

  for (uint32_t i = 0; i < stacks->count; i++)
    deepest = stacks->items[i].depth > deepest ? stacks->items[i].depth : deepest;
  sample->path_room = deepest + 1;
  sample->room = sample->path_room * LOCATION_SIZE;
  writer->label_room = TH_MAX_LABELS + most_labels(writer->profile);
  sample->tail_room = 2 * TH_VARINT + writer->types * TH_VARINT + writer->label_room * LABEL_SIZE;
  sample->values = th_alloc_zeroed(alloc, writer->types, sizeof *sample->values);
  if (sample->values)
    sample->path = th_alloc_zeroed(alloc, sample->path_room, sizeof *sample->path);
  if (sample->path)
    sample->bytes = th_alloc_zeroed(alloc, sample->room, 1);
  if (sample->bytes)
    writer->labels = th_alloc_zeroed(alloc, writer->label_room, sizeof *writer->labels);
  if (writer->labels)
    sample->tail = th_alloc_zeroed(alloc, sample->tail_room, 1);
  return sample->tail ? THESEUS_OK : th_alloc_why(alloc);
}

/* Turns the path to another stack, from the first frame that differs.  Locations get their ids in the order of the
 * sample: leaf first. */
static void turn_to(th_pprof_writer *writer, uint32_t stack) {
  const struct th_stack *stacks = writer->profile->stacks.items;
  struct th_pprof_sample *sample = &writer->sample;
  uint32_t depth = stacks[stack].depth, shared = depth;

  for (uint32_t s = stack; shared && (shared > sample->depth || sample->path[shared].stack != s); shared--) {
    uint32_t parent = stacks[s].parent;
    /* Until the next loop, `size` holds the id of the location. */
    sample->path[shared] = (struct th_pprof_above){s, 0};
    if (parent != THESEUS_ROOT)
      sample->path[shared].size = th_pprof_location(writer, stacks[parent].function, stacks[s].call_line);
    s = parent;
  }
  for (uint32_t d = shared + 1; d <= depth; d++) {
    uint32_t id = sample->path[d].size, size = sample->path[d - 1].size;
    if (d > 1) {
      size += th_wire_size(id);
      (void)th_wire_put(sample->bytes + sample->room - size, id);
    }
    sample->path[d].size = size;
  }
  sample->depth = depth;
}

static uint32_t put_label(unsigned char *at, const struct th_pprof_label *label) {
  const uint64_t fields[] = {label->key, label->string, label->number, label->unit};
  unsigned char *begin = at;
  at += 2;
  for (uint32_t i = 0; i < 4; i++)
    if (fields[i]) {
      *at++ = (unsigned char)((TH_LABEL_KEY + i) << 3);
      at += th_wire_put(at, fields[i]);
    }
  begin[0] = TH_SAMPLE_LABEL << 3 | TH_WIRE_BLOCK;
  begin[1] = (unsigned char)(at - begin - 2); /* one byte, as LABEL_SIZE is below 128 */
  return (uint32_t)(at - begin);
}

/* Puts values, which become 0, and labels into the tail.  Returns its size. */
static uint32_t put_tail(th_pprof_writer *writer, const struct th_pprof_label *labels, uint32_t n) {
  uint64_t *values = writer->sample.values;
  unsigned char *tail = writer->sample.tail, *at = tail;
  uint32_t size = 0;

  for (uint32_t i = 0; i < writer->types; i++)
    size += th_wire_size(values[i]);
  *at++ = TH_SAMPLE_VALUE << 3 | TH_WIRE_BLOCK;
  at += th_wire_put(at, size);
  for (uint32_t i = 0; i < writer->types; i++) {
    at += th_wire_put(at, values[i]);
    values[i] = 0;
  }
  for (uint32_t i = 0; i < n; i++)
    at += put_label(at, &labels[i]);
  return (uint32_t)(at - tail);
}

/* Makes leaf_location and the path those of a stack at a line. */
static void go_to(th_pprof_writer *writer, uint32_t stack, uint32_t line) {
  struct th_pprof_sample *sample = &writer->sample;
  if (stack != sample->leaf || line != sample->leaf_line)
    sample->leaf_location = th_pprof_location(writer, writer->profile->stacks.items[stack].function, line);
  if (stack != sample->leaf)
    turn_to(writer, stack);
  sample->leaf = stack;
  sample->leaf_line = line;
}

void th_pprof_sample_send(th_pprof_writer *writer, uint32_t stack, uint32_t line, const struct th_pprof_label *labels,
                          uint32_t n) {
  struct th_pprof_sample *sample = &writer->sample;
  unsigned char head[5 * TH_VARINT], *at = head;
  uint32_t above = 0, locations = 0, before = 0;
  bool any = false;

  for (uint32_t i = 0; i < writer->types; i++)
    any = any || sample->values[i];
  if (!any)
    return;
  if (stack != THESEUS_ROOT) {
    go_to(writer, stack, line);
    above = sample->path[sample->depth].size;
    locations = th_wire_size(sample->leaf_location) + above;
    before = 1 + th_wire_size(locations) + locations;
  }
  uint32_t tail = put_tail(writer, labels, n);
  *at++ = TH_PROFILE_SAMPLE << 3 | TH_WIRE_BLOCK;
  at += th_wire_put(at, (uint64_t)before + tail);
  if (stack != THESEUS_ROOT) {
    *at++ = TH_SAMPLE_LOCATION << 3 | TH_WIRE_BLOCK;
    at += th_wire_put(at, locations);
    at += th_wire_put(at, sample->leaf_location);
  }
  th_output_bytes(&writer->output, (const char *)head, (size_t)(at - head));
  th_output_bytes(&writer->output, (const char *)sample->bytes + sample->room - above, above);
  th_output_bytes(&writer->output, (const char *)sample->tail, tail);
}

void th_pprof_sample_release(th_pprof_writer *writer) {
  struct th_pprof_sample *sample = &writer->sample;
  th_alloc *alloc = &writer->alloc;
  th_alloc_free(alloc, writer->labels, writer->label_room, sizeof *writer->labels);
  th_alloc_free(alloc, sample->values, writer->types, sizeof *sample->values);
  th_alloc_free(alloc, sample->path, sample->path_room, sizeof *sample->path);
  th_alloc_free(alloc, sample->bytes, sample->room, 1);
  th_alloc_free(alloc, sample->tail, sample->tail_room, 1);
}
