/* SPDX-License-Identifier: ISC */
/* A failure means that the table by function says something else than the profile and its graph do. */
#include "memory.h"
#include "random-profile.h"

/* What the profile has of one function, summed stack by stack. */
struct wanted {
  uint64_t outcomes[4], pending, operations, latency_min, latency_max, buckets[THESEUS_BUCKETS];
  uint64_t own[10], inclusive[10], calls;
  uint32_t first_line;
  bool fired;
};

static uint32_t function_in(theseus_graph *graph, const theseus_profile *profile, uint32_t function) {
  theseus_function_info info = {.size = sizeof info};
  uint32_t id;
  must(!theseus_function_get(profile, function, &info));
  must(!theseus_graph_function_intern(graph, info.object, *info.file ? info.file : "(theseus)", info.name, &id));
  return id;
}

static void add_stack(struct wanted *w, const theseus_profile *profile, uint32_t stack,
                      const theseus_stack_info *info) {
  uint64_t buckets[THESEUS_BUCKETS];
  const uint64_t outcomes[] = {info->success, info->failure, info->cancelled, info->abandoned};
  must(!theseus_histogram_get(profile, stack, buckets));
  for (int i = 0; i < 4; i++)
    w->outcomes[i] += outcomes[i];
  for (uint32_t i = 0; i < THESEUS_BUCKETS; i++)
    w->buckets[i] += buckets[i];
  w->pending += info->pending;
  if (info->success + info->failure + info->cancelled == 0)
    return;
  w->latency_min = w->fired && w->latency_min < info->latency_min_ns ? w->latency_min : info->latency_min_ns;
  w->latency_max = w->latency_max > info->latency_max_ns ? w->latency_max : info->latency_max_ns;
  w->fired = true;
}

static void sum_up(struct wanted *all, theseus_graph *graph, const theseus_profile *profile) {
  theseus_graph_info info = {.size = sizeof info};
  must(!theseus_graph_info_get(graph, &info) && info.events <= 10);
  for (uint32_t s = 1; s < theseus_stack_count(profile); s++) {
    theseus_stack_info stack = {.size = sizeof stack};
    must(!theseus_stack_get(profile, s, &stack));
    if (stack.operations)
      add_stack(&all[function_in(graph, profile, stack.function)], profile, s, &stack);
  }
  for (uint32_t i = 0; i < info.costs; i++) {
    theseus_graph_cost cost = {.size = sizeof cost};
    must(!theseus_graph_cost_get(graph, i, &cost));
    for (uint32_t e = 0; e < info.events; e++)
      all[cost.function].own[e] += cost.values[e];
  }
  for (uint32_t i = 0; i < info.edges; i++) {
    theseus_graph_edge edge = {.size = sizeof edge};
    must(!theseus_graph_edge_get(graph, i, &edge));
    struct wanted *w = &all[edge.callee];
    w->calls += edge.count;
    if (edge.callee_line && (!w->first_line || edge.callee_line < w->first_line))
      w->first_line = edge.callee_line;
    for (uint32_t e = 0; e < info.events; e++)
      w->inclusive[e] += edge.values[e];
  }
}

/* The function of a row in a graph that was made of the same profile. */
static uint32_t find(const theseus_graph *graph, const theseus_table_row *row) {
  theseus_graph_info info = {.size = sizeof info};
  must(!theseus_graph_info_get(graph, &info));
  for (uint32_t i = 0; i < info.functions; i++) {
    theseus_graph_function function = {.size = sizeof function};
    must(!theseus_graph_function_get(graph, i, &function));
    if (!strcmp(function.name, row->name) && !strcmp(function.file, row->file) && !strcmp(function.object, row->object))
      return i;
  }
  return UINT32_MAX;
}

static bool agrees(const theseus_table_row *row, const uint64_t *buckets, const struct wanted *w, uint32_t events) {
  const uint64_t outcomes[] = {row->success, row->failure, row->cancelled, row->abandoned};
  return !memcmp(outcomes, w->outcomes, sizeof outcomes) && row->pending == w->pending && row->calls == w->calls &&
         row->first_line == w->first_line && row->latency_min_ns == w->latency_min &&
         row->latency_max_ns == w->latency_max && !memcmp(buckets, w->buckets, sizeof w->buckets) &&
         !memcmp(row->own, w->own, events * sizeof *w->own) &&
         !memcmp(row->inclusive, w->inclusive, events * sizeof *w->own);
}

static bool in_order(const theseus_table_row *a, const theseus_table_row *b) {
  if (*a->inclusive != *b->inclusive || *a->own != *b->own)
    return *a->inclusive != *b->inclusive ? *a->inclusive > *b->inclusive : *a->own > *b->own;
  int order = strcmp(a->name, b->name);
  order = order ? order : strcmp(a->file, b->file);
  return (order ? order : strcmp(a->object, b->object)) < 0;
}

/* The number of rows; *wrong grows by those that are not as they should be. */
static uint32_t compare(const theseus_profile *profile, uint32_t *wrong) {
  theseus_graph *graph;
  theseus_table *table;
  theseus_graph_info info = {.size = sizeof info}, of_table = {.size = sizeof of_table};
  must(!theseus_graph_from_profile(profile, NULL, &graph) && !theseus_profile_functions(profile, NULL, &table));
  must(!theseus_graph_info_get(graph, &info) && !theseus_graph_info_get(theseus_table_graph(table), &of_table));
  *wrong += info.events != of_table.events || info.edges != of_table.edges || info.costs != of_table.costs;
  struct wanted *all = calloc(info.functions, sizeof *all);
  must(all != NULL);
  sum_up(all, graph, profile);
  theseus_table_row row = {.size = sizeof row}, before = row;
  uint32_t rows = theseus_table_count(table), called = 0;
  for (uint32_t i = 0; i < rows; before = row, i++) {
    uint64_t buckets[THESEUS_BUCKETS];
    must(!theseus_table_get(table, i, &row) && !theseus_table_histogram(table, i, buckets));
    uint32_t function = find(graph, &row);
    *wrong += function == UINT32_MAX || !agrees(&row, buckets, &all[function], info.events);
    *wrong += i && !in_order(&before, &row);
  }
  for (uint32_t i = 0; i < info.functions; i++)
    called += all[i].calls > 0;
  *wrong += called != rows;
  free(all);
  theseus_table_free(table);
  theseus_graph_free(graph);
  return rows;
}

static void test_random(void) {
  uint32_t wrong = 0, rows = 0;
  for (uint64_t seed = 0; seed < 400; seed++) {
    theseus_profile *profile = random_profile(seed, NULL);
    rows += compare(profile, &wrong);
    theseus_profile_free(profile);
  }
  ok(rows > 2000, "there are rows to compare");
  is_int(wrong, 0, "each function of random profiles has the sums of its stacks, costs and calls");
}

/* A profile with columns of the host's only. */
static void test_foreign(void) {
  static const theseus_event_info samples = {sizeof samples, "Samples", NULL, NULL};
  theseus_profile *profile;
  theseus_table *table;
  theseus_table_row row = {.size = sizeof row};
  uint32_t f, stack, event;
  must(!theseus_profile_new(NULL, &profile) && !theseus_event_intern(profile, &samples, &event));
  must(!theseus_function_intern(profile, "", "f", 3, &f) && !theseus_stack_push(profile, 0, f, 0, &stack));
  must(!theseus_add_cost(profile, stack, 1, event, 7) && !theseus_stack_push(profile, stack, f, 1, &stack));
  must(!theseus_add_cost(profile, stack, 1, event, 5) && !theseus_profile_functions(profile, NULL, &table));
  is_int(theseus_table_count(table), 1, "a function that calls itself is one row");
  must(!theseus_table_get(table, 0, &row));
  ok(row.own[0] == 12 && row.inclusive[0] == 12, "with the host's column as the first, counted once");
  ok(row.first_line == 3 && row.calls == 2 && !strcmp(row.file, "(theseus)"), "and its place");
  theseus_profile_free(profile);
  must(!theseus_table_get(table, 0, &row));
  is_str(row.name, "f", "a table does not need its profile");
  theseus_table_free(table);
}

static void test_errors(void) {
  theseus_profile *profile = random_profile(3, NULL);
  theseus_table *table, *none = NULL;
  uint64_t counts[THESEUS_BUCKETS];
  theseus_table_row row = {.size = sizeof row};
  const theseus_graph_options bad = {.size = sizeof bad, .positions = 99},
                              tight = {.size = sizeof tight, .memory_limit = 5000};
  is_int(theseus_profile_functions(NULL, NULL, &none), THESEUS_EINVAL, "no profile");
  is_int(theseus_profile_functions(profile, NULL, NULL), THESEUS_EINVAL, "no place for the table");
  is_int(theseus_profile_functions(profile, &bad, &none), THESEUS_EINVAL, "options of the graph are checked");
  is_int(theseus_profile_functions(profile, &tight, &none), THESEUS_ELIMIT, "the limit of memory is kept");
  ok(none == NULL, "nothing is stored on failure");
  must(!theseus_profile_functions(profile, NULL, &table));
  uint32_t rows = theseus_table_count(table);
  is_int(theseus_table_get(table, rows, &row), THESEUS_EINVAL, "no such row");
  is_int(theseus_table_get(table, 0, NULL), THESEUS_EINVAL, "no place for the row");
  row.size = sizeof row.size;
  is_int(theseus_table_get(table, 0, &row), THESEUS_EINVAL, "a row of no members");
  is_int(theseus_table_histogram(table, rows, counts), THESEUS_EINVAL, "no such histogram");
  is_int(theseus_table_histogram(table, 0, NULL), THESEUS_EINVAL, "no place for the histogram");
  theseus_table_free(table);
  theseus_table_free(NULL);
  theseus_profile_free(profile);
}

/* Latencies whose sum does not fit, at two stacks of one function. */
static void test_overflow(void) {
  theseus_profile *profile;
  theseus_table *table = NULL;
  uint32_t f, stack;
  must(!theseus_profile_new(NULL, &profile) && !theseus_function_intern(profile, "", "f", 0, &f));
  must(!theseus_stack_push(profile, 0, f, 0, &stack) && !theseus_record(profile, stack, 1, UINT64_MAX - 1, 0));
  must(!theseus_stack_push(profile, stack, f, 1, &stack) && !theseus_record(profile, stack, 1, UINT64_MAX - 1, 0));
  is_int(theseus_profile_functions(profile, NULL, &table), THESEUS_EOVERFLOW, "a sum that does not fit");
  theseus_profile_free(profile);
}

static void test_memory(void) {
  theseus_profile *profile = random_profile(5, NULL);
  struct memory memory = {0, 1, 0, 0};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_graph_options options = {.size = sizeof options, .allocator = &allocator};
  uint32_t wrong = 0;
  long attempts = 0;
  for (; memory.failures; attempts++) {
    theseus_table *table = NULL;
    memory = (struct memory){attempts, 0, 0, 0};
    int status = theseus_profile_functions(profile, &options, &table);
    wrong += status != (memory.failures ? THESEUS_ENOMEM : THESEUS_OK) || (table == NULL) != (status != THESEUS_OK);
    theseus_table_free(table);
    wrong += memory.blocks != 0;
  }
  ok(attempts > 20 && !wrong, "whichever of %ld allocations fails, it is reported, and nothing is leaked", attempts);
  theseus_profile_free(profile);
}

int main(void) {
  test_random();
  test_foreign();
  test_errors();
  test_overflow();
  test_memory();
  return done();
}
