/* SPDX-License-Identifier: ISC */
/* A failure means that writing or reading pprof or folded stacks spoils something if memory runs out or the sink
 * refuses, or that a memory limit is exceeded. */
#include "memory.h"

enum { MANY = 100000 };

static theseus_profile *new_profile(struct memory *memory, uint64_t limit) {
  theseus_allocator allocator = memory_allocator(memory);
  theseus_profile_options options = {.size = sizeof options, .allocator = &allocator, .memory_limit = limit};
  theseus_profile *profile;
  must(theseus_profile_new(&options, &profile) == THESEUS_OK);
  return profile;
}

static uint32_t push(theseus_profile *profile, uint32_t parent, const char *name, uint32_t call_line) {
  uint32_t function, stack;
  must(theseus_function_intern(profile, "/srv/app.c", name, 10, &function) == THESEUS_OK);
  must(theseus_stack_push(profile, parent, function, call_line, &stack) == THESEUS_OK);
  return stack;
}

static uint64_t begin(theseus_profile *profile, uint32_t stack, uint64_t parent, uint64_t now_ns, uint32_t place) {
  theseus_span_options options = {
      .size = sizeof options, .stack = stack, .parent = parent, .now_ns = now_ns, .place_stack = place, .line = 9};
  uint64_t span;
  must(theseus_span_begin(profile, &options, &span) == THESEUS_OK);
  return span;
}

/* Some of everything that a file has: names to be escaped, an event of the host's, all outcomes, latencies that share a
 * bucket, and Wait of detached heads, one of which is not on the stack where it waits. */
static void fill(theseus_profile *profile) {
  const theseus_event_info run = {sizeof run, "Run", "Run time", "ns"};
  uint32_t event;
  uint32_t main_stack = push(profile, THESEUS_ROOT, "main", 0);
  uint32_t get = push(profile, main_stack, "get;\xff", 12), other = push(profile, THESEUS_ROOT, "other", 0);
  must(theseus_function_set_object(profile, 0, "/usr/bin/\napp") == THESEUS_OK);
  must(theseus_event_intern(profile, &run, &event) == THESEUS_OK);
  must(theseus_add_cost(profile, get, 3, event, 77) == THESEUS_OK);
  for (int outcome = 0; outcome <= THESEUS_CANCELLED; outcome++)
    for (uint64_t latency = 1000; latency < 1100; latency += 7)
      must(theseus_record(profile, get, 5, latency, outcome) == THESEUS_OK);
  uint64_t parent = begin(profile, main_stack, THESEUS_NO_SPAN, 100, 0);
  uint64_t child = begin(profile, get, parent, 200, other);
  must(theseus_span_release(profile, child, 300) == THESEUS_OK);
  must(theseus_span_end(profile, child, THESEUS_ABANDONED, 450) == THESEUS_OK);
  child = begin(profile, get, parent, 500, 0);
  must(theseus_span_release(profile, child, 600) == THESEUS_OK);
  theseus_settle(profile, 1000);
  theseus_profile_set_time(profile, 1000000007, 1000);
  must(theseus_profile_set(profile, "pid", "4242") == THESEUS_OK);
  must(theseus_profile_set(profile, "desc", " one\n\nthree\xff") == THESEUS_OK);
}

/* ---- what is under test, behind one type ---- */

static int write_pprof(theseus_profile *profile, const theseus_sink *sink) {
  return theseus_pprof_write(profile, NULL, sink);
}

static int write_small(theseus_profile *profile, const theseus_sink *sink) {
  const theseus_pprof_options options = {sizeof options, THESEUS_PPROF_NO_BUCKETS};
  return theseus_pprof_write(profile, &options, sink);
}

static int write_wait(theseus_profile *profile, const theseus_sink *sink) {
  return theseus_folded_write(profile, THESEUS_WAIT, sink);
}

static int write_run(theseus_profile *profile, const theseus_sink *sink) {
  return theseus_folded_write(profile, THESEUS_EVENTS, sink);
}

typedef int writer(theseus_profile *profile, const theseus_sink *sink);

static struct text written(theseus_profile *profile, writer *write) {
  struct text text = {NULL, 0};
  theseus_sink sink = {text_write, &text};
  must(write(profile, &sink) == THESEUS_OK);
  return text;
}

static bool same(const struct text *a, const struct text *b) {
  return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* ---- failures ---- */

static void test_write(const char *name, writer *write) {
  struct memory memory = {.left = -1};
  theseus_profile *profile = new_profile(&memory, 0);
  fill(profile);
  struct text wanted = written(profile, write);
  long blocks = memory.blocks;
  int status = THESEUS_ENOMEM, failures = 0;
  bool clean = true;

  for (; status && failures < MANY; failures++) {
    struct text text = {NULL, 0};
    theseus_sink sink = {text_write, &text};
    memory.left = failures;
    status = write(profile, &sink);
    memory.left = -1;
    clean = clean && memory.blocks == blocks && (status == THESEUS_ENOMEM || same(&text, &wanted));
    free(text.bytes);
  }
  ok(status == THESEUS_OK && failures > 10, "%s: it succeeds when memory does, after %d failures", name, failures);
  ok(clean, "%s: nothing is leaked, and each failure says ENOMEM", name);
  theseus_profile_free(profile);
  is_int(memory.blocks, 0, "%s: all is given back", name);
  free(wanted.bytes);
}

static int refuse(void *opaque, const void *bytes, size_t size) {
  int *left = opaque;
  return (void)bytes, (void)size, (*left)-- > 0 ? 0 : 1;
}

static void test_sink(writer *write) {
  struct memory memory = {.left = -1};
  theseus_profile *profile = new_profile(&memory, 0);
  int left = 0;
  theseus_sink sink = {refuse, &left};
  fill(profile);
  long blocks = memory.blocks;
  is_int(write(profile, &sink), THESEUS_EIO, "a sink that refuses is EIO");
  is_int(write(profile, NULL), THESEUS_EINVAL, "no sink is EINVAL");
  is_int(memory.blocks, blocks, "and nothing is leaked");
  theseus_profile_free(profile);
}

static void test_read(bool empty) {
  struct memory memory = {.left = -1};
  theseus_profile *profile = new_profile(&memory, 0);
  fill(profile);
  struct text file = written(profile, write_pprof), before, after;
  theseus_profile_free(profile);
  int status = THESEUS_ENOMEM, failures = 0;
  bool clean = true, said = true;

  for (; status && failures < MANY; failures++) {
    theseus_read_error error = {.size = sizeof error};
    profile = new_profile(&memory, 0);
    if (!empty)
      must(theseus_record(profile, push(profile, THESEUS_ROOT, "main", 0), 1, 1050, THESEUS_SUCCESS) == THESEUS_OK);
    before = written(profile, write_pprof);
    memory.left = failures;
    status = theseus_pprof_read(profile, file.bytes, file.size, &error);
    memory.left = -1;
    after = written(profile, write_pprof);
    if (status) {
      clean = clean && status == THESEUS_ENOMEM && same(&before, &after);
      said = said && strcmp(error.text, theseus_strerror(status)) == 0;
    } else if (empty) {
      clean = clean && same(&after, &file);
    }
    free(before.bytes);
    free(after.bytes);
    theseus_profile_free(profile);
  }
  const char *what = empty ? "into an empty one" : "added to another";
  ok(status == THESEUS_OK && failures > 20, "read %s: it succeeds when memory does, after %d failures", what, failures);
  ok(clean, "read %s: each failure says ENOMEM, and leaves the measurements as they were", what);
  ok(said, "read %s: and in words", what);
  is_int(memory.blocks, 0, "read %s: all is given back", what);
  free(file.bytes);
}

/* Hundreds of stacks, each with latencies of its own on a few lines, and an event that not all have. */
static void fill_many(theseus_profile *profile, uint64_t latency_ns, const char *name) {
  const theseus_event_info event = {sizeof event, name, "", "count"};
  uint32_t main_stack = push(profile, THESEUS_ROOT, "main", 0), id;
  must(theseus_event_intern(profile, &event, &id) == THESEUS_OK);
  for (uint32_t i = 0; i < 600; i++) {
    uint32_t stack = push(profile, main_stack, i % 3 ? "get" : "put", i / 2);
    for (uint32_t line = 1; line <= 3; line++)
      must(theseus_record(profile, stack, line, latency_ns * (i % 7 + line), (int)(i % 3)) == THESEUS_OK);
    must(theseus_add_cost(profile, stack, i % 5, id, latency_ns + i) == THESEUS_OK);
  }
}

/* A sample without values, after all the others, where the same stacks have been measured already. */
static void test_broken_end(void) {
  struct memory memory = {.left = -1};
  theseus_profile *other = new_profile(&memory, 0), *profile = new_profile(&memory, 0), *sum = new_profile(&memory, 0);
  theseus_read_error error = {.size = sizeof error};
  fill_many(other, 10, "Bytes");
  fill_many(other, 100000, "Samples");
  fill_many(profile, 1000, "Calls");
  fill_many(sum, 1000, "Calls");
  struct text file = written(other, write_pprof), before = written(profile, write_pprof), after, wanted;
  uint32_t cells = theseus_cell_count(profile);
  must(theseus_pprof_read(sum, file.bytes, file.size, NULL) == THESEUS_OK);
  wanted = written(sum, write_pprof);

  char *broken = malloc(file.size + 2);
  must(broken != NULL);
  memcpy(broken, file.bytes, file.size);
  memcpy(broken + file.size, "\x12", 2); /* and a length of 0 */
  is_int(theseus_pprof_read(profile, broken, file.size + 2, &error), THESEUS_EFORMAT, "the last sample has no values");
  is_uint(error.offset, file.size + 2, "and that is where");
  after = written(profile, write_pprof);
  ok(same(&before, &after), "none of those before it is left, minima and maxima included");
  is_uint(theseus_cell_count(profile), cells, "nor are their cells");
  is_uint(theseus_event_count(profile), THESEUS_EVENTS + 1, "nor are their events");
  free(after.bytes);
  is_int(theseus_pprof_read(profile, file.bytes, file.size, &error), THESEUS_OK, "without it all of them are added");
  after = written(profile, write_pprof);
  ok(same(&wanted, &after), "as though nothing had been");
  free(broken);
  free(file.bytes);
  free(before.bytes);
  free(after.bytes);
  free(wanted.bytes);
  theseus_profile_free(other);
  theseus_profile_free(profile);
  theseus_profile_free(sum);
  is_int(memory.blocks, 0, "all is given back");
}

/* ---- objects ---- */

static const char *object_of(const theseus_profile *profile, uint32_t function) {
  theseus_function_info info = {.size = sizeof info};
  must(theseus_function_get(profile, function, &info) == THESEUS_OK);
  return info.object;
}

/* main, in `program`, calls f, in `library`; NULL: it is not known. */
static theseus_profile *of_objects(const char *program, const char *library) {
  theseus_profile *profile;
  must(theseus_profile_new(NULL, &profile) == THESEUS_OK);
  uint32_t stack = push(profile, push(profile, THESEUS_ROOT, "main", 0), "f", 3);
  must(theseus_record(profile, stack, 11, 5, THESEUS_SUCCESS) == THESEUS_OK);
  must(theseus_function_set_object(profile, 0, program) == THESEUS_OK);
  must(theseus_function_set_object(profile, 1, library) == THESEUS_OK);
  return profile;
}

static void test_objects(void) {
  theseus_profile *profile = of_objects("/bin/app", "/lib/f.so"), *read = of_objects(NULL, NULL), *other;
  is_int(theseus_function_set_object(profile, 2, "x"), THESEUS_EINVAL, "no such function");
  is_str(object_of(profile, 1), "/lib/f.so", "an object is what was said");
  must(theseus_function_set_object(profile, 1, "") == THESEUS_OK);
  is_str(object_of(profile, 1), "", "and can be taken back");
  must(theseus_function_set_object(profile, 1, "/lib/f.so") == THESEUS_OK);

  theseus_graph *graph;
  theseus_graph_function function = {.size = sizeof function};
  theseus_graph_info info = {.size = sizeof info};
  must(theseus_graph_from_profile(profile, NULL, &graph) == THESEUS_OK);
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  uint32_t found = 0;
  for (uint32_t i = 0; i < info.functions; i++) {
    must(theseus_graph_function_get(graph, i, &function) == THESEUS_OK);
    const char *wanted = strcmp(function.name, "main") == 0 ? "/bin/app"
                         : strcmp(function.name, "f") == 0  ? "/lib/f.so"
                                                            : "";
    found += strcmp(function.object, wanted) == 0;
  }
  is_uint(found, info.functions, "a graph has it");
  theseus_graph_free(graph);

  struct text file = written(profile, write_pprof);
  char *broken = malloc(file.size + 2);
  must(broken != NULL);
  memcpy(broken, file.bytes, file.size);
  memcpy(broken + file.size, "\x12", 2);
  is_int(theseus_pprof_read(read, broken, file.size + 2, NULL), THESEUS_EFORMAT, "a file with a broken end");
  is_str(object_of(read, 0), "", "says nothing");
  is_int(theseus_pprof_read(read, file.bytes, file.size, NULL), THESEUS_OK, "one that is whole");
  is_str(object_of(read, 0), "/bin/app", "says the program");
  is_str(object_of(read, 1), "/lib/f.so", "and the library");
  free(broken);
  free(file.bytes);

  other = of_objects("/bin/other", NULL);
  must(theseus_profile_merge(profile, other) == THESEUS_OK && theseus_profile_merge(other, read) == THESEUS_OK);
  is_str(object_of(profile, 0), "/bin/app", "merging keeps the first in order");
  is_str(object_of(other, 0), "/bin/app", "whichever came first in time");
  is_str(object_of(profile, 1), "/lib/f.so", "and what only one knows");
  is_str(object_of(other, 1), "/lib/f.so", "either way");
  theseus_profile_free(profile);
  theseus_profile_free(read);
  theseus_profile_free(other);
}

static void test_arguments(void) {
  struct memory memory = {.left = -1};
  theseus_profile *profile = new_profile(&memory, 0);
  theseus_pprof_options options = {0};
  struct text text = {NULL, 0};
  theseus_sink sink = {text_write, &text};
  is_int(theseus_pprof_write(profile, &options, &sink), THESEUS_EINVAL, "options of no size");
  options = (theseus_pprof_options){sizeof options, 2};
  is_int(theseus_pprof_write(profile, &options, &sink), THESEUS_EINVAL, "an unknown detail");
  is_int(theseus_folded_write(profile, THESEUS_EVENTS, &sink), THESEUS_EINVAL, "an unknown event");
  is_int(theseus_pprof_read(profile, NULL, 1, NULL), THESEUS_EINVAL, "no bytes, though there should be one");
  is_int(theseus_pprof_read(profile, NULL, 0, NULL), THESEUS_EFORMAT, "an empty file");
  is_int(theseus_folded_write(profile, THESEUS_WAIT, &sink), THESEUS_OK, "an empty profile is no line");
  is_uint(text.size, 0, "and no bytes");
  theseus_profile_free(profile);
}

/* ---- a limit ---- */

static uint64_t counted(theseus_profile *profile, uint64_t *truncated) {
  theseus_profile_info info = {.size = sizeof info};
  must(theseus_profile_info_get(profile, &info) == THESEUS_OK);
  *truncated = info.truncated_pushes;
  return info.memory;
}

static void test_limit(void) {
  enum { LIMIT = 100000 };
  struct memory memory = {.left = -1};
  theseus_profile *profile = new_profile(&memory, LIMIT);
  uint32_t first = push(profile, THESEUS_ROOT, "main", 0), stack = first, last = first;
  uint64_t truncated = 0, recorded = 0, most = 0;
  int status = THESEUS_OK;

  for (uint32_t line = 1; line < MANY && !truncated; line++) {
    must(theseus_stack_push(profile, first, 0, line, &stack) == THESEUS_OK);
    most = counted(profile, &truncated);
    last = truncated ? last : stack;
  }
  is_uint(truncated, 1, "beyond the limit a stack is not made, and that is counted");
  is_uint(stack, first, "its parent is given instead");
  ok(most <= LIMIT && most > LIMIT / 2, "which is when most of the limit is taken");
  is_int(theseus_stack_push(profile, first, 0, 1, &stack), THESEUS_OK, "one that was made before");
  ok(stack != first, "is still found");

  for (uint32_t line = 1; line < MANY && !status; line++, recorded += !status)
    status = theseus_record(profile, last, line, 10, THESEUS_SUCCESS);
  is_int(status, THESEUS_ELIMIT, "there was room to record for a while; then it is ELIMIT");
  ok(recorded > 10, "after a number of lines");
  most = counted(profile, &truncated);
  ok(most <= LIMIT, "the limit is not exceeded");
  theseus_stack_info info = {.size = sizeof info};
  must(theseus_stack_get(profile, last, &info) == THESEUS_OK);
  is_uint(info.operations, recorded, "what was recorded is there");
  is_uint(info.latency_ns, 10 * recorded, "with its latencies");
  theseus_profile_info told = {.size = sizeof told};
  must(theseus_profile_info_get(profile, &told) == THESEUS_OK);
  ok(told.refusals > 0, "the refusals are counted");

  struct memory plain = {.left = -1};
  theseus_profile *large = new_profile(&plain, 0), *small = new_profile(&memory, 10000);
  fill(large);
  for (uint32_t line = 1; line < 500; line++)
    must(theseus_record(large, push(large, THESEUS_ROOT, "main", 0), line, 10, THESEUS_SUCCESS) == THESEUS_OK);
  struct text file = written(large, write_pprof);
  is_int(theseus_profile_merge(small, large), THESEUS_ELIMIT, "merging within a limit that is too small is ELIMIT");
  is_int(theseus_pprof_read(small, file.bytes, file.size, NULL), THESEUS_ELIMIT, "and so is reading");
  uint32_t cells = theseus_cell_count(small);
  is_uint(cells, 0, "neither of which has left anything");
  free(file.bytes);
  theseus_profile_free(large);
  theseus_profile_free(small);
  theseus_profile_free(profile);
  is_int(memory.blocks, 0, "all is given back");

  theseus_profile_options options = {.size = sizeof options, .memory_limit = 10};
  is_int(theseus_profile_new(&options, &profile), THESEUS_ELIMIT, "a limit that not even the profile is within");
}

/* Stacks that want more than there is, then spans: whatever the limit, the last quarter is not the stacks'. */
static void test_limit_of_stacks(void) {
  for (uint64_t limit = 64000; limit < 1000000; limit += limit / 7) {
    struct memory memory = {.left = -1};
    theseus_profile *profile = new_profile(&memory, limit);
    uint32_t first = push(profile, THESEUS_ROOT, "main", 0), stack = first;
    uint64_t truncated = 0, most = 0;
    for (uint32_t line = 1; line < MANY && !truncated; line++) {
      must(theseus_stack_push(profile, line % 2 ? first : stack, 0, line, &stack) == THESEUS_OK);
      most = counted(profile, &truncated);
    }
    ok(truncated && most <= limit / 4 * 3, "of %llu bytes stacks take three quarters", (unsigned long long)limit);
    uint64_t span = begin(profile, stack, THESEUS_NO_SPAN, 10, THESEUS_ROOT);
    must(theseus_span_end(profile, span, THESEUS_SUCCESS, 30) == THESEUS_OK);
    theseus_profile_info told = {.size = sizeof told};
    must(theseus_profile_info_get(profile, &told) == THESEUS_OK);
    is_uint(told.refusals, 0, "and there is room for a span");
    theseus_profile_free(profile);
  }
}

int main(void) {
  test_write("pprof", write_pprof);
  test_write("pprof without buckets", write_small);
  test_write("folded, Wait", write_wait);
  test_write("folded, an event of the host's", write_run);
  test_sink(write_pprof);
  test_sink(write_wait);
  test_read(true);
  test_read(false);
  test_broken_end();
  test_objects();
  test_arguments();
  test_limit();
  test_limit_of_stacks();
  return done();
}
