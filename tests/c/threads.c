/* SPDX-License-Identifier: ISC */
/* A failure means that threads may not do what theseus.h promises: use one profile one after the other, different
 * profiles at the same time, and calls on a const profile at the same time.  A build with --enable-sanitizers=thread
 * finds the breaches. */
#include "memory.h"

#include <pthread.h>

enum { THREADS = 4, STACKS = 50, ROUNDS = 200 };

struct work {
  theseus_profile *profile;
  const theseus_profile *shared;
  uint32_t number;
  struct text files[3];
};

static uint32_t push(theseus_profile *profile, uint32_t parent, uint32_t number) {
  char name[32];
  uint32_t function, stack;
  snprintf(name, sizeof name, "f%u", (unsigned)number);
  must(theseus_function_intern(profile, "/srv/app.c", name, number, &function) == THESEUS_OK);
  must(theseus_stack_push(profile, parent, function, number, &stack) == THESEUS_OK);
  return stack;
}

/* A thread's own profile: records, and spans within spans. */
static void *measure(void *argument) {
  struct work *work = argument;
  must(theseus_profile_new(NULL, &work->profile) == THESEUS_OK);
  for (uint32_t round = 0; round < ROUNDS; round++) {
    uint32_t stack = THESEUS_ROOT;
    for (uint32_t i = 0; i <= round % STACKS; i++)
      stack = push(work->profile, stack, i);
    must(theseus_record(work->profile, stack, 1 + work->number, 1000 + round, THESEUS_SUCCESS) == THESEUS_OK);
    theseus_span_options options = {.size = sizeof options, .stack = stack, .now_ns = 10 * (uint64_t)round};
    uint64_t parent, child;
    must(theseus_span_begin(work->profile, &options, &parent) == THESEUS_OK);
    options.parent = parent;
    must(theseus_span_begin(work->profile, &options, &child) == THESEUS_OK);
    must(theseus_span_await(work->profile, parent, &child, 1, 0, 2, options.now_ns + 1) == THESEUS_OK);
    must(theseus_span_end(work->profile, child, THESEUS_SUCCESS, options.now_ns + 5) == THESEUS_OK);
    must(theseus_span_end(work->profile, parent, THESEUS_FAILURE, options.now_ns + 9) == THESEUS_OK);
  }
  return NULL;
}

/* All that can be asked of a profile that is const. */
static void *look(void *argument) {
  struct work *work = argument;
  const theseus_profile *shared = work->shared;
  theseus_sink sinks[3];
  uint64_t sum = 0, value, counts[THESEUS_BUCKETS];
  theseus_graph *graph;

  for (int i = 0; i < 3; i++)
    sinks[i] = (theseus_sink){text_write, &work->files[i]};
  for (uint32_t stack = 0; stack < theseus_stack_count(shared); stack++) {
    theseus_stack_info info = {.size = sizeof info};
    must(theseus_stack_get(shared, stack, &info) == THESEUS_OK);
    must(theseus_percentile(shared, stack, 0.5, &value) == THESEUS_OK);
    must(theseus_histogram_get(shared, stack, counts) == THESEUS_OK);
    sum += info.operations + value + counts[1];
  }
  for (uint32_t cell = 0; cell < theseus_cell_count(shared); cell++) {
    theseus_cell_info info = {.size = sizeof info};
    must(theseus_cell_get(shared, cell, &info) == THESEUS_OK);
    sum += info.value;
  }
  must(sum > 0);
  must(theseus_pprof_write(shared, NULL, &sinks[0]) == THESEUS_OK);
  must(theseus_folded_write(shared, THESEUS_WAIT, &sinks[1]) == THESEUS_OK);
  must(theseus_graph_from_profile(shared, NULL, &graph) == THESEUS_OK);
  must(theseus_callgrind_write(graph, &sinks[2]) == THESEUS_OK);
  theseus_graph_free(graph);
  return NULL;
}

static void at_once(void *(*run)(void *), struct work *works) {
  pthread_t threads[THREADS];
  for (uint32_t i = 0; i < THREADS; i++)
    must(pthread_create(&threads[i], NULL, run, &works[i]) == 0);
  for (uint32_t i = 0; i < THREADS; i++)
    must(pthread_join(threads[i], NULL) == 0);
}

static struct text pprof_of(const theseus_profile *profile) {
  struct text text = {NULL, 0};
  theseus_sink sink = {text_write, &text};
  must(theseus_pprof_write(profile, NULL, &sink) == THESEUS_OK);
  return text;
}

int main(void) {
  struct work works[THREADS] = {{0}}, alone[THREADS] = {{0}};
  theseus_profile *merged, *wanted;

  for (uint32_t i = 0; i < THREADS; i++)
    works[i].number = alone[i].number = i;
  at_once(measure, works);
  must(theseus_profile_new(NULL, &merged) == THESEUS_OK && theseus_profile_new(NULL, &wanted) == THESEUS_OK);
  for (uint32_t i = 0; i < THREADS; i++) {
    must(theseus_profile_merge(merged, works[i].profile) == THESEUS_OK);
    measure(&alone[i]);
    must(theseus_profile_merge(wanted, alone[i].profile) == THESEUS_OK);
    theseus_profile_free(works[i].profile);
    theseus_profile_free(alone[i].profile);
  }
  struct text a = pprof_of(merged), b = pprof_of(wanted);
  ok(a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0,
     "profiles of threads, merged, are those of one after another");
  uint64_t spans = 0;
  for (uint32_t stack = 0; stack < theseus_stack_count(merged); stack++) {
    theseus_stack_info info = {.size = sizeof info};
    must(theseus_stack_get(merged, stack, &info) == THESEUS_OK);
    spans += info.operations;
  }
  is_uint(spans, 3 * THREADS * ROUNDS, "with every span of each");

  for (uint32_t i = 0; i < THREADS; i++)
    works[i].shared = merged;
  at_once(look, works);
  for (uint32_t i = 0; i < THREADS; i++) {
    bool same = works[i].files[0].size == a.size && memcmp(works[i].files[0].bytes, a.bytes, a.size) == 0;
    for (int k = 1; k < 3; k++)
      same = same && works[i].files[k].size == works[0].files[k].size &&
             memcmp(works[i].files[k].bytes, works[0].files[k].bytes, works[0].files[k].size) == 0;
    ok(same, "thread %u wrote the same files from the same profile as the others, at the same time", (unsigned)i);
  }
  for (uint32_t i = 0; i < THREADS; i++)
    for (int k = 0; k < 3; k++)
      free(works[i].files[k].bytes);
  free(a.bytes);
  free(b.bytes);
  theseus_profile_free(merged);
  theseus_profile_free(wanted);
  return done();
}
