/* SPDX-License-Identifier: ISC */
#include "pprof/sampling.h"
#include "pprof/facts.h"
#include "pprof/format.h"

#include <string.h>

/* Interns a text; the empty one is none. */
static int read_text(const th_pprof_tables *tables, theseus_profile *profile, uint64_t string, uint32_t *out) {
  const struct th_text *text = th_pprof_string(tables, string);
  if (!text)
    return th_pprof_fail(tables, tables->begin, "a text of the header is not in the string table");
  *out = TH_NONE;
  return text->length ? th_pprof_intern(profile, text, out) : THESEUS_OK;
}

/* True if a comment is a long name of an event, which the event has. */
static bool names_event(const struct th_text *comment) {
  size_t n = strlen(TH_WORD_EVENT);
  return comment->length > n && memcmp(comment->bytes, TH_WORD_EVENT, n) == 0;
}

/* Of the comments of other tools only the long names of events mean something. */
static int read_comments(const th_pprof_tables *tables, theseus_profile *profile, bool ours, th_sampling *out) {
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < tables->comment_count && !status; i++) {
    const struct th_text *comment = th_pprof_string(tables, tables->comments[i]);
    uint32_t text;
    if (!comment || !comment->length || names_event(comment) || th_pprof_is_fact(comment, ours))
      continue;
    status = th_pprof_intern(profile, comment, &text);
    if (!status)
      status = th_sampling_comment(out, &profile->alloc, text);
  }
  return status;
}

static int read_mappings(const th_pprof_tables *tables, theseus_profile *profile, th_sampling *out) {
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < tables->mapping_ids.count && !status; i++) {
    const struct th_pprof_mapping *read = &tables->mappings[i];
    struct th_mapping mapping = {
        .file = read->object, .start = read->start, .limit = read->limit, .offset = read->offset};
    if (read->object == TH_NONE)
      continue;
    status = read_text(tables, profile, read->build_id, &mapping.build_id);
    if (!status)
      status = th_sampling_map(out, &profile->alloc, &mapping);
  }
  return status;
}

/* Compares the period type with that of what the profile holds. */
static int check_period(const th_pprof_tables *tables, const theseus_profile *profile, const th_sampling *sampling) {
  const th_strings *strings = &profile->strings;
  const uint32_t *is = sampling->texts, *was = profile->sampling.texts;

  if (th_sampling_fits(&profile->sampling, strings, sampling, strings))
    return THESEUS_OK;
  return th_pprof_fail(tables, tables->begin, "it samples %s/%s, and the profiles before it sample %s/%s",
                       is[TH_PERIOD_TYPE] == TH_NONE ? "" : th_strings_get(strings, is[TH_PERIOD_TYPE]),
                       is[TH_PERIOD_UNIT] == TH_NONE ? "" : th_strings_get(strings, is[TH_PERIOD_UNIT]),
                       was[TH_PERIOD_TYPE] == TH_NONE ? "" : th_strings_get(strings, was[TH_PERIOD_TYPE]),
                       was[TH_PERIOD_UNIT] == TH_NONE ? "" : th_strings_get(strings, was[TH_PERIOD_UNIT]));
}

int th_pprof_sampling_read(const th_pprof_tables *tables, theseus_profile *profile, bool ours, th_sampling *out) {
  const uint64_t strings[TH_SAMPLING_TEXTS] = {tables->period_type.name, tables->period_type.unit, tables->default_type,
                                               tables->drop_frames, tables->keep_frames};
  int status = THESEUS_OK;

  out->period = tables->period;
  for (int i = 0; i < TH_SAMPLING_TEXTS && !status; i++)
    status = read_text(tables, profile, strings[i], &out->texts[i]);
  if (!status)
    status = check_period(tables, profile, out);
  if (!status)
    status = read_comments(tables, profile, ours, out);
  if (!status)
    status = read_mappings(tables, profile, out);
  return status ? status : th_sampling_reserve(&profile->sampling, &profile->alloc, out);
}
