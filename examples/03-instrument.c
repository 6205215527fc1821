/* SPDX-License-Identifier: ISC */
/* 03-instrument - a profiler for any C program that is compiled with -finstrument-functions.
 *
 *     cc -c 03-instrument.c $(pkg-config --cflags theseus)
 *     cc -rdynamic -finstrument-functions -o 03-program 03-program.c 03-instrument.o $(pkg-config --libs theseus) -ldl
 *     THESEUS_OUT=callgrind.out.program ./03-program
 *     callgrind_annotate --inclusive=yes callgrind.out.program
 *
 * The compiler calls us on entering and on leaving each function.  Nothing pends here: two events of our own, Run (the
 * time that a function took itself) and Calls, are booked with theseus_add_cost(), and are all that is written.  One
 * thread; each further one would have a profile of its own, merged at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <theseus-stdio.h>
#include <time.h>

#define PLAIN __attribute__((no_instrument_function))

enum { DEPTH = 512, KNOWN = 4096 /* functions, a power of two */ };

void PLAIN __cyg_profile_func_enter(void *function, void *caller);
void PLAIN __cyg_profile_func_exit(void *function, void *caller);

static const theseus_event_info events[] = {
    {.size = sizeof *events, .name = "Run", .long_name = "Time in the function itself", .unit = "ns"},
    {.size = sizeof *events, .name = "Calls", .long_name = "Calls of the function", .unit = "count"}};
static theseus_profile *profile;
static uint32_t stacks[DEPTH], run, calls; /* stacks[0] is the root */
static unsigned depth;                     /* may be more than what fits: then the last one that did is at work */
static uint64_t since;                     /* the time up to which Run has been booked */

static struct known {
  void *address;
  uint32_t function;
} known[KNOWN];

static PLAIN uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static PLAIN uint32_t top(void) { return depth < DEPTH ? depth : DEPTH - 1; }

static PLAIN void finish(void) {
  const char *name = getenv("THESEUS_OUT");
  theseus_profile *finished = profile;
  theseus_graph *graph;
  FILE *file = fopen(name ? name : "callgrind.out.program", "wb");

  profile = NULL; /* what runs from now on is not measured */
  if (!file)
    perror("theseus");
  else if (!theseus_graph_from_profile(finished, NULL, &graph)) {
    const theseus_sink sink = theseus_file_sink(file);
    int status = theseus_graph_select(graph, events, 2); /* not those of spans */
    if (!status)
      status = theseus_callgrind_write(graph, &sink);
    if (status)
      fprintf(stderr, "theseus: %s\n", theseus_strerror(status));
    theseus_graph_free(graph);
    if (fclose(file))
      perror("theseus");
  }
  theseus_profile_free(finished);
}

/* Before main: what fails here leaves `profile` NULL, and the program runs without us. */
__attribute__((constructor)) static PLAIN void start(void) {
  const theseus_profile_options options = {.size = sizeof options, .memory_limit = 64 << 20};
  theseus_profile *started;
  if (theseus_profile_new(&options, &started) || theseus_event_intern(started, &events[0], &run) ||
      theseus_event_intern(started, &events[1], &calls))
    return;
  profile = started;
  since = now();
  atexit(finish);
}

/* The function at an address, by its symbol. */
static PLAIN int find(void *address, uint32_t *function) {
  size_t slot = ((size_t)address >> 4) % KNOWN, tried = 0;
  while (known[slot].address && known[slot].address != address && tried++ < KNOWN)
    slot = (slot + 1) % KNOWN;
  if (known[slot].address != address) {
    Dl_info info = {0};
    char number[32];
    dladdr(address, &info);
    snprintf(number, sizeof number, "%p", address);
    int status = theseus_function_intern(profile, "", info.dli_sname ? info.dli_sname : number, 0, function);
    if (!status && info.dli_fname) /* the program, or the library */
      status = theseus_function_set_object(profile, *function, info.dli_fname);
    if (status || known[slot].address)
      return status;
    known[slot] = (struct known){address, *function};
  }
  *function = known[slot].function;
  return 0;
}

/* The time since the last change belongs to the function that was running. */
static PLAIN void book(void) {
  uint64_t time = now();
  if (depth)
    theseus_add_cost(profile, stacks[top()], 0, run, time - since);
  since = time;
}

void __cyg_profile_func_enter(void *function, void *caller) {
  uint32_t id, stack;
  (void)caller;
  if (!profile)
    return;
  book();
  if (++depth < DEPTH) {
    stack = stacks[depth - 1]; /* should memory run out, the caller takes it all */
    if (!find(function, &id))
      theseus_stack_push(profile, stack, id, 0, &stack);
    stacks[depth] = stack;
  }
  theseus_add_cost(profile, stacks[top()], 0, calls, 1);
}

void __cyg_profile_func_exit(void *function, void *caller) {
  (void)function, (void)caller;
  if (!profile || !depth)
    return;
  book();
  depth--;
}
