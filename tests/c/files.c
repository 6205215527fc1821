/* SPDX-License-Identifier: ISC */
/* A failure means that a profile loses something on its way through a pprof file, or that folded stacks are not the
 * sums that they should be.  The profiles are random; folded stacks are compared with lines that are put together one
 * by one. */
#include "digest.h"
#include "random-profile.h"

static struct text as_pprof(const theseus_profile *profile, uint32_t detail) {
  const theseus_pprof_options options = {sizeof options, detail};
  struct text text = {NULL, 0};
  const theseus_sink sink = {text_write, &text};
  must(theseus_pprof_write(profile, &options, &sink) == THESEUS_OK);
  return text;
}

static struct text as_folded(const theseus_profile *profile, uint32_t event) {
  struct text text = {NULL, 0};
  const theseus_sink sink = {text_write, &text};
  must(theseus_folded_write(profile, event, &sink) == THESEUS_OK);
  return text;
}

static char *as_graph(const theseus_profile *profile) {
  theseus_graph *graph;
  must(theseus_graph_from_profile(profile, NULL, &graph) == THESEUS_OK);
  char *text = text_of(graph);
  theseus_graph_free(graph);
  return text;
}

static bool same(const struct text *a, const struct text *b) {
  return a->size == b->size && (!a->size || memcmp(a->bytes, b->bytes, a->size) == 0);
}

/* ---- pprof ---- */

/* The stack of `other` that has the same frames, by their cleaned names; or UINT32_MAX. */
static uint32_t counterpart(const theseus_profile *profile, uint32_t stack, theseus_profile *other) {
  uint32_t path[600], depth = 0, found = THESEUS_ROOT;
  for (uint32_t s = stack; s != THESEUS_ROOT; s = stack_of(profile, s).parent)
    path[depth++] = s;
  while (depth-- > 0) {
    theseus_function_info one = {.size = sizeof one}, two = {.size = sizeof two};
    theseus_stack_info frame = stack_of(profile, path[depth]);
    uint32_t s = 1;
    must(theseus_function_get(profile, frame.function, &one) == THESEUS_OK);
    for (; s < theseus_stack_count(other); s++) {
      theseus_stack_info info = stack_of(other, s);
      must(theseus_function_get(other, info.function, &two) == THESEUS_OK);
      if (info.parent == found && info.call_line == frame.call_line && one.first_line == two.first_line &&
          strcmp(one.name, two.name) == 0 && strcmp(one.file, two.file) == 0)
        break;
    }
    if (s == theseus_stack_count(other))
      return UINT32_MAX;
    found = s;
  }
  return found;
}

/* Whether each stack has the same figures in both.  Names that a line cannot hold differ, and are passed over. */
static bool same_stacks(const theseus_profile *profile, theseus_profile *other, bool buckets) {
  bool good = true;
  for (uint32_t s = 0; s < theseus_stack_count(profile); s++) {
    uint32_t there = counterpart(profile, s, other);
    theseus_stack_info a = stack_of(profile, s);
    if (there == UINT32_MAX)
      continue;
    theseus_stack_info b = stack_of(other, there);
    uint64_t counts[2][THESEUS_BUCKETS];
    must(theseus_histogram_get(profile, s, counts[0]) == THESEUS_OK);
    must(theseus_histogram_get(other, there, counts[1]) == THESEUS_OK);
    good &= a.operations == b.operations && a.success == b.success && a.failure == b.failure;
    good &= a.cancelled == b.cancelled && a.abandoned == b.abandoned && a.pending == b.pending;
    good &= a.latency_ns == b.latency_ns;
    good &= !buckets || (a.latency_min_ns == b.latency_min_ns && a.latency_max_ns == b.latency_max_ns &&
                         memcmp(counts[0], counts[1], sizeof counts[0]) == 0);
  }
  return good;
}

static void test_pprof(uint32_t detail) {
  bool good = true, stacks = true, graphs = true, folded = true;
  for (uint64_t seed = 0; seed < 300; seed++) {
    theseus_profile *profile = random_profile(seed, NULL), *again;
    must(theseus_profile_new(NULL, &again) == THESEUS_OK);
    struct text file = as_pprof(profile, detail);
    must(theseus_pprof_read(again, file.bytes, file.size, NULL) == THESEUS_OK);
    struct text twice = as_pprof(again, detail);
    good &= same(&file, &twice);
    stacks &= same_stacks(profile, again, detail == THESEUS_PPROF_FULL);
    char *one = as_graph(profile), *two = as_graph(again);
    graphs &= strcmp(one, two) == 0;
    for (uint32_t event = 0; event < theseus_event_count(profile); event++) {
      struct text a = as_folded(profile, event), b = as_folded(again, event);
      folded &= same(&a, &b);
      free(a.bytes), free(b.bytes);
    }
    free(one), free(two), free(file.bytes), free(twice.bytes);
    theseus_profile_free(profile);
    theseus_profile_free(again);
  }
  const char *how = detail == THESEUS_PPROF_FULL ? "with buckets" : "without buckets";
  ok(good, "pprof %s: what is read is written as the same bytes", how);
  ok(stacks, "pprof %s: each stack has its counts and its latency", how);
  ok(graphs, "pprof %s: the graph is the same", how);
  ok(folded, "pprof %s: and so are folded stacks of each event", how);
}

/* Latencies that share a bucket: the least and the greatest must be exact all the same. */
static void test_extremes(void) {
  bool good = true;
  for (uint32_t round = 0; round < 400; round++) {
    uint64_t seed = round, base = UINT64_C(1000) << draw(&seed, 20);
    uint32_t n = 1 + draw(&seed, 4), outcomes = 1 + draw(&seed, 3);
    theseus_profile *profile = spans_profile(0), *again;
    must(theseus_profile_new(NULL, &again) == THESEUS_OK);
    for (uint32_t i = 0; i < n; i++)
      must(theseus_record(profile, 1, 1, base + draw(&seed, 30), (int)draw(&seed, outcomes)) == THESEUS_OK);
    struct text file = as_pprof(profile, THESEUS_PPROF_FULL);
    must(theseus_pprof_read(again, file.bytes, file.size, NULL) == THESEUS_OK);
    good &= same_stacks(profile, again, true);
    free(file.bytes);
    theseus_profile_free(profile);
    theseus_profile_free(again);
  }
  ok(good, "pprof: minimum, maximum and buckets of latencies that are close to each other");
}

/* ---- folded ---- */

static void put_name(struct text *line, const char *name) {
  size_t n = strlen(name);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)name[i];
    bool end = c == ' ' && (i == 0 || i == n - 1);
    if (c == ';' || c == '\n' || c == 0xff || end)
      text_print(line, "\\x%02x", c);
    else
      text_write(line, name + i, 1);
  }
}

static void put_stack(struct text *line, const theseus_profile *profile, uint32_t stack) {
  theseus_function_info function = {.size = sizeof function};
  theseus_stack_info info = stack_of(profile, stack);
  if (info.parent != THESEUS_ROOT) {
    put_stack(line, profile, info.parent);
    text_write(line, ";", 1);
  }
  must(theseus_function_get(profile, info.function, &function) == THESEUS_OK);
  put_name(line, function.name);
}

struct line {
  char *text;
  uint64_t value;
};

static void add_line(struct line *lines, uint32_t *count, const theseus_profile *profile, uint32_t stack, bool detached,
                     uint64_t value) {
  struct text line = {NULL, 0};
  uint32_t i = 0;
  if (!value)
    return;
  text_print(&line, "%s", detached ? "[detached];" : "");
  if (stack == THESEUS_ROOT)
    text_print(&line, "(root)");
  else
    put_stack(&line, profile, stack);
  text_write(&line, "", 1);
  while (i < *count && strcmp(lines[i].text, line.bytes) != 0)
    i++;
  if (i < *count)
    free(line.bytes);
  else
    lines[(*count)++] = (struct line){line.bytes, 0};
  lines[i].value += value;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static struct text slow_folded(const theseus_profile *profile, uint32_t event) {
  static struct line lines[2000];
  static char *texts[2000];
  uint32_t count = 0;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++) {
    theseus_cell_info cell = {.size = sizeof cell};
    must(theseus_cell_get(profile, i, &cell) == THESEUS_OK);
    if (cell.event == event)
      add_line(lines, &count, profile, cell.stack, cell.detached, cell.value);
  }
  for (uint32_t s = 0; s < theseus_stack_count(profile); s++) {
    theseus_stack_info info = stack_of(profile, s);
    const uint64_t values[] = {0, info.latency_ns, info.operations, info.failure + info.cancelled, info.pending};
    if (event < THESEUS_EVENTS)
      add_line(lines, &count, profile, s, false, values[event]);
  }
  for (uint32_t i = 0; i < count; i++) {
    struct text whole = {NULL, 0};
    text_print(&whole, "%s %" PRIu64 "\n", lines[i].text, lines[i].value);
    free(lines[i].text);
    texts[i] = whole.bytes;
  }
  qsort(texts, count, sizeof *texts, by_text);
  struct text all = {NULL, 0};
  for (uint32_t i = 0; i < count; i++) {
    text_write(&all, texts[i], strlen(texts[i]));
    free(texts[i]);
  }
  return all;
}

static void test_folded(void) {
  bool good = true;
  for (uint64_t seed = 0; seed < 300; seed++) {
    theseus_profile *profile = random_profile(seed, NULL);
    for (uint32_t event = 0; event < theseus_event_count(profile); event++) {
      struct text got = as_folded(profile, event), wanted = slow_folded(profile, event);
      good &= same(&got, &wanted);
      free(got.bytes), free(wanted.bytes);
    }
    theseus_profile_free(profile);
  }
  ok(good, "folded: a line for each text, in the order of their bytes, with their sum");
}

/* ---- what does not fit ---- */

static int write_folded(const theseus_profile *profile, const theseus_sink *sink) {
  return theseus_folded_write(profile, THESEUS_EVENTS, sink);
}

static int write_whole(const theseus_profile *profile, const theseus_sink *sink) {
  return theseus_pprof_write(profile, NULL, sink);
}

static void test_too_great(void) {
  static const theseus_event_info event = {sizeof event, "Run", NULL, NULL};
  theseus_profile *profile = spans_profile(0);
  struct text text = {NULL, 0};
  const theseus_sink sink = {text_write, &text};
  uint32_t id, function, stack;
  must(theseus_event_intern(profile, &event, &id) == THESEUS_OK);
  must(theseus_add_cost(profile, 1, 1, id, UINT64_MAX) == THESEUS_OK);
  is_int(write_whole(profile, &sink), THESEUS_EOVERFLOW, "pprof: a cost of 64 bits does not fit into 63");
  must(theseus_function_intern(profile, "another", "app.f1", 1, &function) == THESEUS_OK);
  must(theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack) == THESEUS_OK);
  must(theseus_add_cost(profile, stack, 1, id, 1) == THESEUS_OK);
  is_int(write_folded(profile, &sink), THESEUS_EOVERFLOW, "folded: a sum of two that have one name");
  theseus_profile_clear(profile);
  must(theseus_record(profile, 1, 1, (UINT64_C(1) << 63) - 1, THESEUS_SUCCESS) == THESEUS_OK);
  is_int(write_whole(profile, &sink), THESEUS_OK, "pprof: a latency that just fits");
  must(theseus_record(profile, 1, 1, 1, THESEUS_SUCCESS) == THESEUS_OK);
  is_int(write_whole(profile, &sink), THESEUS_EOVERFLOW, "pprof: and one that does not");
  free(text.bytes);
  theseus_profile_free(profile);
}

/* ---- without memory ---- */

static void test_without_memory(void) {
  bool good = true;
  long failures = 0;
  for (uint64_t seed = 0; seed < 12; seed++) {
    struct memory memory = {.left = -1};
    theseus_allocator allocator = memory_allocator(&memory);
    theseus_profile_options options = {.size = sizeof options, .allocator = &allocator};
    theseus_profile *profile = random_profile(seed, &options);
    for (int which = 0; which < 3; which++) {
      int status = THESEUS_ENOMEM;
      for (long nth = 0; status; nth++) {
        struct text text = {NULL, 0};
        const theseus_sink sink = {text_write, &text};
        memory.left = nth;
        status = which ? theseus_folded_write(profile, which == 1 ? THESEUS_WAIT : THESEUS_LATENCY, &sink)
                       : write_whole(profile, &sink);
        memory.left = -1;
        good &= status == THESEUS_OK || status == THESEUS_ENOMEM;
        free(text.bytes);
      }
    }
    struct text file = as_pprof(profile, THESEUS_PPROF_FULL);
    theseus_profile *into = random_profile(seed + 100, &options);
    uint64_t before = digest(into, false);
    int status = THESEUS_ENOMEM;
    for (long nth = 0; status; nth++) {
      memory.left = nth;
      status = theseus_pprof_read(into, file.bytes, file.size, NULL);
      memory.left = -1;
      good &= status == THESEUS_OK || (status == THESEUS_ENOMEM && digest(into, false) == before);
    }
    free(file.bytes);
    theseus_profile_free(into);
    theseus_profile_free(profile);
    failures += memory.failures;
    good &= memory.blocks == 0;
  }
  ok(good && failures > 100, "each of %ld allocations fails once; nothing changes, nothing is leaked", failures);
}

int main(void) {
  test_pprof(THESEUS_PPROF_FULL);
  test_pprof(THESEUS_PPROF_NO_BUCKETS);
  test_extremes();
  test_folded();
  test_too_great();
  test_without_memory();
  return done();
}
