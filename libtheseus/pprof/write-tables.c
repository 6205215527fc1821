/* SPDX-License-Identifier: ISC */
#include "pprof/write-tables.h"

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

/* Puts what is known of a mapped file. */
static void put_mapping(th_pprof_writer *writer, uint32_t text, uint32_t file) {
  const struct th_mapping *mapping = text == TH_NONE ? NULL : th_sampling_mapping(&writer->profile->sampling, text);

  if (mapping) {
    th_pprof_put(writer, &writer->message, TH_MAPPING_START, mapping->start);
    th_pprof_put(writer, &writer->message, TH_MAPPING_LIMIT, mapping->limit);
    th_pprof_put(writer, &writer->message, TH_MAPPING_OFFSET, mapping->offset);
  }
  th_pprof_put(writer, &writer->message, TH_MAPPING_FILE, file);
  if (mapping && mapping->build_id != TH_NONE)
    th_pprof_put(writer, &writer->message, TH_MAPPING_BUILD_ID,
                 th_pprof_text(writer, th_strings_get(&writer->profile->strings, mapping->build_id)));
}

/* The flags tell tools that nothing is left to be looked up in the program's file. */
static void send_mappings(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->object_count && !writer->output.status; i++) {
    uint32_t text = writer->objects[i].text, file = 0;
    if (text != TH_NONE)
      file = th_pprof_text(writer, th_strings_get(&writer->profile->strings, text));
    th_pprof_put(writer, &writer->message, TH_MAPPING_ID, i + 1);
    put_mapping(writer, text, file);
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

void th_pprof_send_strings(th_pprof_writer *writer) {
  for (uint32_t i = 0; i < writer->strings.count; i++) {
    const struct th_text *text = &writer->strings.texts[i];
    th_pprof_send_bytes(writer, TH_PROFILE_STRING, text->bytes, text->length);
  }
}
