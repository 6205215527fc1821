/* SPDX-License-Identifier: ISC */
/* read - reads a pprof file: first its tables, then its samples, one by one.  The sample types of other programs become
 * events. */
#include "base/others.h"
#include "base/sized.h"
#include "pprof/bookings.h"
#include "pprof/events.h"
#include "pprof/facts.h"
#include "pprof/labels.h"
#include "pprof/path.h"
#include "pprof/sampling.h"
#include "profile/events.h"

#include <stdio.h>
#include <string.h>

struct reader {
  theseus_profile *profile;
  th_pprof_tables tables;
  th_pprof_events events;
  th_bookings bookings;
  th_pprof_path path;
  th_pprof_labels labels;
  uint64_t sample_number;

  /* One sample. */
  th_bytes locations;
  uint64_t *values; /* by sample type */
  uint64_t value_count;
  th_wire spliced[2]; /* locations that were not one block: this sample's, and those that the path knows */
};

static int sample_fail(const struct reader *reader, const unsigned char *at, const char *what) {
  return th_pprof_fail(&reader->tables, at, "sample %llu: %s", (unsigned long long)reader->sample_number, what);
}

/* Splits off the first line of a text. */
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

/* The file of a function, or, without one, its object. */
static int intern_file(theseus_profile *profile, struct th_text text, struct th_function *function) {
  static const struct th_text none = {.bytes = ""};
  uint32_t prefix = sizeof TH_WORD_OBJECT - 1;

  if (text.length <= prefix || memcmp(text.bytes, TH_WORD_OBJECT, prefix) != 0)
    return th_pprof_intern(profile, &text, &function->file);
  text.bytes += prefix;
  text.length -= prefix;
  int status = th_pprof_intern(profile, &text, &function->of);
  return status ? status : th_pprof_intern(profile, &none, &function->file);
}

/* The stack of the head of detached Wait: so many frames of the stack where the Wait is, and then those of a text. */
static int find_head(struct reader *reader, const struct th_pprof_meaning *labels, uint32_t stack, uint32_t *out) {
  theseus_profile *profile = reader->profile;
  uint32_t head = stack;
  int status = THESEUS_OK;

  uint64_t depth = labels->head > reader->path.skipped ? labels->head - reader->path.skipped : 0;
  while (labels->has_head && profile->stacks.items[head].depth > depth)
    head = profile->stacks.items[head].parent;
  th_bytes rest = {NULL, NULL};
  if (labels->head_path)
    rest = (th_bytes){(const unsigned char *)labels->head_path->bytes,
                      (const unsigned char *)labels->head_path->bytes + labels->head_path->length};
  while (!status && rest.at != rest.end && profile->stacks.items[head].depth < profile->max_depth) {
    th_bytes call_line = next_line(&rest), first_line = next_line(&rest), name = next_line(&rest),
             file = next_line(&rest);
    const struct th_text texts[] = {{.bytes = (const char *)name.at, .length = (uint32_t)(name.end - name.at)},
                                    {.bytes = (const char *)file.at, .length = (uint32_t)(file.end - file.at)}};
    struct th_function function = {.first_line = decimal(first_line), .of = TH_NONE};
    uint32_t id = 0;
    if (!texts[0].length)
      break;
    status = th_pprof_intern(profile, &texts[0], &function.name);
    if (!status)
      status = intern_file(profile, texts[1], &function);
    if (!status)
      status = th_functions_intern(&profile->functions, &profile->alloc, &function, &id);
    if (!status)
      status = th_profile_push(profile, head, id, decimal(call_line), &head);
  }
  *out = head;
  return status;
}

/* ---- samples ---- */

static int add_sample(struct reader *reader, const struct th_pprof_meaning *labels) {
  struct th_ended ended = {.stack = reader->path.stack, .outcome = labels->outcome, .mark = labels->mark};
  uint32_t set = TH_NO_LABELS;

  int status = th_pprof_labels_set(&reader->labels, &set);
  for (uint32_t i = 0; !status && i < reader->tables.type_count; i++) {
    uint64_t value = reader->values[i];
    if (!value)
      continue;
    struct th_cell_key key = {.event = reader->events.ids[i],
                              .head = THESEUS_ROOT,
                              .stack = reader->path.stack,
                              .line = reader->path.line,
                              .labels = set,
                              .negative = value > INT64_MAX};
    if (key.negative)
      value = -value;
    if (key.event == THESEUS_LATENCY) {
      ended.latency_ns = value;
    } else if (key.event == THESEUS_OPERATIONS) {
      ended.count = value;
    } else {
      if (key.event == THESEUS_WAIT && labels->detached) {
        key.detached = 1;
        status = find_head(reader, labels, key.stack, &key.head);
      }
      if (!status)
        status = th_bookings_cost(&reader->bookings, &key, value);
    }
  }
  if (!status && (ended.count || ended.latency_ns))
    status = th_bookings_spans(&reader->bookings, &ended);
  return status;
}

/* Adds to the locations.  Usually they are one block, which stays where it is. */
static int take_locations(struct reader *reader, const struct th_field *field, const unsigned char *at) {
  th_wire *spliced = &reader->spliced[reader->path.locations.at == reader->spliced[0].bytes];
  unsigned char number[TH_VARINT];
  th_bytes more = field->block;

  if (reader->locations.at == reader->locations.end && field->is_block) {
    reader->locations = more;
    return THESEUS_OK;
  }
  if (!field->is_block)
    more = (th_bytes){number, number + th_wire_put(number, field->value)};
  uint64_t before = (uint64_t)(reader->locations.end - reader->locations.at), size = (uint64_t)(more.end - more.at);
  if (before && reader->locations.end[-1] >= 0x80)
    return sample_fail(reader, at, "a number that does not end");
  if (!size)
    return THESEUS_OK;
  bool is_spliced = before && reader->locations.at == spliced->bytes;
  spliced->used = is_spliced ? (uint32_t)before : 0;
  int status = th_wire_reserve(spliced, &reader->profile->alloc, before + size);
  if (status)
    return status;
  if (!is_spliced && before)
    memcpy(spliced->bytes, reader->locations.at, (size_t)before);
  memcpy(spliced->bytes + before, more.at, (size_t)size);
  spliced->used = (uint32_t)(before + size);
  reader->locations = (th_bytes){spliced->bytes, spliced->bytes + spliced->used};
  return THESEUS_OK;
}

/* Adds to the values.  If there are too many, only their number is kept.  Returns false if one does not end. */
static bool take_values(struct reader *reader, const struct th_field *field) {
  th_bytes block = field->block;
  uint64_t value = field->value;

  while (!field->is_block || block.at != block.end) {
    if (field->is_block && !th_wire_take(&block, &value))
      return false;
    if (reader->value_count < reader->tables.type_count)
      reader->values[reader->value_count] = value;
    reader->value_count++;
    if (!field->is_block)
      break;
  }
  return true;
}

static int read_sample(struct reader *reader, th_bytes message) {
  const unsigned char *at = message.at;
  struct th_pprof_meaning labels;
  struct th_field field;
  int status = THESEUS_OK;

  reader->value_count = 0;
  reader->locations = (th_bytes){at, at};
  th_pprof_labels_begin(&reader->labels, reader->sample_number, &labels);
  while (!status && message.at != message.end) {
    const unsigned char *field_at = message.at;
    const char *wrong = th_wire_next(&message, &field);
    if (!wrong && field.number == TH_SAMPLE_LOCATION)
      status = take_locations(reader, &field, field_at);
    else if (!wrong && field.number == TH_SAMPLE_VALUE && !take_values(reader, &field))
      wrong = "a number that does not end";
    else if (!wrong && field.number == TH_SAMPLE_LABEL && !field.is_block)
      wrong = "a label is not a message";
    else if (!wrong && field.number == TH_SAMPLE_LABEL)
      status = th_pprof_labels_add(&reader->labels, field.block, &labels);
    if (wrong)
      return sample_fail(reader, field_at, wrong);
  }
  if (status)
    return status;
  if (reader->value_count != reader->tables.type_count)
    return th_pprof_fail(&reader->tables, at, "sample %llu: %llu values for %lu sample types",
                         (unsigned long long)reader->sample_number, (unsigned long long)reader->value_count,
                         (unsigned long)reader->tables.type_count);
  bool any = false;
  for (uint32_t i = 0; i < reader->value_count; i++) {
    if (reader->values[i] > INT64_MAX && reader->events.ids[i] < THESEUS_EVENTS)
      return sample_fail(reader, at, "a negative value, as in a difference of profiles, of an event of Theseus");
    any = any || reader->values[i];
  }
  if (any)
    status = th_pprof_path_follow(&reader->path, &reader->tables, reader->profile, reader->locations, at,
                                  reader->sample_number);
  return status || !any ? status : add_sample(reader, &labels);
}

static int read_samples(struct reader *reader, th_bytes bytes) {
  struct th_field field;
  int status = THESEUS_OK;

  while (!status && bytes.at != bytes.end) {
    (void)th_wire_next(&bytes, &field); /* cannot fail: it succeeded before */
    if (field.number != TH_PROFILE_SAMPLE)
      continue;
    reader->sample_number++;
    status = read_sample(reader, field.block);
  }
  return status;
}

/* ---- the call ---- */

static int read_all(struct reader *reader, th_bytes bytes, th_sampling *sampling) {
  theseus_profile *profile = reader->profile;
  th_pprof_tables *tables = &reader->tables;

  int status = th_pprof_tables_read(tables, bytes);
  if (!status)
    status = th_pprof_events_resolve(&reader->events, tables, profile);
  if (!status)
    status = th_pprof_tables_resolve(tables, profile);
  if (!status)
    status = th_pprof_sampling_read(tables, profile, reader->events.ours, sampling);
  if (!status)
    status = th_pprof_labels_init(&reader->labels, tables, profile, reader->events.ours);
  if (!status && !(reader->values = th_alloc_zeroed(&profile->alloc, tables->type_count, sizeof *reader->values)))
    status = th_alloc_why(&profile->alloc);
  return status ? status : read_samples(reader, bytes);
}

static int read_profile(theseus_profile *profile, th_bytes bytes, theseus_read_error *error) {
  th_alloc *alloc = &profile->alloc;
  struct reader *reader = th_alloc_zeroed(alloc, 1, sizeof *reader);
  if (!reader)
    return th_alloc_why(alloc);
  reader->profile = profile;
  reader->tables.alloc = alloc;
  reader->tables.begin = bytes.at;
  reader->tables.error = error;
  uint64_t truncated = profile->info.truncated_pushes;
  profile->recursion.may_hide = true;
  bool was_blank = th_profile_is_blank(profile);
  struct th_facts facts = th_no_facts();
  th_sampling sampling;
  th_sampling_init(&sampling);
  th_bookings_begin(&reader->bookings, profile);
  int status = read_all(reader, bytes, &sampling);
  if (!status && reader->events.ours)
    status = th_pprof_facts_read(&reader->tables, profile, &facts);
  if (status) {
    th_bookings_undo(&reader->bookings);
    profile->info.truncated_pushes = truncated;
    th_profile_stay_blank(profile, was_blank);
  } else {
    if (reader->events.ours)
      th_events_rename(profile, reader->events.names);
    th_pprof_facts_read_bounds(&reader->tables, profile);
    th_pprof_tables_tell_objects(&reader->tables, profile);
    th_profile_add_time(profile, reader->tables.time_ns, reader->tables.duration_ns);
    th_profile_add_facts(profile, was_blank, &facts);
    th_sampling_join(&profile->sampling, alloc, &sampling);
  }

  th_bookings_free(&reader->bookings);
  th_pprof_path_free(&reader->path, alloc);
  th_wire_free(&reader->spliced[0], alloc);
  th_wire_free(&reader->spliced[1], alloc);
  th_pprof_labels_free(&reader->labels);
  th_sampling_free(&sampling, alloc);
  th_alloc_free(alloc, reader->values, reader->tables.type_count, sizeof *reader->values);
  th_pprof_tables_free(&reader->tables);
  th_alloc_free(alloc, reader, 1, sizeof *reader);
  return status;
}

int theseus_pprof_read(theseus_profile *profile, const void *bytes, size_t size, theseus_read_error *error) {
  if (!profile)
    return THESEUS_EINVAL;
  theseus_read_error found = {.size = sizeof found};
  const unsigned char *at = bytes;
  int status;

  if (!bytes && size)
    return THESEUS_EINVAL;
  if (size >= 2 && at[0] == 0x1f && at[1] == 0x8b) {
    (void)snprintf(found.text, sizeof found.text, "compressed with gzip: to be decompressed first");
    status = THESEUS_EFORMAT;
  } else {
    status = read_profile(profile, (th_bytes){at, size ? at + size : at}, &found);
    const char *other = status == THESEUS_EFORMAT && size ? th_other_format(bytes, size) : NULL;
    if (other)
      (void)snprintf(found.text, sizeof found.text, "%s", other);
    if (other)
      found.offset = 0;
  }
  if (status && error) {
    if (status != THESEUS_EFORMAT)
      (void)snprintf(found.text, sizeof found.text, "%s", theseus_strerror(status));
    (void)th_give(error, &found, sizeof found);
  }
  return status;
}
