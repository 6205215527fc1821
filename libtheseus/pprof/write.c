/* SPDX-License-Identifier: ISC */
/* Writes a profile as a pprof one.  Samples go to the sink as they come; the tables that they refer to follow. */
#include "base/sized.h"
#include "base/text.h"
#include "pprof/writer.h"
#include "profile/events.h"

#include <string.h>

void th_pprof_note(th_pprof_writer *writer, int status) {
  if (!writer->output.status)
    writer->output.status = status;
}

/* ---- texts ---- */

uint32_t th_pprof_text(th_pprof_writer *writer, const char *text) {
  uint32_t id = 0;
  th_pprof_note(writer, th_strings_intern_clean(&writer->strings, &writer->alloc, text, strlen(text), &id));
  return id;
}

static void intern_words(th_pprof_writer *writer) {
  static const char *const outcomes[] = OUTCOME_NAMES;

  th_pprof_text(writer, ""); /* the first of the table */
  writer->latency = th_pprof_text(writer, LATENCY);
  writer->nanoseconds = th_pprof_text(writer, NANOSECONDS);
  writer->outcome = th_pprof_text(writer, OUTCOME);
  writer->detached = th_pprof_text(writer, DETACHED);
  writer->head = th_pprof_text(writer, HEAD);
  writer->head_unit = th_pprof_text(writer, HEAD_UNIT);
  writer->head_path = th_pprof_text(writer, HEAD_PATH);
  for (uint32_t i = 0; i < OUTCOMES; i++)
    writer->outcomes[i] = th_pprof_text(writer, outcomes[i]);
}

/* ---- messages ---- */

/* Sends the message as a field of the profile, and empties it. */
static void send(th_pprof_writer *writer, uint32_t field) {
  unsigned char head[2 * TH_VARINT];
  uint32_t n = th_wire_put(head, field << 3 | 2);
  n += th_wire_put(head + n, writer->message.used);
  th_output_bytes(&writer->output, (const char *)head, n);
  th_output_bytes(&writer->output, (const char *)writer->message.bytes, writer->message.used);
  writer->message.used = 0;
}

static void send_number(th_pprof_writer *writer, uint32_t field, uint64_t number) {
  unsigned char bytes[2 * TH_VARINT];
  uint32_t n = th_wire_put(bytes, field << 3);
  n += th_wire_put(bytes + n, number);
  if (number > INT64_MAX)
    th_pprof_note(writer, THESEUS_EOVERFLOW);
  if (number)
    th_output_bytes(&writer->output, (const char *)bytes, n);
}

static void put_field(th_pprof_writer *writer, th_wire *wire, uint32_t field, uint64_t number) {
  th_pprof_note(writer, th_wire_field(wire, &writer->alloc, field, number));
}

/* Makes what is in `part` a field of the message, and empties it. */
static void put_part(th_pprof_writer *writer, uint32_t field) {
  th_pprof_note(writer, th_wire_block(&writer->message, &writer->alloc, field, writer->part.bytes, writer->part.used));
  writer->part.used = 0;
}

static void send_value_type(th_pprof_writer *writer, uint32_t field, const char *type, const char *unit) {
  put_field(writer, &writer->message, VALUE_TYPE, th_pprof_text(writer, type));
  put_field(writer, &writer->message, VALUE_UNIT, th_pprof_text(writer, unit));
  send(writer, field);
}

/* ---- samples ---- */

static void send_samples(th_pprof_writer *writer) {
  th_pprof_note(writer, th_pprof_cells_sort(writer));
  for (uint32_t i = 0; i < writer->stacks.count && !writer->output.status; i++) {
    uint32_t stack = writer->stacks.order[i];
    th_pprof_cells_send(writer, i);
    if (writer->profile->stacks.items[stack].stats != TH_NONE)
      th_pprof_spans_send(writer, stack);
  }
}

/* ---- tables ---- */

static const char *unit_of(const char *unit) { return strcmp(unit, "ns") == 0 ? NANOSECONDS : unit; }

/* The names of the built-in events that a reader infers from the sample type. */
static const theseus_event_info *built_in_names(const th_pprof_writer *writer) {
  theseus_event_info event = {.size = sizeof event};
  theseus_event_get(writer->profile, THESEUS_OPERATIONS, &event);
  return th_default_names(event.name);
}

static void send_types(th_pprof_writer *writer) {
  send_value_type(writer, PROFILE_SAMPLE_TYPE, WAIT, NANOSECONDS);
  send_value_type(writer, PROFILE_SAMPLE_TYPE, LATENCY, NANOSECONDS);
  send_value_type(writer, PROFILE_SAMPLE_TYPE, built_in_names(writer) == th_deferred_names ? DEFERREDS : OPERATIONS,
                  COUNT);
  for (uint32_t i = THESEUS_EVENTS; i < writer->profile->event_count; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(writer->profile, i, &event);
    send_value_type(writer, PROFILE_SAMPLE_TYPE, event.name, unit_of(event.unit));
  }
}

/* By number of a text, where 0 is none. */
static uint32_t *object_id(th_pprof_writer *writer, uint32_t text) {
  return &writer->object_ids[text == TH_NONE ? 0 : text + (size_t)1];
}

static void mention_object(th_pprof_writer *writer, uint32_t text) {
  uint32_t *id = object_id(writer, text);
  if (!*id) {
    int status = th_alloc_grow(&writer->alloc, &writer->objects, &writer->object_capacity,
                               (uint64_t)writer->object_count + 1, sizeof *writer->objects);
    th_pprof_note(writer, status);
    if (status)
      return;
    writer->objects[writer->object_count++] = (struct th_pprof_object){text, 0};
    *id = writer->object_count;
  }
  writer->objects[*id - 1].functions++;
}

/* Tools take the first mapping for the program: that is where most of the functions are. */
static void put_program_first(th_pprof_writer *writer) {
  struct th_pprof_object *objects = writer->objects;
  uint32_t most = 0;
  for (uint32_t i = 1; i < writer->object_count; i++)
    if (objects[i].functions > objects[most].functions)
      most = i;
  struct th_pprof_object program = objects[most];
  objects[most] = objects[0];
  objects[0] = program;
  *object_id(writer, objects[most].text) = most + 1;
  *object_id(writer, objects[0].text) = 1;
}

/* Gives functions and objects their ids, in the order in which locations mention them. */
static void mention_functions(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->locations.count && !writer->output.status; i++) {
    uint32_t function = writer->locations.items[i].function;
    if (writer->functions[function])
      continue;
    writer->mentioned[writer->function_count++] = function;
    writer->functions[function] = writer->function_count;
    mention_object(writer, writer->profile->functions.items[function].object);
  }
  if (!writer->object_count)
    mention_object(writer, TH_NONE); /* tools want one */
  if (!writer->output.status)
    put_program_first(writer);
}

/* Tools want to know that there is nothing left to be looked up in a program's file. */
static void send_mappings(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->object_count && !writer->output.status; i++) {
    uint32_t text = writer->objects[i].text, file = 0;
    if (text != TH_NONE)
      file = th_pprof_text(writer, th_strings_get(&writer->profile->strings, text));
    put_field(writer, &writer->message, MAPPING_ID, i + 1);
    put_field(writer, &writer->message, MAPPING_FILE, file);
    put_field(writer, &writer->message, MAPPING_HAS_FUNCTIONS, 1);
    put_field(writer, &writer->message, MAPPING_HAS_FILES, 1);
    put_field(writer, &writer->message, MAPPING_HAS_LINES, 1);
    send(writer, PROFILE_MAPPING);
  }
}

static void send_locations(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->locations.count && !writer->output.status; i++) {
    const struct th_pprof_location *found = &writer->locations.items[i];
    put_field(writer, &writer->part, LINE_FUNCTION, writer->functions[found->function]);
    put_field(writer, &writer->part, LINE_LINE, found->line);
    put_field(writer, &writer->message, LOCATION_ID, i + 1);
    put_field(writer, &writer->message, LOCATION_MAPPING,
              *object_id(writer, writer->profile->functions.items[found->function].object));
    put_part(writer, LOCATION_LINE);
    send(writer, PROFILE_LOCATION);
  }
}

static void send_functions(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->function_count && !writer->output.status; i++) {
    const struct th_function *function = &writer->profile->functions.items[writer->mentioned[i]];
    uint32_t name = th_pprof_text(writer, th_strings_get(&writer->profile->strings, function->name));
    put_field(writer, &writer->message, FUNCTION_ID, i + 1);
    put_field(writer, &writer->message, FUNCTION_NAME, name);
    put_field(writer, &writer->message, FUNCTION_SYSTEM_NAME, name);
    put_field(writer, &writer->message, FUNCTION_FILE,
              th_pprof_text(writer, th_strings_get(&writer->profile->strings, function->file)));
    put_field(writer, &writer->message, FUNCTION_FIRST_LINE, function->first_line);
    send(writer, PROFILE_FUNCTION);
  }
}

/* Adds a text, cleaned, to the one that is being put together in `part`. */
static void put_text(th_pprof_writer *writer, const char *text, size_t length) {
  int status = th_wire_reserve(&writer->part, &writer->alloc, 4 * (uint64_t)length + 1);
  th_pprof_note(writer, status);
  if (!status)
    writer->part.used += (uint32_t)th_text_clean(text, length, (char *)writer->part.bytes + writer->part.used);
}

/* A text of ours, which ends in a blank: cleaned, it would not. */
static void put_word(th_pprof_writer *writer, const char *word) {
  size_t length = strlen(word);
  int status = th_wire_reserve(&writer->part, &writer->alloc, length);
  th_pprof_note(writer, status);
  if (status)
    return;
  memcpy(writer->part.bytes + writer->part.used, word, length);
  writer->part.used += (uint32_t)length;
}

/* Sends the text in `part` as a comment, and empties it. */
static void send_comment(th_pprof_writer *writer) {
  uint32_t id = 0;
  th_pprof_note(writer, th_strings_intern(&writer->strings, &writer->alloc, (const char *)writer->part.bytes,
                                          writer->part.used, &id));
  writer->part.used = 0;
  send_number(writer, PROFILE_COMMENT, id);
}

/* The long names that a reader cannot know: profile.proto has no field for them. */
static void send_long_names(th_pprof_writer *writer) {
  const theseus_event_info *known = built_in_names(writer);
  for (uint32_t i = 0; i < writer->profile->event_count && !writer->output.status; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(writer->profile, i, &event);
    if (!*event.long_name || (i < THESEUS_EVENTS && strcmp(event.long_name, known[i].long_name) == 0))
      continue;
    put_word(writer, EVENT_COMMENT);
    put_word(writer, event.name);
    put_word(writer, EVENT_COMMENT_MIDDLE);
    put_text(writer, event.long_name, strlen(event.long_name));
    send_comment(writer);
  }
}

/* `pid: 4242`: a comment for each line of a fact. */
static void send_facts(th_pprof_writer *writer) {
  for (int fact = 0; fact < TH_FACTS; fact++) {
    const char *line = theseus_profile_get(writer->profile, th_fact_key(fact));
    while (line && !writer->output.status) {
      size_t length = strcspn(line, "\n");
      put_word(writer, th_fact_key(fact));
      put_word(writer, FACT_COMMENT_MIDDLE);
      put_text(writer, line, length);
      send_comment(writer);
      line = line[length] ? line + length + 1 : NULL;
    }
  }
}

static void send_strings(th_pprof_writer *writer) {
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

static int prepare(th_pprof_writer *writer) {
  const theseus_profile *profile = writer->profile;
  th_alloc *alloc = &writer->alloc;
  size_t functions = profile->functions.count + (size_t)1;

  writer->types = TYPE_HOST + profile->event_count - THESEUS_EVENTS;
  writer->functions = th_alloc_zeroed(alloc, functions, sizeof *writer->functions);
  if (writer->functions)
    writer->mentioned = th_alloc_zeroed(alloc, functions, sizeof *writer->mentioned);
  if (writer->mentioned)
    writer->object_ids = th_alloc_zeroed(alloc, profile->strings.count + (size_t)1, sizeof *writer->object_ids);
  if (!writer->object_ids)
    return th_alloc_why(alloc);
  int status = th_pprof_locations_init(writer);
  if (!status)
    status = th_preorder_init(&writer->stacks, alloc, profile);
  return status ? status : th_pprof_sample_init(writer);
}

static void release(th_pprof_writer *writer) {
  th_alloc *alloc = &writer->alloc;
  size_t functions = writer->profile->functions.count + (size_t)1;

  th_alloc_free(alloc, writer->functions, functions, sizeof *writer->functions);
  th_alloc_free(alloc, writer->mentioned, functions, sizeof *writer->mentioned);
  th_alloc_free(alloc, writer->object_ids, writer->profile->strings.count + (size_t)1, sizeof *writer->object_ids);
  th_alloc_free(alloc, writer->objects, writer->object_capacity, sizeof *writer->objects);
  th_alloc_free(alloc, writer->cell_ends, writer->stacks.count + (size_t)1, sizeof *writer->cell_ends);
  th_alloc_free(alloc, writer->cells, writer->profile->cells.count, 2 * sizeof *writer->cells);
  th_alloc_free(alloc, writer->marks, writer->marks_capacity, sizeof *writer->marks);
  th_alloc_free(alloc, writer->order, writer->order_capacity, sizeof *writer->order);
  th_alloc_free(alloc, writer->path, writer->path_capacity, sizeof *writer->path);
  th_wire_free(&writer->message, alloc);
  th_wire_free(&writer->part, alloc);
  th_pprof_sample_free(writer);
  th_pprof_locations_free(writer);
  th_strings_free(&writer->strings, alloc);
  th_preorder_free(&writer->stacks, alloc);
}

int theseus_pprof_write(const theseus_profile *profile, const theseus_pprof_options *options,
                        const theseus_sink *sink) {
  theseus_pprof_options chosen = {.size = sizeof chosen};
  th_pprof_writer writer = {.profile = profile, .alloc = profile->alloc};

  if (th_take(&chosen, sizeof chosen, options) || chosen.detail > THESEUS_PPROF_NO_BUCKETS)
    return THESEUS_EINVAL;
  writer.detail = chosen.detail;
  int status = th_output_init(&writer.output, &writer.alloc, sink);
  if (!status)
    status = prepare(&writer);
  if (!status) {
    intern_words(&writer);
    send_types(&writer);
    send_samples(&writer);
    mention_functions(&writer);
    send_mappings(&writer);
    send_locations(&writer);
    send_functions(&writer);
    send_number(&writer, PROFILE_TIME, profile->info.time_ns);
    send_number(&writer, PROFILE_DURATION, profile->info.duration_ns);
    send_value_type(&writer, PROFILE_PERIOD_TYPE, WAIT, NANOSECONDS);
    send_number(&writer, PROFILE_PERIOD, 1);
    send_long_names(&writer);
    send_facts(&writer);
    send_number(&writer, PROFILE_DEFAULT_TYPE, th_pprof_text(&writer, WAIT));
    send_strings(&writer);
  }
  status = th_output_end(&writer.output, &writer.alloc, status);
  release(&writer);
  return status;
}
