/* SPDX-License-Identifier: ISC */
/* A failure means that a column has another name than its profile chose, or that names depend on the order of merging
 * or of reading. */
#include "memory.h"

enum { OPERATIONS = THESEUS_OPERATIONS };

static const char *const neutral[THESEUS_EVENTS] = {"Operation wait", "Operation latency", "Operations begun",
                                                    "Operations failed", "Operations still pending"};
static const char *const deferreds[THESEUS_EVENTS] = {"Deferred wait", "Deferred latency", "Deferreds returned",
                                                      "Deferreds failed", "Deferreds still pending"};

/* The names that a test asks for. */
struct wanted {
  const char *operations, *wait_long_name;
};
static const struct wanted unnamed = {NULL, NULL}, plain = {"Operations", NULL}, twisted = {"Deferreds", NULL},
                           locks = {NULL, "Waiting for a lock"};

static int try_new(const theseus_event_info *names, theseus_profile **out) {
  const theseus_profile_options options = {.size = sizeof options, .names = names};
  return theseus_profile_new(&options, out);
}

static theseus_profile *new_profile(const struct wanted *wanted, bool measured) {
  theseus_event_info names[THESEUS_EVENTS];
  theseus_profile *profile;
  uint32_t function, stack;
  for (int i = 0; i < THESEUS_EVENTS; i++)
    names[i] = (theseus_event_info){.size = sizeof names[i]};
  names[OPERATIONS].name = wanted->operations;
  names[THESEUS_WAIT].long_name = wanted->wait_long_name;
  must(try_new(wanted == &unnamed ? NULL : names, &profile) == THESEUS_OK);
  if (measured) {
    must(theseus_function_intern(profile, "/a.c", "main", 1, &function) == THESEUS_OK);
    must(theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack) == THESEUS_OK);
    must(theseus_record(profile, stack, 2, 7, THESEUS_SUCCESS) == THESEUS_OK);
  }
  return profile;
}

static theseus_event_info event_of(const theseus_profile *profile, uint32_t id) {
  theseus_event_info event = {.size = sizeof event};
  must(theseus_event_get(profile, id, &event) == THESEUS_OK);
  return event;
}

static void are(const theseus_profile *profile, const struct wanted *wanted, const char *what) {
  bool is_twisted = wanted == &twisted;
  const char *const *long_names = is_twisted ? deferreds : neutral;
  for (uint32_t id = 0; id < THESEUS_EVENTS; id++) {
    const char *long_name = long_names[id];
    if (id == THESEUS_WAIT && wanted->wait_long_name)
      long_name = wanted->wait_long_name;
    is_str(event_of(profile, id).long_name, long_name, "%s: event %u", what, (unsigned)id);
  }
  is_str(event_of(profile, OPERATIONS).name, is_twisted ? "Deferreds" : "Operations", "%s: operations", what);
}

static void test_options(void) {
  static const struct {
    const char *name, *unit;
    uint32_t event;
  } wrong[] = {{"Waits", NULL, THESEUS_WAIT},
               {"deferreds", NULL, THESEUS_OPERATIONS},
               {"Wait", NULL, THESEUS_LATENCY},
               {NULL, "us", THESEUS_WAIT},
               {"Operations", "ns", THESEUS_OPERATIONS}};
  const struct wanted *const all[] = {&unnamed, &plain, &twisted, &locks};
  theseus_profile *profile = NULL;

  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    profile = new_profile(all[i], false);
    are(profile, all[i], "options");
    theseus_profile_clear(profile);
    are(profile, all[i], "after clear");
    theseus_profile_free(profile);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    theseus_event_info names[THESEUS_EVENTS];
    for (int id = 0; id < THESEUS_EVENTS; id++)
      names[id] = (theseus_event_info){.size = sizeof names[id]};
    names[wrong[i].event].name = wrong[i].name;
    names[wrong[i].event].unit = wrong[i].unit;
    is_int(try_new(names, &profile), THESEUS_EINVAL, "names that an event cannot have: %zu", i);
  }
  const theseus_event_info small[THESEUS_EVENTS] = {{.size = sizeof(size_t)}};
  is_int(try_new(small, &profile), THESEUS_EINVAL, "names without a size");
}

/* A program that was compiled against a later header has a larger struct. */
static void test_larger_names(void) {
  struct {
    theseus_event_info known;
    uint64_t unknown;
  } names[THESEUS_EVENTS];
  theseus_profile *profile;
  memset(names, 0xff, sizeof names);
  for (int id = 0; id < THESEUS_EVENTS; id++)
    names[id].known = (theseus_event_info){.size = sizeof *names};
  names[OPERATIONS].known.name = "Deferreds";
  must(try_new(&names[0].known, &profile) == THESEUS_OK);
  are(profile, &twisted, "larger structs");
  theseus_profile_free(profile);
}

static void test_hosts_events(void) {
  const theseus_event_info events[] = {{sizeof *events, "Operations", NULL, "count"},
                                       {sizeof *events, "Deferreds", NULL, "count"},
                                       {sizeof *events, "Deferreds", NULL, "ns"}};
  theseus_profile *profile = new_profile(&twisted, false);
  uint32_t id = 99;
  is_int(theseus_event_intern(profile, &events[0], &id), THESEUS_OK, "its other name is known");
  is_uint(id, OPERATIONS, "and is the same event");
  is_int(theseus_event_intern(profile, &events[1], &id), THESEUS_OK, "so is its own");
  is_uint(id, OPERATIONS, "the same again");
  is_int(theseus_event_intern(profile, &events[2], &id), THESEUS_EUNIT, "with another unit it is not");
  is_uint(theseus_event_count(profile), THESEUS_EVENTS, "nothing was added");
  theseus_profile_free(profile);
}

struct meeting {
  const struct wanted *a, *b;
  bool a_measured, b_measured;
  const struct wanted *sum;
};
static const struct meeting meetings[] = {
    {&unnamed, &unnamed, false, false, &plain},  {&unnamed, &unnamed, true, true, &plain},
    {&unnamed, &twisted, false, true, &twisted}, {&unnamed, &twisted, false, false, &twisted},
    {&unnamed, &twisted, true, true, &plain},    {&unnamed, &twisted, true, false, &plain},
    {&unnamed, &locks, false, true, &locks},     {&twisted, &twisted, true, true, &twisted},
    {&twisted, &plain, true, true, &plain},      {&twisted, &locks, true, true, &plain},
    {&locks, &locks, true, true, &locks},        {&locks, &plain, true, false, &plain},
};
enum { MEETINGS = sizeof meetings / sizeof *meetings };

static void test_merge(void) {
  for (size_t i = 0; i < MEETINGS; i++)
    for (int turned = 0; turned < 2; turned++) {
      const struct meeting *meeting = &meetings[i];
      theseus_profile *a = new_profile(meeting->a, meeting->a_measured);
      theseus_profile *b = new_profile(meeting->b, meeting->b_measured);
      must(theseus_profile_merge(turned ? b : a, turned ? a : b) == THESEUS_OK);
      are(turned ? b : a, meeting->sum, turned ? "merged the other way round" : "merged");
      theseus_profile_free(a);
      theseus_profile_free(b);
    }
}

/* Any grouping of any three has the same names. */
static void test_grouping(void) {
  const struct wanted *const all[] = {&unnamed, &plain, &twisted, &locks};
  enum { ALL = sizeof all / sizeof *all };
  unsigned differ = 0;
  for (unsigned i = 0; i < ALL * ALL * ALL * 8; i++) {
    const struct wanted *chosen[] = {all[i / 8 % ALL], all[i / 8 / ALL % ALL], all[i / 8 / ALL / ALL]};
    theseus_profile *p[6];
    for (unsigned k = 0; k < 6; k++)
      p[k] = new_profile(chosen[k % 3], i >> k % 3 & 1);
    must(theseus_profile_merge(p[0], p[1]) == 0 && theseus_profile_merge(p[0], p[2]) == 0); /* (a + b) + c */
    must(theseus_profile_merge(p[4], p[5]) == 0 && theseus_profile_merge(p[3], p[4]) == 0); /* a + (b + c) */
    for (uint32_t id = 0; id < THESEUS_EVENTS; id++) {
      differ += strcmp(event_of(p[0], id).name, event_of(p[3], id).name) != 0;
      differ += strcmp(event_of(p[0], id).long_name, event_of(p[3], id).long_name) != 0;
    }
    for (unsigned k = 0; k < 6; k++)
      theseus_profile_free(p[k]);
  }
  is_uint(differ, 0, "merging is associative in names");
}

static struct text pprof_of(const theseus_profile *profile) {
  struct text text = {.bytes = NULL};
  const theseus_sink sink = {text_write, &text};
  must(theseus_pprof_write(profile, NULL, &sink) == THESEUS_OK);
  return text;
}

static void test_pprof(void) {
  const struct wanted *const all[] = {&plain, &twisted, &locks};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    theseus_profile *written = new_profile(all[i], true), *read = new_profile(&unnamed, false);
    struct text bytes = pprof_of(written);
    must(theseus_pprof_read(read, bytes.bytes, bytes.size, NULL) == THESEUS_OK);
    are(read, all[i], "read from pprof");
    struct text again = pprof_of(read);
    ok(again.size == bytes.size && memcmp(again.bytes, bytes.bytes, bytes.size) == 0, "the same bytes again");
    free(bytes.bytes);
    free(again.bytes);
    theseus_profile_free(read);
    theseus_profile_free(written);
  }
  for (size_t i = 0; i < MEETINGS; i++) { /* a file has chosen its names */
    const struct meeting *meeting = &meetings[i];
    theseus_profile *from = new_profile(meeting->b, true), *into = new_profile(meeting->a, meeting->a_measured);
    if (meeting->b_measured) {
      struct text bytes = pprof_of(from);
      must(theseus_pprof_read(into, bytes.bytes, bytes.size, NULL) == THESEUS_OK);
      are(into, meeting->sum, "read into a profile");
      free(bytes.bytes);
    }
    theseus_profile_free(from);
    theseus_profile_free(into);
  }
}

/* Names stay if reading fails. */
static void test_broken_pprof(void) {
  theseus_profile *written = new_profile(&twisted, true), *read = new_profile(&locks, true);
  struct text bytes = pprof_of(written);
  bytes.bytes[bytes.size++] = 0x12; /* over the NUL: a sample without its length */
  is_int(theseus_pprof_read(read, bytes.bytes, bytes.size, NULL), THESEUS_EFORMAT, "a broken file");
  are(read, &locks, "after a broken file");
  free(bytes.bytes);
  theseus_profile_free(written);
  theseus_profile_free(read);
}

static theseus_event_info graph_event_of(const theseus_graph *graph, uint32_t id) {
  theseus_event_info event = {.size = sizeof event};
  must(theseus_graph_event_get(graph, id, &event) == THESEUS_OK);
  return event;
}

static void test_graphs(void) {
  for (int turned = 0; turned < 2; turned++) {
    theseus_profile *a = new_profile(&twisted, true), *b = new_profile(&plain, true);
    theseus_graph *into, *from;
    theseus_graph_info info = {.size = sizeof info};
    must(theseus_graph_from_profile(turned ? b : a, NULL, &into) == THESEUS_OK);
    is_str(graph_event_of(into, OPERATIONS).name, turned ? "Operations" : "Deferreds", "alone it keeps its name");
    must(theseus_graph_from_profile(turned ? a : b, NULL, &from) == THESEUS_OK);
    must(theseus_graph_merge(into, from) == THESEUS_OK);
    must(theseus_graph_info_get(into, &info) == THESEUS_OK);
    is_uint(info.events, THESEUS_EVENTS, "the two names are one column");
    is_str(graph_event_of(into, OPERATIONS).name, "Operations", "which has the neutral name");
    is_str(graph_event_of(into, OPERATIONS).long_name, neutral[OPERATIONS], "and its long name");
    theseus_graph_free(into);
    theseus_graph_free(from);
    theseus_profile_free(a);
    theseus_profile_free(b);
  }
}

/* Two columns that only look alike. */
static void test_other_units(void) {
  const theseus_event_info events[] = {{sizeof *events, "Deferreds", NULL, "bytes"},
                                       {sizeof *events, "Operations", NULL, "count"}};
  theseus_graph *graph;
  uint32_t ids[2];
  must(theseus_graph_new(NULL, &graph) == THESEUS_OK);
  for (int i = 0; i < 2; i++)
    is_int(theseus_graph_event_intern(graph, &events[i], &ids[i]), THESEUS_OK, "%s", events[i].name);
  ok(ids[0] != ids[1], "with different units they are two columns");
  theseus_graph_free(graph);
}

static void test_out_of_memory(void) {
  for (long n = 0, failed = 1; failed; n++) {
    theseus_profile *from = new_profile(&twisted, true), *into;
    struct memory memory = {.left = -1};
    theseus_allocator allocator = memory_allocator(&memory);
    const theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
    must(theseus_profile_new(&options, &into) == THESEUS_OK);
    memory.left = n;
    failed = theseus_profile_merge(into, from) != THESEUS_OK;
    if (failed && strcmp(event_of(into, OPERATIONS).name, "Operations") != 0)
      ok(false, "a merge that fails at allocation %ld has changed a name", n);
    theseus_profile_free(into);
    theseus_profile_free(from);
  }
  ok(true, "a merge that fails changes no name");
}

int main(void) {
  test_options();
  test_larger_names();
  test_hosts_events();
  test_merge();
  test_grouping();
  test_pprof();
  test_broken_pprof();
  test_graphs();
  test_other_units();
  test_out_of_memory();
  return done();
}
