/* SPDX-License-Identifier: ISC */
/* A failure means that the sum of two profiles has other stacks, names or figures than the two, or that a merge that
 * fails leaves something behind. */
#include "digest.h"
#include "spans.h"

static theseus_profile *new_profile(const theseus_profile_options *options) {
  theseus_profile *profile;
  must(theseus_profile_new(options, &profile) == THESEUS_OK);
  return profile;
}

/* Pushes functions f1 to fn on each other, each called on a line that is ten times its number. */
static uint32_t push_tower(theseus_profile *profile, uint32_t n) {
  uint32_t function, stack = THESEUS_ROOT;
  for (uint32_t i = 1; i <= n; i++) {
    char name[20];
    snprintf(name, sizeof name, "f%" PRIu32, i);
    must(theseus_function_intern(profile, "/srv/app.c", name, i, &function) == THESEUS_OK);
    must(theseus_stack_push(profile, stack, function, 10 * i, &stack) == THESEUS_OK);
  }
  return stack;
}

/* The stack as text, innermost first: "f3:30 f2:20 f1". */
static const char *path_of(const theseus_profile *profile, uint32_t stack) {
  static char text[200];
  size_t n = 0;
  text[0] = '\0';
  for (theseus_stack_info info; stack != THESEUS_ROOT; stack = info.parent) {
    theseus_function_info function = {.size = sizeof function};
    info = stack_of(profile, stack);
    must(theseus_function_get(profile, info.function, &function) == THESEUS_OK);
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s:%" PRIu32, n ? " " : "", function.name, info.call_line);
    must(n < sizeof text);
  }
  return text;
}

/* ---- stacks that are deeper than the sum can hold ---- */

static theseus_profile *deep_profile(void) {
  theseus_profile *p = new_profile(NULL);
  const theseus_event_info run = {sizeof run, "Run", NULL, "ns"};
  uint32_t event, stack = push_tower(p, 6);
  must(theseus_record(p, stack, 7, 5, THESEUS_SUCCESS) == THESEUS_OK);
  must(theseus_event_intern(p, &run, &event) == THESEUS_OK);
  must(theseus_add_cost(p, stack, 8, event, 40) == THESEUS_OK);
  /* A cell whose place and head are both deep, and have no spans of their own: a detached head that waits elsewhere. */
  theseus_span_options options = spans_options(stack, THESEUS_NO_SPAN, THESEUS_SPAN_DETACHED, 100);
  uint64_t span;
  options.place_stack = stack - 1;
  must(theseus_span_begin(p, &options, &span) == THESEUS_OK);
  must(theseus_span_end(p, span, THESEUS_SUCCESS, 107) == THESEUS_OK);
  return p;
}

static void test_deep(void) {
  const theseus_profile_options options = {.size = sizeof options, .max_depth = 3};
  theseus_profile *from = deep_profile(), *into = new_profile(&options);
  is_int(theseus_profile_merge(into, from), THESEUS_OK,
         "a profile of deep stacks is merged into one of shallow stacks");
  uint32_t stacks = theseus_stack_count(into), found = THESEUS_ROOT;
  for (uint32_t i = 1; i < stacks; i++)
    found = stack_of(into, i).operations ? i : found;
  is_str(path_of(into, found), "f6:60 f5:50 f4:0", "the innermost frames stay");
  ok(stack_of(into, found).operations == 2 && stack_of(into, found).latency_ns == 12, "with all that was measured");
  is_uint(all_wait(into), 12, "Wait included");
  is_uint(told_by(into).truncated_pushes, 3 + 2, "the others are counted, once for each stack");
  is_int(theseus_profile_merge(into, from), THESEUS_OK, "and once more");
  is_uint(theseus_stack_count(into), stacks, "adds no stack");
  is_uint(stack_of(into, found).latency_ns, 24, "but what was measured");
  theseus_profile_free(into);
  theseus_profile_free(from);
}

/* ---- memory that fails, and sums that do not fit ---- */

static void test_failing(void) {
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  const theseus_profile_options options = {.size = sizeof options, .allocator = &allocator, .max_depth = 3};
  theseus_profile *from = deep_profile(), *into = new_profile(&options);
  must(theseus_profile_set(from, "cmd", "app") == THESEUS_OK);
  must(theseus_function_set_object(from, 0, "/lib/a.so") == THESEUS_OK);
  uint64_t before = digest(into, true);
  long failures = 0, honest = 0;
  for (int status = THESEUS_ENOMEM; status; failures += status != THESEUS_OK) {
    memory.left = failures;
    status = theseus_profile_merge(into, from);
    memory.left = -1;
    must(status == THESEUS_OK || status == THESEUS_ENOMEM);
    if (status)
      honest += digest(into, true) == before && told_by(into).truncated_pushes == 0;
  }
  ok(failures > 8 && honest == failures, "%ld allocations failed, and nothing changed", failures);
  is_str(theseus_profile_get(into, "cmd"), "app", "then all is merged");
  theseus_profile_free(into);
  theseus_profile_free(from);
  is_int(memory.blocks, 0, "nothing is leaked");
}

static void test_overflow(void) {
  theseus_profile *one = spans_profile(0), *other = spans_profile(0), *cost = spans_profile(0);
  const theseus_event_info run = {sizeof run, "Run", NULL, "ns"}, run_count = {sizeof run, "Run", NULL, "count"};
  uint32_t event;
  must(theseus_record(one, 1, 1, UINT64_MAX - 1, THESEUS_SUCCESS) == THESEUS_OK);
  must(theseus_record(other, 1, 1, 2, THESEUS_SUCCESS) == THESEUS_OK);
  uint64_t before = digest(one, true);
  is_int(theseus_profile_merge(one, other), THESEUS_EOVERFLOW, "a sum of Wait that does not fit into 64 bits");
  is_int(theseus_record(one, 1, 1, 2, THESEUS_SUCCESS), THESEUS_EOVERFLOW, "nor is one recorded");
  must(theseus_record(cost, 1, 2, 2, THESEUS_SUCCESS) == THESEUS_OK);
  is_int(theseus_profile_merge(one, cost), THESEUS_EOVERFLOW, "a sum of latencies, where the Wait is on other lines");
  must(theseus_event_intern(one, &run, &event) == THESEUS_OK);
  must(theseus_event_intern(other, &run_count, &event) == THESEUS_OK);
  is_int(theseus_profile_merge(one, other), THESEUS_EUNIT, "one event, two units");
  is_int(theseus_profile_merge(one, one), THESEUS_EINVAL, "a profile is not merged into itself");
  ok(digest(one, true) == before, "nothing changed");
  must(theseus_add_cost(one, 1, 1, THESEUS_EVENTS, UINT64_MAX) == THESEUS_OK);
  is_int(theseus_add_cost(one, 1, 1, THESEUS_EVENTS, 1), THESEUS_EOVERFLOW, "a cost that does not fit");
  theseus_profile_free(one);
  theseus_profile_free(other);
  theseus_profile_free(cost);
}

/* ---- facts ---- */

static void test_facts(void) {
  theseus_profile *into = new_profile(NULL), *from = spans_profile(0);
  is_int(theseus_profile_set(NULL, "cmd", "x"), THESEUS_EINVAL, "no profile");
  is_int(theseus_profile_set(into, "colour", "x"), THESEUS_EINVAL, "no such fact");
  is_int(theseus_profile_set(into, NULL, "x"), THESEUS_EINVAL, "no fact at all");
  ok(!theseus_profile_get(NULL, "cmd") && !theseus_profile_get(into, "colour"), "what is not there is NULL");
  must(theseus_profile_set(from, "cmd", "app") == THESEUS_OK && theseus_profile_set(from, "pid", "1") == THESEUS_OK);
  must(theseus_profile_merge(into, from) == THESEUS_OK);
  is_str(theseus_profile_get(into, "pid"), "1", "an empty profile takes over the facts of the first one");
  must(theseus_profile_set(from, "pid", "2") == THESEUS_OK);
  must(theseus_profile_merge(into, from) == THESEUS_OK);
  ok(!theseus_profile_get(into, "pid"), "a fact that differs is gone");
  is_str(theseus_profile_get(into, "cmd"), "app", "one that is equal stays");
  must(theseus_profile_set(into, "cmd", NULL) == THESEUS_OK);
  ok(!theseus_profile_get(into, "cmd"), "NULL removes one");
  theseus_profile_free(into);
  theseus_profile_free(from);
}

/* ---- names of functions' objects ---- */

static void test_objects(void) {
  theseus_profile *a = spans_profile(0), *b = spans_profile(0);
  theseus_function_info info = {.size = sizeof info};
  must(theseus_function_set_object(a, 0, "/lib/b") == THESEUS_OK);
  must(theseus_function_set_object(b, 0, "/lib/a") == THESEUS_OK);
  must(theseus_function_set_object(b, 1, "/lib/c") == THESEUS_OK);
  must(theseus_profile_merge(a, b) == THESEUS_OK && theseus_profile_merge(b, a) == THESEUS_OK);
  must(theseus_function_get(a, 0, &info) == THESEUS_OK);
  is_str(info.object, "/lib/a", "of two objects the name that sorts first is kept");
  must(theseus_function_get(b, 0, &info) == THESEUS_OK);
  is_str(info.object, "/lib/a", "in either order");
  must(theseus_function_get(a, 1, &info) == THESEUS_OK);
  is_str(info.object, "/lib/c", "one that only one profile knows is taken over");
  must(theseus_function_set_object(a, 1, "") == THESEUS_OK && theseus_function_get(a, 1, &info) == THESEUS_OK);
  is_str(info.object, "", "an empty name removes it");
  theseus_profile_free(a);
  theseus_profile_free(b);
}

/* ---- Wait that cannot be booked ---- */

static void test_lost(void) {
  enum { MANY = 1000 };
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  const theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_profile *p = new_profile(&options);
  uint32_t stack = push_tower(p, 1);
  for (uint32_t i = 0; i < MANY; i++) {
    theseus_span_options span = spans_options(stack, THESEUS_NO_SPAN, 0, 100);
    uint64_t id;
    span.line = i; /* a cell of its own, which the first look at the time has to make */
    must(theseus_span_begin(p, &span, &id) == THESEUS_OK);
  }
  memory.left = 0;
  theseus_settle(p, 107);
  uint64_t lost = told_by(p).lost_wait_ns;
  ok(lost > 0 && lost % 7 == 0 && all_wait(p) + lost == 7 * MANY, "Wait is booked, or counted as lost");
  memory.left = -1;
  theseus_settle(p, 110);
  ok(told_by(p).lost_wait_ns == lost && all_wait(p) + lost == 10 * MANY, "with memory no more is lost");
  theseus_profile_free(p);
}

int main(void) {
  test_deep();
  test_failing();
  test_overflow();
  test_facts();
  test_objects();
  test_lost();
  return done();
}
