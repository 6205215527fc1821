/* SPDX-License-Identifier: ISC */
/* Reads one input into a worker's graph (callgrind) or profile (pprof), and keeps the account of columns: their order
 * and long names are the first that the inputs have, whichever worker has read them. */
#include "merge/workers.h"

#include <stdlib.h>
#include <string.h>

/* ---- columns ---- */

static void replace(char **text, const char *by) {
  free(*text);
  *text = need_copy(by);
}

static struct column *find_column(struct shared *shared, const char *name) {
  for (size_t i = 0; i < shared->column_count; i++)
    if (strcmp(shared->columns[i].name, name) == 0)
      return &shared->columns[i];
  return NULL;
}

/* NULL if an input may have this event; else the unit that it should have. */
static const char *other_unit(struct shared *shared, const theseus_event_info *event) {
  const struct column *column = find_column(shared, event->name);
  if (!column || !*column->unit || !*event->unit || strcmp(column->unit, event->unit) == 0)
    return NULL;
  return column->unit;
}

static void add_column(struct shared *shared, const theseus_event_info *event, size_t input, uint32_t position) {
  struct column *column = find_column(shared, event->name);
  if (!column) {
    shared->columns = need(shared->columns, shared->column_count + 1, sizeof *column);
    column = &shared->columns[shared->column_count++];
    *column = (struct column){
        need_copy(event->name), need_copy(event->long_name), need_copy(event->unit), input, input, position};
    return;
  }
  if (input < column->input) {
    column->input = input;
    column->position = position;
  }
  if (*event->long_name && (!*column->long_name || input < column->named_by)) {
    replace(&column->long_name, event->long_name);
    column->named_by = input;
  }
  if (!*column->unit)
    replace(&column->unit, event->unit);
}

static int by_appearance(const void *a, const void *b) {
  const struct column *x = a, *y = b;
  if (x->input != y->input)
    return x->input < y->input ? -1 : 1;
  return x->position < y->position ? -1 : x->position > y->position;
}

void give_columns(struct shared *shared, struct merged *out) {
  out->event_count = (uint32_t)shared->column_count;
  if (!shared->column_count)
    return;
  qsort(shared->columns, shared->column_count, sizeof *shared->columns, by_appearance);
  out->events = need(NULL, shared->column_count, sizeof *out->events);
  for (size_t i = 0; i < shared->column_count; i++)
    out->events[i] = (theseus_event_info){sizeof *out->events, shared->columns[i].name, shared->columns[i].long_name,
                                          shared->columns[i].unit};
  free(shared->columns);
}

/* ---- one input ---- */

int exit_of_input(int status) {
  return status == THESEUS_ENOMEM || status == THESEUS_ELIMIT ? EXIT_MEMORY : EXIT_INPUT;
}

uint64_t memory_limit(const struct shared *shared) {
  return shared->options->memory_limit ? shared->options->memory_limit / shared->options->jobs + 1 : 0;
}

static void count_bytes(struct shared *shared, uint64_t bytes, uint64_t read) {
  pthread_mutex_lock(&shared->lock);
  shared->bytes += bytes;
  shared->read += read;
  pthread_mutex_unlock(&shared->lock);
}

static bool must_stop(struct shared *shared) {
  pthread_mutex_lock(&shared->lock);
  bool stop = shared->stop;
  pthread_mutex_unlock(&shared->lock);
  return stop;
}

/* Text has no control characters but blanks.  The messages of pprof soon have some, whichever field comes first (Go's begin
 * with the time, or with what a period is); why other bytes are no profile, its reader says in one line. */
static bool is_pprof(const char *bytes, size_t size) {
  for (size_t i = 0; i < size && i < 64; i++)
    if ((unsigned char)bytes[i] < '\t' || (bytes[i] > '\r' && (unsigned char)bytes[i] < ' '))
      return true;
  return false;
}

int new_graph(struct worker *worker) {
  const struct options *options = worker->shared->options;
  theseus_graph_options graph = {
      .size = sizeof graph, .allocator = &graph_memory, .memory_limit = memory_limit(worker->shared)};
  theseus_callgrind_options reader = {.size = sizeof reader};

  if (options->strict)
    reader.flags |= THESEUS_STRICT;
  if (!options->ignore_errors) /* after an error nothing is written */
    reader.flags |= THESEUS_PARTIAL;
  int status = worker->graph ? THESEUS_OK : theseus_graph_new(&graph, &worker->graph);
  return status ? status : theseus_callgrind_reader_new(worker->graph, &reader, &worker->reader);
}

/* What the reader's status is for the command; an error has been explained by the reader. */
static int status_of(struct worker *worker, int status) {
  theseus_callgrind_reader_info info = {.size = sizeof info};
  if (!status)
    return EXIT_DONE;
  theseus_callgrind_reader_info_get(worker->reader, &info);
  complain("%s", info.error);
  return exit_of_input(status);
}

/* Ends the file, unless it does not go with the others; then it is one of them.  An exit status, said why. */
static int finish_callgrind(struct worker *worker, size_t number) {
  struct shared *shared = worker->shared;
  theseus_callgrind_reader_info info = {.size = sizeof info};
  theseus_event_info event = {.size = sizeof event};

  theseus_callgrind_reader_info_get(worker->reader, &info);
  for (uint32_t i = 0; i < info.events; i++) {
    theseus_callgrind_reader_event_get(worker->reader, i, &event);
    const char *unit = other_unit(shared, &event);
    if (!unit)
      continue;
    complain("%s: the event %s has the unit [%s] here, and [%s] in other inputs", shared->inputs->items[number].path,
             event.name, event.unit, unit);
    return EXIT_INPUT;
  }
  int status = theseus_callgrind_reader_finish(worker->reader);
  for (uint32_t i = 0; i < info.events && !status; i++) {
    theseus_callgrind_reader_event_get(worker->reader, i, &event);
    add_column(shared, &event, number, i);
  }
  return status_of(worker, status);
}

static void print_warnings(struct worker *worker) {
  theseus_callgrind_reader_info info = {.size = sizeof info};
  const char *warning;

  theseus_callgrind_reader_info_get(worker->reader, &info);
  for (uint32_t i = 0; i < info.kept; i++)
    if (theseus_callgrind_reader_warning_get(worker->reader, i, &warning) == THESEUS_OK)
      complain("%s", warning);
  if (info.warnings > info.kept)
    complain("%llu more warnings of that file", (unsigned long long)(info.warnings - info.kept));
  pthread_mutex_lock(&worker->shared->lock);
  worker->shared->warnings += info.warnings;
  pthread_mutex_unlock(&worker->shared->lock);
}

/* Reads on until the end; `got` bytes are in the buffer.  After a failure the file may not have ended. */
static int feed_callgrind(struct worker *worker, size_t number, struct source *source, ssize_t got) {
  struct shared *shared = worker->shared;
  const struct input *input = &shared->inputs->items[number];
  const char *why = NULL;
  uint64_t counted = 0;
  int status = worker->reader ? THESEUS_OK : new_graph(worker);

  if (!status)
    status = theseus_callgrind_reader_begin(worker->reader, input_name(input));
  if (status) {
    complain("%s: %s", input->path, theseus_strerror(status));
    return exit_of_input(status);
  }
  while (got > 0 && !status) {
    status = theseus_callgrind_reader_feed(worker->reader, worker->buffer, (size_t)got);
    count_bytes(shared, source_position(source) - counted, (uint64_t)got);
    counted = source_position(source);
    if (must_stop(shared))
      return EXIT_INPUT; /* somebody else has said why */
    if (!status)
      got = source_read(source, worker->buffer, READ_BUFFER, &why);
  }
  if (!status && got < 0) {
    complain("%s: %s", input->path, why);
    return EXIT_INPUT;
  }
  if (status)
    return status_of(worker, status);
  pthread_mutex_lock(&shared->lock);
  int failed = finish_callgrind(worker, number);
  pthread_mutex_unlock(&shared->lock);
  if (!failed) /* else there is but one thing to know */
    print_warnings(worker);
  return failed;
}

static int read_callgrind(struct worker *worker, size_t number, struct source *source, ssize_t got) {
  int failed = feed_callgrind(worker, number, source, got);
  if (failed) { /* takes back what has been read, before the graph is touched by anybody else */
    theseus_callgrind_reader_free(worker->reader);
    worker->reader = NULL;
  }
  return failed;
}

/* A pprof file is read as a whole: what it needs is spread over it. */
static int read_whole(struct worker *worker, const struct input *input, struct source *source, ssize_t got) {
  uint64_t limit = memory_limit(worker->shared), position = source_position(source);
  const char *why = NULL;

  count_bytes(worker->shared, position, 0);
  worker->whole_size = 0;
  for (; got > 0; got = source_read(source, worker->buffer, READ_BUFFER, &why)) {
    if (limit && worker->whole_size + (size_t)got > limit) {
      complain("%s: %s", input->path, theseus_strerror(THESEUS_ELIMIT));
      return EXIT_MEMORY;
    }
    if (worker->whole_size + (size_t)got > worker->whole_room) {
      worker->whole_room = (worker->whole_size + (size_t)got) * 2;
      worker->whole = need(worker->whole, worker->whole_room, 1);
    }
    memcpy(worker->whole + worker->whole_size, worker->buffer, (size_t)got);
    worker->whole_size += (size_t)got;
    count_bytes(worker->shared, source_position(source) - position, (uint64_t)got);
    position = source_position(source);
  }
  if (got < 0) {
    complain("%s: %s", input->path, why);
    return EXIT_INPUT;
  }
  return EXIT_DONE;
}

static int read_pprof(struct worker *worker, size_t number, struct source *source, ssize_t got) {
  const struct input *input = &worker->shared->inputs->items[number];
  theseus_profile_options options = {.size = sizeof options, .memory_limit = memory_limit(worker->shared)};
  theseus_read_error error = {.size = sizeof error};
  theseus_event_info event = {.size = sizeof event};

  int status = worker->profile ? THESEUS_OK : theseus_profile_new(&options, &worker->profile);
  if (status) {
    complain("%s: %s", input->path, theseus_strerror(status));
    return exit_of_input(status);
  }
  int failed = read_whole(worker, input, source, got);
  if (failed)
    return failed;
  status = theseus_pprof_read(worker->profile, worker->whole, worker->whole_size, &error);
  if (status) {
    complain("%s: at byte %llu: %s", input->path, (unsigned long long)error.offset, error.text);
    return exit_of_input(status);
  }
  pthread_mutex_lock(&worker->shared->lock);
  for (; worker->known_events < theseus_event_count(worker->profile); worker->known_events++) {
    theseus_event_get(worker->profile, worker->known_events, &event);
    add_column(worker->shared, &event, number, worker->known_events);
  }
  worker->shared->profiled[number] = true;
  pthread_mutex_unlock(&worker->shared->lock);
  return EXIT_DONE;
}

int read_input(struct worker *worker, size_t number) {
  const struct input *input = &worker->shared->inputs->items[number];
  const char *why = NULL;
  struct source *source = source_open(input->path, &why);
  ssize_t got = source ? source_read(source, worker->buffer, READ_BUFFER, &why) : -1;
  int status = EXIT_INPUT;

  if (got < 0)
    complain("%s: %s", input->path, why);
  else if (is_pprof(worker->buffer, (size_t)got))
    status = read_pprof(worker, number, source, got);
  else
    status = read_callgrind(worker, number, source, got);
  if (source)
    source_close(source);
  return status;
}
