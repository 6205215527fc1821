/* SPDX-License-Identifier: ISC */
#include "pprof/write-tables.h"
#include "base/text.h"
#include "profile/events.h"

#include <string.h>

int th_pprof_tables_init(th_pprof_writer *writer) {
  th_alloc *alloc = &writer->alloc;
  size_t functions = writer->profile->functions.count + (size_t)1, texts = writer->profile->strings.count + (size_t)1;

  writer->functions = th_alloc_zeroed(alloc, functions, sizeof *writer->functions);
  if (writer->functions)
    writer->mentioned = th_alloc_zeroed(alloc, functions, sizeof *writer->mentioned);
  if (writer->mentioned)
    writer->object_ids = th_alloc_zeroed(alloc, texts, sizeof *writer->object_ids);
  return writer->object_ids ? THESEUS_OK : th_alloc_why(alloc);
}

void th_pprof_tables_release(th_pprof_writer *writer) {
  th_alloc *alloc = &writer->alloc;
  size_t functions = writer->profile->functions.count + (size_t)1, texts = writer->profile->strings.count + (size_t)1;

  th_alloc_free(alloc, writer->functions, functions, sizeof *writer->functions);
  th_alloc_free(alloc, writer->mentioned, functions, sizeof *writer->mentioned);
  th_alloc_free(alloc, writer->object_ids, texts, sizeof *writer->object_ids);
  th_alloc_free(alloc, writer->objects, writer->object_capacity, sizeof *writer->objects);
}

/* ---- sample types ---- */

static const char *unit_of(const char *unit) { return strcmp(unit, "ns") == 0 ? TH_WORD_NANOSECONDS : unit; }

/* The names of the built-in events that a reader infers from the sample type. */
static const theseus_event_info *built_in_names(const th_pprof_writer *writer) {
  theseus_event_info event = {.size = sizeof event};
  theseus_event_get(writer->profile, THESEUS_OPERATIONS, &event);
  return th_default_names(event.name);
}

void th_pprof_send_types(th_pprof_writer *writer) {
  th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE, TH_WORD_WAIT, TH_WORD_NANOSECONDS);
  th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE, TH_WORD_LATENCY, TH_WORD_NANOSECONDS);
  th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE,
                     built_in_names(writer) == th_deferred_names ? TH_WORD_DEFERREDS : TH_WORD_OPERATIONS,
                     TH_WORD_COUNT);
  for (uint32_t i = THESEUS_EVENTS; i < writer->profile->event_count; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(writer->profile, i, &event);
    th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE, event.name, unit_of(event.unit));
  }
}

/* ---- objects and functions ---- */

/* The entry of an object's name: 0 is for functions whose object is not known. */
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

/* Puts the object with most functions first: tools take the first mapping for the program. */
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

void th_pprof_number_functions(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->locations.count && !writer->output.status; i++) {
    uint32_t function = writer->locations.items[i].function;
    if (writer->functions[function])
      continue;
    writer->mentioned[writer->function_count++] = function;
    writer->functions[function] = writer->function_count;
    mention_object(writer, writer->profile->functions.items[function].object);
  }
  if (!writer->object_count)
    mention_object(writer, TH_NONE); /* tools want a mapping */
  if (!writer->output.status)
    put_program_first(writer);
}

/* ---- tables ---- */

/* The flags tell tools that nothing is left to be looked up in the program's file. */
static void send_mappings(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->object_count && !writer->output.status; i++) {
    uint32_t text = writer->objects[i].text, file = 0;
    if (text != TH_NONE)
      file = th_pprof_text(writer, th_strings_get(&writer->profile->strings, text));
    th_pprof_put(writer, &writer->message, TH_MAPPING_ID, i + 1);
    th_pprof_put(writer, &writer->message, TH_MAPPING_FILE, file);
    th_pprof_put(writer, &writer->message, TH_MAPPING_HAS_FUNCTIONS, 1);
    th_pprof_put(writer, &writer->message, TH_MAPPING_HAS_FILES, 1);
    th_pprof_put(writer, &writer->message, TH_MAPPING_HAS_LINES, 1);
    th_pprof_send(writer, TH_PROFILE_MAPPING);
  }
}

static void send_locations(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->locations.count && !writer->output.status; i++) {
    const struct th_pprof_location *found = &writer->locations.items[i];
    th_pprof_put(writer, &writer->part, TH_LINE_FUNCTION, writer->functions[found->function]);
    th_pprof_put(writer, &writer->part, TH_LINE_LINE, found->line);
    th_pprof_put(writer, &writer->message, TH_LOCATION_ID, i + 1);
    th_pprof_put(writer, &writer->message, TH_LOCATION_MAPPING,
                 *object_id(writer, writer->profile->functions.items[found->function].object));
    th_pprof_put_part(writer, TH_LOCATION_LINE);
    th_pprof_send(writer, TH_PROFILE_LOCATION);
  }
}

static void send_functions(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->function_count && !writer->output.status; i++) {
    const struct th_function *function = &writer->profile->functions.items[writer->mentioned[i]];
    uint32_t name = th_pprof_text(writer, th_strings_get(&writer->profile->strings, function->name));
    th_pprof_put(writer, &writer->message, TH_FUNCTION_ID, i + 1);
    th_pprof_put(writer, &writer->message, TH_FUNCTION_NAME, name);
    th_pprof_put(writer, &writer->message, TH_FUNCTION_SYSTEM_NAME, name);
    th_pprof_put(writer, &writer->message, TH_FUNCTION_FILE,
                 th_pprof_text(writer, th_strings_get(&writer->profile->strings, function->file)));
    th_pprof_put(writer, &writer->message, TH_FUNCTION_FIRST_LINE, function->first_line);
    th_pprof_send(writer, TH_PROFILE_FUNCTION);
  }
}

void th_pprof_send_tables(th_pprof_writer *writer) {
  send_mappings(writer);
  send_locations(writer);
  send_functions(writer);
}

/* ---- comments ---- */

/* Adds a text, cleaned, to the one that is being put together in `part`. */
static void put_text(th_pprof_writer *writer, const char *text, size_t length) {
  int status = th_wire_reserve(&writer->part, &writer->alloc, 4 * (uint64_t)length + 1);
  th_pprof_note(writer, status);
  if (!status)
    writer->part.used += (uint32_t)th_text_clean(text, length, (char *)writer->part.bytes + writer->part.used);
}

/* Adds a text of ours.  It may end in a blank, which th_text_clean() would escape. */
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
  th_pprof_send_number(writer, TH_PROFILE_COMMENT, id);
}

static void send_long_names(th_pprof_writer *writer) {
  const theseus_event_info *known = built_in_names(writer);
  for (uint32_t i = 0; i < writer->profile->event_count && !writer->output.status; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(writer->profile, i, &event);
    if (!*event.long_name || (i < THESEUS_EVENTS && strcmp(event.long_name, known[i].long_name) == 0))
      continue;
    put_word(writer, TH_WORD_EVENT);
    put_word(writer, event.name);
    put_word(writer, TH_WORD_EVENT_MIDDLE);
    put_text(writer, event.long_name, strlen(event.long_name));
    send_comment(writer);
  }
}

/* Sends `pid: 4242`: a comment for each line of a fact. */
static void send_facts(th_pprof_writer *writer) {
  for (int fact = 0; fact < TH_FACTS; fact++) {
    const char *line = theseus_profile_get(writer->profile, th_fact_key(fact));
    while (line && !writer->output.status) {
      size_t length = strcspn(line, "\n");
      put_word(writer, th_fact_key(fact));
      put_word(writer, TH_WORD_FACT_MIDDLE);
      put_text(writer, line, length);
      send_comment(writer);
      line = line[length] ? line + length + 1 : NULL;
    }
  }
}

void th_pprof_send_comments(th_pprof_writer *writer) {
  send_long_names(writer);
  send_facts(writer);
}

void th_pprof_send_strings(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->strings.count; i++) {
    const struct th_text *text = &writer->strings.texts[i];
    th_pprof_send_bytes(writer, TH_PROFILE_STRING, text->bytes, text->length);
  }
}
