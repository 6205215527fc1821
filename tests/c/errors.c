/* SPDX-License-Identifier: ISC */
/* A failure means that an error does not say which argument is wrong, that a call takes an object that is NULL, or that
 * functions of two objects, several frames at once, or an outcome that is known late are counted wrongly. */
#include "base/version.h"
#include "spans.h"

#define fails(status, profile, call, text)                                                                             \
  do {                                                                                                                 \
    is_int((call), (status), "%s fails", #call);                                                                       \
    is_str(theseus_error(profile), (text), "%s says why", #call);                                                      \
  } while (0)

static void test_spans(void) {
  theseus_profile *profile = spans_profile(0);
  uint64_t root = begin(profile, 1, THESEUS_NO_SPAN, 0, 0), other = begin(profile, 2, THESEUS_NO_SPAN, 0, 0);
  uint64_t child = begin(profile, 3, root, 0, 1), out, children[] = {child, 42};
  theseus_span_options options = spans_options(1, 77, 0, 1);

  is_str(theseus_error(profile), "", "nothing has failed");
  fails(THESEUS_ESTALE, profile, theseus_span_begin(profile, &options, &out),
        "theseus_span_begin(): the parent 77 has ended, or never existed");
  options = spans_options(99, THESEUS_NO_SPAN, 0, 1);
  fails(THESEUS_EINVAL, profile, theseus_span_begin(profile, &options, &out),
        "theseus_span_begin(): there is no stack 99 or place_stack 0");
  options.size = 0;
  fails(THESEUS_EINVAL, profile, theseus_span_begin(profile, &options, &out),
        "theseus_span_begin(): options or out is NULL, or options->size is not set");
  fails(THESEUS_ESTALE, profile, theseus_span_await(profile, root, children, 2, 0, 0, 2),
        "theseus_span_await(): children[1], which is 42, has ended, or never existed");
  children[1] = other;
  is_int(theseus_span_await(profile, root, children, 2, 0, 0, 2), THESEUS_EINVAL, "not a child");
  ok(strstr(theseus_error(profile), "children[1], which is ") && strstr(theseus_error(profile), "no child"),
     "it says which one: %s", theseus_error(profile));
  fails(THESEUS_ESTALE, profile, theseus_span_end(profile, 42, THESEUS_SUCCESS, 3),
        "theseus_span_end(): the span 42 has ended, or never existed");
  fails(THESEUS_EINVAL, profile, theseus_span_end(profile, root, 9, 3),
        "theseus_span_end(): outcome is not one of enum theseus_outcome");
  is_int(theseus_span_adopt(profile, root, child, 3), THESEUS_ECYCLE, "a circle");
  ok(strstr(theseus_error(profile), "theseus_span_adopt(): the parent ") == theseus_error(profile), "%s",
     theseus_error(profile));
  is_int(theseus_span_end(profile, child, THESEUS_SUCCESS, 4), THESEUS_OK, "a call that succeeds");
  ok(*theseus_error(profile), "and keeps the text");
  theseus_profile_free(profile);
}

static void test_profile(void) {
  theseus_profile *profile = spans_profile(0), *other = spans_profile(0);
  theseus_event_info event = {.size = sizeof event, .name = "No good"};
  uint32_t out;

  fails(THESEUS_EINVAL, profile, theseus_event_intern(profile, &event, &out),
        "theseus_event_intern(): the name \"No good\" is not [A-Za-z_][A-Za-z0-9_]*");
  fails(THESEUS_EINVAL, profile, theseus_stack_push(profile, THESEUS_ROOT, 55, 0, &out),
        "theseus_stack_push(): there is no function 55: there are 12");
  fails(THESEUS_EINVAL, profile, theseus_add_cost(profile, 1, 1, THESEUS_WAIT, 1),
        "theseus_add_cost(): the event 0 is built in, or unknown: there are 5");
  fails(THESEUS_EINVAL, profile, theseus_profile_merge(profile, profile),
        "theseus_profile_merge(): `into` equals `from`");
  fails(THESEUS_EINVAL, profile, theseus_profile_set(profile, "colour", "red"),
        "theseus_profile_set(): the key \"colour\" is unknown");
  must(theseus_record(profile, 1, 1, UINT64_MAX, THESEUS_SUCCESS) == THESEUS_OK);
  fails(THESEUS_EOVERFLOW, profile, theseus_record(profile, 1, 1, 7, THESEUS_SUCCESS),
        "theseus_record(): with latency_ns 7 the sum of stack 1 exceeds 64 bits");
  must(theseus_record(other, 1, 1, 1, THESEUS_SUCCESS) == THESEUS_OK);
  is_int(theseus_profile_merge(profile, other), THESEUS_EOVERFLOW, "a sum of two profiles");
  ok(strstr(theseus_error(profile), "exceed"), "says so: %s", theseus_error(profile));
  fails(THESEUS_EINVAL, profile, theseus_profile_subtract(profile, profile),
        "theseus_profile_subtract(): `profile` equals `earlier`");
  fails(THESEUS_EINVAL, other, theseus_profile_subtract(other, profile),
        "theseus_profile_subtract(): cell 0 of `earlier` is greater");
  begin(profile, 1, THESEUS_NO_SPAN, 0, 0);
  fails(THESEUS_EINVAL, profile, theseus_profile_subtract(profile, other),
        "theseus_profile_subtract(): 1 spans are open: subtract from a copy");
  theseus_profile_free(profile);
  theseus_profile_free(other);
}

static void test_memory(void) {
  struct memory memory = {.left = -1};
  const theseus_allocator allocator = {memory_alloc, memory_realloc, memory_free, &memory};
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_profile *profile;
  uint32_t out;

  must(theseus_profile_new(&options, &profile) == THESEUS_OK);
  memory.left = 0;
  is_int(theseus_function_intern(profile, "f.c", "f", 1, &out), THESEUS_ENOMEM, "no memory");
  ok(strstr(theseus_error(profile), " bytes could not be allocated"), "says so: %s", theseus_error(profile));
  theseus_profile_free(profile);
}

static void test_graph(void) {
  theseus_graph *graph;
  theseus_graph_cost cost = {.size = sizeof cost, .function = 3};
  must(theseus_graph_new(NULL, &graph) == THESEUS_OK);
  fails(THESEUS_EINVAL, graph, theseus_graph_add_cost(graph, &cost),
        "theseus_graph_add_cost(): there is no function 3: there are 0");
  const theseus_event_info chosen = {.size = sizeof chosen, .name = "Ir"};
  fails(THESEUS_EINVAL, graph, theseus_graph_select(graph, &chosen, 1),
        "theseus_graph_select(): events is NULL, or 1 are more than the 0 that there are");
  theseus_graph_free(graph);
}

/* Every call that takes an object. */
static void test_null(void) {
  const theseus_sink sink = {text_write, NULL};
  const uint64_t child = 1;
  uint32_t out;
  uint64_t span;
  theseus_graph *graph;
  theseus_profile *fold;
  theseus_table *table;
  theseus_tree *tree;

  is_str(theseus_error(NULL), "the object is NULL", "theseus_error");
  const int statuses[] = {
      theseus_profile_merge(NULL, NULL),
      theseus_profile_info_get(NULL, NULL),
      theseus_profile_set(NULL, "pid", "1"),
      theseus_sampling_get(NULL, NULL),
      theseus_sampling_set(NULL, NULL),
      theseus_function_intern(NULL, "", "f", 0, &out),
      theseus_function_intern_in(NULL, "", "", "f", 0, &out),
      theseus_function_get(NULL, 0, NULL),
      theseus_function_set_object(NULL, 0, ""),
      theseus_stack_push(NULL, 0, 0, 0, &out),
      theseus_stack_push_frames(NULL, 0, NULL, 0, &out),
      theseus_stack_get(NULL, 0, NULL),
      theseus_event_intern(NULL, NULL, &out),
      theseus_event_get(NULL, 0, NULL),
      theseus_add_cost(NULL, 0, 0, 5, 1),
      theseus_cell_get(NULL, 0, NULL),
      theseus_record(NULL, 0, 0, 1, 0),
      theseus_change_outcome(NULL, 0, 0, 0, 1),
      theseus_percentile(NULL, 0, 0.5, &span),
      theseus_histogram_get(NULL, 0, NULL),
      theseus_span_begin(NULL, NULL, &span),
      theseus_span_await(NULL, 1, &child, 1, 0, 0, 0),
      theseus_span_await_also(NULL, 1, 1, 0),
      theseus_span_release(NULL, 1, 0),
      theseus_span_adopt(NULL, 1, 1, 0),
      theseus_span_take(NULL, 1, 1, 0),
      theseus_span_resume(NULL, 1, 0),
      theseus_span_set_outcome(NULL, 1, 0),
      theseus_span_set_value(NULL, 1, 0),
      theseus_span_end(NULL, 1, 0, 0),
      theseus_span_discard(NULL, 1, 0),
      theseus_span_get(NULL, 1, NULL),
      theseus_open_span_get(NULL, 0, NULL),
      theseus_graph_from_profile(NULL, NULL, &graph),
      theseus_graph_merge(NULL, NULL),
      theseus_callgrind_write(NULL, &sink),
      theseus_folded_write(NULL, 0, &sink),
      theseus_pprof_write(NULL, NULL, &sink),
      theseus_pprof_read(NULL, "", 0, NULL),
      theseus_profile_fold(NULL, NULL, 0, NULL, &fold),
      theseus_profile_subtract(NULL, NULL),
      theseus_profile_totals(NULL, NULL),
      theseus_profile_returning(NULL, NULL, 0),
      theseus_profile_functions(NULL, NULL, &table),
      theseus_table_get(NULL, 0, NULL),
      theseus_table_histogram(NULL, 0, NULL),
      theseus_profile_tree(NULL, THESEUS_WAIT, NULL, 0, &tree),
      theseus_tree_get(NULL, 0, NULL),
      theseus_tree_histogram(NULL, 0, NULL),
      theseus_graph_set(NULL, "pid", "1"),
      theseus_graph_info_get(NULL, NULL),
      theseus_comment_get(NULL, 0, NULL),
      theseus_label_get(NULL, 1, 0, NULL),
  };
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    is_int(statuses[i], THESEUS_EINVAL, "call %zu without an object", i);
  theseus_settle(NULL, 1);
  theseus_profile_clear(NULL);
  theseus_profile_set_time(NULL, 1, 1);
  is_uint(theseus_function_count(NULL) + theseus_stack_count(NULL) + theseus_event_count(NULL) +
              theseus_cell_count(NULL) + theseus_open_span_count(NULL) + theseus_label_count(NULL, 1) +
              theseus_table_count(NULL) + theseus_tree_count(NULL),
          0, "counts of nothing");
}

static void test_objects(void) {
  theseus_profile *profile, *sum;
  theseus_function_info info = {.size = sizeof info};
  uint32_t a, b, again, with_file, other_file;
  must(theseus_profile_new(NULL, &profile) == THESEUS_OK && theseus_profile_new(NULL, &sum) == THESEUS_OK);
  must(theseus_function_intern_in(profile, "/lib/a.so", "", "init", 0, &a) == THESEUS_OK);
  must(theseus_function_intern_in(profile, "/lib/b.so", "", "init", 0, &b) == THESEUS_OK);
  must(theseus_function_intern_in(profile, "/lib/a.so", "", "init", 0, &again) == THESEUS_OK);
  ok(a != b && a == again, "without a file the object tells functions apart");
  must(theseus_function_intern_in(profile, "/lib/a.so", "init.c", "init", 3, &with_file) == THESEUS_OK);
  must(theseus_function_intern_in(profile, NULL, "init.c", "init", 3, &other_file) == THESEUS_OK);
  ok(with_file == other_file, "with a file it does not");
  must(theseus_function_get(profile, b, &info) == THESEUS_OK);
  is_str(info.object, "/lib/b.so", "the object is known");

  uint32_t stack;
  const theseus_frame frames[] = {{a, 0}, {b, 7}};
  must(theseus_stack_push_frames(profile, THESEUS_ROOT, frames, 2, &stack) == THESEUS_OK);
  must(theseus_record(profile, stack, 0, 5, THESEUS_SUCCESS) == THESEUS_OK);
  must(theseus_profile_merge(sum, profile) == THESEUS_OK && theseus_profile_merge(sum, profile) == THESEUS_OK);
  is_uint(theseus_stack_count(sum), 3, "merging keeps them apart");

  struct text file = {NULL, 0};
  const theseus_sink sink = {text_write, &file};
  must(theseus_pprof_write(sum, NULL, &sink) == THESEUS_OK);
  theseus_profile *back;
  must(theseus_profile_new(NULL, &back) == THESEUS_OK);
  must(theseus_pprof_read(back, file.bytes, file.size, NULL) == THESEUS_OK);
  is_uint(theseus_stack_count(back), 3, "and so does a pprof file");
  must(theseus_profile_merge(back, sum) == THESEUS_OK);
  is_uint(theseus_stack_count(back), 3, "what was read and what was measured are the same");
  free(file.bytes);
  theseus_profile_free(profile), theseus_profile_free(sum), theseus_profile_free(back);
}

static void test_frames(void) {
  theseus_profile *profile = spans_profile(0);
  const theseus_frame frames[] = {{0, 9}, {1, 17}, {2, 4}}, bad[] = {{0, 9}, {77, 1}};
  uint32_t one = THESEUS_ROOT, all = 0, count;
  for (uint32_t i = 0; i < 3; i++)
    must(theseus_stack_push(profile, one, frames[i].function, frames[i].call_line, &one) == THESEUS_OK);
  is_int(theseus_stack_push_frames(profile, THESEUS_ROOT, frames, 3, &all), THESEUS_OK, "three frames at once");
  is_uint(all, one, "are what they are one by one");
  is_int(theseus_stack_push_frames(profile, one, NULL, 0, &all), THESEUS_OK, "no frame");
  is_uint(all, one, "is the parent");
  count = theseus_stack_count(profile);
  is_int(theseus_stack_push_frames(profile, THESEUS_ROOT, bad, 2, &all), THESEUS_EINVAL, "an unknown function");
  is_str(theseus_error(profile), "theseus_stack_push_frames(): frames[1]: there is no function 77", "is named");
  is_uint(theseus_stack_count(profile), count, "and nothing is pushed");
  theseus_profile_free(profile);
}

static void test_late_outcome(void) {
  theseus_profile *profile = spans_profile(0), *wanted = spans_profile(0);
  for (uint64_t latency = 5; latency < 5000; latency *= 3) {
    must(theseus_record(profile, 1, 10, latency, THESEUS_SUCCESS) == THESEUS_OK);
    must(theseus_record(wanted, 1, 10, latency, latency == 405 ? THESEUS_FAILURE : THESEUS_SUCCESS) == THESEUS_OK);
  }
  is_int(theseus_change_outcome(profile, 1, 405, THESEUS_SUCCESS, THESEUS_FAILURE), THESEUS_OK, "it failed after all");
  struct text one = {NULL, 0}, two = {NULL, 0};
  const theseus_sink sinks[] = {{text_write, &one}, {text_write, &two}};
  must(theseus_pprof_write(profile, NULL, &sinks[0]) == THESEUS_OK);
  must(theseus_pprof_write(wanted, NULL, &sinks[1]) == THESEUS_OK);
  ok(one.size == two.size && memcmp(one.bytes, two.bytes, one.size) == 0, "as if it had been known at once");
  is_int(theseus_change_outcome(profile, 1, 405, THESEUS_SUCCESS, THESEUS_FAILURE), THESEUS_EINVAL, "not twice");
  is_int(theseus_change_outcome(profile, 1, 5, THESEUS_SUCCESS, THESEUS_ABANDONED), THESEUS_EINVAL, "not abandoned");
  is_int(theseus_change_outcome(profile, 2, 5, THESEUS_SUCCESS, THESEUS_FAILURE), THESEUS_EINVAL, "not elsewhere");
  free(one.bytes), free(two.bytes);
  theseus_profile_free(profile), theseus_profile_free(wanted);
}

static void test_version(void) {
  unsigned major, minor, patch;
  must(sscanf(THESEUS_VERSION, "%u.%u.%u", &major, &minor, &patch) == 3);
  is_uint(THESEUS_VERSION_NUMBER, major << 16 | minor << 8 | patch, "the header's number is the library's version");
}

int main(void) {
  test_spans();
  test_profile();
  test_memory();
  test_graph();
  test_null();
  test_objects();
  test_frames();
  test_late_outcome();
  test_version();
  return done();
}
