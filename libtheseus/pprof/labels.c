/* SPDX-License-Identifier: ISC */
#include "pprof/labels.h"
#include "pprof/format.h"

/* What a string means as the key of a label, or as an outcome. */
enum word { NO_WORD, KEY_OUTCOME, KEY_LATENCY, KEY_DETACHED, KEY_HEAD, KEY_HEAD_PATH, FIRST_OUTCOME };

static void classify_words(th_pprof_labels *labels) {
  static const char *const words[] = {[KEY_OUTCOME] = TH_WORD_OUTCOME,
                                      [KEY_LATENCY] = TH_WORD_LATENCY,
                                      [KEY_DETACHED] = TH_WORD_DETACHED,
                                      [KEY_HEAD] = TH_WORD_HEAD,
                                      [KEY_HEAD_PATH] = TH_WORD_HEAD_PATH};
  static const char *const outcomes[] = TH_OUTCOME_NAMES;

  for (uint32_t i = 0; i < labels->tables->string_count; i++) {
    const struct th_text *text = &labels->tables->strings[i];
    for (unsigned char word = KEY_OUTCOME; word < FIRST_OUTCOME; word++)
      if (th_text_is(text, words[word]))
        labels->words[i] = word;
    for (unsigned char outcome = 0; outcome < TH_PPROF_OUTCOMES; outcome++)
      if (th_text_is(text, outcomes[outcome]))
        labels->words[i] = (unsigned char)(FIRST_OUTCOME + outcome);
  }
}

int th_pprof_labels_init(th_pprof_labels *labels, const th_pprof_tables *tables, theseus_profile *profile, bool ours) {
  labels->tables = tables;
  labels->profile = profile;
  labels->ours = ours;
  labels->words = th_alloc_zeroed(tables->alloc, tables->string_count, 1);
  if (labels->words)
    labels->texts = th_alloc_zeroed(tables->alloc, tables->string_count, sizeof *labels->texts);
  if (!labels->texts)
    return th_alloc_why(tables->alloc);
  for (uint32_t i = 0; i < tables->string_count; i++)
    labels->texts[i] = TH_NONE;
  if (ours)
    classify_words(labels);
  return THESEUS_OK;
}

void th_pprof_labels_free(th_pprof_labels *labels) {
  if (!labels->tables)
    return;
  th_alloc *alloc = labels->tables->alloc;
  th_alloc_free(alloc, labels->words, labels->tables->string_count, 1);
  th_alloc_free(alloc, labels->texts, labels->tables->string_count, sizeof *labels->texts);
  th_alloc_free(alloc, labels->rest, labels->rest_capacity, sizeof *labels->rest);
}

void th_pprof_labels_begin(th_pprof_labels *labels, uint64_t sample, struct th_pprof_meaning *meaning) {
  labels->sample = sample;
  labels->rest_count = 0;
  *meaning = (struct th_pprof_meaning){.mark = TH_NO_MARK};
}

static int fail(const th_pprof_labels *labels, const unsigned char *at, const char *what) {
  return th_pprof_fail(labels->tables, at, "sample %llu: %s", (unsigned long long)labels->sample, what);
}

/* A label as the file has it: strings by their numbers. */
struct raw {
  uint64_t key, string, number, unit;
};

static int read_raw(const th_pprof_labels *labels, th_bytes message, struct raw *out) {
  uint32_t strings = labels->tables->string_count;
  const unsigned char *at = message.at;
  struct th_field field;

  *out = (struct raw){0};
  while (message.at != message.end) {
    const char *wrong = th_wire_next(&message, &field);
    if (wrong)
      return fail(labels, message.at, wrong);
    switch (field.number) {
      case TH_LABEL_KEY: out->key = field.value; break;
      case TH_LABEL_STRING: out->string = field.value; break;
      case TH_LABEL_NUMBER: out->number = field.value; break;
      case TH_LABEL_UNIT: out->unit = field.value; break;
      default: break;
    }
  }
  if (out->key >= strings || out->string >= strings || out->unit >= strings)
    return fail(labels, at, "a label's text is not in the string table");
  return THESEUS_OK;
}

static int text_of(th_pprof_labels *labels, uint64_t string, uint32_t *out) {
  uint32_t *known = &labels->texts[string];
  int status = THESEUS_OK;
  if (*known == TH_NONE)
    status = th_pprof_intern(labels->profile, &labels->tables->strings[string], known);
  *out = *known;
  return status;
}

/* Keeps a label that has no meaning. */
static int keep(th_pprof_labels *labels, const struct raw *raw) {
  struct th_label label = {.text = TH_NONE, .unit = TH_NONE, .number = raw->number};
  int status = th_alloc_grow(labels->tables->alloc, &labels->rest, &labels->rest_capacity,
                             (uint64_t)labels->rest_count + 1, sizeof label);
  if (!status)
    status = text_of(labels, raw->key, &label.key);
  if (!status && raw->string)
    status = text_of(labels, raw->string, &label.text);
  if (!status && raw->unit)
    status = text_of(labels, raw->unit, &label.unit);
  if (!status)
    labels->rest[labels->rest_count++] = label;
  return status;
}

int th_pprof_labels_add(th_pprof_labels *labels, th_bytes message, struct th_pprof_meaning *meaning) {
  struct raw raw;

  int status = read_raw(labels, message, &raw);
  if (status)
    return status;
  switch (labels->words[raw.key]) {
    case KEY_OUTCOME:
      if (labels->words[raw.string] < FIRST_OUTCOME)
        return fail(labels, message.at, "an unknown outcome");
      meaning->outcome = labels->words[raw.string] - (uint32_t)FIRST_OUTCOME;
      return THESEUS_OK;
    case KEY_LATENCY:
      if (raw.number > INT64_MAX)
        return fail(labels, message.at, "a negative latency");
      meaning->mark = raw.number;
      return THESEUS_OK;
    case KEY_DETACHED: meaning->detached = true; return THESEUS_OK;
    case KEY_HEAD:
      meaning->has_head = true;
      meaning->head = raw.number;
      return THESEUS_OK;
    case KEY_HEAD_PATH: meaning->head_path = &labels->tables->strings[raw.string]; return THESEUS_OK;
    default: return keep(labels, &raw);
  }
}

int th_pprof_labels_set(th_pprof_labels *labels, uint32_t *out) {
  return th_labels_intern(&labels->profile->labels, &labels->profile->alloc, labels->rest, labels->rest_count, out);
}
