/* SPDX-License-Identifier: ISC */
/* Writes a profile as a pprof one.  Samples go to the sink as they come; the tables that they refer to follow. */
#include "output.h"
#include "pprof.h"
#include "preorder.h"
#include "sort.h"
#include "text.h"
#include "wire.h"

#include <string.h>

struct writer {
  const theseus_profile *profile;
  uint32_t detail;
  th_alloc alloc; /* a copy, as the profile is const */
  th_output output;
  th_preorder stacks;
  th_strings strings;
  uint32_t latency, nanoseconds, outcome, detached, head, head_unit, head_path, outcomes[OUTCOMES]; /* texts */
  th_stacks locations; /* a frame on the root, its line as that of the call: a number from 1, as a location's id is */
  uint32_t *callers;   /* by stack: the location from which it was called; 0: not looked up */
  uint32_t *functions; /* by function: its id; 0: not mentioned */
  uint32_t *mentioned; /* functions, by id - 1 */
  uint32_t function_count;
  uint32_t *cells;  /* in the order of the samples, twice the room: for the sort too */
  uint64_t *values; /* of a sample */
  uint32_t types;
  struct th_bucket *marks; /* one stack's histogram */
  uint32_t mark_count, marks_capacity;
  uint32_t *order; /* of the marks, twice the room */
  uint32_t order_capacity;
  uint32_t *path; /* the stacks that a head has above what it shares */
  uint32_t path_capacity;
  th_wire message, part;

  /* The stack of the last sample, which mostly is the next one's too; the root: there has been none. */
  uint32_t leaf, leaf_line, leaf_location;
  th_wire above; /* the locations above the leaf */
};

/* The first failure is kept, with the output's own, and what comes after it is not sent. */
static void note(struct writer *writer, int status) {
  if (!writer->output.status)
    writer->output.status = status;
}

/* ---- texts ---- */

static uint32_t intern(struct writer *writer, const char *text) {
  uint32_t id = 0;
  note(writer, th_strings_intern_clean(&writer->strings, &writer->alloc, text, strlen(text), &id));
  return id;
}

static void intern_words(struct writer *writer) {
  static const char *const outcomes[] = OUTCOME_NAMES;

  intern(writer, ""); /* the first of the table */
  writer->latency = intern(writer, LATENCY);
  writer->nanoseconds = intern(writer, NANOSECONDS);
  writer->outcome = intern(writer, OUTCOME);
  writer->detached = intern(writer, DETACHED);
  writer->head = intern(writer, HEAD);
  writer->head_unit = intern(writer, HEAD_UNIT);
  writer->head_path = intern(writer, HEAD_PATH);
  for (uint32_t i = 0; i < OUTCOMES; i++)
    writer->outcomes[i] = intern(writer, outcomes[i]);
}

/* ---- messages ---- */

/* Sends the message as a field of the profile, and empties it. */
static void send(struct writer *writer, uint32_t field) {
  unsigned char head[2 * TH_VARINT];
  uint32_t n = th_wire_put(head, field << 3 | 2);
  n += th_wire_put(head + n, writer->message.used);
  th_output_bytes(&writer->output, (const char *)head, n);
  th_output_bytes(&writer->output, (const char *)writer->message.bytes, writer->message.used);
  writer->message.used = 0;
}

static void send_number(struct writer *writer, uint32_t field, uint64_t number) {
  unsigned char bytes[2 * TH_VARINT];
  uint32_t n = th_wire_put(bytes, field << 3);
  n += th_wire_put(bytes + n, number);
  if (number > INT64_MAX)
    note(writer, THESEUS_EOVERFLOW);
  if (number)
    th_output_bytes(&writer->output, (const char *)bytes, n);
}

static void put_field(struct writer *writer, th_wire *wire, uint32_t field, uint64_t number) {
  note(writer, th_wire_field(wire, &writer->alloc, field, number));
}

/* Makes what is in `part` a field of the message, and empties it. */
static void put_part(struct writer *writer, uint32_t field) {
  note(writer, th_wire_block(&writer->message, &writer->alloc, field, writer->part.bytes, writer->part.used));
  writer->part.used = 0;
}

static void send_value_type(struct writer *writer, uint32_t field, const char *type, const char *unit) {
  put_field(writer, &writer->message, VALUE_TYPE, intern(writer, type));
  put_field(writer, &writer->message, VALUE_UNIT, intern(writer, unit));
  send(writer, field);
}

/* ---- samples ---- */

static uint32_t location(struct writer *writer, uint32_t function, uint32_t line) {
  uint32_t id = 0;
  note(writer, th_stacks_push(&writer->locations, &writer->alloc, THESEUS_ROOT, function, line, &id));
  return id;
}

static void put_above(struct writer *writer, uint32_t stack) {
  const struct th_stack *stacks = writer->profile->stacks.items;
  th_wire *above = &writer->above;
  int status = th_wire_reserve(above, &writer->alloc, (uint64_t)stacks[stack].depth * TH_VARINT);

  note(writer, status);
  above->used = 0;
  if (status)
    return;
  for (uint32_t s = stack, parent; (parent = stacks[s].parent) != THESEUS_ROOT; s = parent) {
    uint32_t *caller = &writer->callers[s];
    if (!*caller)
      *caller = location(writer, stacks[parent].function, stacks[s].call_line);
    above->used += th_wire_put(above->bytes + above->used, *caller);
  }
}

static void put_stack(struct writer *writer, uint32_t stack, uint32_t line) {
  if (stack == THESEUS_ROOT)
    return;
  bool same = stack == writer->leaf;
  if (!same || line != writer->leaf_line) /* before those above it: the order in which ids are given */
    writer->leaf_location = location(writer, writer->profile->stacks.items[stack].function, line);
  if (!same)
    put_above(writer, stack);
  writer->leaf = stack;
  writer->leaf_line = line;

  th_wire *part = &writer->part;
  int status = th_wire_reserve(part, &writer->alloc, (uint64_t)writer->above.used + TH_VARINT);
  note(writer, status);
  if (writer->output.status)
    return;
  part->used += th_wire_put(part->bytes + part->used, writer->leaf_location);
  if (writer->above.used)
    memcpy(part->bytes + part->used, writer->above.bytes, writer->above.used);
  part->used += writer->above.used;
  put_part(writer, SAMPLE_LOCATION);
}

/* A string, or a number if it has a unit. */
struct label {
  uint32_t key, string;
  uint64_t number;
  uint32_t unit;
};

static void put_label(struct writer *writer, const struct label *label) {
  put_field(writer, &writer->part, LABEL_KEY, label->key);
  put_field(writer, &writer->part, LABEL_STRING, label->string);
  put_field(writer, &writer->part, LABEL_NUMBER, label->number);
  put_field(writer, &writer->part, LABEL_UNIT, label->unit);
  put_part(writer, SAMPLE_LABEL);
}

/* Sends writer->values as a sample, unless all are 0; and makes them 0. */
static void send_sample(struct writer *writer, uint32_t stack, uint32_t line, const struct label *labels, uint32_t n) {
  bool any = false;
  for (uint32_t i = 0; i < writer->types; i++)
    any = any || writer->values[i];
  if (!any)
    return;
  put_stack(writer, stack, line);
  note(writer, th_wire_reserve(&writer->part, &writer->alloc, (uint64_t)writer->types * TH_VARINT));
  if (writer->output.status)
    return;
  for (uint32_t i = 0; i < writer->types; i++) {
    if (writer->values[i] > INT64_MAX)
      note(writer, THESEUS_EOVERFLOW);
    writer->part.used += th_wire_put(writer->part.bytes + writer->part.used, writer->values[i]);
    writer->values[i] = 0;
  }
  put_part(writer, SAMPLE_VALUE);
  for (uint32_t i = 0; i < n; i++)
    put_label(writer, &labels[i]);
  send(writer, PROFILE_SAMPLE);
}

/* ---- samples of cells ---- */

/* Of which sample a cell is a part. */
static struct th_cell_key sample_key(const struct writer *writer, uint32_t cell) {
  struct th_cell_key key = writer->profile->cells.items[cell].key;
  key.event = 0;
  key.head = key.detached ? writer->stacks.positions[key.head] : 0;
  key.line = key.stack == THESEUS_ROOT ? 0 : key.line; /* there is no location to have it */
  key.stack = writer->stacks.positions[key.stack];
  return key;
}

static bool cell_less(const void *owner, uint32_t a, uint32_t b) {
  struct th_cell_key x = sample_key(owner, a), y = sample_key(owner, b);
  if (x.stack != y.stack)
    return x.stack < y.stack;
  if (x.line != y.line)
    return x.line < y.line;
  return x.detached != y.detached ? x.detached < y.detached : x.head < y.head;
}

static void sort_cells(struct writer *writer) {
  const th_cells *cells = &writer->profile->cells;
  if (!cells->count)
    return;
  writer->cells = th_alloc_zeroed(&writer->alloc, cells->count, 2 * sizeof *writer->cells);
  if (!writer->cells) {
    note(writer, th_alloc_why(&writer->alloc));
    return;
  }
  for (uint32_t i = 0; i < cells->count; i++)
    writer->cells[i] = i;
  th_sort(writer->cells, cells->count, writer->cells + cells->count, cell_less, writer);
}

/* The frames that a head has above what it shares with a stack, as a text: for each, from the lowest, its line of call,
 * first line, name and file, each on a line of its own. */
static uint32_t head_path(struct writer *writer, uint32_t head, uint32_t shared) {
  const struct th_stack *stacks = writer->profile->stacks.items;
  th_wire *path = &writer->part; /* a wire is bytes like others */
  uint32_t id = 0;

  uint32_t length = stacks[head].depth - stacks[shared].depth;
  int status = th_alloc_grow(&writer->alloc, &writer->path, &writer->path_capacity, length, sizeof *writer->path);
  note(writer, status);
  if (status)
    return 0;
  for (uint32_t s = head, i = length; i-- > 0; s = stacks[s].parent)
    writer->path[i] = s;
  for (uint32_t frame = 0; frame < length; frame++) {
    uint32_t s = writer->path[frame];
    const struct th_function *function = &writer->profile->functions.items[stacks[s].function];
    const uint64_t numbers[] = {stacks[s].call_line, function->first_line};
    const char *texts[] = {th_strings_get(&writer->profile->strings, function->name),
                           th_strings_get(&writer->profile->strings, function->file)};
    for (uint32_t i = 0; i < 4; i++) {
      size_t n = i < 2 ? TH_DIGITS : strlen(texts[i - 2]);
      status = th_wire_reserve(path, &writer->alloc, 4 * (uint64_t)n + 1);
      note(writer, status);
      if (status)
        return 0;
      char *at = (char *)path->bytes + path->used;
      n = i < 2 ? th_decimal(numbers[i], at) : th_text_clean(texts[i - 2], n, at);
      path->used += (uint32_t)n;
      path->bytes[path->used++] = '\n';
    }
  }
  note(writer, th_strings_intern(&writer->strings, &writer->alloc, (const char *)path->bytes, path->used, &id));
  path->used = 0;
  return id;
}

static uint32_t put_detached(struct writer *writer, uint32_t head, uint32_t stack, struct label labels[3]) {
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
  const char *name = ROOT_HEAD;
  if (head != THESEUS_ROOT)
    name = th_strings_get(&writer->profile->strings, writer->profile->functions.items[function].name);
  labels[n++] = (struct label){.key = writer->detached, .string = intern(writer, name)};
  if (shared != head)
    labels[n++] = (struct label){.key = writer->head_path, .string = head_path(writer, head, shared)};
  labels[n++] = (struct label){writer->head, 0, stacks[shared].depth, writer->head_unit};
  return n;
}

/* Sends the samples of a stack's cells, which begin at writer->cells[from], and gives where they end. */
static uint32_t send_cells(struct writer *writer, uint32_t stack, uint32_t from) {
  const th_cells *cells = &writer->profile->cells;
  struct label labels[3];

  while (from < cells->count && cells->items[writer->cells[from]].key.stack == stack) {
    struct th_cell_key key = cells->items[writer->cells[from]].key;
    uint32_t first = from;
    for (; from < cells->count && !cell_less(writer, writer->cells[first], writer->cells[from]); from++) {
      const struct th_cell *cell = &cells->items[writer->cells[from]];
      uint64_t amount = th_fixed_round(cell->value);
      uint64_t *sum = &writer->values[cell->key.event ? TYPE_HOST + cell->key.event - THESEUS_EVENTS : TYPE_WAIT];
      if (amount > UINT64_MAX - *sum)
        note(writer, THESEUS_EOVERFLOW);
      *sum += amount;
    }
    send_sample(writer, stack, key.line, labels, key.detached ? put_detached(writer, key.head, stack, labels) : 0);
  }
  return from;
}

/* ---- samples of spans ---- */

static bool mark_less(const void *owner, uint32_t a, uint32_t b) {
  const struct th_bucket *marks = owner;
  return marks[a].outcome != marks[b].outcome ? marks[a].outcome < marks[b].outcome : marks[a].mark < marks[b].mark;
}

static struct th_bucket *add_mark(struct writer *writer, const struct th_bucket *mark) {
  uint64_t needed = (uint64_t)writer->mark_count + 1;
  int status = th_alloc_grow(&writer->alloc, &writer->marks, &writer->marks_capacity, needed, sizeof *mark);
  if (!status)
    status = th_alloc_grow(&writer->alloc, &writer->order, &writer->order_capacity, 2 * needed, sizeof *writer->order);
  note(writer, status);
  if (status)
    return NULL;
  writer->marks[writer->mark_count] = *mark;
  return &writer->marks[writer->mark_count++];
}

/* Sees to it that the lowest mark is the minimum, and the highest the maximum. */
static void mark_extremes(struct writer *writer, const struct th_stats *stats) {
  struct th_bucket *top = NULL;
  uint32_t lowest = 0;

  for (uint32_t i = 0; i < writer->mark_count; i++) {
    struct th_bucket *bucket = &writer->marks[i];
    if (bucket->mark < stats->latency_min_ns)
      bucket->mark = stats->latency_min_ns;
    lowest += bucket->mark == stats->latency_min_ns;
    if (!top || bucket->mark > top->mark || (bucket->mark == top->mark && bucket->outcome < top->outcome))
      top = bucket;
  }
  uint64_t max = stats->latency_max_ns;
  if (!top || top->mark >= max || theseus_latency_bucket(top->mark) != theseus_latency_bucket(max))
    return;
  if (top->mark != stats->latency_min_ns || lowest > 1) {
    top->mark = max;
  } else if (top->count > 1) { /* all of them in one bucket: the slowest gets a mark of its own */
    struct th_bucket slowest = *top;
    slowest.mark = max;
    slowest.count = 1;
    slowest.latency_ns = max < top->latency_ns ? max : top->latency_ns;
    top->count--;
    top->latency_ns -= slowest.latency_ns;
    add_mark(writer, &slowest);
  }
}

static void send_count(struct writer *writer, uint32_t stack, uint32_t outcome, uint64_t count, uint64_t latency_ns,
                       const uint64_t *mark) {
  const struct th_stack *leaf = &writer->profile->stacks.items[stack];
  uint32_t line = stack == THESEUS_ROOT ? 0 : writer->profile->functions.items[leaf->function].first_line;
  const struct label labels[] = {{.key = writer->outcome, .string = writer->outcomes[outcome]},
                                 {writer->latency, 0, mark ? *mark : 0, writer->nanoseconds}};
  writer->values[TYPE_LATENCY] = latency_ns;
  writer->values[TYPE_DEFERREDS] = count;
  send_sample(writer, stack, line, labels, mark ? 2 : 1);
}

/* Of each outcome first what has no mark: those that have none ever, those that the histogram has lost, and, without
 * the marks, all. */
static void send_spans(struct writer *writer, uint32_t stack) {
  const struct th_stats *stats = &writer->profile->stats[writer->profile->stacks.items[stack].stats];
  const th_histogram *histogram = &writer->profile->histogram;
  uint64_t counts[OUTCOMES] = {0}, latency_ns[OUTCOMES] = {0};
  uint64_t rest = stats->latency_ns, ended = 0;
  uint32_t k = 0;

  for (uint32_t i = 0; i < TH_OUTCOMES; i++) {
    counts[i] = stats->outcomes[i];
    ended += stats->outcomes[i];
  }
  counts[OUTCOME_PENDING] = stats->deferreds - ended;
  writer->mark_count = 0;
  for (uint32_t i = stats->buckets; i != TH_NONE; i = histogram->items[i].next) {
    const struct th_bucket *bucket = &histogram->items[i];
    uint64_t share = bucket->latency_ns < rest ? bucket->latency_ns : rest;
    rest -= share;
    if (writer->detail == THESEUS_PPROF_FULL && bucket->mark != TH_NO_MARK) {
      counts[bucket->outcome] -= bucket->count;
      add_mark(writer, bucket);
    } else {
      latency_ns[bucket->outcome] += share;
    }
  }
  for (uint32_t i = 0; rest && i <= THESEUS_CANCELLED; i++)
    if (counts[i] || i == THESEUS_CANCELLED) {
      latency_ns[i] += rest;
      break;
    }
  mark_extremes(writer, stats);
  for (uint32_t i = 0; i < writer->mark_count; i++)
    writer->order[i] = i;
  if (writer->mark_count)
    th_sort(writer->order, writer->mark_count, writer->order + writer->mark_count, mark_less, writer->marks);
  for (uint32_t outcome = 0; outcome < OUTCOMES && !writer->output.status; outcome++) {
    send_count(writer, stack, outcome, counts[outcome], latency_ns[outcome], NULL);
    while (k < writer->mark_count && writer->marks[writer->order[k]].outcome == outcome) {
      struct th_bucket sum = writer->marks[writer->order[k++]];
      for (; k < writer->mark_count && writer->marks[writer->order[k]].outcome == outcome &&
             writer->marks[writer->order[k]].mark == sum.mark;
           k++) {
        sum.count += writer->marks[writer->order[k]].count;
        sum.latency_ns += writer->marks[writer->order[k]].latency_ns;
      }
      send_count(writer, stack, outcome, sum.count, sum.latency_ns, &sum.mark);
    }
  }
}

static void send_samples(struct writer *writer) {
  uint32_t from = 0;
  sort_cells(writer);
  for (uint32_t i = 0; i < writer->stacks.count && !writer->output.status; i++) {
    uint32_t stack = writer->stacks.order[i];
    from = send_cells(writer, stack, from);
    if (writer->profile->stacks.items[stack].stats != TH_NONE)
      send_spans(writer, stack);
  }
}

/* ---- tables ---- */

static const char *unit_of(const char *unit) { return strcmp(unit, "ns") == 0 ? NANOSECONDS : unit; }

static void send_types(struct writer *writer) {
  send_value_type(writer, PROFILE_SAMPLE_TYPE, WAIT, NANOSECONDS);
  send_value_type(writer, PROFILE_SAMPLE_TYPE, LATENCY, NANOSECONDS);
  send_value_type(writer, PROFILE_SAMPLE_TYPE, DEFERREDS, COUNT);
  for (uint32_t i = THESEUS_EVENTS; i < writer->profile->event_count; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(writer->profile, i, &event);
    send_value_type(writer, PROFILE_SAMPLE_TYPE, event.name, unit_of(event.unit));
  }
}

/* One for all: tools want to know that there is nothing left to be looked up in a program's file. */
static void send_mapping(struct writer *writer) {
  put_field(writer, &writer->message, MAPPING_ID, 1);
  put_field(writer, &writer->message, MAPPING_HAS_FUNCTIONS, 1);
  put_field(writer, &writer->message, MAPPING_HAS_FILES, 1);
  put_field(writer, &writer->message, MAPPING_HAS_LINES, 1);
  send(writer, PROFILE_MAPPING);
}

static void send_locations(struct writer *writer) {
  for (uint32_t id = 1; id < writer->locations.count && !writer->output.status; id++) {
    const struct th_stack *found = &writer->locations.items[id];
    if (!writer->functions[found->function]) {
      writer->mentioned[writer->function_count++] = found->function;
      writer->functions[found->function] = writer->function_count;
    }
    put_field(writer, &writer->part, LINE_FUNCTION, writer->functions[found->function]);
    put_field(writer, &writer->part, LINE_LINE, found->call_line);
    put_field(writer, &writer->message, LOCATION_ID, id);
    put_field(writer, &writer->message, LOCATION_MAPPING, 1);
    put_part(writer, LOCATION_LINE);
    send(writer, PROFILE_LOCATION);
  }
}

static void send_functions(struct writer *writer) {
  for (uint32_t i = 0; i < writer->function_count && !writer->output.status; i++) {
    const struct th_function *function = &writer->profile->functions.items[writer->mentioned[i]];
    uint32_t name = intern(writer, th_strings_get(&writer->profile->strings, function->name));
    put_field(writer, &writer->message, FUNCTION_ID, i + 1);
    put_field(writer, &writer->message, FUNCTION_NAME, name);
    put_field(writer, &writer->message, FUNCTION_SYSTEM_NAME, name);
    put_field(writer, &writer->message, FUNCTION_FILE,
              intern(writer, th_strings_get(&writer->profile->strings, function->file)));
    put_field(writer, &writer->message, FUNCTION_FIRST_LINE, function->first_line);
    send(writer, PROFILE_FUNCTION);
  }
}

/* The long names of the host's events, which profile.proto has no field for. */
static void send_comments(struct writer *writer) {
  for (uint32_t i = THESEUS_EVENTS; i < writer->profile->event_count && !writer->output.status; i++) {
    theseus_event_info event = {.size = sizeof event};
    uint32_t id = 0;
    theseus_event_get(writer->profile, i, &event);
    if (!*event.long_name)
      continue;
    const char *texts[] = {EVENT_COMMENT, event.name, EVENT_COMMENT_MIDDLE, event.long_name};
    for (uint32_t k = 0; k < 4; k++) {
      int status = th_wire_reserve(&writer->part, &writer->alloc, 4 * (uint64_t)strlen(texts[k]));
      note(writer, status);
      if (!status && k < 3) {
        memcpy(writer->part.bytes + writer->part.used, texts[k], strlen(texts[k]));
        writer->part.used += (uint32_t)strlen(texts[k]);
      } else if (!status) {
        char *at = (char *)writer->part.bytes + writer->part.used;
        writer->part.used += (uint32_t)th_text_clean(texts[k], strlen(texts[k]), at);
      }
    }
    note(writer,
         th_strings_intern(&writer->strings, &writer->alloc, (const char *)writer->part.bytes, writer->part.used, &id));
    writer->part.used = 0;
    send_number(writer, PROFILE_COMMENT, id);
  }
}

static void send_strings(struct writer *writer) {
  for (uint32_t i = 0; i < writer->strings.count; i++) {
    const struct th_text *text = &writer->strings.texts[i];
    unsigned char head[2 * TH_VARINT];
    uint32_t n = th_wire_put(head, PROFILE_STRING << 3 | 2);
    n += th_wire_put(head + n, text->length);
    th_output_bytes(&writer->output, (const char *)head, n);
    th_output_bytes(&writer->output, text->bytes, text->length);
  }
}

/* ---- the call ---- */

static int prepare(struct writer *writer) {
  const theseus_profile *profile = writer->profile;
  th_alloc *alloc = &writer->alloc;
  size_t functions = profile->functions.count + (size_t)1;

  writer->types = TYPE_HOST + profile->event_count - THESEUS_EVENTS;
  writer->callers = th_alloc_zeroed(alloc, profile->stacks.count, sizeof *writer->callers);
  if (writer->callers)
    writer->functions = th_alloc_zeroed(alloc, functions, sizeof *writer->functions);
  if (writer->functions)
    writer->mentioned = th_alloc_zeroed(alloc, functions, sizeof *writer->mentioned);
  if (writer->mentioned)
    writer->values = th_alloc_zeroed(alloc, writer->types, sizeof *writer->values);
  if (!writer->values)
    return th_alloc_why(alloc);
  int status = th_stacks_init(&writer->locations, alloc);
  return status ? status : th_preorder_init(&writer->stacks, alloc, profile);
}

static void release(struct writer *writer) {
  th_alloc *alloc = &writer->alloc;
  size_t functions = writer->profile->functions.count + (size_t)1;

  th_alloc_free(alloc, writer->callers, writer->profile->stacks.count, sizeof *writer->callers);
  th_alloc_free(alloc, writer->functions, functions, sizeof *writer->functions);
  th_alloc_free(alloc, writer->mentioned, functions, sizeof *writer->mentioned);
  th_alloc_free(alloc, writer->values, writer->types, sizeof *writer->values);
  th_alloc_free(alloc, writer->cells, writer->profile->cells.count, 2 * sizeof *writer->cells);
  th_alloc_free(alloc, writer->marks, writer->marks_capacity, sizeof *writer->marks);
  th_alloc_free(alloc, writer->order, writer->order_capacity, sizeof *writer->order);
  th_alloc_free(alloc, writer->path, writer->path_capacity, sizeof *writer->path);
  th_wire_free(&writer->message, alloc);
  th_wire_free(&writer->part, alloc);
  th_wire_free(&writer->above, alloc);
  th_stacks_free(&writer->locations, alloc);
  th_strings_free(&writer->strings, alloc);
  th_preorder_free(&writer->stacks, alloc);
}

int theseus_pprof_write(const theseus_profile *profile, const theseus_pprof_options *options,
                        const theseus_sink *sink) {
  theseus_pprof_options chosen = {.size = sizeof chosen};
  struct writer writer = {.profile = profile, .alloc = profile->alloc};

  if (options) {
    if (options->size <= sizeof options->size)
      return THESEUS_EINVAL;
    memcpy(&chosen, options, options->size < sizeof chosen ? options->size : sizeof chosen);
  }
  if (chosen.detail > THESEUS_PPROF_NO_BUCKETS)
    return THESEUS_EINVAL;
  writer.detail = chosen.detail;
  int status = th_output_init(&writer.output, &writer.alloc, sink);
  if (!status)
    status = prepare(&writer);
  if (!status) {
    intern_words(&writer);
    send_types(&writer);
    send_samples(&writer);
    send_mapping(&writer);
    send_locations(&writer);
    send_functions(&writer);
    send_number(&writer, PROFILE_TIME, profile->info.time_ns);
    send_number(&writer, PROFILE_DURATION, profile->info.duration_ns);
    send_value_type(&writer, PROFILE_PERIOD_TYPE, WAIT, NANOSECONDS);
    send_number(&writer, PROFILE_PERIOD, 1);
    send_comments(&writer);
    send_number(&writer, PROFILE_DEFAULT_TYPE, intern(&writer, WAIT));
    send_strings(&writer);
  }
  status = th_output_end(&writer.output, &writer.alloc, status);
  release(&writer);
  return status;
}
