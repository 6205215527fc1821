/* SPDX-License-Identifier: ISC */
/* Reads a pprof profile: first its tables, then its samples, one by one.  What Theseus wrote becomes what it was; the
 * sample types of others become events. */
#include "pprof-tables.h"
#include "pprof.h"

#include <stdio.h>
#include <string.h>

/* What a string means as the key of a label, or as an outcome. */
enum word { NO_WORD, KEY_OUTCOME, KEY_LATENCY, KEY_DETACHED, KEY_HEAD, KEY_HEAD_PATH, FIRST_OUTCOME };

struct reader {
  theseus_profile *profile;
  th_pprof_tables tables;
  uint64_t sample_number;
  uint32_t events[TH_MAX_TYPES]; /* by sample type */
  bool ours; /* it has the types of TYPE_WAIT, TYPE_LATENCY and TYPE_DEFERREDS, which are at `types` */
  uint32_t types[TYPE_HOST];
  unsigned char *words; /* by string: enum word */

  /* One sample. */
  struct th_field locations; /* as it is in the file, when that is one block; decoded when it has to be */
  uint64_t *ids;             /* of locations, the leaf first */
  uint32_t id_count, id_capacity;
  uint64_t *values;
  uint32_t value_count, value_capacity;

  /* The one before, whose beginning this one mostly shares: of each location from the root, where it led. */
  struct step {
    uint64_t id;
    uint32_t stack, line;
  } * path;
  uint32_t path_length, path_capacity;
  th_bytes last_block; /* its locations, of which many samples in a row have the same */
  uint32_t last_stack, last_line;
};

/* What the labels of a sample say. */
struct labels {
  uint32_t outcome; /* of OUTCOME_NAMES */
  bool has_mark, detached, has_head;
  uint64_t mark, head;
  const struct th_text *head_path;
};

/* ---- sample types ---- */

static uint32_t find_type(const struct reader *reader, const char *name, const char *unit) {
  const th_pprof_tables *tables = &reader->tables;
  for (uint32_t i = 0; i < tables->type_count; i++)
    if (th_text_is(th_pprof_string(tables, tables->types[i].name), name) &&
        th_text_is(th_pprof_string(tables, tables->types[i].unit), unit))
      return i;
  return TH_NONE;
}

static bool is_known(const struct reader *reader, const char *name, uint32_t before) {
  theseus_event_info event = {.size = sizeof event};
  for (uint32_t id = 0; id < THESEUS_EVENTS; id++)
    if (!theseus_event_get(reader->profile, id, &event) && strcmp(event.name, name) == 0)
      return true;
  for (uint32_t i = 0; i < before; i++)
    if (!theseus_event_get(reader->profile, reader->events[i], &event) && strcmp(event.name, name) == 0)
      return true;
  return false;
}

/* A name that an event can have. */
static void event_name(const struct reader *reader, uint32_t type, const struct th_text *text, char *out, size_t size) {
  size_t n = 0;
  for (uint32_t i = 0; i < text->length && n < size / 2; i++) {
    char c = text->bytes[i];
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_', digit = c >= '0' && c <= '9';
    if (digit && n == 0)
      out[n++] = '_';
    out[n++] = letter || digit ? c : '_';
  }
  if (!n)
    out[n++] = '_';
  out[n] = '\0';
  while (is_known(reader, out, type) && n + 12 < size)
    n += (size_t)snprintf(out + n, size - n, "_%u", (unsigned)type);
}

/* The long name that a comment gives an event, or the sample type's name where the event's had to differ. */
static int long_name(const struct reader *reader, const char *name, const struct th_text *type, const char **out) {
  const th_pprof_tables *tables = &reader->tables;
  size_t n = strlen(name), before = strlen(EVENT_COMMENT), middle = strlen(EVENT_COMMENT_MIDDLE);
  struct th_text text = th_text_is(type, name) ? (struct th_text){"", 0} : *type;
  uint32_t id;

  for (uint32_t i = 0; i < tables->comment_count; i++) {
    const struct th_text *comment = th_pprof_string(tables, tables->comments[i]);
    if (comment && comment->length > before + n + middle && memcmp(comment->bytes, EVENT_COMMENT, before) == 0 &&
        memcmp(comment->bytes + before, name, n) == 0 &&
        memcmp(comment->bytes + before + n, EVENT_COMMENT_MIDDLE, middle) == 0) {
      uint32_t skip = (uint32_t)(before + n + middle);
      text = (struct th_text){comment->bytes + skip, comment->length - skip};
      break;
    }
  }
  int status = th_pprof_intern(reader->profile, &text, &id);
  if (!status)
    *out = th_strings_get(&reader->profile->strings, id);
  return status;
}

static int resolve_type(struct reader *reader, uint32_t type) {
  const th_pprof_tables *tables = &reader->tables;
  const struct th_text *text = th_pprof_string(tables, tables->types[type].name);
  theseus_event_info event = {.size = sizeof event};
  uint32_t unit;
  char name[256];

  int status = th_pprof_intern(reader->profile, th_pprof_string(tables, tables->types[type].unit), &unit);
  if (status)
    return status;
  event_name(reader, type, text, name, sizeof name);
  event.name = name;
  event.unit = th_strings_get(&reader->profile->strings, unit);
  if (strcmp(event.unit, NANOSECONDS) == 0)
    event.unit = "ns";
  status = long_name(reader, name, text, &event.long_name);
  return status ? status : theseus_event_intern(reader->profile, &event, &reader->events[type]);
}

static int resolve_types(struct reader *reader) {
  const th_pprof_tables *tables = &reader->tables;
  static const char *const names[] = {WAIT, LATENCY, DEFERREDS}, *const units[] = {NANOSECONDS, NANOSECONDS, COUNT};
  static const uint32_t events[] = {THESEUS_WAIT, THESEUS_LATENCY, THESEUS_DEFERREDS};
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < tables->type_count; i++)
    if (!th_pprof_string(tables, tables->types[i].name) || !th_pprof_string(tables, tables->types[i].unit))
      return th_pprof_fail(tables, tables->begin, "sample type %u: a text that is not in the string table",
                           (unsigned)i);
  reader->ours = true;
  for (uint32_t i = 0; i < TYPE_HOST; i++) {
    reader->types[i] = find_type(reader, names[i], units[i]);
    reader->ours = reader->ours && reader->types[i] != TH_NONE;
  }
  for (uint32_t i = 0; !status && i < tables->type_count; i++) {
    uint32_t own = 0;
    while (own < TYPE_HOST && (!reader->ours || reader->types[own] != i))
      own++;
    if (own < TYPE_HOST)
      reader->events[i] = events[own];
    else
      status = resolve_type(reader, i);
  }
  return status;
}

/* ---- labels ---- */

static int classify_words(struct reader *reader) {
  static const char *const words[] = {[KEY_OUTCOME] = OUTCOME,
                                      [KEY_LATENCY] = LATENCY,
                                      [KEY_DETACHED] = DETACHED,
                                      [KEY_HEAD] = HEAD,
                                      [KEY_HEAD_PATH] = HEAD_PATH};
  static const char *const outcomes[] = OUTCOME_NAMES;
  const th_pprof_tables *tables = &reader->tables;

  reader->words = th_alloc_zeroed(tables->alloc, tables->string_count, 1);
  if (!reader->words)
    return th_alloc_why(tables->alloc);
  for (uint32_t i = 0; i < tables->string_count; i++) {
    const struct th_text *text = &tables->strings[i];
    for (unsigned char word = KEY_OUTCOME; word < FIRST_OUTCOME; word++)
      if (th_text_is(text, words[word]))
        reader->words[i] = word;
    for (unsigned char outcome = 0; outcome < OUTCOMES; outcome++)
      if (th_text_is(text, outcomes[outcome]))
        reader->words[i] = (unsigned char)(FIRST_OUTCOME + outcome);
  }
  return THESEUS_OK;
}

static int sample_fail(const struct reader *reader, const unsigned char *at, const char *what) {
  return th_pprof_fail(&reader->tables, at, "sample %llu: %s", (unsigned long long)reader->sample_number, what);
}

static int read_label(const struct reader *reader, th_bytes message, struct labels *labels) {
  const unsigned char *at = message.at;
  uint64_t key = 0, string = 0, number = 0;
  struct th_field field;

  while (message.at != message.end) {
    const char *wrong = th_wire_next(&message, &field);
    if (wrong)
      return sample_fail(reader, message.at, wrong);
    switch (field.number) {
      case LABEL_KEY: key = field.value; break;
      case LABEL_STRING: string = field.value; break;
      case LABEL_NUMBER: number = field.value; break;
      default: break;
    }
  }
  if (key >= reader->tables.string_count || string >= reader->tables.string_count)
    return sample_fail(reader, at, "a label's text is not in the string table");
  switch (reader->words[key]) {
    case KEY_OUTCOME:
      if (reader->words[string] < FIRST_OUTCOME)
        return sample_fail(reader, at, "an unknown outcome");
      labels->outcome = reader->words[string] - (uint32_t)FIRST_OUTCOME;
      break;
    case KEY_LATENCY:
      if (number > INT64_MAX)
        return sample_fail(reader, at, "a negative latency");
      labels->has_mark = true;
      labels->mark = number;
      break;
    case KEY_DETACHED: labels->detached = true; break;
    case KEY_HEAD:
      labels->has_head = true;
      labels->head = number;
      break;
    case KEY_HEAD_PATH: labels->head_path = &reader->tables.strings[string]; break;
    default: break;
  }
  return THESEUS_OK;
}

/* ---- stacks ---- */

/* Pushes the frames of a location, the last of which is the innermost one.  Gives false at the bound of depth. */
static int push_location(struct reader *reader, uint32_t location, struct step *step, bool *at_bound) {
  const struct th_pprof_location *found = &reader->tables.locations[location];
  for (uint32_t i = found->frames; i-- > 0;) {
    const struct th_pprof_frame *frame = &reader->tables.frames[found->first + i];
    if (reader->profile->stacks.items[step->stack].depth >= reader->profile->max_depth) {
      reader->profile->info.truncated_pushes++;
      *at_bound = true;
      return THESEUS_OK;
    }
    int status = th_profile_push(reader->profile, step->stack, (uint32_t)frame->id, step->line, &step->stack);
    if (status)
      return status;
    step->line = frame->line;
  }
  return THESEUS_OK;
}

/* The stack of a sample, and the line that its leaf is at. */
static int push_stack(struct reader *reader, const unsigned char *at, uint32_t *stack, uint32_t *line) {
  uint32_t n = reader->id_count, shared = 0;
  bool at_bound = false;

  while (shared < n && shared < reader->path_length && reader->path[shared].id == reader->ids[n - 1 - shared])
    shared++;
  reader->path_length = shared;
  struct step step = shared ? reader->path[shared - 1] : (struct step){0, THESEUS_ROOT, 0};
  int status = th_alloc_grow(reader->tables.alloc, &reader->path, &reader->path_capacity, n, sizeof step);
  for (; !status && !at_bound && shared < n; shared++) {
    step.id = reader->ids[n - 1 - shared];
    uint32_t location = th_ids_find(&reader->tables.location_ids, step.id);
    if (location == TH_NONE)
      return th_pprof_fail(&reader->tables, at, "sample %llu: location %llu is not in the file",
                           (unsigned long long)reader->sample_number, (unsigned long long)step.id);
    status = push_location(reader, location, &step, &at_bound);
    if (!status && !at_bound)
      reader->path[reader->path_length++] = step;
  }
  *stack = step.stack;
  *line = step.line;
  return status;
}

/* Decodes the block that has been put off, if there is one. */
static bool decode_locations(struct reader *reader, int *status) {
  struct th_field field = reader->locations;
  reader->locations.block = (th_bytes){NULL, NULL};
  return !field.block.at ||
         th_pprof_numbers(reader->tables.alloc, &field, &reader->ids, &reader->id_count, &reader->id_capacity, status);
}

static bool take_locations(struct reader *reader, const struct th_field *field, int *status) {
  if (!reader->id_count && !reader->locations.block.at && field->is_block) {
    reader->locations = *field;
    return true;
  }
  return decode_locations(reader, status) &&
         th_pprof_numbers(reader->tables.alloc, field, &reader->ids, &reader->id_count, &reader->id_capacity, status);
}

static int find_stack(struct reader *reader, const unsigned char *at, uint32_t *stack, uint32_t *line) {
  th_bytes block = reader->locations.block, last = reader->last_block;
  int status = THESEUS_OK;

  if (block.at && last.at && block.end - block.at == last.end - last.at &&
      memcmp(block.at, last.at, (size_t)(last.end - last.at)) == 0) {
    *stack = reader->last_stack;
    *line = reader->last_line;
    return THESEUS_OK;
  }
  if (!decode_locations(reader, &status))
    return status ? status : sample_fail(reader, at, "a number that does not end");
  status = push_stack(reader, at, stack, line);
  reader->last_block = status ? (th_bytes){NULL, NULL} : block;
  reader->last_stack = *stack;
  reader->last_line = *line;
  return status;
}

/* The next line of a text, which loses it. */
static th_bytes next_line(th_bytes *text) {
  th_bytes line = {text->at, text->at};
  while (line.end != text->end && *line.end != '\n')
    line.end++;
  text->at = line.end == text->end ? line.end : line.end + 1;
  return line;
}

static uint32_t decimal(th_bytes digits) {
  uint32_t number = 0;
  for (; digits.at != digits.end && *digits.at >= '0' && *digits.at <= '9' && number <= UINT32_MAX / 10 - 1;
       digits.at++)
    number = number * 10 + (uint32_t)(*digits.at - '0');
  return number;
}

/* The stack of the head of detached Wait: so many frames of the stack where the Wait is, and then those of a text. */
static int find_head(struct reader *reader, const struct labels *labels, uint32_t stack, uint32_t *out) {
  theseus_profile *profile = reader->profile;
  uint32_t head = stack;
  int status = THESEUS_OK;

  while (labels->has_head && profile->stacks.items[head].depth > labels->head)
    head = profile->stacks.items[head].parent;
  th_bytes rest = {NULL, NULL};
  if (labels->head_path)
    rest = (th_bytes){(const unsigned char *)labels->head_path->bytes,
                      (const unsigned char *)labels->head_path->bytes + labels->head_path->length};
  while (!status && rest.at != rest.end && profile->stacks.items[head].depth < profile->max_depth) {
    th_bytes call_line = next_line(&rest), first_line = next_line(&rest), name = next_line(&rest),
             file = next_line(&rest);
    const struct th_text texts[] = {{(const char *)name.at, (uint32_t)(name.end - name.at)},
                                    {(const char *)file.at, (uint32_t)(file.end - file.at)}};
    struct th_function function = {.first_line = decimal(first_line)};
    uint32_t id;
    if (!texts[0].length)
      break;
    status = th_pprof_intern(profile, &texts[0], &function.name);
    if (!status)
      status = th_pprof_intern(profile, &texts[1], &function.file);
    if (!status)
      status = th_functions_intern(&profile->functions, &profile->alloc, &function, &id);
    if (!status)
      status = th_profile_push(profile, head, id, decimal(call_line), &head);
  }
  *out = head;
  return status;
}

/* ---- samples ---- */

static int add_cell(struct reader *reader, const struct th_cell_key *key, uint64_t value) {
  th_cells *cells = &reader->profile->cells;
  uint32_t cell;
  int status = th_cells_intern(cells, &reader->profile->alloc, key, &cell);
  if (!status && value > UINT64_MAX - cells->items[cell].value.ns)
    status = THESEUS_EOVERFLOW;
  if (!status)
    th_cells_add(cells, cell, value);
  return status;
}

static int add_spans(struct reader *reader, uint32_t stack, const struct labels *labels, uint64_t count,
                     uint64_t latency_ns) {
  theseus_profile *profile = reader->profile;
  struct th_stats more = th_no_stats(), *stats;
  int status = th_profile_stats(profile, stack, &stats);

  more.deferreds = count;
  more.latency_ns = latency_ns;
  if (labels->outcome < OUTCOME_PENDING)
    more.outcomes[labels->outcome] = count;
  if (status)
    return status;
  if (count > UINT64_MAX - stats->deferreds || latency_ns > UINT64_MAX - stats->latency_ns)
    return THESEUS_EOVERFLOW;
  if (labels->outcome <= THESEUS_CANCELLED) {
    struct th_bucket bucket = {
        .stack = stack, .outcome = labels->outcome, .mark = TH_NO_MARK, .count = count, .latency_ns = latency_ns};
    if (labels->has_mark)
      bucket.mark = more.latency_min_ns = more.latency_max_ns = labels->mark;
    status = th_histogram_add(&profile->histogram, &profile->alloc, &bucket, &stats->buckets);
  }
  if (!status)
    th_profile_add_stats(stats, &more);
  return status;
}

static int add_sample(struct reader *reader, uint32_t stack, uint32_t line, const struct labels *labels) {
  uint64_t count = 0, latency_ns = 0;
  int status = THESEUS_OK;

  for (uint32_t i = 0; !status && i < reader->value_count; i++) {
    uint64_t value = reader->values[i];
    if (!value)
      continue;
    struct th_cell_key key = {reader->events[i], THESEUS_ROOT, 0, stack, line};
    if (key.event == THESEUS_LATENCY) {
      latency_ns = value;
    } else if (key.event == THESEUS_DEFERREDS) {
      count = value;
    } else {
      if (key.event == THESEUS_WAIT && labels->detached) {
        key.detached = 1;
        status = find_head(reader, labels, stack, &key.head);
      }
      if (!status)
        status = add_cell(reader, &key, value);
    }
  }
  if (!status && (count || latency_ns))
    status = add_spans(reader, stack, labels, count, latency_ns);
  return status;
}

static int read_sample(struct reader *reader, th_bytes message) {
  const unsigned char *at = message.at;
  th_alloc *alloc = reader->tables.alloc;
  struct labels labels = {0};
  struct th_field field;
  uint32_t stack = THESEUS_ROOT, line = 0;
  int status = THESEUS_OK;

  reader->id_count = reader->value_count = 0;
  reader->locations.block = (th_bytes){NULL, NULL};
  while (message.at != message.end) {
    const unsigned char *field_at = message.at;
    const char *wrong = th_wire_next(&message, &field);
    if (!wrong && field.number == SAMPLE_LOCATION) {
      if (!take_locations(reader, &field, &status))
        wrong = "a number that does not end";
    } else if (!wrong && field.number == SAMPLE_VALUE) {
      if (!th_pprof_numbers(alloc, &field, &reader->values, &reader->value_count, &reader->value_capacity, &status))
        wrong = "a number that does not end";
    } else if (!wrong && field.number == SAMPLE_LABEL && reader->ours) {
      if (!field.is_block)
        wrong = "a label is not a message";
      else
        status = read_label(reader, field.block, &labels);
    }
    if (status)
      return status;
    if (wrong)
      return sample_fail(reader, field_at, wrong);
  }
  if (reader->value_count != reader->tables.type_count)
    return th_pprof_fail(&reader->tables, at, "sample %llu: %lu values for %lu sample types",
                         (unsigned long long)reader->sample_number, (unsigned long)reader->value_count,
                         (unsigned long)reader->tables.type_count);
  bool any = false;
  for (uint32_t i = 0; i < reader->value_count; i++) {
    if (reader->values[i] > INT64_MAX)
      return sample_fail(reader, at, "a negative value, as in a difference of profiles");
    any = any || reader->values[i];
  }
  if (any)
    status = find_stack(reader, at, &stack, &line);
  return status || !any ? status : add_sample(reader, stack, line, &labels);
}

static int read_samples(struct reader *reader, th_bytes bytes) {
  struct th_field field;
  int status = THESEUS_OK;

  while (!status && bytes.at != bytes.end) {
    (void)th_wire_next(&bytes, &field); /* has gone well before */
    if (field.number != PROFILE_SAMPLE)
      continue;
    reader->sample_number++;
    status = read_sample(reader, field.block);
  }
  return status;
}

/* ---- the call ---- */

/* Reads into a profile that has no measurements. */
static int read_into(theseus_profile *profile, th_bytes bytes, theseus_read_error *error) {
  struct reader *reader = th_alloc_zeroed(&profile->alloc, 1, sizeof *reader);
  if (!reader)
    return th_alloc_why(&profile->alloc);
  th_alloc *alloc = &profile->alloc;
  reader->profile = profile;
  reader->tables.alloc = alloc;
  reader->tables.begin = bytes.at;
  reader->tables.error = error;

  int status = th_pprof_tables_read(&reader->tables, bytes);
  if (!status)
    status = resolve_types(reader);
  if (!status)
    status = th_pprof_tables_resolve(&reader->tables, profile);
  if (!status)
    status = classify_words(reader);
  if (!status)
    status = read_samples(reader, bytes);
  if (!status)
    th_profile_add_time(profile, reader->tables.time_ns, reader->tables.duration_ns);

  th_alloc_free(alloc, reader->words, reader->tables.string_count, 1);
  th_alloc_free(alloc, reader->ids, reader->id_capacity, sizeof *reader->ids);
  th_alloc_free(alloc, reader->values, reader->value_capacity, sizeof *reader->values);
  th_alloc_free(alloc, reader->path, reader->path_capacity, sizeof *reader->path);
  th_pprof_tables_free(&reader->tables);
  th_alloc_free(alloc, reader, 1, sizeof *reader);
  return status;
}

/* There is nothing to be lost: it is read into at once, and emptied again should that fail. */
static int read_first(theseus_profile *profile, th_bytes bytes, theseus_read_error *error) {
  uint64_t truncated = profile->info.truncated_pushes;
  uint32_t events = profile->event_count;
  int status = read_into(profile, bytes, error);
  if (status) {
    th_cells_clear(&profile->cells);
    th_histogram_clear(&profile->histogram);
    for (uint32_t i = 0; i < profile->stats_count; i++)
      profile->stats[i] = th_no_stats();
    profile->event_count = events;
    profile->info.truncated_pushes = truncated;
  }
  return status;
}

static int read_more(theseus_profile *profile, th_bytes bytes, theseus_read_error *error) {
  uint64_t used = profile->alloc.used, limit = profile->alloc.limit;
  theseus_profile_options options = {.size = sizeof options,
                                     .allocator = &profile->alloc.user,
                                     .max_depth = profile->max_depth,
                                     .max_nesting = profile->max_nesting};
  theseus_profile *read;

  if (limit != UINT64_MAX)
    options.memory_limit = limit > used ? limit - used : 1;
  int status = theseus_profile_new(&options, &read);
  if (status)
    return status;
  status = read_into(read, bytes, error);
  if (!status)
    status = theseus_profile_merge(profile, read);
  theseus_profile_free(read);
  return status;
}

int theseus_pprof_read(theseus_profile *profile, const void *bytes, size_t size, theseus_read_error *error) {
  theseus_read_error found = {.size = sizeof found};
  const unsigned char *at = bytes;
  int status;

  if (!bytes && size)
    return THESEUS_EINVAL;
  if (size >= 2 && at[0] == 0x1f && at[1] == 0x8b) {
    (void)snprintf(found.text, sizeof found.text, "compressed with gzip: to be decompressed first");
    status = THESEUS_EFORMAT;
  } else {
    bool empty = !profile->cells.count && !profile->stats_count && !profile->histogram.count;
    th_bytes all = {at, size ? at + size : at};
    status = empty ? read_first(profile, all, &found) : read_more(profile, all, &found);
  }
  if (status && error) {
    if (status != THESEUS_EFORMAT)
      (void)snprintf(found.text, sizeof found.text, "%s", theseus_strerror(status));
    (void)th_give(error, &found, sizeof found);
  }
  return status;
}
