/* SPDX-License-Identifier: ISC */
/* spans - what an open operation costs in time and in memory, through the public API alone.
 *
 *     spans [--json FILE]
 *
 * With 1,000 to 1,000,000 operations pending, in each of three shapes, operations are begun among them, wait, and end:
 * the cost of one must not depend on how many there are.  Then memory: of an open span, and after a million that have
 * ended.  It fails when a span takes more than the header promises, or ended ones are kept. */
#include "theseus.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 1000000, OPERATIONS = 50000, REPEATS = 5, PROMISED = 160, STACKS = 100, DEPTH = 10 };

enum shape { ROOTS, AWAITED, DEEP, SHAPES };
static const char *const shape_names[SHAPES] = {"roots", "awaited by one", "chains of 10"};

/* The sizes that are measured; the last of them is MOST. */
static const size_t sizes[] = {1000, 10000, 100000, MOST};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void check(int status, const char *what) {
  if (status) {
    fprintf(stderr, "spans: %s: %s\n", what, theseus_strerror(status));
    exit(EXIT_FAILURE);
  }
}

static double cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t memory_of(const theseus_profile *profile) {
  theseus_profile_info info = {.size = sizeof info};
  check(theseus_profile_info_get(profile, &info), "info");
  return info.memory;
}

/* The pages of the process that are in memory, in bytes; 0 where that is not told. */
static uint64_t resident(void) {
  unsigned long long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file) {
    if (fscanf(file, "%*u %llu", &pages) != 1)
      pages = 0;
    fclose(file);
  }
  return pages * 4096;
}

static uint64_t begin(theseus_profile *profile, uint32_t stack, uint64_t parent, uint64_t now) {
  uint64_t span;
  const theseus_span_options options = {
      .size = sizeof options, .stack = stack, .parent = parent, .now_ns = now, .line = 10 + stack};
  check(theseus_span_begin(profile, &options, &span), "begin");
  return span;
}

/* A profile with stacks 1 to STACKS, each called by the root. */
static theseus_profile *with_stacks(void) {
  theseus_profile *profile;
  check(theseus_profile_new(NULL, &profile), "new");
  for (uint32_t i = 0; i < STACKS; i++) {
    char name[32];
    uint32_t function, stack;
    snprintf(name, sizeof name, "app.function%u", i);
    check(theseus_function_intern(profile, "/srv/app.c", name, 10 * i, &function), "function");
    check(theseus_stack_push(profile, THESEUS_ROOT, function, 0, &stack), "stack");
  }
  return profile;
}

/* Begins so many, and gives the one under which a further operation would be in that shape. */
static uint64_t pend(theseus_profile *profile, enum shape shape, size_t size, uint64_t *clock) {
  uint64_t parent = shape == AWAITED ? begin(profile, 1, THESEUS_NO_SPAN, ++*clock) : THESEUS_NO_SPAN;

  for (size_t i = 0; i < size; i++) {
    if (shape == DEEP && i % DEPTH == 0)
      parent = THESEUS_NO_SPAN;
    uint64_t span = begin(profile, 1 + (uint32_t)(i % STACKS), parent, ++*clock);
    if (shape == DEEP) {
      if (parent)
        check(theseus_span_await(profile, parent, &span, 1, 0, 7, *clock), "await");
      parent = span;
    }
  }
  if (shape == AWAITED)
    check(theseus_span_await(profile, parent, NULL, THESEUS_ALL, 0, 7, ++*clock), "await");
  return parent;
}

/* One operation with one that it waits for: two spans, begun and ended.  Whoever is above waits for it too. */
static void operate(theseus_profile *profile, enum shape shape, uint64_t above, uint32_t i, uint64_t *clock) {
  uint64_t outer = begin(profile, 1 + i % STACKS, above, ++*clock);
  if (shape == AWAITED)
    check(theseus_span_release(profile, outer, *clock), "release");
  else if (shape == DEEP)
    check(theseus_span_await_also(profile, above, outer, *clock), "await_also");
  uint64_t inner = begin(profile, 1 + (i + 1) % STACKS, outer, ++*clock);
  check(theseus_span_await(profile, outer, &inner, 1, 0, 7, ++*clock), "await");
  check(theseus_span_end(profile, inner, THESEUS_SUCCESS, ++*clock), "end");
  check(theseus_span_await(profile, outer, NULL, 0, 0, 8, ++*clock), "await");
  check(theseus_span_end(profile, outer, THESEUS_SUCCESS, ++*clock), "end");
}

static int by_size(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

/* CPU time of an operation, in ns, with so many pending: the median of a few times. */
static double cost(enum shape shape, size_t size) {
  theseus_profile *profile = with_stacks();
  uint64_t clock = 0;
  double times[REPEATS];

  uint64_t above = pend(profile, shape, size, &clock);
  for (int repeat = -1; repeat < REPEATS; repeat++) { /* the first warms up */
    double before = cpu_ns();
    for (uint32_t i = 0; i < OPERATIONS; i++)
      operate(profile, shape, above, i, &clock);
    if (repeat >= 0)
      times[repeat] = (cpu_ns() - before) / OPERATIONS;
  }
  qsort(times, REPEATS, sizeof *times, by_size);
  theseus_profile_free(profile);
  return times[REPEATS / 2];
}

/* Bytes that an open span takes when there are a million. */
static double bytes_per_span(enum shape shape) {
  theseus_profile *profile = with_stacks();
  uint64_t clock = 0, before = memory_of(profile);

  (void)pend(profile, shape, MOST, &clock);
  double bytes = (double)(memory_of(profile) - before) / theseus_open_span_count(profile);
  theseus_profile_free(profile);
  return bytes;
}

/* What a million operations leave behind, in bytes of the profile and of the process. */
static void left_behind(uint64_t *memory, uint64_t *pages) {
  theseus_profile *profile = with_stacks();
  uint64_t clock = 0;

  for (uint32_t i = 0; i < 1000; i++)
    operate(profile, ROOTS, THESEUS_NO_SPAN, i, &clock);
  uint64_t memory_before = memory_of(profile), pages_before = resident();
  for (uint32_t i = 0; i < MOST; i++)
    operate(profile, ROOTS, THESEUS_NO_SPAN, i, &clock);
  *memory = memory_of(profile) - memory_before;
  *pages = resident() - pages_before;
  theseus_profile_free(profile);
}

int main(int argc, char **argv) {
  FILE *json = NULL;
  double costs[SHAPES][SIZES], bytes[SHAPES];
  uint64_t memory, pages;
  bool kept_word = true;

  if (argc == 3 && strcmp(argv[1], "--json") == 0) {
    json = fopen(argv[2], "w");
    if (!json) {
      perror(argv[2]);
      return EXIT_FAILURE;
    }
  } else if (argc != 1) {
    fputs("usage: spans [--json FILE]\n", stderr);
    return EXIT_FAILURE;
  }

  printf("libtheseus: CPU ns for an operation of two spans, with so many others pending\n\n%-18s", "");
  for (int i = 0; i < SIZES; i++)
    printf("%12zu", sizes[i]);
  printf("%16s\n", "bytes a span");
  for (int shape = 0; shape < SHAPES; shape++) {
    printf("%-18s", shape_names[shape]);
    for (int i = 0; i < SIZES; i++) {
      costs[shape][i] = cost((enum shape)shape, sizes[i]);
      printf("%12.0f", costs[shape][i]);
      fflush(stdout);
    }
    bytes[shape] = bytes_per_span((enum shape)shape);
    printf("%16.1f\n", bytes[shape]);
    kept_word = kept_word && bytes[shape] <= PROMISED;
  }
  left_behind(&memory, &pages);
  printf("\nA million operations leave %llu bytes in the profile, %llu in the process.\n", (unsigned long long)memory,
         (unsigned long long)pages);
  kept_word = kept_word && memory == 0;

  if (json) {
    fputs("{\n \"shapes\": {", json);
    for (int shape = 0; shape < SHAPES; shape++) {
      fprintf(json, "%s\n  \"%s\": {\"bytes_per_span\": %.1f, \"operation_ns\": {", shape ? "," : "",
              shape_names[shape], bytes[shape]);
      for (int i = 0; i < SIZES; i++)
        fprintf(json, "%s\"%zu\": %.1f", i ? ", " : "", sizes[i], costs[shape][i]);
      fputs("}}", json);
    }
    fprintf(json, "\n },\n \"left_in_profile\": %llu,\n \"left_in_process\": %llu\n}\n", (unsigned long long)memory,
            (unsigned long long)pages);
    if (fclose(json)) {
      perror(argv[2]);
      return EXIT_FAILURE;
    }
  }
  return kept_word ? EXIT_SUCCESS : EXIT_FAILURE;
}
