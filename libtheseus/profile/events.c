/* SPDX-License-Identifier: ISC */
/* events - the names, long names and units of a profile's columns. */
#include "base/sized.h"
#include "profile/profile.h"

#include <string.h>

static const theseus_event_info builtin_events[THESEUS_EVENTS] = {
    {sizeof(theseus_event_info), "Wait", "Deferred wait", "ns"},
    {sizeof(theseus_event_info), "Latency", "Deferred latency", "ns"},
    {sizeof(theseus_event_info), "Deferreds", "Deferreds returned", "count"},
    {sizeof(theseus_event_info), "Failed", "Deferreds failed", "count"},
    {sizeof(theseus_event_info), "Pending", "Deferreds still pending", "count"},
};

static int add(theseus_profile *profile, const theseus_event_info *event, uint32_t *out) {
  struct th_event added;
  const struct {
    const char *text;
    uint32_t *id;
  } texts[] = {{event->name, &added.name}, {event->long_name, &added.long_name}, {event->unit, &added.unit}};

  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *text = texts[i].text ? texts[i].text : "";
    int status = th_strings_intern(&profile->strings, &profile->alloc, text, strlen(text), texts[i].id);
    if (status)
      return status;
  }
  int status = th_alloc_grow(&profile->alloc, &profile->events, &profile->event_capacity,
                             (uint64_t)profile->event_count + 1, sizeof added);
  if (status)
    return status;
  profile->events[profile->event_count] = added;
  *out = profile->event_count++;
  return THESEUS_OK;
}

int th_profile_add_builtin_events(theseus_profile *profile) {
  int status = THESEUS_OK;
  for (uint32_t i = 0, id; !status && i < THESEUS_EVENTS; i++)
    status = add(profile, &builtin_events[i], &id);
  return status;
}

static bool is_event_name(const char *name) {
  for (const char *c = name; *c; c++)
    if (!(*c >= 'A' && *c <= 'Z') && !(*c >= 'a' && *c <= 'z') && *c != '_' && (c == name || *c < '0' || *c > '9'))
      return false;
  return *name != '\0';
}

int theseus_event_intern(theseus_profile *profile, const theseus_event_info *event, uint32_t *out) {
  theseus_event_info known = {.size = sizeof known};

  if (!event || event->size < sizeof *event || !event->name || !out || !is_event_name(event->name))
    return THESEUS_EINVAL;
  for (uint32_t id = 0; id < profile->event_count; id++) {
    theseus_event_get(profile, id, &known);
    if (strcmp(known.name, event->name) == 0) {
      if (strcmp(known.unit, event->unit ? event->unit : "") != 0)
        return THESEUS_EUNIT;
      *out = id;
      return THESEUS_OK;
    }
  }
  return add(profile, event, out);
}

uint32_t theseus_event_count(const theseus_profile *profile) { return profile->event_count; }

int theseus_event_get(const theseus_profile *profile, uint32_t event, theseus_event_info *out) {
  if (event >= profile->event_count)
    return THESEUS_EINVAL;
  const struct th_event *found = &profile->events[event];
  theseus_event_info info = {sizeof info, th_strings_get(&profile->strings, found->name),
                             th_strings_get(&profile->strings, found->long_name),
                             th_strings_get(&profile->strings, found->unit)};
  return th_give(out, &info, sizeof info);
}
