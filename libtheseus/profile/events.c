/* SPDX-License-Identifier: ISC */
#include "profile/events.h"
#include "base/sized.h"

#include <string.h>

const theseus_event_info th_neutral_names[THESEUS_EVENTS] = {
    {sizeof(theseus_event_info), "Wait", "Operation wait", "ns"},
    {sizeof(theseus_event_info), "Latency", "Operation latency", "ns"},
    {sizeof(theseus_event_info), "Operations", "Operations begun", "count"},
    {sizeof(theseus_event_info), "Failed", "Operations failed", "count"},
    {sizeof(theseus_event_info), "Pending", "Operations still pending", "count"},
};

const theseus_event_info th_deferred_names[THESEUS_EVENTS] = {
    {sizeof(theseus_event_info), "Wait", "Deferred wait", "ns"},
    {sizeof(theseus_event_info), "Latency", "Deferred latency", "ns"},
    {sizeof(theseus_event_info), "Deferreds", "Deferreds returned", "count"},
    {sizeof(theseus_event_info), "Failed", "Deferreds failed", "count"},
    {sizeof(theseus_event_info), "Pending", "Deferreds still pending", "count"},
};

bool th_is_operations(const char *name) {
  return strcmp(name, th_neutral_names[THESEUS_OPERATIONS].name) == 0 ||
         strcmp(name, th_deferred_names[THESEUS_OPERATIONS].name) == 0;
}

bool th_is_neutral_name_of(const char *neutral, const char *other) {
  for (uint32_t id = 0; id < THESEUS_EVENTS; id++)
    if (strcmp(neutral, th_neutral_names[id].long_name) == 0)
      return strcmp(other, th_deferred_names[id].long_name) == 0;
  return false;
}

size_t th_event_name(const char *type, size_t length, char *out, size_t size) {
  size_t n = 0;
  for (size_t i = 0; i < length && n + 2 < size; i++) {
    char c = type[i];
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_', digit = c >= '0' && c <= '9';
    if (digit && n == 0)
      out[n++] = '_';
    out[n++] = letter || digit ? c : '_';
  }
  if (!n)
    out[n++] = '_';
  out[n] = '\0';
  return n;
}

bool th_is_name_of_type(const char *name, const char *type) {
  char made[TH_EVENT_NAME];
  if (strcmp(name, type) == 0 || !*type)
    return false;
  (void)th_event_name(type, strlen(type), made, TH_EVENT_NAME / 2);
  return strcmp(name, made) == 0;
}

const theseus_event_info *th_default_names(const char *name) {
  return strcmp(name, th_deferred_names[THESEUS_OPERATIONS].name) == 0 ? th_deferred_names : th_neutral_names;
}

/* ---- texts ---- */

static int intern_texts(theseus_profile *profile, const theseus_event_info *event, struct th_event *out) {
  const struct {
    const char *text;
    uint32_t *id;
  } texts[] = {{event->name, &out->name}, {event->long_name, &out->long_name}, {event->unit, &out->unit}};

  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *text = texts[i].text ? texts[i].text : "";
    int status = th_strings_intern(&profile->strings, &profile->alloc, text, strlen(text), texts[i].id);
    if (status)
      return status;
  }
  return THESEUS_OK;
}

static int add(theseus_profile *profile, const theseus_event_info *event, uint32_t *out) {
  struct th_event added;
  int status = intern_texts(profile, event, &added);
  if (!status)
    status = th_alloc_grow(&profile->alloc, &profile->events, &profile->event_capacity,
                           (uint64_t)profile->event_count + 1, sizeof added);
  if (status)
    return status;
  profile->events[profile->event_count] = added;
  *out = profile->event_count++;
  return THESEUS_OK;
}

static theseus_event_info event_at(const theseus_profile *profile, uint32_t id) {
  const struct th_event *event = &profile->events[id];
  return (theseus_event_info){sizeof(theseus_event_info), th_strings_get(&profile->strings, event->name),
                              th_strings_get(&profile->strings, event->long_name),
                              th_strings_get(&profile->strings, event->unit)};
}

/* ---- names of the built-in events ---- */

/* Fills in the defaults.  EINVAL: a name or a unit that this event cannot have. */
static int complete(uint32_t id, const theseus_event_info *given, const theseus_event_info *defaults,
                    theseus_event_info *out) {
  *out = defaults[id];
  if (given->name && strcmp(given->name, out->name) != 0)
    return THESEUS_EINVAL;
  if (given->unit && strcmp(given->unit, out->unit) != 0)
    return THESEUS_EINVAL;
  if (given->long_name)
    out->long_name = given->long_name;
  return THESEUS_OK;
}

int th_events_init(theseus_profile *profile, const theseus_event_info *names) {
  const theseus_event_info *defaults = th_neutral_names;
  uint32_t added;

  profile->names_chosen = names != NULL;
  if (names && names->size < sizeof *names)
    return THESEUS_EINVAL;
  /* The elements are as large as the caller's struct, which may have grown. */
  const char *at = (const char *)names;
  size_t step = names ? names->size : 0;
  const theseus_event_info nothing = {.size = sizeof nothing};
  const theseus_event_info *operations = names ? (const void *)(at + THESEUS_OPERATIONS * step) : &nothing;
  if (operations->name)
    defaults = th_default_names(operations->name);
  int status = THESEUS_OK;
  for (uint32_t id = 0; id < THESEUS_EVENTS && !status; id++) {
    theseus_event_info event;
    status = complete(id, names ? (const void *)(at + id * step) : &nothing, defaults, &event);
    if (!status)
      status = add(profile, &event, &added);
  }
  return status;
}

static bool is_measured(const theseus_profile *profile) {
  for (uint32_t i = 0; i < profile->stats_count; i++)
    if (profile->stats[i].operations || profile->stats[i].latency_ns)
      return true;
  for (uint32_t i = 0; i < profile->cells.count; i++) {
    const struct th_cell *cell = &profile->cells.items[i];
    if (cell->key.event == THESEUS_WAIT && (cell->value.ns || cell->value.fraction))
      return true;
  }
  return false;
}

bool th_events_chosen(const theseus_profile *profile, theseus_event_info out[THESEUS_EVENTS]) {
  if (!profile->names_chosen && !is_measured(profile))
    return false;
  for (uint32_t id = 0; id < THESEUS_EVENTS; id++)
    out[id] = event_at(profile, id);
  return true;
}

int th_events_join(theseus_profile *into, const theseus_event_info names[THESEUS_EVENTS],
                   struct th_event out[THESEUS_EVENTS]) {
  theseus_event_info known[THESEUS_EVENTS];
  int status = THESEUS_OK;

  if (th_events_chosen(into, known))
    for (uint32_t id = 0; id < THESEUS_EVENTS; id++)
      if (strcmp(known[id].name, names[id].name) != 0 || strcmp(known[id].long_name, names[id].long_name) != 0) {
        names = th_neutral_names;
        break;
      }
  for (uint32_t id = 0; id < THESEUS_EVENTS && !status; id++)
    status = intern_texts(into, &names[id], &out[id]);
  return status;
}

void th_events_rename(theseus_profile *into, const struct th_event names[THESEUS_EVENTS]) {
  memcpy(into->events, names, THESEUS_EVENTS * sizeof *names);
  into->names_chosen = true;
}

/* ---- the public calls ---- */

static bool is_event_name(const char *name) {
  for (const char *c = name; *c; c++)
    if (!(*c >= 'A' && *c <= 'Z') && !(*c >= 'a' && *c <= 'z') && *c != '_' && (c == name || *c < '0' || *c > '9'))
      return false;
  return *name != '\0';
}

int theseus_event_intern(theseus_profile *profile, const theseus_event_info *event, uint32_t *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (!event || event->size < sizeof *event || !event->name || !out)
    return th_fail(profile, THESEUS_EINVAL, "event, its name or out is NULL, or event->size is below #", sizeof *event,
                   0);
  if (!is_event_name(event->name))
    return th_fail_name(profile, THESEUS_EINVAL, "the name \"$\" is not [A-Za-z_][A-Za-z0-9_]*", event->name);
  for (uint32_t id = 0; id < profile->event_count; id++) {
    theseus_event_info known = event_at(profile, id);
    if (strcmp(known.name, event->name) == 0 || (id == THESEUS_OPERATIONS && th_is_operations(event->name))) {
      if (strcmp(known.unit, event->unit ? event->unit : "") != 0)
        return th_fail_name(profile, THESEUS_EUNIT, "the event $ has another unit in this profile", event->name);
      *out = id;
      return THESEUS_OK;
    }
  }
  return add(profile, event, out);
}

uint32_t theseus_event_count(const theseus_profile *profile) { return profile ? profile->event_count : 0; }

int theseus_event_get(const theseus_profile *profile, uint32_t event, theseus_event_info *out) {
  if (!profile)
    return THESEUS_EINVAL;
  if (event >= profile->event_count)
    return THESEUS_EINVAL;
  theseus_event_info info = event_at(profile, event);
  return th_give(out, &info, sizeof info);
}
