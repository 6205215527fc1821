/* SPDX-License-Identifier: ISC */
/* 01-record - the shortest way: operations that are over are recorded, and the profile is written.
 *
 *     cc -o 01-record 01-record.c $(pkg-config --cflags --libs theseus)
 *     ./01-record callgrind.out.record record.pb
 *     callgrind_annotate --inclusive=yes callgrind.out.record        (or kcachegrind callgrind.out.record)
 *     go tool pprof -top -cum record.pb
 *
 * The program that is profiled is pretended: main() calls load() on line 12 and save() on line 13; both call query(),
 * which waits for a database. */
#include <stdio.h>
#include <stdlib.h>
#include <theseus-stdio.h>

/* Every call says what went wrong, as a negative number. */
static void check(int status) {
  if (status) {
    fprintf(stderr, "01-record: %s\n", theseus_strerror(status));
    exit(1);
  }
}

static FILE *open_file(const char *name) {
  FILE *file = fopen(name, "wb");
  if (!file)
    perror(name), exit(1);
  return file;
}

/* What stdio has kept back is written now: the disk may be full. */
static void close_file(FILE *file) {
  if (fclose(file))
    perror("01-record"), exit(1);
}

/* One frame more on a stack. */
static uint32_t push(theseus_profile *profile, uint32_t parent, const char *name, uint32_t first_line,
                     uint32_t call_line) {
  uint32_t function, stack;
  check(theseus_function_intern(profile, "/srv/shop/shop.c", name, first_line, &function));
  check(theseus_stack_push(profile, parent, function, call_line, &stack));
  return stack;
}

int main(int argc, char **argv) {
  const uint64_t ms = 1000000; /* times are in nanoseconds */
  theseus_profile *profile;
  theseus_graph *graph;

  check(theseus_profile_new(NULL, &profile));
  uint32_t main_stack = push(profile, THESEUS_ROOT, "main", 10, 0);
  uint32_t load = push(profile, main_stack, "load", 20, 12);
  uint32_t save = push(profile, main_stack, "save", 30, 13);
  uint32_t load_query = push(profile, load, "query", 40, 22);
  uint32_t save_query = push(profile, save, "query", 40, 33);

  for (int i = 0; i < 9; i++)
    check(theseus_record(profile, load_query, 45, 200 * ms, THESEUS_SUCCESS)); /* it waits on line 45 */
  check(theseus_record(profile, load_query, 45, 1200 * ms, THESEUS_FAILURE));
  check(theseus_record(profile, save_query, 45, 500 * ms, THESEUS_SUCCESS));

  /* For KCachegrind and its kin a profile becomes a graph of functions. */
  FILE *file = open_file(argc > 1 ? argv[1] : "callgrind.out.record");
  theseus_sink sink = theseus_file_sink(file);
  check(theseus_graph_from_profile(profile, NULL, &graph));
  check(theseus_callgrind_write(graph, &sink));
  close_file(file);

  /* pprof keeps all of it: whole stacks, outcomes, percentiles. */
  file = open_file(argc > 2 ? argv[2] : "record.pb");
  sink = theseus_file_sink(file);
  check(theseus_pprof_write(profile, NULL, &sink));
  close_file(file);

  uint64_t median, worst;
  check(theseus_percentile(profile, load_query, 0.5, &median));
  check(theseus_percentile(profile, load_query, 1, &worst));
  printf("query, for load: median %.0f ms, worst %.0f ms\n", (double)median / 1e6, (double)worst / 1e6);
  theseus_graph_free(graph);
  theseus_profile_free(profile);
  return 0;
}
