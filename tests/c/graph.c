/* SPDX-License-Identifier: ISC */
/* A failure means that a graph writes something else than what was added to it, that the order matters, or that a call
 * that fails changes something. */
#include "base/version.h"
#include "memory.h"

static theseus_graph *new_graph(uint32_t positions) {
  theseus_graph_options options = {.size = sizeof options, .positions = positions};
  theseus_graph *graph;
  must(theseus_graph_new(&options, &graph) == THESEUS_OK);
  return graph;
}

static uint32_t event(theseus_graph *graph, const char *name, const char *long_name, const char *unit) {
  theseus_event_info info = {sizeof info, name, long_name, unit};
  uint32_t id;
  must(theseus_graph_event_intern(graph, &info, &id) == THESEUS_OK);
  return id;
}

static uint32_t function(theseus_graph *graph, const char *object, const char *file, const char *name) {
  uint32_t id;
  must(theseus_graph_function_intern(graph, object, file, name, &id) == THESEUS_OK);
  return id;
}

static int cost(theseus_graph *graph, uint32_t in, const char *file, uint32_t line, uint64_t address, uint64_t a,
                uint64_t b) {
  const uint64_t values[] = {a, b};
  theseus_graph_cost added = {
      .size = sizeof added, .function = in, .line = line, .address = address, .file = file, .values = values};
  return theseus_graph_add_cost(graph, &added);
}

static int edge(theseus_graph *graph, uint32_t caller, uint32_t line, uint32_t callee, uint32_t callee_line,
                uint64_t count, uint64_t a, uint64_t b) {
  const uint64_t values[] = {a, b};
  theseus_graph_edge added = {.size = sizeof added,
                              .caller = caller,
                              .callee = callee,
                              .line = line,
                              .callee_line = callee_line,
                              .count = count,
                              .values = values};
  return theseus_graph_add_edge(graph, &added);
}

static void is_written(const theseus_graph *graph, const char *wanted, const char *what) {
  char *text = text_of(graph);
  is_str(text, wanted, "%s", what);
  free(text);
}

static void are_same(const theseus_graph *a, const theseus_graph *b, const char *what) {
  char *text = text_of(b);
  is_written(a, text, what);
  free(text);
}

/* ---- what is written ---- */

static theseus_graph *example(int order) {
  theseus_graph *graph = new_graph(0);
  uint32_t f = 0, g = 0;
  must(event(graph, "Ir", "Instructions", "") == 0 && event(graph, "T", "", "ns") == 1);
  for (int i = 0; i < 2; i++) /* the same, interned in the other order */
    if ((i ^ order) & 1)
      g = function(graph, "/lib.so", "", "f\xff");
    else
      f = function(graph, "", "/a.c", "main");
  for (int i = 0; i < 6; i++) {
    int status = THESEUS_OK;
    switch (order ? 5 - i : i) {
      case 0: status = cost(graph, f, NULL, 3, 0, 4, 0); break;
      case 1: status = cost(graph, f, "/a.c", 3, 0, 6, 0); break;
      case 2: status = cost(graph, f, "/a.h", 1, 0, 9, 0); break;
      case 3: status = edge(graph, f, 4, g, 12, 1, 5, 0); break;
      case 4: status = edge(graph, f, 4, g, 11, 2, 0, 0); break;
      case 5: status = cost(graph, g, NULL, 11, 0, 7, 0); break;
    }
    must(status == THESEUS_OK);
  }
  must(theseus_graph_set(graph, "pid", "7") == THESEUS_OK);
  must(theseus_graph_set(graph, "cmd", "app --x\n") == THESEUS_OK);
  must(theseus_graph_set(graph, "desc", "one\ntwo") == THESEUS_OK);
  return graph;
}

static void test_written(void) {
  static const char wanted[] = "# callgrind format\n"
                               "version: 1\n"
                               "creator: libtheseus-" THESEUS_VERSION "\n"
                               "pid: 7\n"
                               "cmd: app --x\\x0a\n"
                               "desc: one\n"
                               "desc: two\n"
                               "positions: line\n"
                               "event: Ir : Instructions\n"
                               "event: T : T [ns]\n"
                               "events: Ir T\n"
                               "summary: 26 0\n"
                               "\n"
                               "fl=(1) /a.c\n"
                               "fn=(1) main\n"
                               "3 10 0\n"
                               "cob=(1) /lib.so\n"
                               "cfi=\n"
                               "cfn=(2) f\\xff\n"
                               "calls=3 11\n"
                               "4 5 0\n"
                               "fi=(2) /a.h\n"
                               "1 9 0\n"
                               "\n"
                               "ob=(1)\n"
                               "fl=\n"
                               "fn=(2)\n"
                               "11 7 0\n"
                               "\n"
                               "totals: 26 0\n";
  theseus_graph *a = example(0), *b = example(1);
  is_written(a, wanted, "costs, calls, objects, inlined code, escapes: line by line");
  is_written(b, wanted, "the same bytes when interned and added in another order");
  is_str(theseus_graph_get(a, "desc"), "one\ntwo", "a description has its lines");
  ok(theseus_graph_get(a, "part") == NULL && theseus_graph_get(a, "nonsense") == NULL, "what was not set is NULL");
  theseus_graph_free(a);
  theseus_graph_free(b);
}

static void test_read_back(void) {
  theseus_graph *graph = example(0);
  theseus_graph_info info = {.size = sizeof info};
  theseus_graph_function f = {.size = sizeof f};
  theseus_graph_cost c = {.size = sizeof c};
  theseus_graph_edge e = {.size = sizeof e};
  theseus_event_info t = {.size = sizeof t};
  is_int(theseus_graph_info_get(graph, &info), 0, "info");
  ok(info.events == 2 && info.functions == 2 && info.costs == 3 && info.edges == 1, "how many there are");
  ok(info.inputs == 1 && info.positions == THESEUS_LINES && info.memory > 0 && info.sources == 0, "the rest of it");
  is_int(theseus_graph_function_get(graph, 1, &f), 0, "a function");
  is_str(f.name, "f\\xff", "its name is escaped");
  is_str(f.object, "/lib.so", "its object");
  is_int(theseus_graph_cost_get(graph, 1, &c), 0, "a cost");
  ok(c.function == 0 && c.line == 1 && strcmp(c.file, "/a.h") == 0 && c.values[0] == 9, "all of it");
  is_int(theseus_graph_edge_get(graph, 0, &e), 0, "an edge");
  ok(e.caller == 0 && e.callee == 1 && e.count == 3 && e.line == 4 && e.callee_line == 11 && e.values[0] == 5,
     "all of it");
  is_int(theseus_graph_event_get(graph, 1, &t), 0, "an event");
  is_str(t.unit, "ns", "its unit");
  is_int(theseus_graph_function_get(graph, 2, &f), THESEUS_EINVAL, "no such function");
  is_int(theseus_graph_cost_get(graph, 3, &c), THESEUS_EINVAL, "no such cost");
  is_int(theseus_graph_edge_get(graph, 1, &e), THESEUS_EINVAL, "no such edge");
  is_int(theseus_graph_event_get(graph, 2, &t), THESEUS_EINVAL, "no such event");
  e.size = 0;
  is_int(theseus_graph_edge_get(graph, 0, &e), THESEUS_EINVAL, "a struct without a size");
  theseus_graph_free(graph);
}

static void test_empty(void) {
  theseus_graph *graph = new_graph(0);
  is_written(graph,
             "# callgrind format\nversion: 1\ncreator: libtheseus-" THESEUS_VERSION
             "\npositions: line\nevents:\nsummary:\n\ntotals:\n",
             "a graph of nothing");
  theseus_graph_free(graph);
}

static void test_escapes(void) {
  static const struct {
    const char *name, *wanted;
  } cases[] = {
      {"f(int, char*)", "f(int, char*)"},
      {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"},
      {" a\tb ", "\\x20a\tb\\x20"},
      {"\r\n", "\\x0d\\x0a"},
      {"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
      {"\xe2\x82", "\\xe2\\x82"},                   /* cut short */
      {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
      {"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
  };
  theseus_graph *graph = new_graph(0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    theseus_graph_function info = {.size = sizeof info};
    must(theseus_graph_function_get(graph, function(graph, "", "", cases[i].name), &info) == THESEUS_OK);
    is_str(info.name, cases[i].wanted, "a name of odd bytes, %zu", i);
  }
  theseus_graph_free(graph);
}

/* ---- merging ---- */

static theseus_graph *part(int i) {
  static const char *const names[] = {"a", "b", "c"};
  theseus_graph *graph = new_graph(0);
  must(event(graph, "Ir", i == 1 ? "Instructions" : "", "") == 0 && event(graph, "T", "", i ? "ns" : "") == 1);
  uint32_t f = function(graph, "", "/f", names[i]), g = function(graph, "", "/f", "common");
  must(!cost(graph, f, NULL, 1, 0, 1, 2) && !cost(graph, g, NULL, (uint32_t)i / 2, 0, 1, 2));
  must(!edge(graph, g, 5, f, 9, 1, 1, 1) && !edge(graph, f, 5, g, 9 - (uint32_t)i, 2, 1, 1));
  must(!theseus_graph_set(graph, "cmd", "same") && !theseus_graph_set(graph, "pid", i ? names[i] : "b"));
  must(!theseus_graph_add_source(graph, names[i]));
  return graph;
}

static theseus_graph *sum(theseus_graph *into, const theseus_graph *from) {
  must(theseus_graph_merge(into, from) == THESEUS_OK);
  return into;
}

static void test_merge(void) {
  theseus_graph *parts[3] = {part(0), part(1), part(2)};
  theseus_graph *one = sum(new_graph(0), parts[0]);
  are_same(one, parts[0], "merge(a) = a");
  theseus_graph *left = sum(sum(sum(new_graph(0), parts[0]), parts[1]), parts[2]);
  theseus_graph *right = sum(sum(part(2), parts[0]), parts[1]);
  theseus_graph *inner = sum(sum(new_graph(0), parts[1]), parts[2]);
  theseus_graph *grouped = sum(sum(new_graph(0), parts[0]), inner);
  are_same(right, left, "in any order");
  are_same(grouped, left, "in any grouping");
  is_str(theseus_graph_get(left, "cmd"), "same", "what is equal stays");
  ok(theseus_graph_get(left, "pid") == NULL, "what is not goes, for good");
  char *text = text_of(left);
  ok(strstr(text, "desc: Source: a\ndesc: Source: b\ndesc: Source: c\n") != NULL, "the sources are listed");
  ok(strstr(text, "event: Ir : Instructions\nevent: T : T [ns]\n") != NULL, "names and units are what any part knows");
  ok(strstr(text, "\ntotals: 6 12\n") != NULL, "sums are sums");
  free(text);
  is_int(theseus_graph_merge(left, left), THESEUS_EINVAL, "not into itself");

  theseus_graph *other = new_graph(0);
  must(event(other, "X", "", "") == 0 && event(other, "T", "", "ns") == 1);
  must(!cost(other, function(other, "", "/f", "x"), NULL, 1, 0, 5, 7));
  sum(other, parts[0]);
  text = text_of(other);
  ok(strstr(text, "\nevents: X T Ir\nsummary: 5 11 2\n") != NULL, "events are matched by name, what is missing is 0");
  free(text);

  theseus_graph *seconds = new_graph(0);
  must(event(seconds, "New", "", "") == 0 && event(seconds, "T", "", "s") == 1);
  char *before = text_of(left);
  is_int(theseus_graph_merge(left, seconds), THESEUS_EUNIT, "one event, two units: refused");
  is_written(left, before, "and nothing has changed");
  theseus_graph *huge = part(0);
  must(!cost(huge, 0, NULL, 2, 0, 7, 0));
  must(!edge(huge, 0, 5, 1, 9, UINT64_MAX - 2, 0, 0));
  is_int(theseus_graph_merge(left, huge), THESEUS_EOVERFLOW, "a sum that does not fit: refused");
  is_written(left, before, "and nothing has changed");
  sum(left, parts[0]);
  sum(right, parts[0]);
  are_same(left, right, "it works as before afterwards");
  free(before);

  theseus_graph *all[] = {parts[0], parts[1], parts[2], one, left, right, inner, grouped, other, seconds, huge};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    theseus_graph_free(all[i]);
}

static theseus_graph *with_addresses(uint64_t first) {
  theseus_graph *graph = new_graph(THESEUS_LINES | THESEUS_ADDRESSES);
  must(event(graph, "Ir", "", "") == 0 && event(graph, "T", "", "") == 1);
  uint32_t f = function(graph, "/o", "/f", "f");
  must(!cost(graph, f, NULL, 1, first, 1, 0) && !cost(graph, f, NULL, 1, first + 4, 2, 0));
  const uint64_t values[] = {3, 3};
  for (uint64_t i = 0; i < 2; i++) {
    theseus_graph_edge e = {.size = sizeof e,
                            .line = 2,
                            .address = first + 8 * i,
                            .callee_address = first,
                            .count = 1,
                            .callee_line = 1,
                            .values = values};
    must(!theseus_graph_add_edge(graph, &e));
  }
  return graph;
}

static void test_positions(void) {
  theseus_graph *a = with_addresses(0x10), *b = with_addresses(0x14);
  theseus_graph *both = sum(sum(new_graph(0), a), b);
  char *text = text_of(both);
  ok(strstr(text, "positions: instr line\n") != NULL, "addresses stay when all have them");
  ok(strstr(text, "0x10 1 1 0\n0x14 1 3 0\n0x18 1 2 0\n") != NULL, "and costs add by address");
  ok(strstr(text, "calls=1 0x10 1\n0x10 2 3 3\n") != NULL, "calls have one too");
  free(text);
  theseus_graph *lines = part(0);
  theseus_graph *left = sum(sum(new_graph(0), both), lines), *right = sum(sum(new_graph(0), lines), both);
  text = text_of(left);
  ok(strstr(text, "positions: line\n") && strstr(text, "\n1 6 0\n") && strstr(text, "calls=4 1\n2 12 12\n"),
     "else they go, and the lines add up");
  are_same(sum(left, both), sum(right, both), "whichever comes first");
  free(text);
  theseus_graph_free(a);
  theseus_graph_free(b);
  theseus_graph_free(both);
  theseus_graph_free(lines);
  theseus_graph_free(left);
  theseus_graph_free(right);
}

/* ---- errors ---- */

static int refuse(void *opaque, const void *bytes, size_t size) {
  (void)bytes;
  (void)size;
  return ++*(int *)opaque;
}

static void test_errors(void) {
  theseus_graph *graph = example(0), *none;
  uint32_t id;
  int calls = 0;
  theseus_sink sink = {refuse, &calls};
  is_int(theseus_callgrind_write(graph, &sink), THESEUS_EIO, "a sink that refuses");
  is_int(calls, 1, "is not asked again");
  is_int(theseus_graph_function_intern(graph, "", "", "", &id), THESEUS_EINVAL, "a function without a name");
  is_int(cost(graph, 2, NULL, 1, 0, 1, 1), THESEUS_EINVAL, "a cost of no function");
  is_int(edge(graph, 0, 1, 2, 1, 1, 1, 1), THESEUS_EINVAL, "an edge to no function");
  is_int(edge(graph, 2, 1, 0, 1, 1, 1, 1), THESEUS_EINVAL, "an edge from no function");
  is_int(theseus_graph_set(graph, "color", "red"), THESEUS_EINVAL, "no such key");
  is_int(cost(graph, 0, NULL, 3, 0, 1, UINT64_MAX), THESEUS_OK, "as much as fits");
  is_int(cost(graph, 0, NULL, 3, 0, 1, 1), THESEUS_EOVERFLOW, "is not wrapped");
  is_int(cost(graph, 0, NULL, 4, 0, 1, 1), THESEUS_OK, "another line");
  is_int(theseus_callgrind_write(graph, &sink), THESEUS_EOVERFLOW, "nor is the total");
  theseus_event_info spaced = {.size = sizeof spaced, .name = "a b"}, other = {sizeof other, "T", "", "s"};
  is_int(theseus_graph_event_intern(graph, &spaced, &id), THESEUS_EINVAL, "an event's name with a blank");
  is_int(theseus_graph_event_intern(graph, &other, &id), THESEUS_EUNIT, "an event's other unit");
  theseus_graph_options options = {.size = sizeof options, .positions = 4};
  is_int(theseus_graph_new(&options, &none), THESEUS_EINVAL, "no such positions");
  theseus_graph_free(graph);
  theseus_graph_free(NULL);
}

static void test_limit(void) {
  theseus_graph_options options = {.size = sizeof options, .memory_limit = 100000};
  theseus_graph_info info = {.size = sizeof info};
  theseus_graph *graph;
  must(theseus_graph_new(&options, &graph) == THESEUS_OK);
  uint32_t line = 0, f = function(graph, "", "/f", "f");
  int status = THESEUS_OK;
  must(event(graph, "Ir", "", "") == 0);
  while (!status && line < 100000)
    status = cost(graph, f, NULL, line++, 0, 1, 0);
  is_int(status, THESEUS_ELIMIT, "a limit is reached");
  must(!theseus_graph_info_get(graph, &info));
  ok(info.memory <= 100000 && info.memory > 50000, "not before its time");
  is_uint(info.costs, line - 1, "and what was there stays");
  is_int(cost(graph, f, NULL, 0, 0, 1, 0), THESEUS_OK, "what needs no memory still works");
  theseus_graph_free(graph);
}

/* ---- every allocation fails once ---- */

enum { CALLS = 9 };

static int call(int which, theseus_graph *graph, const theseus_graph *other, const theseus_graph *addressed) {
  theseus_event_info info = {sizeof info, "Event", "a long name that is not clean\n", "ns"};
  struct text text = {NULL, 0};
  theseus_sink sink = {text_write, &text};
  uint32_t id;
  int status = THESEUS_OK;
  switch (which) {
    case 0: status = theseus_graph_event_intern(graph, &info, &id); break;
    case 1: status = theseus_graph_function_intern(graph, "o\n", "f\n", "n\n", &id); break;
    case 2: status = cost(graph, 0, "/elsewhere", 99, 0, 1, 1); break;
    case 3: status = edge(graph, 0, 99, 0, 1, 1, 1, 1); break;
    case 4: status = theseus_graph_merge(graph, other); break;
    case 5: status = theseus_graph_merge(graph, addressed); break;
    case 6: status = theseus_graph_set(graph, "desc", "several\nlines "); break;
    case 7: status = theseus_graph_add_source(graph, "a source"); break;
    case 8: status = theseus_callgrind_write(graph, &sink); break;
  }
  free(text.bytes);
  return status;
}

/* A copy in this memory. */
static theseus_graph *filled(const theseus_allocator *allocator, const theseus_graph *from) {
  theseus_graph_options options = {.size = sizeof options, .allocator = allocator};
  theseus_graph *graph;
  must(theseus_graph_new(&options, &graph) == THESEUS_OK);
  return sum(graph, from);
}

static void test_out_of_memory(void) {
  theseus_graph *plain = example(0), *addressed = with_addresses(16), *other = new_graph(0);
  event(other, "T", "", "ns");
  event(other, "More", "", "");
  for (uint32_t i = 0; i < 60; i++) {
    char name[20];
    snprintf(name, sizeof name, "f%u", i);
    function(other, name, name, name);
    must(!cost(other, i, NULL, i, 0, 1, 2) && !edge(other, 0, i, i, i, 1, 1, 1));
    must(!theseus_graph_add_source(other, name));
  }
  for (int which = 0; which < CALLS; which++) {
    bool good = true, done = false;
    struct memory memory = {.left = -1};
    theseus_allocator allocator = memory_allocator(&memory);
    for (long nth = 0; !done; nth++) {
      theseus_graph *graph = filled(&allocator, which == 4 ? addressed : plain);
      char *before = text_of(graph);
      memory.left = nth;
      int status = call(which, graph, other, addressed);
      done = status == THESEUS_OK;
      memory.left = -1;
      good &= done || status == THESEUS_ENOMEM;
      if (!done) {
        char *after = text_of(graph);
        good &= strcmp(before, after) == 0;
        free(after);
        good &= call(which, graph, other, addressed) == THESEUS_OK;
      }
      theseus_graph *whole = filled(&allocator, which == 4 ? addressed : plain);
      good &= call(which, whole, other, addressed) == THESEUS_OK;
      char *got = text_of(graph), *wanted = text_of(whole);
      good &= strcmp(got, wanted) == 0;
      free(got);
      free(wanted);
      theseus_graph_free(whole);
      theseus_graph_free(graph);
      free(before);
    }
    ok(good && memory.failures > 0 && memory.blocks == 0,
       "call %d: every one of %ld allocations fails once, and nothing is changed or lost", which, memory.failures);
  }
  struct memory memory = {.left = 0};
  theseus_allocator allocator = memory_allocator(&memory);
  theseus_graph_options options = {.size = sizeof options, .allocator = &allocator};
  theseus_graph *graph = NULL;
  for (long nth = 0; !graph; memory.left = ++nth)
    if (theseus_graph_new(&options, &graph) != THESEUS_ENOMEM)
      must(graph != NULL);
  ok(memory.failures > 1, "and so does a graph's making");
  theseus_graph_free(graph);
  is_int(memory.blocks, 0, "without a leak");
  theseus_graph_free(plain);
  theseus_graph_free(addressed);
  theseus_graph_free(other);
}

int main(void) {
  test_written();
  test_read_back();
  test_empty();
  test_escapes();
  test_merge();
  test_positions();
  test_errors();
  test_limit();
  test_out_of_memory();
  return done();
}
