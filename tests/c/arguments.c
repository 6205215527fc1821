/* SPDX-License-Identifier: ISC */
/* A failure means that a call on a graph, a reader or a writer takes an argument that makes no sense, or changes
 * something while it refuses one. */
#include "callgrind.h"

/* A graph with two functions, a cost and an edge; columns A and B. */
static theseus_graph *small_graph(void) {
  theseus_graph *graph = new_graph(NULL);
  static const char file[] = "event: A : a [ns]\nevents: A B\nfn=f\n1 1 2\ncfn=g\ncalls=3 4\n5 6 7\n";
  must(theseus_callgrind_read(graph, "small", file, strlen(file)) == THESEUS_OK);
  return graph;
}

static void is_as(const theseus_graph *graph, const char *wanted, const char *what) {
  char *text = text_of(graph);
  is_str(text, wanted, "%s", what);
  free(text);
}

static void test_new(void) {
  theseus_graph *graph;
  theseus_graph_options options = {.size = 1};
  const theseus_allocator none = {NULL, NULL, NULL, NULL};
  is_int(theseus_graph_new(NULL, NULL), THESEUS_EINVAL, "new: no place for a graph");
  is_int(theseus_graph_new(&options, &graph), THESEUS_EINVAL, "new: options without a size");
  options = (theseus_graph_options){.size = sizeof options, .allocator = &none};
  is_int(theseus_graph_new(&options, &graph), THESEUS_EINVAL, "new: an allocator without functions");
  options = (theseus_graph_options){.size = sizeof options, .memory_limit = 10};
  is_int(theseus_graph_new(&options, &graph), THESEUS_ELIMIT, "new: a limit that a graph is not within");
  options = (theseus_graph_options){.size = sizeof options, .positions = 4};
  is_int(theseus_graph_new(&options, &graph), THESEUS_EINVAL, "new: no such positions");
  theseus_profile *profile;
  must(theseus_profile_new(NULL, &profile) == THESEUS_OK);
  is_int(theseus_graph_from_profile(NULL, NULL, &graph), THESEUS_EINVAL, "from_profile: no profile");
  is_int(theseus_graph_from_profile(profile, NULL, NULL), THESEUS_EINVAL, "from_profile: no place for a graph");
  is_int(theseus_graph_from_profile(profile, &options, &graph), THESEUS_EINVAL, "from_profile: no such positions");
  theseus_profile_free(profile);
  theseus_graph_free(NULL);
}

static void test_graph(void) {
  theseus_graph *graph = small_graph(), *other = small_graph();
  char *before = text_of(graph);
  const uint64_t values[] = {1, 2};
  uint32_t id;
  const theseus_event_info event = {sizeof event, "C", NULL, NULL}, unnamed = {sizeof unnamed, NULL, NULL, NULL},
                           empty = {sizeof empty, "", NULL, NULL}, sizeless = {1, "C", NULL, NULL},
                           colon = {sizeof colon, "C:", NULL, NULL};
  is_int(theseus_graph_merge(NULL, other), THESEUS_EINVAL, "merge: into none");
  is_int(theseus_graph_merge(graph, NULL), THESEUS_EINVAL, "merge: of none");
  is_int(theseus_graph_merge(graph, graph), THESEUS_EINVAL, "merge: into itself");
  is_int(theseus_graph_set(NULL, "pid", "1"), THESEUS_EINVAL, "set: no graph");
  is_int(theseus_graph_set(graph, NULL, "1"), THESEUS_EINVAL, "set: no key");
  is_int(theseus_graph_set(graph, "color", "1"), THESEUS_EINVAL, "set: no such key");
  ok(!theseus_graph_get(NULL, "pid") && !theseus_graph_get(graph, NULL) && !theseus_graph_get(graph, "color"),
     "get: neither");
  is_int(theseus_graph_add_source(NULL, "x"), THESEUS_EINVAL, "add_source: no graph");
  is_int(theseus_graph_add_source(graph, NULL), THESEUS_EINVAL, "add_source: no source");
  is_int(theseus_graph_event_intern(NULL, &event, &id), THESEUS_EINVAL, "event_intern: no graph");
  is_int(theseus_graph_event_intern(graph, NULL, &id), THESEUS_EINVAL, "event_intern: no event");
  is_int(theseus_graph_event_intern(graph, &event, NULL), THESEUS_EINVAL, "event_intern: no place for the id");
  is_int(theseus_graph_event_intern(graph, &sizeless, &id), THESEUS_EINVAL, "event_intern: no size");
  is_int(theseus_graph_event_intern(graph, &unnamed, &id), THESEUS_EINVAL, "event_intern: no name");
  is_int(theseus_graph_event_intern(graph, &empty, &id), THESEUS_EINVAL, "event_intern: an empty name");
  is_int(theseus_graph_event_intern(graph, &colon, &id), THESEUS_EINVAL, "event_intern: a name with a colon");
  is_int(theseus_graph_function_intern(NULL, "", "", "f", &id), THESEUS_EINVAL, "function_intern: no graph");
  is_int(theseus_graph_function_intern(graph, NULL, "", "f", &id), THESEUS_EINVAL, "function_intern: no object");
  is_int(theseus_graph_function_intern(graph, "", NULL, "f", &id), THESEUS_EINVAL, "function_intern: no file");
  is_int(theseus_graph_function_intern(graph, "", "", NULL, &id), THESEUS_EINVAL, "function_intern: no name");
  is_int(theseus_graph_function_intern(graph, "", "", "", &id), THESEUS_EINVAL, "function_intern: an empty name");
  is_int(theseus_graph_function_intern(graph, "", "", "f", NULL), THESEUS_EINVAL, "function_intern: no place");

  theseus_graph_cost cost = {.size = sizeof cost, .function = 0, .line = 1, .values = values};
  theseus_graph_edge edge = {.size = sizeof edge, .caller = 0, .callee = 1, .count = 1, .values = values};
  is_int(theseus_graph_add_cost(NULL, &cost), THESEUS_EINVAL, "add_cost: no graph");
  is_int(theseus_graph_add_cost(graph, NULL), THESEUS_EINVAL, "add_cost: no cost");
  cost.size = 0;
  is_int(theseus_graph_add_cost(graph, &cost), THESEUS_EINVAL, "add_cost: no size");
  cost = (theseus_graph_cost){.size = sizeof cost, .function = 2, .values = values};
  is_int(theseus_graph_add_cost(graph, &cost), THESEUS_EINVAL, "add_cost: no such function");
  cost = (theseus_graph_cost){.size = sizeof cost};
  is_int(theseus_graph_add_cost(graph, &cost), THESEUS_EINVAL, "add_cost: no values");
  is_int(theseus_graph_add_edge(NULL, &edge), THESEUS_EINVAL, "add_edge: no graph");
  is_int(theseus_graph_add_edge(graph, NULL), THESEUS_EINVAL, "add_edge: no edge");
  edge.size = 0;
  is_int(theseus_graph_add_edge(graph, &edge), THESEUS_EINVAL, "add_edge: no size");
  edge = (theseus_graph_edge){.size = sizeof edge, .caller = 2, .values = values};
  is_int(theseus_graph_add_edge(graph, &edge), THESEUS_EINVAL, "add_edge: no such caller");
  edge = (theseus_graph_edge){.size = sizeof edge, .callee = 2, .values = values};
  is_int(theseus_graph_add_edge(graph, &edge), THESEUS_EINVAL, "add_edge: no such callee");
  edge = (theseus_graph_edge){.size = sizeof edge};
  is_int(theseus_graph_add_edge(graph, &edge), THESEUS_EINVAL, "add_edge: no values");
  is_as(graph, before, "none of them changes anything");
  free(before);
  theseus_graph_free(graph);
  theseus_graph_free(other);
}

static void test_getters(void) {
  theseus_graph *graph = small_graph();
  theseus_graph_info info = {.size = sizeof info};
  theseus_event_info event = {.size = sizeof event};
  theseus_graph_function function = {.size = sizeof function};
  theseus_graph_cost cost = {.size = sizeof cost};
  theseus_graph_edge edge = {.size = sizeof edge};
  ok(theseus_graph_info_get(NULL, &info) == THESEUS_EINVAL && theseus_graph_info_get(graph, NULL) == THESEUS_EINVAL,
     "info_get: no graph, no place");
  ok(theseus_graph_event_get(NULL, 0, &event) == THESEUS_EINVAL &&
         theseus_graph_event_get(graph, 2, &event) == THESEUS_EINVAL,
     "event_get: no graph, no such event");
  ok(theseus_graph_function_get(NULL, 0, &function) == THESEUS_EINVAL &&
         theseus_graph_function_get(graph, 2, &function) == THESEUS_EINVAL,
     "function_get: no graph, no such function");
  ok(theseus_graph_cost_get(NULL, 0, &cost) == THESEUS_EINVAL &&
         theseus_graph_cost_get(graph, 1, &cost) == THESEUS_EINVAL,
     "cost_get: no graph, no such cost");
  ok(theseus_graph_edge_get(NULL, 0, &edge) == THESEUS_EINVAL &&
         theseus_graph_edge_get(graph, 1, &edge) == THESEUS_EINVAL,
     "edge_get: no graph, no such edge");
  ok(theseus_graph_event_get(graph, 0, NULL) == THESEUS_EINVAL &&
         theseus_graph_function_get(graph, 0, NULL) == THESEUS_EINVAL &&
         theseus_graph_cost_get(graph, 0, NULL) == THESEUS_EINVAL &&
         theseus_graph_edge_get(graph, 0, NULL) == THESEUS_EINVAL,
     "none of them fills nothing");
  theseus_graph_free(graph);
}

/* ---- columns ---- */

static void test_select(void) {
  theseus_graph *graph = small_graph();
  char *before = text_of(graph);
  const theseus_event_info a = {sizeof a, "A", NULL, NULL}, b = {sizeof b, "B", NULL, NULL},
                           unnamed = {sizeof unnamed, NULL, NULL, NULL}, missing = {sizeof missing, "C", NULL, NULL};
  const theseus_event_info same[] = {a, b}, twice[] = {a, a}, three[] = {a, b, a}, none[] = {a, unnamed},
                           other[] = {missing, a};
  is_int(theseus_graph_select(NULL, same, 2), THESEUS_EINVAL, "select: no graph");
  is_int(theseus_graph_select(graph, NULL, 1), THESEUS_EINVAL, "select: no events, but a number");
  is_int(theseus_graph_select(graph, twice, 2), THESEUS_EINVAL, "select: one column twice");
  is_int(theseus_graph_select(graph, three, 3), THESEUS_EINVAL, "select: more than there are");
  is_int(theseus_graph_select(graph, none, 2), THESEUS_EINVAL, "select: one without a name");
  is_int(theseus_graph_select(graph, other, 2), THESEUS_EINVAL, "select: one that there is not");
  is_int(theseus_graph_select(graph, same, 2), THESEUS_OK, "select: all of them, in their order");
  is_as(graph, before, "select: none of that changes anything");
  free(before);
  is_int(theseus_graph_select(graph, NULL, 0), THESEUS_OK, "select: no column at all");
  char *text = text_of(graph);
  is_str(strstr(text, "events:"), "events:\nsummary:\n\nfl=\nfn=(1) f\n1\ncfi=\ncfn=(2) g\ncalls=3 4\n5\n\ntotals:\n",
         "select: leaves lines and calls");
  free(text);
  theseus_graph_free(graph);
}

static void test_select_without_memory(void) {
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_graph *graph = new_graph(&allocator);
  static const char file[] = "event: S = A + B : both\nevents: A B\nfn=f\n1 1 2\n";
  const theseus_event_info chosen[] = {{sizeof *chosen, "B", "a name that is not clean\n", NULL}};
  must(theseus_callgrind_read(graph, NULL, file, strlen(file)) == THESEUS_OK);
  char *before = text_of(graph);
  int status = THESEUS_ENOMEM;
  bool good = true;
  for (long nth = 0; status; nth++) {
    memory.left = nth;
    status = theseus_graph_select(graph, chosen, 1);
    memory.left = -1;
    char *after = text_of(graph);
    good &= status ? status == THESEUS_ENOMEM && strcmp(before, after) == 0 : !strstr(after, "both");
    free(after);
  }
  ok(good && memory.failures > 3, "select: without memory nothing is dropped, formulas neither; then both are");
  free(before);
  theseus_graph_free(graph);
  is_int(memory.blocks, 0, "select: nothing is leaked");
}

/* A graph without columns, and formulas that a merge brings along. */
static void test_merge(void) {
  static const char with[] = "event: S = A + B : both\nevent: T = B + A : too\nevents: A B\nfn=f\n1 1 2\n";
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_graph *from = new_graph(NULL), *into = NULL;
  must(theseus_callgrind_read(from, NULL, with, strlen(with)) == THESEUS_OK);
  int status = THESEUS_ENOMEM;
  for (long nth = 0; status; nth++) {
    theseus_graph_free(into);
    into = new_graph(&allocator);
    memory.left = nth;
    status = theseus_graph_merge(into, from);
    memory.left = -1;
    theseus_graph_info info = {.size = sizeof info};
    must(theseus_graph_info_get(into, &info) == THESEUS_OK && (!status || !info.events));
  }
  ok(memory.failures > 10, "merge: without memory into an empty graph it stays empty");
  char *wanted = text_of(from);
  is_as(into, wanted, "merge: formulas come along");
  must(theseus_graph_merge(into, from) == THESEUS_OK);
  char *twice = text_of(into);
  ok(strstr(twice, "event: S = A + B : both\nevent: T = B + A : too\n") != NULL, "merge: once each");
  free(wanted), free(twice);
  theseus_graph_free(from);
  theseus_graph_free(into);
  is_int(memory.blocks, 0, "merge: nothing is leaked");
}

/* ---- readers and writers ---- */

static void test_reader(void) {
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader;
  theseus_callgrind_options options = {.size = 1};
  theseus_callgrind_reader_info info = {.size = sizeof info};
  theseus_event_info event = {.size = sizeof event};
  const char *warning;
  is_int(theseus_callgrind_reader_new(NULL, NULL, &reader), THESEUS_EINVAL, "reader_new: no graph");
  is_int(theseus_callgrind_reader_new(graph, NULL, NULL), THESEUS_EINVAL, "reader_new: no place");
  is_int(theseus_callgrind_reader_new(graph, &options, &reader), THESEUS_EINVAL, "reader_new: no size");
  options = (theseus_callgrind_options){.size = sizeof options, .flags = 4};
  is_int(theseus_callgrind_reader_new(graph, &options, &reader), THESEUS_EINVAL, "reader_new: no such flag");
  options = (theseus_callgrind_options){.size = sizeof options, .event_count = 1};
  is_int(theseus_callgrind_reader_new(graph, &options, &reader), THESEUS_EINVAL, "reader_new: no names of events");
  reader = new_reader(graph, 0);
  is_int(theseus_callgrind_reader_begin(NULL, "x"), THESEUS_EINVAL, "begin: no reader");
  is_int(theseus_callgrind_reader_feed(NULL, "x", 1), THESEUS_EINVAL, "feed: no reader");
  is_int(theseus_callgrind_reader_finish(NULL), THESEUS_EINVAL, "finish: no reader");
  is_int(feed_text(reader, "events: A\n"), THESEUS_EINVAL, "feed: no file has begun");
  is_int(theseus_callgrind_reader_finish(reader), THESEUS_EINVAL, "finish: neither");
  must(theseus_callgrind_reader_begin(reader, NULL) == THESEUS_OK);
  is_int(theseus_callgrind_reader_feed(reader, NULL, 1), THESEUS_EINVAL, "feed: no bytes, but a number");
  is_int(theseus_callgrind_reader_feed(reader, NULL, 0), THESEUS_OK, "feed: no bytes");
  must(feed_text(reader, "events: A\nwhat\n") == THESEUS_OK);
  is_int(theseus_callgrind_reader_finish(reader), THESEUS_OK, "finish: the file goes on");
  is_int(theseus_callgrind_reader_finish(reader), THESEUS_EINVAL, "finish: once");
  is_int(theseus_callgrind_reader_info_get(NULL, &info), THESEUS_EINVAL, "reader_info_get: no reader");
  is_int(theseus_callgrind_reader_info_get(reader, NULL), THESEUS_EINVAL, "reader_info_get: no place");
  is_int(theseus_callgrind_reader_warning_get(NULL, 0, &warning), THESEUS_EINVAL, "warning_get: no reader");
  is_int(theseus_callgrind_reader_warning_get(reader, 0, NULL), THESEUS_EINVAL, "warning_get: no place");
  must(theseus_callgrind_reader_warning_get(reader, 0, &warning) == THESEUS_OK);
  is_str(warning, "-:2:1: warning: a line that makes no sense is left out", "warning_get: a file without a name is -");
  is_int(theseus_callgrind_reader_event_get(NULL, 0, &event), THESEUS_EINVAL, "reader_event_get: no reader");
  is_int(theseus_callgrind_reader_event_get(reader, 0, NULL), THESEUS_EINVAL, "reader_event_get: no place");
  is_int(theseus_callgrind_reader_event_get(reader, 1, &event), THESEUS_EINVAL, "reader_event_get: no such event");
  theseus_callgrind_reader_free(reader);
  theseus_callgrind_reader_free(NULL);
  is_int(theseus_callgrind_read(NULL, "x", "", 0), THESEUS_EINVAL, "read: no graph");
  is_int(theseus_callgrind_write(graph, NULL), THESEUS_EINVAL, "callgrind_write: no sink");
  theseus_graph_free(graph);
}

int main(void) {
  test_new();
  test_graph();
  test_getters();
  test_select();
  test_select_without_memory();
  test_merge();
  test_reader();
  return done();
}
