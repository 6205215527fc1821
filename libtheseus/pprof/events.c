/* SPDX-License-Identifier: ISC */
#include "pprof/events.h"
#include "profile/events.h"

#include <stdio.h>
#include <string.h>

static uint32_t find_type(const th_pprof_tables *tables, const char *name, const char *unit) {
  for (uint32_t i = 0; i < tables->type_count; i++)
    if (th_text_is(th_pprof_string(tables, tables->types[i].name), name) &&
        th_text_is(th_pprof_string(tables, tables->types[i].unit), unit))
      return i;
  return TH_NONE;
}

/* Returns true if a built-in event has this name, or the event of an earlier sample type. */
static bool is_taken(const th_pprof_events *events, const theseus_profile *profile, const char *name, uint32_t before) {
  theseus_event_info event = {.size = sizeof event};
  for (uint32_t id = 0; id < THESEUS_EVENTS; id++)
    if (!theseus_event_get(profile, id, &event) && strcmp(event.name, name) == 0)
      return true;
  if (th_is_operations(name))
    return true;
  for (uint32_t i = 0; i < before; i++)
    if (!theseus_event_get(profile, events->ids[i], &event) && strcmp(event.name, name) == 0)
      return true;
  return false;
}

/* Makes a name for the event of a sample type. */
static void event_name(const th_pprof_events *events, const theseus_profile *profile, uint32_t type,
                       const struct th_text *text, char *out, size_t size) {
  size_t n = th_event_name(text->bytes, text->length, out, size / 2);
  while (is_taken(events, profile, out, type) && n + 12 < size)
    n += (size_t)snprintf(out + n, size - n, "_%u", (unsigned)type);
}

/* Returns the long name that a comment gives an event, as bytes of the file; NULL bytes: no comment does. */
static struct th_text commented(const th_pprof_tables *tables, const char *name) {
  size_t n = strlen(name), before = strlen(TH_WORD_EVENT), middle = strlen(TH_WORD_EVENT_MIDDLE);

  for (uint32_t i = 0; i < tables->comment_count; i++) {
    const struct th_text *comment = th_pprof_string(tables, tables->comments[i]);
    if (comment && comment->length > before + n + middle && memcmp(comment->bytes, TH_WORD_EVENT, before) == 0 &&
        memcmp(comment->bytes + before, name, n) == 0 &&
        memcmp(comment->bytes + before + n, TH_WORD_EVENT_MIDDLE, middle) == 0) {
      uint32_t skip = (uint32_t)(before + n + middle);
      return (struct th_text){.bytes = comment->bytes + skip, .length = comment->length - skip};
    }
  }
  return (struct th_text){.bytes = NULL};
}

/* Finds the long name of one of the host's events: that of a comment, or the name of the sample type if the event could
 * not have it. */
static int long_name(const th_pprof_tables *tables, theseus_profile *profile, const char *name,
                     const struct th_text *type, const char **out) {
  struct th_text text = commented(tables, name);
  uint32_t id;

  if (!text.bytes)
    text = th_text_is(type, name) ? (struct th_text){.bytes = ""} : *type;
  int status = th_pprof_intern(profile, &text, &id);
  if (!status)
    *out = th_strings_get(&profile->strings, id);
  return status;
}

/* Finds the names of the built-in events, from the sample type and from comments. */
static int resolve_names(th_pprof_events *events, const th_pprof_tables *tables, theseus_profile *profile,
                         const theseus_event_info *defaults) {
  theseus_event_info names[THESEUS_EVENTS];
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < THESEUS_EVENTS && !status; i++) {
    struct th_text text = commented(tables, defaults[i].name);
    uint32_t id;
    names[i] = defaults[i];
    if (!text.bytes)
      continue;
    status = th_pprof_intern(profile, &text, &id);
    if (!status)
      names[i].long_name = th_strings_get(&profile->strings, id);
  }
  return status ? status : th_events_join(profile, names, events->names);
}

static int resolve_type(th_pprof_events *events, const th_pprof_tables *tables, theseus_profile *profile,
                        uint32_t type) {
  const struct th_text *text = th_pprof_string(tables, tables->types[type].name);
  theseus_event_info event = {.size = sizeof event};
  uint32_t unit;
  char name[TH_EVENT_NAME];

  int status = th_pprof_intern(profile, th_pprof_string(tables, tables->types[type].unit), &unit);
  if (status)
    return status;
  event_name(events, profile, type, text, name, sizeof name);
  event.name = name;
  event.unit = th_strings_get(&profile->strings, unit);
  if (strcmp(event.unit, TH_WORD_NANOSECONDS) == 0)
    event.unit = "ns";
  status = long_name(tables, profile, name, text, &event.long_name);
  return status ? status : theseus_event_intern(profile, &event, &events->ids[type]);
}

int th_pprof_events_resolve(th_pprof_events *events, const th_pprof_tables *tables, theseus_profile *profile) {
  static const uint32_t ids[] = {THESEUS_WAIT, THESEUS_LATENCY, THESEUS_OPERATIONS};
  const theseus_event_info *defaults = th_neutral_names;
  uint32_t types[TH_TYPE_HOST];
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < tables->type_count; i++)
    if (!th_pprof_string(tables, tables->types[i].name) || !th_pprof_string(tables, tables->types[i].unit))
      return th_pprof_fail(tables, tables->begin, "sample type %u: a text that is not in the string table",
                           (unsigned)i);
  types[TH_TYPE_WAIT] = find_type(tables, TH_WORD_WAIT, TH_WORD_NANOSECONDS);
  types[TH_TYPE_LATENCY] = find_type(tables, TH_WORD_LATENCY, TH_WORD_NANOSECONDS);
  types[TH_TYPE_OPERATIONS] = find_type(tables, TH_WORD_OPERATIONS, TH_WORD_COUNT);
  if (types[TH_TYPE_OPERATIONS] == TH_NONE) {
    types[TH_TYPE_OPERATIONS] = find_type(tables, TH_WORD_DEFERREDS, TH_WORD_COUNT);
    defaults = th_deferred_names;
  }
  events->ours =
      types[TH_TYPE_WAIT] != TH_NONE && types[TH_TYPE_LATENCY] != TH_NONE && types[TH_TYPE_OPERATIONS] != TH_NONE;
  if (events->ours)
    status = resolve_names(events, tables, profile, defaults);
  for (uint32_t i = 0; !status && i < tables->type_count; i++) {
    uint32_t own = 0;
    while (own < TH_TYPE_HOST && (!events->ours || types[own] != i))
      own++;
    if (own < TH_TYPE_HOST)
      events->ids[i] = ids[own];
    else
      status = resolve_type(events, tables, profile, i);
  }
  return status;
}
