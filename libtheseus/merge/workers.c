/* SPDX-License-Identifier: ISC */
/* Each worker takes one input after the other, and adds it to a graph (callgrind) or a profile (pprof) of its own.  At
 * the end these are added up.  Adding is commutative, so it does not matter which worker took which input.
 *
 * Graphs of similar inputs hold nearly the same functions and lines.  The first worker's graph grows into the result;
 * the graphs of the other workers are memory that a single thread would not need.  Two rules keep it small: a worker
 * hands over a graph that has become large to the first worker, which adds it to its own before its next input; and an
 * input that may make a large graph by itself is left to the first worker. */
#include "merge/workers.h"

#include "merge/progress.h"
#include "merge/read.h"
#include "merge/say.h"
#include "merge/worker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  ROOM = 56 << 20, /* the size at which a graph is large, in bytes; except for the first worker */
  DENSITY = 4      /* bytes of a graph for each byte of its first input: an estimate until one has been read */
};

static double room_of(const struct shared *shared) {
  double limit = (double)worker_memory_limit(shared) / 2;
  return limit > 0 && limit < ROOM ? limit : ROOM;
}

static double memory_of(const struct worker *worker) {
  theseus_graph_info info = {.size = sizeof info};
  return theseus_graph_info_get(worker->graph, &info) ? 0 : (double)info.memory;
}

/* True if the worker may read the input.  One of unknown size may be large. */
static bool fits(const struct worker *worker, const struct input *input) {
  const struct shared *shared = worker->shared;
  double density = shared->density > 0 ? shared->density : DENSITY;
  return worker->first || (input->size && (double)input->size * density <= room_of(shared));
}

/* Takes an input.  Returns false if there is none for this worker.  Locked. */
static bool take_input(struct worker *worker, size_t *number) {
  struct shared *shared = worker->shared;
  size_t count = shared->inputs->count;

  while (!shared->stop) {
    while (shared->next < count && shared->taken[shared->next])
      shared->next++;
    size_t i = worker->next > shared->next ? worker->next : shared->next;
    while (i < count && (shared->taken[i] || !fits(worker, &shared->inputs->items[i])))
      i++;
    if (i < count) {
      shared->taken[i] = true;
      worker->next = i + 1;
      *number = i;
      return true;
    }
    if (shared->density > 0 || shared->next == count || worker->first)
      return false;
    pthread_cond_wait(&shared->changed, &shared->lock); /* the density, once known, may make them fit */
  }
  return false;
}

static void stop(struct shared *shared, int status) {
  if (!shared->stop)
    shared->status = status;
  shared->stop = true;
  pthread_cond_broadcast(&shared->changed);
}

/* Adds a graph that another worker has handed over to the first worker's.  Locked, except while it adds. */
static void receive_graph(struct worker *worker) {
  struct shared *shared = worker->shared;
  theseus_graph *handed = shared->handed;
  int status = THESEUS_OK;

  if (!handed || shared->stop)
    return;
  pthread_mutex_unlock(&shared->lock);
  if (!worker->graph)
    status = worker_new_graph(worker);
  if (!status)
    status = theseus_graph_merge(worker->graph, handed);
  theseus_graph_free(handed);
  if (status)
    complain("merging: %s", theseus_strerror(status));
  pthread_mutex_lock(&shared->lock);
  shared->handed = NULL;
  if (status)
    stop(shared, exit_of_status(status));
  pthread_cond_broadcast(&shared->changed);
}

/* Hands the worker's graph to the first worker.  Waits until it has been added, so that there is no further graph in
 * the meantime.  Locked. */
static void hand_over_graph(struct worker *worker) {
  struct shared *shared = worker->shared;

  while (shared->handed && !shared->stop)
    pthread_cond_wait(&shared->changed, &shared->lock);
  if (shared->stop)
    return;
  theseus_callgrind_reader_free(worker->reader);
  shared->handed = worker->graph;
  worker->reader = NULL;
  worker->graph = NULL;
  pthread_cond_broadcast(&shared->changed);
  while (shared->handed && !shared->stop)
    pthread_cond_wait(&shared->changed, &shared->lock);
}

/* Looks at the size of the graph after an input, and hands over a large one.  Locked. */
static void limit_graph(struct worker *worker, const struct input *input) {
  struct shared *shared = worker->shared;
  double memory = worker->graph ? memory_of(worker) : 0, size = (double)input->size;

  if (!worker->count++) {
    double density = size > 0 && memory > 0 ? memory / size : DENSITY;
    shared->density = density > shared->density ? density : shared->density;
    pthread_cond_broadcast(&shared->changed);
  } else if (worker->memory > 0 && size > 0) {
    shared->growth = (memory - worker->memory) / size;
  }
  worker->memory = memory;
  if (worker->first) {
    receive_graph(worker);
  } else if (memory + shared->growth * size > room_of(shared)) { /* it is large, or would be after the next input */
    hand_over_graph(worker);
    worker->memory = 0;
  }
}

static void *work(void *opaque) {
  struct worker *worker = opaque;
  struct shared *shared = worker->shared;
  size_t number;

  worker->buffer = realloc_or_exit(NULL, READ_BUFFER, 1);
  pthread_mutex_lock(&shared->lock);
  while (take_input(worker, &number)) {
    pthread_mutex_unlock(&shared->lock);
    int status = read_input(worker, number);
    pthread_mutex_lock(&shared->lock);
    shared->done++;
    if (status == EXIT_INPUT && shared->options->ignore_errors)
      shared->skipped++;
    else if (status)
      stop(shared, status);
    if (!shared->stop)
      limit_graph(worker, &shared->inputs->items[number]);
  }
  while (worker->first && shared->running > 1 && !shared->stop) { /* the others may still hand over a graph */
    receive_graph(worker);
    if (shared->running > 1 && !shared->handed)
      pthread_cond_wait(&shared->changed, &shared->lock);
  }
  shared->running--;
  pthread_cond_broadcast(&shared->changed);
  pthread_mutex_unlock(&shared->lock);
  return NULL;
}

static bool has_event(const theseus_profile *profile, const char *name) {
  theseus_event_info event = {.size = sizeof event};
  for (uint32_t i = 0; profile && i < theseus_event_count(profile); i++)
    if (!theseus_event_get(profile, i, &event) && columns_same_name(event.name, name))
      return true;
  return false;
}

/* Makes the profile that the profiles of `n` workers are added to.  If there is only one, takes that one; else makes a
 * new one with all columns in order. */
static int make_profile(struct worker *workers, size_t n, struct merged *out) {
  theseus_profile_options options = worker_profile_options(workers->shared);
  struct worker *only = NULL;
  size_t count = 0;
  uint32_t id;

  for (size_t i = 0; i < n; i++)
    if (workers[i].profile) {
      only = &workers[i];
      count++;
    }
  if (count == 1) {
    out->profile = only->profile;
    only->profile = NULL;
  }
  if (count < 2)
    return THESEUS_OK;
  int status = theseus_profile_new(&options, &out->profile);
  for (uint32_t i = 0; i < out->columns.count && !status; i++)
    for (size_t k = 0; k < n; k++) {
      theseus_event_info event = column_event(&out->columns.items[i]);
      if (!status && has_event(workers[k].profile, event.name))
        status = theseus_event_intern(out->profile, &event, &id);
    }
  return status;
}

/* Adds what a worker has read to the result, unless `status` is an error already, and frees the worker's memory. */
static int add_result_of(struct worker *worker, struct merged *out, int status) {
  theseus_callgrind_reader_free(worker->reader);
  free(worker->buffer);
  free(worker->whole);
  if (!out->graph) {
    out->graph = worker->graph;
    worker->graph = NULL;
  } else if (worker->graph && !status) {
    status = theseus_graph_merge(out->graph, worker->graph);
  }
  if (worker->profile && !status)
    status = theseus_profile_merge(out->profile, worker->profile);
  theseus_graph_free(worker->graph);
  theseus_profile_free(worker->profile);
  return status;
}

/* Shows the progress until all workers have ended.  Locked, except while it waits. */
static void watch(struct shared *shared) {
  struct display display;
  progress_begin(&display, shared->options->progress, shared->inputs->bytes);
  while (shared->running) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 200000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&shared->changed, &shared->lock, &until);
    progress_show(&display, shared->bytes, shared->done, shared->inputs->count);
  }
  progress_end(&display);
}

int workers_run(const struct options *options, const struct inputs *inputs, struct merged *out) {
  struct shared shared = {.options = options, .inputs = inputs};
  size_t wanted = inputs->count < options->jobs ? inputs->count : options->jobs, started = 0;
  struct worker *workers = realloc_or_exit(NULL, wanted, sizeof *workers);
  int failure = 0;

  memset(workers, 0, wanted * sizeof *workers);
  shared.taken = realloc_or_exit(NULL, inputs->count + 1, sizeof *shared.taken);
  memset(shared.taken, 0, inputs->count * sizeof *shared.taken);
  shared.profiled = out->profiled = realloc_or_exit(NULL, inputs->count + 1, sizeof *shared.profiled);
  memset(shared.profiled, 0, inputs->count * sizeof *shared.profiled);
  pthread_mutex_init(&shared.lock, NULL);
  pthread_mutex_init(&shared.period_lock, NULL);
  pthread_cond_init(&shared.changed, NULL);
  pthread_mutex_lock(&shared.lock);
  for (; started < wanted; started++) {
    workers[started].shared = &shared;
    workers[started].first = !started;
    failure = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
    if (failure)
      break;
    shared.running++;
  }
  if (!started) {
    complain("no thread could be started: %s", strerror(failure));
    shared.status = EXIT_MEMORY;
  }
  watch(&shared);
  pthread_mutex_unlock(&shared.lock);
  int status = THESEUS_OK;
  for (size_t i = 0; i < started; i++)
    pthread_join(workers[i].thread, NULL);
  columns_sort(&shared.columns);
  out->columns = shared.columns;
  if (started)
    status = make_profile(workers, started, out);
  for (size_t i = 0; i < started; i++)
    status = add_result_of(&workers[i], out, status);
  if (status && !shared.status) {
    complain("merging: %s", theseus_strerror(status));
    shared.status = exit_of_status(status);
  }
  out->skipped = shared.skipped;
  out->merged = shared.done - shared.skipped - shared.empty;
  out->bytes = shared.read;
  out->warnings = shared.warnings;
  if (!shared.status && !out->merged) {
    complain("no input could be merged");
    shared.status = EXIT_INPUT;
  }
  pthread_cond_destroy(&shared.changed);
  pthread_mutex_destroy(&shared.lock);
  pthread_mutex_destroy(&shared.period_lock);
  free(shared.period_type);
  free(shared.period_unit);
  theseus_graph_free(shared.handed);
  free(shared.taken);
  free(workers);
  return shared.status ? shared.status : out->skipped ? EXIT_SKIPPED : EXIT_DONE;
}

void merged_free(struct merged *merged) {
  columns_free(&merged->columns);
  free(merged->profiled);
  theseus_graph_free(merged->graph);
  theseus_profile_free(merged->profile);
}
