/* SPDX-License-Identifier: ISC */
#include "merge/worker.h"

#include "merge/memory.h"
#include "merge/say.h"

uint64_t worker_memory_limit(const struct shared *shared) {
  return shared->options->memory_limit ? shared->options->memory_limit / shared->options->jobs + 1 : MEMORY_LIMIT;
}

theseus_profile_options worker_profile_options(const struct shared *shared) {
  return (theseus_profile_options){.size = sizeof(theseus_profile_options),
                                   .max_depth = shared->options->max_depth,
                                   .memory_limit = worker_memory_limit(shared)};
}

int worker_report_limit(const struct worker *worker, const struct input *input, bool unpacked) {
  const struct options *options = worker->shared->options;
  const char *what = unpacked ? "it unpacks to" : "it takes";

  if (options->memory_limit)
    complain("%s: %s: %s more than a thread's part of --memory-limit", input->path, theseus_strerror(THESEUS_ELIMIT),
             what);
  else
    complain("%s: %s: %s more than %u MB; --memory-limit raises it", input->path, theseus_strerror(THESEUS_ELIMIT),
             what, (unsigned)((unpacked ? UNPACKED_LIMIT : MEMORY_LIMIT) >> 20));
  return options->ignore_errors && unpacked ? EXIT_INPUT : EXIT_MEMORY;
}

int worker_new_graph(struct worker *worker) {
  const struct options *options = worker->shared->options;
  theseus_graph_options graph = {
      .size = sizeof graph, .allocator = &graph_memory, .memory_limit = worker_memory_limit(worker->shared)};
  theseus_callgrind_options reader = {
      .size = sizeof reader, .events = options->events, .event_count = options->event_count};

  if (options->strict)
    reader.flags |= THESEUS_STRICT;
  if (!options->ignore_errors) /* nothing is written after an error, so nothing need be taken back */
    reader.flags |= THESEUS_PARTIAL;
  int status = worker->graph ? THESEUS_OK : theseus_graph_new(&graph, &worker->graph);
  return status ? status : theseus_callgrind_reader_new(worker->graph, &reader, &worker->reader);
}

void worker_count_bytes(struct shared *shared, uint64_t bytes, uint64_t read) {
  pthread_mutex_lock(&shared->lock);
  shared->bytes += bytes;
  shared->read += read;
  pthread_mutex_unlock(&shared->lock);
}

bool worker_must_stop(struct shared *shared) {
  pthread_mutex_lock(&shared->lock);
  bool stop = shared->stop;
  pthread_mutex_unlock(&shared->lock);
  return stop;
}
