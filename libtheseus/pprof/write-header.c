/* SPDX-License-Identifier: ISC */
#include "pprof/write-header.h"
#include "base/output.h"
#include "base/sort.h"
#include "base/text.h"
#include "profile/events.h"

#include <string.h>

/* ---- sample types ---- */

/* The sample type's name: a reader of others' files made the event's name of it, if it could not be one. */
static const char *type_name(const theseus_event_info *event) {
  return th_is_name_of_type(event->name, event->long_name) ? event->long_name : event->name;
}

static const char *unit_of(const char *unit) { return strcmp(unit, "ns") == 0 ? TH_WORD_NANOSECONDS : unit; }

/* The names of the built-in events that a reader infers from the sample type. */
static const theseus_event_info *built_in_names(const th_pprof_writer *writer) {
  theseus_event_info event = {.size = sizeof event};
  theseus_event_get(writer->profile, THESEUS_OPERATIONS, &event);
  return th_default_names(event.name);
}

void th_pprof_send_types(th_pprof_writer *writer) {
  if (writer->has_spans) {
    th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE, TH_WORD_WAIT, TH_WORD_NANOSECONDS);
    th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE, TH_WORD_LATENCY, TH_WORD_NANOSECONDS);
    th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE,
                       built_in_names(writer) == th_deferred_names ? TH_WORD_DEFERREDS : TH_WORD_OPERATIONS,
                       TH_WORD_COUNT);
  }
  for (uint32_t i = THESEUS_EVENTS; i < writer->profile->event_count; i++) {
    theseus_event_info event = {.size = sizeof event};
    theseus_event_get(writer->profile, i, &event);
    th_pprof_send_type(writer, TH_PROFILE_SAMPLE_TYPE, type_name(&event), unit_of(event.unit));
  }
}

/* ---- period and default type ---- */

static const char *sampling_text(const th_pprof_writer *writer, enum th_sampling_text which) {
  uint32_t text = writer->profile->sampling.texts[which];
  return text == TH_NONE ? NULL : th_strings_get(&writer->profile->strings, text);
}

void th_pprof_send_period(th_pprof_writer *writer) {
  const char *type = sampling_text(writer, TH_PERIOD_TYPE), *unit = sampling_text(writer, TH_PERIOD_UNIT);
  uint64_t period = writer->profile->sampling.period;

  if (type || unit)
    th_pprof_send_type(writer, TH_PROFILE_PERIOD_TYPE, type ? type : "", unit ? unit : "");
  else if (writer->has_spans)
    th_pprof_send_type(writer, TH_PROFILE_PERIOD_TYPE, TH_WORD_WAIT, TH_WORD_NANOSECONDS);
  th_pprof_send_number(writer, TH_PROFILE_PERIOD, writer->has_spans && !type && !unit ? 1 : period);
}

static void send_text(th_pprof_writer *writer, uint32_t field, const char *text) {
  if (text)
    th_pprof_send_number(writer, field, th_pprof_text(writer, text));
}

void th_pprof_send_view(th_pprof_writer *writer) {
  const char *type = sampling_text(writer, TH_DEFAULT_TYPE);
  send_text(writer, TH_PROFILE_DEFAULT_TYPE, type || !writer->has_spans ? type : TH_WORD_WAIT);
  send_text(writer, TH_PROFILE_DROP_FRAMES, sampling_text(writer, TH_DROP_FRAMES));
  send_text(writer, TH_PROFILE_KEEP_FRAMES, sampling_text(writer, TH_KEEP_FRAMES));
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
    if (i < THESEUS_EVENTS ? !writer->has_spans || strcmp(event.long_name, known[i].long_name) == 0
                           : !*event.long_name || type_name(&event) != event.name)
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

static bool comment_less(const void *owner, uint32_t a, uint32_t b) {
  const theseus_profile *profile = owner;
  const uint32_t *comments = profile->sampling.comments;
  return strcmp(th_strings_get(&profile->strings, comments[a]), th_strings_get(&profile->strings, comments[b])) < 0;
}

/* Sends the comments of other files, in the order of their bytes. */
static void send_others(th_pprof_writer *writer) {
  const th_sampling *sampling = &writer->profile->sampling;
  uint32_t n = sampling->comment_count;

  uint32_t *order = n ? th_alloc_zeroed(&writer->alloc, 2 * (size_t)n, sizeof *order) : NULL;
  if (n && !order)
    th_pprof_note(writer, th_alloc_why(&writer->alloc));
  if (!order)
    return;
  for (uint32_t i = 0; i < n; i++)
    order[i] = i;
  th_sort(order, n, order + n, comment_less, writer->profile);
  for (uint32_t i = 0; i < n; i++)
    send_text(writer, TH_PROFILE_COMMENT, th_strings_get(&writer->profile->strings, sampling->comments[order[i]]));
  th_alloc_free(&writer->alloc, order, 2 * (size_t)n, sizeof *order);
}

static void send_bound(th_pprof_writer *writer, const char *key, uint64_t number) {
  char digits[TH_DIGITS];
  put_word(writer, key);
  put_word(writer, TH_WORD_FACT_MIDDLE);
  put_text(writer, digits, th_decimal(number, digits));
  send_comment(writer);
}

/* Sends whether stacks were cut, and at which recursion they may have been folded. */
static void send_bounds(th_pprof_writer *writer) {
  const theseus_profile *profile = writer->profile;
  if (th_profile_is_cut(profile))
    send_bound(writer, TH_WORD_MAX_DEPTH, profile->max_depth);
  if (profile->info.max_recursion)
    send_bound(writer, TH_WORD_MAX_RECURSION, profile->info.max_recursion);
}

void th_pprof_send_comments(th_pprof_writer *writer) {
  send_long_names(writer);
  send_facts(writer);
  send_bounds(writer);
  send_others(writer);
}
