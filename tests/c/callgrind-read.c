/* SPDX-License-Identifier: ISC */
/* A failure means that a call of the callgrind reader breaks its promise in theseus.h: files, parts and columns that
 * follow each other, what a refused file leaves behind, limits, and memory that runs out.  callgrind-cases.c has what
 * files mean. */
#include "callgrind.h"

/* Costs with addresses, an event of another unit, a header. */
static const char before[] =
    "pid: 3\npositions: instr line\nevent: A : a [ns]\nevents: B A\nfl=/f\nfn=f\n0x10 1 18446744073709551600 5\n"
    "cfn=g\ncalls=3 0x20 2\n0x18 3 4 5\n";

/* Each of these goes wrong after it has changed whatever can be changed. */
static void test_unspoilt(void) {
  static const char *const files[] = {
      "pid: 4\nevents: New B A\nfl=/f\nfn=f\n1 1 2 3\nfn=new\n1 1 2 3\ncfn=f\ncalls=1 1\n1 1 2 3\nfn=f\ncfn=g\ncalls=1 "
      "1\n"
      "3 1 2 3\nbroken\n1 1 2 3 4\n",
      "positions: instr line\nevents: A B\nevent: Sum = A : x\nfl=/f\nfn=f\n0x10 1 1 1\ncfn=g\ncalls=1 0 0\n0x18 3 1 "
      "1\n"
      "0x10 1 0 18446744073709551615\n",
      "event: B : now it has one [s]\nevents: B A\nfl=/f\nfn=f\n5 5 5\n-6 5 5\n",
      "event: A : a [s]\nevents: New A\n",
  };
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  must(read_text(reader, "first", before) == THESEUS_OK);
  char *wanted = text_of(graph);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    int status = read_text(reader, "in", files[i]);
    ok(status == THESEUS_EFORMAT || status == THESEUS_EOVERFLOW || status == THESEUS_EUNIT, "a file goes wrong: %d",
       status);
    char *text = text_of(graph);
    is_str(text, wanted, "and the graph is as before");
    free(text);
  }
  must(theseus_callgrind_reader_begin(reader, "left") == THESEUS_OK);
  must(theseus_callgrind_reader_feed(reader, files[0], strlen(files[0]) / 2) == THESEUS_OK);
  is_int(read_text(reader, "second", before), THESEUS_EOVERFLOW, "a sum is refused");
  theseus_callgrind_reader_free(reader);
  char *text = text_of(graph);
  is_str(text, wanted, "a file that was left, and one that does not fit, change nothing");
  free(text);
  free(wanted);
  theseus_graph_free(graph);

  graph = new_graph(NULL);
  reader = new_reader(graph, THESEUS_PARTIAL);
  is_int(read_text(reader, "in", files[0]), THESEUS_EFORMAT, "when partial");
  theseus_callgrind_reader_free(reader);
  text = text_of(graph);
  ok(strstr(text, "\ntotals: 2 4 6\n") != NULL, "what was read stays");
  free(text);
  theseus_graph_free(graph);
}

static void test_facts(void) {
  static const char one[] = "pid: 1\ncmd: app\npart: 1\ndesc: Trigger: end\ndesc: Timerange: 1\nevents: A\nfn=f\n1 1\n";
  static const char two[] = "pid: 2\ncmd: app\npart: 1\ndesc: Trigger: end\ndesc: Timerange: 2\nevents: A\nfn=f\n1 1\n";
  static const char merged[] = "cmd: app\ndesc: Source: x\ndesc: Source: b\nevents: A\nfn=f\n1 1\n";
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  must(read_text(reader, "b", one) == THESEUS_OK);
  char *text = text_of(graph);
  ok(strstr(text, "\npid: 1\ncmd: app\npart: 1\ndesc: Trigger: end\ndesc: Timerange: 1\npositions: line\n") != NULL,
     "one file keeps its headers, and has no sources");
  free(text);
  must(read_text(reader, "a", two) == THESEUS_OK);
  must(read_text(reader, "c", merged) == THESEUS_OK);
  text = text_of(graph);
  ok(strstr(text, "\ncmd: app\ndesc: Source: a\ndesc: Source: b\ndesc: Source: x\npositions: line\n") != NULL,
     "of several, what is equal stays; a merged one's sources are its own");
  free(text);
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

static void test_events(void) {
  static const char file[] = "event: B : bees [count]\nevents: A B\npart: 2\nevents: B C\n";
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  theseus_event_info event = {.size = sizeof event};
  is_int(read_text(reader, "in", file), THESEUS_OK, "a file with events");
  is_int(info_of(reader).events, 3, "of all its parts");
  must(theseus_callgrind_reader_event_get(reader, 1, &event) == THESEUS_OK);
  ok(strcmp(event.name, "B") == 0 && strcmp(event.long_name, "bees") == 0 && strcmp(event.unit, "count") == 0,
     "and what it says of them");
  is_int(theseus_callgrind_reader_event_get(reader, 3, &event), THESEUS_EINVAL, "no more than those");
  must(read_text(reader, "in", "event: B : wasps\nevents: B\n") == THESEUS_OK);
  is_int(info_of(reader).warnings, 1, "another long name is a warning");
  theseus_callgrind_reader_free(reader);

  event = (theseus_event_info){.size = sizeof event, .name = "C", .long_name = "sea"};
  const theseus_event_info chosen[] = {event, {sizeof event, "A", NULL, NULL}};
  const theseus_event_info unknown[] = {event, {sizeof event, "D", NULL, NULL}}, twice[] = {event, event};
  is_int(theseus_graph_select(graph, unknown, 2), THESEUS_EINVAL, "a column that there is not");
  is_int(theseus_graph_select(graph, twice, 2), THESEUS_EINVAL, "a column twice");
  static const char more[] = "events: A B C\nfn=f\n1 1 2 3\n2 4 5 6\ncfn=g\ncalls=7 8\n2 10 20 30\n";
  must(theseus_callgrind_read(graph, NULL, more, sizeof more - 1) == THESEUS_OK);
  is_int(theseus_graph_select(graph, chosen, 2), THESEUS_OK, "columns are chosen");
  char *text = text_of(graph);
  is_str(strstr(text, "event: "),
         "event: C : sea\nevents: C A\nsummary: 9 5\n\nfl=\nfn=(1) f\n1 3 1\n2 6 4\ncfi=\n"
         "cfn=(2) g\ncalls=7 8\n2 30 10\n\ntotals: 9 5\n",
         "in this order, under this name");
  free(text);
  theseus_graph_free(graph);
}

static void test_many(void) {
  enum { LONG = 1000000 };
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  char *line = malloc(LONG + 1);
  const char *warning;
  must(line != NULL);
  memset(line, 'x', LONG);
  line[LONG] = '\0';
  must(theseus_callgrind_reader_begin(reader, "in") == THESEUS_OK);
  must(feed_text(reader, "events: A\n") == THESEUS_OK);
  must(feed_text(reader, "fn=") == THESEUS_OK);
  is_int(feed_text(reader, line), THESEUS_OK, "a line of 1 MB");
  must(feed_text(reader, "\n1 1\n") == THESEUS_OK);
  for (int i = 0; i < 1000; i++)
    must(feed_text(reader, "what is this\n") == THESEUS_OK);
  is_int(theseus_callgrind_reader_finish(reader), THESEUS_OK, "and a thousand that make no sense");
  theseus_callgrind_reader_info info = info_of(reader);
  ok(info.warnings == 1000 && info.kept == 100 && info.lines == 1003, "all counted, the first hundred kept");
  is_int(theseus_callgrind_reader_warning_get(reader, 99, &warning), THESEUS_OK, "the hundredth");
  is_str(warning, "in:103:1: warning: a line that makes no sense is left out", "says where");
  is_int(theseus_callgrind_reader_warning_get(reader, 100, &warning), THESEUS_EINVAL, "there is no other");
  must(theseus_callgrind_reader_begin(reader, "in") == THESEUS_OK);
  int status = THESEUS_OK;
  for (int i = 0; i < 20 && !status; i++)
    status = feed_text(reader, line);
  is_int(status, THESEUS_EFORMAT, "a line of 20 MB");
  is_str(info_of(reader).error, "in:1:1: a line of more than 16 MB", "is too long");
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
  free(line);
}

/* Addresses go with the third of these; the rows of the second, which begin where the first was taken back, move. */
static void test_addresses_go(void) {
  static const struct {
    const char *bytes;
    int status;
  } files[] = {{"positions: instr line\nevents: E\nfn=x\nfi=other\n0x10 1 5\n+x\n", THESEUS_EFORMAT},
               {"positions: instr line\nevents: E\nfn=a\n0x10 1 5\n0x20 1 6\nfn=b\n0x30 2 7\n0x31 3 1\n", THESEUS_OK},
               {"events: E\nfn=c\n4 8\n", THESEUS_OK},
               {"events: E\nfn=a\n1 100\nfn=b\n2 200\nfn=c\n4 300\n", THESEUS_OK}};
  static const struct {
    const char *function;
    uint32_t line;
    uint64_t value;
  } wanted[] = {{"a", 1, 111}, {"b", 2, 207}, {"b", 3, 1}, {"c", 4, 308}};
  theseus_graph *graph = new_graph(NULL);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  theseus_graph_info info = {.size = sizeof info};

  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    is_int(read_text(reader, "in", files[i].bytes), files[i].status, "file %zu", i);
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  is_int(info.costs, sizeof wanted / sizeof *wanted, "costs are told by their lines");
  is_int(info.positions, THESEUS_LINES, "which are all that is left");
  for (uint32_t i = 0; i < info.costs; i++) {
    theseus_graph_cost cost = {.size = sizeof cost};
    theseus_graph_function function = {.size = sizeof function};
    must(theseus_graph_cost_get(graph, i, &cost) == THESEUS_OK);
    must(theseus_graph_function_get(graph, cost.function, &function) == THESEUS_OK);
    ok(strcmp(function.name, wanted[i].function) == 0 && cost.line == wanted[i].line && cost.address == 0 &&
           cost.values[0] == wanted[i].value,
       "%s, line %u", wanted[i].function, wanted[i].line);
  }
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

/* What would end the transaction of a file that is being read is refused: rows that are not of it would go with it. */
static void test_in_a_file(void) {
  static const char file[] = "events: E\nfn=f\n1 5\n2 6\n";
  theseus_graph *graph = new_graph(NULL), *other = new_graph(NULL);
  must(theseus_callgrind_read(graph, "first", file, sizeof file - 1) == THESEUS_OK);
  must(theseus_callgrind_read(other, "other", file, sizeof file - 1) == THESEUS_OK);
  char *wanted = text_of(graph);
  theseus_callgrind_reader *reader = new_reader(graph, 0), *second = new_reader(graph, 0);
  must(theseus_callgrind_reader_begin(reader, "left") == THESEUS_OK);
  must(feed_text(reader, file) == THESEUS_OK);
  is_int(theseus_graph_merge(graph, other), THESEUS_EINVAL, "no graph is added within a file");
  is_int(theseus_callgrind_reader_begin(second, "in"), THESEUS_EINVAL, "and no other file begins");
  theseus_callgrind_reader_free(reader);
  char *text = text_of(graph);
  is_str(text, wanted, "which is taken back alone");
  free(text);
  free(wanted);
  is_int(theseus_graph_merge(graph, other), THESEUS_OK, "then a graph can be added");
  is_int(read_text(second, "in", file), THESEUS_OK, "and a file");
  text = text_of(graph);
  ok(strstr(text, "\ntotals: 33\n") != NULL, "and all is there");
  free(text);
  theseus_callgrind_reader_free(second);
  theseus_graph_free(graph);
  theseus_graph_free(other);
}

static void test_limit(void) {
  theseus_graph_options options = {.size = sizeof options, .memory_limit = 300000};
  theseus_graph_info info = {.size = sizeof info};
  theseus_graph *graph;
  char line[40];
  must(theseus_graph_new(&options, &graph) == THESEUS_OK);
  theseus_callgrind_reader *reader = new_reader(graph, 0);
  must(theseus_callgrind_reader_begin(reader, "in") == THESEUS_OK);
  int status = feed_text(reader, "events: A\nfn=f\n");
  for (int i = 0; i < 100000 && !status; i++) {
    snprintf(line, sizeof line, "%d 1\n", i);
    status = feed_text(reader, line);
  }
  is_int(status, THESEUS_ELIMIT, "the graph's limit holds for what is read into it");
  must(theseus_graph_info_get(graph, &info) == THESEUS_OK);
  ok(info.memory <= 300000 && info.costs == 0, "and what did not fit is gone");
  must(theseus_callgrind_reader_begin(reader, "again") == THESEUS_OK);
  status = feed_text(reader, "events: A\nfn=f\n");
  for (int i = 0; i < 300000 && !status; i++)
    status = feed_text(reader, "7 1\n");
  is_int(status, THESEUS_OK, "a long file that says the same again and again fits");
  is_int(theseus_callgrind_reader_finish(reader), THESEUS_OK, "all of it");
  theseus_callgrind_reader_free(reader);
  theseus_graph_free(graph);
}

static void test_out_of_memory(void) {
  struct text file = {NULL, 0};
  for (int i = 0; i < 3; i++) { /* names, costs and calls beyond the first room, by number too, and another event */
    text_print(&file, "part: %d\ndesc: part %d\ndesc: Source: s%d\nevents: A E%d\nevent: E%d : e\n", i, i, i, i, i);
    for (int k = 0; k < 12; k++)
      text_print(&file, "fl=(%d) /f%d\nfn=(%d) g%d\n%d 1 1\n+1 2 2\ncfn=(%d) h\ncalls=1 1\n* 5\nodd\n", k, k,
                 2000000 + k, k, k, k * 9 + 1);
  }
  struct memory memory = {.left = -1};
  theseus_allocator allocator = memory_allocator(&memory);
  bool good = true;
  long refused = -1;
  for (long nth = 0; refused != memory.failures; nth++) {
    refused = memory.failures;
    theseus_graph *graph = new_graph(&allocator);
    theseus_callgrind_reader *reader = NULL;
    must(theseus_callgrind_read(graph, "first", before, sizeof before - 1) == THESEUS_OK);
    char *wanted = text_of(graph);
    memory.left = nth;
    int status = theseus_callgrind_reader_new(graph, NULL, &reader);
    if (!status)
      status = read_pieces(reader, "in", &file, 700);
    memory.left = -1;
    good &= status == THESEUS_OK || status == THESEUS_ENOMEM;
    if (status) {
      char *text = text_of(graph);
      good &= strcmp(text, wanted) == 0;
      free(text);
    }
    free(wanted);
    theseus_callgrind_reader_free(reader);
    theseus_graph_free(graph);
  }
  ok(good && memory.failures > 100, "every one of %ld allocations fails once, and nothing is changed", memory.failures);
  is_int(memory.blocks, 0, "or leaked");
  free(file.bytes);
}

int main(void) {
  test_unspoilt();
  test_facts();
  test_events();
  test_many();
  test_addresses_go();
  test_in_a_file();
  test_limit();
  test_out_of_memory();
  return done();
}
