/* SPDX-License-Identifier: ISC */
#include "pprof/events.h"

#include <stdio.h>
#include <string.h>

static uint32_t find_type(const th_pprof_tables *tables, const char *name, const char *unit) {
  for (uint32_t i = 0; i < tables->type_count; i++)
    if (th_text_is(th_pprof_string(tables, tables->types[i].name), name) &&
        th_text_is(th_pprof_string(tables, tables->types[i].unit), unit))
      return i;
  return TH_NONE;
}

/* Do our own events have this name, or one of the sample types before? */
static bool is_taken(const th_pprof_events *events, const theseus_profile *profile, const char *name, uint32_t before) {
  theseus_event_info event = {.size = sizeof event};
  for (uint32_t id = 0; id < THESEUS_EVENTS; id++)
    if (!theseus_event_get(profile, id, &event) && strcmp(event.name, name) == 0)
      return true;
  for (uint32_t i = 0; i < before; i++)
    if (!theseus_event_get(profile, events->ids[i], &event) && strcmp(event.name, name) == 0)
      return true;
  return false;
}

/* A name that an event can have. */
static void event_name(const th_pprof_events *events, const theseus_profile *profile, uint32_t type,
                       const struct th_text *text, char *out, size_t size) {
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
  while (is_taken(events, profile, out, type) && n + 12 < size)
    n += (size_t)snprintf(out + n, size - n, "_%u", (unsigned)type);
}

/* The long name that a comment gives an event, or the sample type's name where the event's had to differ. */
static int long_name(const th_pprof_tables *tables, theseus_profile *profile, const char *name,
                     const struct th_text *type, const char **out) {
  size_t n = strlen(name), before = strlen(EVENT_COMMENT), middle = strlen(EVENT_COMMENT_MIDDLE);
  struct th_text text = th_text_is(type, name) ? (struct th_text){.bytes = ""} : *type;
  uint32_t id;

  for (uint32_t i = 0; i < tables->comment_count; i++) {
    const struct th_text *comment = th_pprof_string(tables, tables->comments[i]);
    if (comment && comment->length > before + n + middle && memcmp(comment->bytes, EVENT_COMMENT, before) == 0 &&
        memcmp(comment->bytes + before, name, n) == 0 &&
        memcmp(comment->bytes + before + n, EVENT_COMMENT_MIDDLE, middle) == 0) {
      uint32_t skip = (uint32_t)(before + n + middle);
      text = (struct th_text){.bytes = comment->bytes + skip, .length = comment->length - skip};
      break;
    }
  }
  int status = th_pprof_intern(profile, &text, &id);
  if (!status)
    *out = th_strings_get(&profile->strings, id);
  return status;
}

static int resolve_type(th_pprof_events *events, const th_pprof_tables *tables, theseus_profile *profile,
                        uint32_t type) {
  const struct th_text *text = th_pprof_string(tables, tables->types[type].name);
  theseus_event_info event = {.size = sizeof event};
  uint32_t unit;
  char name[256];

  int status = th_pprof_intern(profile, th_pprof_string(tables, tables->types[type].unit), &unit);
  if (status)
    return status;
  event_name(events, profile, type, text, name, sizeof name);
  event.name = name;
  event.unit = th_strings_get(&profile->strings, unit);
  if (strcmp(event.unit, NANOSECONDS) == 0)
    event.unit = "ns";
  status = long_name(tables, profile, name, text, &event.long_name);
  return status ? status : theseus_event_intern(profile, &event, &events->ids[type]);
}

int th_pprof_events_resolve(th_pprof_events *events, const th_pprof_tables *tables, theseus_profile *profile) {
  static const char *const names[] = {WAIT, LATENCY, DEFERREDS}, *const units[] = {NANOSECONDS, NANOSECONDS, COUNT};
  static const uint32_t ids[] = {THESEUS_WAIT, THESEUS_LATENCY, THESEUS_DEFERREDS};
  uint32_t types[TYPE_HOST];
  int status = THESEUS_OK;

  for (uint32_t i = 0; i < tables->type_count; i++)
    if (!th_pprof_string(tables, tables->types[i].name) || !th_pprof_string(tables, tables->types[i].unit))
      return th_pprof_fail(tables, tables->begin, "sample type %u: a text that is not in the string table",
                           (unsigned)i);
  events->ours = true;
  for (uint32_t i = 0; i < TYPE_HOST; i++) {
    types[i] = find_type(tables, names[i], units[i]);
    events->ours = events->ours && types[i] != TH_NONE;
  }
  for (uint32_t i = 0; !status && i < tables->type_count; i++) {
    uint32_t own = 0;
    while (own < TYPE_HOST && (!events->ours || types[own] != i))
      own++;
    if (own < TYPE_HOST)
      events->ids[i] = ids[own];
    else
      status = resolve_type(events, tables, profile, i);
  }
  return status;
}
