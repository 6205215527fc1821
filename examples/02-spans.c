/* SPDX-License-Identifier: ISC */
/* 02-spans - operations while they pend: what a request waited for, taken apart.
 *
 *     cc -o 02-spans 02-spans.c $(pkg-config --cflags --libs theseus)
 *     ./02-spans callgrind.out.spans && callgrind_annotate --inclusive=yes callgrind.out.spans
 *
 * A server handles requests.  Each waits for its user, then for two pages at the same time, which are 30 ms and 10 ms
 * away; and it starts a log entry, which takes 80 ms, and for which nobody waits.  The clock is pretended, so that the
 * figures are exact. */
#include <stdio.h>
#include <stdlib.h>
#include <theseus-stdio.h>

static void check(int status) {
  if (status) {
    fprintf(stderr, "02-spans: %s\n", theseus_strerror(status));
    exit(1);
  }
}

static theseus_profile *profile;

static uint32_t push(uint32_t parent, const char *name, uint32_t first_line, uint32_t call_line) {
  uint32_t function, stack;
  check(theseus_function_intern(profile, "/srv/web.c", name, first_line, &function));
  check(theseus_stack_push(profile, parent, function, call_line, &stack));
  return stack;
}

/* An operation begins where `stack` is, as a part of `parent`, and is suspended on `line` of its function. */
static uint64_t begin(uint32_t stack, uint64_t parent, uint64_t now, uint32_t line, uint32_t flags) {
  const theseus_span_options options = {
      .size = sizeof options, .stack = stack, .flags = flags, .parent = parent, .now_ns = now, .line = line};
  uint64_t span;
  check(theseus_span_begin(profile, &options, &span));
  return span;
}

static void request(uint64_t now, uint64_t user_takes) {
  const uint64_t ms = 1000000;
  uint32_t handle = push(push(THESEUS_ROOT, "main", 10, 0), "handle", 20, 15);

  /* It begins with a leg: it runs, and starts its first operation, before it waits for anything. */
  uint64_t span = begin(handle, THESEUS_NO_SPAN, now, 0, THESEUS_SPAN_LEG);
  uint64_t log = begin(push(handle, "log", 80, 22), THESEUS_NO_SPAN, now, 84, 0);
  uint64_t user = begin(push(handle, "get_user", 40, 23), span, now, 44, 0);
  check(theseus_span_adopt(profile, log, span, now));             /* whose it is may be known later than that it is */
  check(theseus_span_await(profile, span, &user, 1, 0, 23, now)); /* suspended on line 23; log is not waited for */

  now += user_takes;
  check(theseus_span_end(profile, user, THESEUS_SUCCESS, now));
  uint32_t get_page = push(handle, "get_page", 60, 25);
  uint64_t pages[2] = {begin(get_page, span, now, 66, 0), begin(get_page, span, now, 66, 0)};
  check(theseus_span_await(profile, span, pages, 2, 0, 25, now)); /* for both of them */

  check(theseus_span_end(profile, pages[0], THESEUS_SUCCESS, now + 10 * ms));
  check(theseus_span_end(profile, pages[1], THESEUS_SUCCESS, now + 30 * ms));
  check(theseus_span_end(profile, span, THESEUS_SUCCESS, now + 30 * ms));
  check(theseus_span_end(profile, log, THESEUS_SUCCESS, now - user_takes + 80 * ms));
}

int main(int argc, char **argv) {
  theseus_graph *graph;

  check(theseus_profile_new(NULL, &profile));
  for (uint64_t i = 0; i < 10; i++)
    request(i * 1000000000, (i + 1) * 2000000); /* the user takes 2, 4, … 20 ms */

  uint32_t handle = push(push(THESEUS_ROOT, "main", 10, 0), "handle", 20, 15);
  const double fractions[] = {0, 0.5, 0.9, 1};
  for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++) {
    uint64_t latency;
    check(theseus_percentile(profile, handle, fractions[i], &latency));
    printf("%3.0f%% of requests took up to %.1f ms\n", 100 * fractions[i], (double)latency / 1e6);
  }

  FILE *file = fopen(argc > 1 ? argv[1] : "callgrind.out.spans", "wb");
  if (!file)
    return perror("02-spans"), 1;
  const theseus_sink sink = theseus_file_sink(file);
  check(theseus_graph_from_profile(profile, NULL, &graph));
  check(theseus_callgrind_write(graph, &sink));
  if (fclose(file)) /* what stdio has kept back is written now */
    return perror("02-spans"), 1;
  theseus_graph_free(graph);
  theseus_profile_free(profile);
  return 0;
}
