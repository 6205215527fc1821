/* SPDX-License-Identifier: ISC */
#include "pprof/tables.h"
#include "pprof/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COMMENTS = 4096 }; /* that are looked at */

int th_pprof_fail(const th_pprof_tables *tables, const unsigned char *at, const char *format, ...) {
  va_list arguments;
  tables->error->offset = (uint64_t)(at - tables->begin);
  va_start(arguments, format);
  (void)vsnprintf(tables->error->text, sizeof tables->error->text, format, arguments);
  va_end(arguments);
  return THESEUS_EFORMAT;
}

const struct th_text *th_pprof_string(const th_pprof_tables *tables, uint64_t number) {
  return number < tables->string_count ? &tables->strings[number] : NULL;
}

bool th_text_is(const struct th_text *text, const char *wanted) {
  return text->length == strlen(wanted) && memcmp(text->bytes, wanted, text->length) == 0;
}

int th_pprof_intern(theseus_profile *profile, const struct th_text *text, uint32_t *out) {
  return th_strings_intern_clean(&profile->strings, &profile->alloc, text->bytes, text->length, out);
}

/* ---- messages ---- */

/* Reads the next field of a message.  Returns false at its end, and if it is broken, which `status` then says. */
static bool next_field(const th_pprof_tables *tables, th_bytes *message, struct th_field *field, int *status) {
  if (message->at == message->end)
    return false;
  const char *wrong = th_wire_next(message, field);
  if (wrong)
    *status = th_pprof_fail(tables, message->at, "%s", wrong);
  return !wrong;
}

static int read_string(th_pprof_tables *tables, const struct th_field *field) {
  int status = th_alloc_grow(tables->alloc, &tables->strings, &tables->string_capacity,
                             (uint64_t)tables->string_count + 1, sizeof *tables->strings);
  size_t length = (size_t)(field->block.end - field->block.at);
  if (!status && length > UINT32_MAX - 1)
    status = THESEUS_EOVERFLOW;
  if (!status)
    tables->strings[tables->string_count++] =
        (struct th_text){.bytes = (const char *)field->block.at, .length = (uint32_t)length};
  return status;
}

static int read_type(th_pprof_tables *tables, th_bytes message, struct th_pprof_type *out) {
  struct th_field field;
  int status = THESEUS_OK;

  *out = (struct th_pprof_type){0};
  while (next_field(tables, &message, &field, &status))
    if (field.number == TH_VALUE_TYPE)
      out->name = field.value;
    else if (field.number == TH_VALUE_UNIT)
      out->unit = field.value;
  return status;
}

static int read_sample_type(th_pprof_tables *tables, th_bytes message) {
  if (tables->type_count == TH_MAX_TYPES)
    return th_pprof_fail(tables, message.at, "more than %d sample types", TH_MAX_TYPES);
  return read_type(tables, message, &tables->types[tables->type_count++]);
}

static int read_mapping(th_pprof_tables *tables, th_bytes message) {
  struct th_pprof_mapping mapping = {0};
  struct th_field field;
  uint64_t id = 0;
  int status = th_alloc_grow(tables->alloc, &tables->mappings, &tables->mapping_capacity,
                             (uint64_t)tables->mapping_ids.count + 1, sizeof mapping);
  while (!status && next_field(tables, &message, &field, &status))
    switch (field.number) {
      case TH_MAPPING_ID: id = field.value; break;
      case TH_MAPPING_START: mapping.start = field.value; break;
      case TH_MAPPING_LIMIT: mapping.limit = field.value; break;
      case TH_MAPPING_OFFSET: mapping.offset = field.value; break;
      case TH_MAPPING_FILE: mapping.file = field.value; break;
      case TH_MAPPING_BUILD_ID: mapping.build_id = field.value; break;
      default: break;
    }
  if (status)
    return status;
  tables->mappings[tables->mapping_ids.count] = mapping;
  return th_ids_add(&tables->mapping_ids, tables->alloc, id);
}

static int read_function(th_pprof_tables *tables, th_bytes message) {
  struct th_pprof_function function = {0};
  struct th_field field;
  uint64_t id = 0;
  int status = th_alloc_grow(tables->alloc, &tables->functions, &tables->function_capacity,
                             (uint64_t)tables->function_ids.count + 1, sizeof function);
  while (!status && next_field(tables, &message, &field, &status))
    switch (field.number) {
      case TH_FUNCTION_ID: id = field.value; break;
      case TH_FUNCTION_NAME: function.name = field.value; break;
      case TH_FUNCTION_SYSTEM_NAME: function.system_name = field.value; break;
      case TH_FUNCTION_FILE: function.file = field.value; break;
      case TH_FUNCTION_FIRST_LINE: function.first_line = th_small(field.value); break;
      default: break;
    }
  if (status)
    return status;
  tables->functions[tables->function_ids.count] = function;
  return th_ids_add(&tables->function_ids, tables->alloc, id);
}

static int read_line(th_pprof_tables *tables, th_bytes message) {
  struct th_pprof_frame frame = {0};
  struct th_field field;
  int status = th_alloc_grow(tables->alloc, &tables->frames, &tables->frame_capacity, (uint64_t)tables->frame_count + 1,
                             sizeof frame);
  while (!status && next_field(tables, &message, &field, &status))
    if (field.number == TH_LINE_FUNCTION)
      frame.id = field.value;
    else if (field.number == TH_LINE_LINE)
      frame.line = th_small(field.value);
  if (!status)
    tables->frames[tables->frame_count++] = frame;
  return status;
}

static int read_location(th_pprof_tables *tables, th_bytes message) {
  struct th_pprof_location location = {.first = tables->frame_count};
  struct th_field field;
  uint64_t id = 0;
  int status = th_alloc_grow(tables->alloc, &tables->locations, &tables->location_capacity,
                             (uint64_t)tables->location_ids.count + 1, sizeof location);
  while (!status && next_field(tables, &message, &field, &status))
    switch (field.number) {
      case TH_LOCATION_ID: id = field.value; break;
      case TH_LOCATION_MAPPING: location.mapping = field.value; break;
      case TH_LOCATION_ADDRESS: location.address = field.value; break;
      case TH_LOCATION_LINE:
        if (field.is_block)
          status = read_line(tables, field.block);
        break;
      default: break;
    }
  if (!status && tables->frame_count == location.first) /* an address without a name */
    status = read_line(tables, (th_bytes){message.at, message.at});
  if (status)
    return status;
  location.frames = tables->frame_count - location.first;
  if (location.frames > tables->most_frames)
    tables->most_frames = location.frames;
  tables->locations[tables->location_ids.count] = location;
  return th_ids_add(&tables->location_ids, tables->alloc, id);
}

/* Reads numbers, of which a field has one, or is a block of them, to the end of an array.  False: they do not end in
 * time, or `status` says what went wrong. */
static bool read_numbers(th_alloc *alloc, const struct th_field *field, uint64_t **array, uint32_t *count,
                         uint32_t *capacity, int *status) {
  th_bytes block = field->block;
  uint64_t most = *count + (field->is_block ? (uint64_t)(block.end - block.at) : 1);

  *status = th_alloc_grow(alloc, array, capacity, most, sizeof **array);
  if (*status)
    return false;
  if (!field->is_block) {
    (*array)[(*count)++] = field->value;
    return true;
  }
  while (block.at != block.end)
    if (!th_wire_take(&block, &(*array)[(*count)++]))
      return false;
  return true;
}

static int fail_two(const th_pprof_tables *tables, const unsigned char *at) {
  return th_pprof_fail(tables, at, "two profiles, one after the other: merge them instead");
}

static int read_time(th_pprof_tables *tables, const unsigned char *at, const struct th_field *field) {
  if (field->value > INT64_MAX)
    return th_pprof_fail(tables, at, "a negative time");
  if (tables->time_ns)
    return fail_two(tables, at);
  tables->time_ns = field->value;
  return THESEUS_OK;
}

static int read_field(th_pprof_tables *tables, const unsigned char *at, const struct th_field *field) {
  int status = THESEUS_OK;
  bool message = field->number <= TH_PROFILE_STRING;

  if (message && !field->is_block)
    return th_pprof_fail(tables, at, "field %u of the profile is not a message", (unsigned)field->number);
  switch (field->number) {
    case TH_PROFILE_SAMPLE_TYPE: return read_sample_type(tables, field->block);
    case TH_PROFILE_MAPPING: return read_mapping(tables, field->block);
    case TH_PROFILE_LOCATION: return read_location(tables, field->block);
    case TH_PROFILE_FUNCTION: return read_function(tables, field->block);
    case TH_PROFILE_STRING: return read_string(tables, field);
    case TH_PROFILE_TIME: return read_time(tables, at, field);
    case TH_PROFILE_DURATION: tables->duration_ns = field->value <= INT64_MAX ? field->value : 0; return THESEUS_OK;
    case TH_PROFILE_PERIOD_TYPE:
      return field->is_block ? read_type(tables, field->block, &tables->period_type)
                             : th_pprof_fail(tables, at, "the period type is not a message");
    case TH_PROFILE_PERIOD: tables->period = field->value <= INT64_MAX ? field->value : 0; return THESEUS_OK;
    case TH_PROFILE_DEFAULT_TYPE: tables->default_type = field->value; return THESEUS_OK;
    case TH_PROFILE_DROP_FRAMES: tables->drop_frames = field->value; return THESEUS_OK;
    case TH_PROFILE_KEEP_FRAMES: tables->keep_frames = field->value; return THESEUS_OK;
    case TH_PROFILE_COMMENT:
      if (tables->comment_count < MAX_COMMENTS &&
          !read_numbers(tables->alloc, field, &tables->comments, &tables->comment_count, &tables->comment_capacity,
                        &status))
        return status ? status : th_pprof_fail(tables, at, "numbers that do not end");
      return THESEUS_OK;
    default: return THESEUS_OK;
  }
}

/* The string table of each profile begins with the empty text. */
static bool has_two_tables(const th_pprof_tables *tables) {
  for (uint32_t i = 1; i < tables->string_count; i++)
    if (!tables->strings[i].length)
      return true;
  return false;
}

int th_pprof_tables_read(th_pprof_tables *tables, th_bytes bytes) {
  const struct {
    struct th_ids *ids;
    const char *what;
  } indexes[] = {
      {&tables->mapping_ids, "mapping"}, {&tables->function_ids, "function"}, {&tables->location_ids, "location"}};
  struct th_field field;
  uint64_t id = 0;
  int status = THESEUS_OK;

  for (const unsigned char *at = bytes.at; !status && next_field(tables, &bytes, &field, &status); at = bytes.at)
    status = read_field(tables, at, &field);
  if (!status && !tables->type_count)
    return th_pprof_fail(tables, tables->begin, "no sample types: this is not a pprof profile");
  if (!status && (!tables->string_count || tables->strings[0].length))
    return th_pprof_fail(tables, tables->begin, "the string table does not begin with the empty one");
  for (size_t i = 0; !status && i < sizeof indexes / sizeof *indexes; i++) {
    status = th_ids_index(indexes[i].ids, tables->alloc, &id);
    if (status == THESEUS_EFORMAT && has_two_tables(tables))
      return fail_two(tables, tables->begin);
    if (status == THESEUS_EFORMAT)
      return th_pprof_fail(tables, tables->begin, "the id %llu of a %s is 0, or that of another one",
                           (unsigned long long)id, indexes[i].what);
  }
  if (tables->comment_count > MAX_COMMENTS)
    tables->comment_count = MAX_COMMENTS;
  return status;
}

/* ---- in terms of a profile ---- */

static int resolve_function(th_pprof_tables *tables, theseus_profile *profile, uint32_t i) {
  struct th_pprof_function *function = &tables->functions[i];
  const struct th_text *name = th_pprof_string(tables, function->name);
  const struct th_text *file = th_pprof_string(tables, function->file);
  struct th_function found = {.first_line = function->first_line, .of = TH_NONE};
  static const struct th_text unknown = {.bytes = "(unknown)", .length = 9};

  if (name && !name->length)
    name = th_pprof_string(tables, function->system_name);
  if (!name || !file)
    return th_pprof_fail(tables, tables->begin, "function %llu: a text that is not in the string table",
                         (unsigned long long)tables->function_ids.ids[i]);
  int status = th_pprof_intern(profile, name->length ? name : &unknown, &found.name);
  if (!status)
    status = th_pprof_intern(profile, file, &found.file);
  return status ? status : th_functions_intern(&profile->functions, &profile->alloc, &found, &function->function);
}

/* A function for an address that has none: the address in hexadecimal, in its program. */
static int resolve_address(th_pprof_tables *tables, theseus_profile *profile, const struct th_pprof_location *location,
                           uint64_t *out) {
  uint32_t mapping = th_ids_find(&tables->mapping_ids, location->mapping), function = 0;
  const struct th_text *file = NULL;
  struct th_function found = {.of = TH_NONE};
  char name[32];

  if (mapping != TH_NONE)
    file = th_pprof_string(tables, tables->mappings[mapping].file);
  (void)snprintf(name, sizeof name, "0x%llx", (unsigned long long)location->address);
  const struct th_text text = {.bytes = name, .length = (uint32_t)strlen(name)}, none = {.bytes = ""};
  int status = th_pprof_intern(profile, &text, &found.name);
  if (!status)
    status = th_pprof_intern(profile, file ? file : &none, &found.file);
  if (!status)
    status = th_functions_intern(&profile->functions, &profile->alloc, &found, &function);
  if (!status)
    *out = function;
  return status;
}

/* The function of a frame.  One without a file is told apart by its object. */
static int resolve_frame(const th_pprof_tables *tables, theseus_profile *profile,
                         const struct th_pprof_location *location, uint32_t function, uint64_t *out) {
  struct th_function found = profile->functions.items[function];
  uint32_t mapping = th_ids_find(&tables->mapping_ids, location->mapping);
  int status = THESEUS_OK;

  if (mapping != TH_NONE && !profile->strings.texts[found.file].length) {
    found.of = tables->mappings[mapping].object;
    status = th_functions_intern(&profile->functions, &profile->alloc, &found, &function);
  }
  *out = function;
  return status;
}

static int resolve_mapping(th_pprof_tables *tables, theseus_profile *profile, struct th_pprof_mapping *mapping) {
  const struct th_text *file = th_pprof_string(tables, mapping->file);
  mapping->object = TH_NONE;
  return file && file->length ? th_pprof_intern(profile, file, &mapping->object) : THESEUS_OK;
}

void th_pprof_tables_tell_objects(const th_pprof_tables *tables, theseus_profile *profile) {
  for (uint32_t i = 0; i < tables->location_ids.count; i++) {
    const struct th_pprof_location *location = &tables->locations[i];
    uint32_t mapping = th_ids_find(&tables->mapping_ids, location->mapping);
    for (uint32_t k = 0; mapping != TH_NONE && k < location->frames; k++)
      th_profile_join_object(profile, (uint32_t)tables->frames[location->first + k].id,
                             tables->mappings[mapping].object);
  }
}

static int pack_places(th_pprof_tables *tables) {
  uint32_t n = tables->location_ids.direct_size;
  if (!n)
    return THESEUS_OK;
  tables->places = th_alloc_zeroed(tables->alloc, n, sizeof *tables->places);
  if (!tables->places)
    return th_alloc_why(tables->alloc);
  tables->place_count = n;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t item = tables->location_ids.direct[i];
    bool packs = item != TH_NONE && tables->locations[item].frames == 1;
    const struct th_pprof_frame *frame = packs ? &tables->frames[tables->locations[item].first] : NULL;
    tables->places[i] =
        frame ? (struct th_pprof_place){(uint32_t)frame->id, frame->line} : (struct th_pprof_place){TH_NONE, 0};
  }
  return THESEUS_OK;
}

int th_pprof_tables_resolve(th_pprof_tables *tables, theseus_profile *profile) {
  int status = THESEUS_OK;
  for (uint32_t i = 0; !status && i < tables->function_ids.count; i++)
    status = resolve_function(tables, profile, i);
  for (uint32_t i = 0; !status && i < tables->mapping_ids.count; i++)
    status = resolve_mapping(tables, profile, &tables->mappings[i]);
  for (uint32_t i = 0; !status && i < tables->location_ids.count; i++) {
    const struct th_pprof_location *location = &tables->locations[i];
    for (uint32_t k = location->first; !status && k < location->first + location->frames; k++) {
      struct th_pprof_frame *frame = &tables->frames[k];
      uint32_t function = frame->id ? th_ids_find(&tables->function_ids, frame->id) : TH_NONE;
      if (function != TH_NONE)
        status = resolve_frame(tables, profile, location, tables->functions[function].function, &frame->id);
      else if (frame->id)
        status = th_pprof_fail(tables, tables->begin, "location %llu: function %llu is not in the file",
                               (unsigned long long)tables->location_ids.ids[i], (unsigned long long)frame->id);
      else
        status = resolve_address(tables, profile, location, &frame->id);
    }
  }
  return status ? status : pack_places(tables);
}

void th_pprof_tables_free(th_pprof_tables *tables) {
  th_alloc *alloc = tables->alloc;
  th_alloc_free(alloc, tables->strings, tables->string_capacity, sizeof *tables->strings);
  th_alloc_free(alloc, tables->comments, tables->comment_capacity, sizeof *tables->comments);
  th_alloc_free(alloc, tables->functions, tables->function_capacity, sizeof *tables->functions);
  th_alloc_free(alloc, tables->mappings, tables->mapping_capacity, sizeof *tables->mappings);
  th_alloc_free(alloc, tables->locations, tables->location_capacity, sizeof *tables->locations);
  th_alloc_free(alloc, tables->frames, tables->frame_capacity, sizeof *tables->frames);
  th_alloc_free(alloc, tables->places, tables->place_count, sizeof *tables->places);
  th_ids_free(&tables->function_ids, alloc);
  th_ids_free(&tables->mapping_ids, alloc);
  th_ids_free(&tables->location_ids, alloc);
}
