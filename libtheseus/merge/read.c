/* SPDX-License-Identifier: ISC */
#include "merge/read.h"

#include "merge/say.h"
#include "merge/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True if the first bytes begin a line that callgrind files begin with. */
static bool begins_callgrind(const char *bytes, size_t size) {
  static const char *const words[] = {
      "#",          "version:", "creator:", "cmd:",    "pid:",   "part:", "desc:", "thread:", "event:",
      "positions:", "events:",  "summary:", "totals:", "fl=",    "fi=",   "fe=",   "fn=",     "ob=",
      "cfn=",       "cfi=",     "cfl=",     "cob=",    "calls=", "====",  "jump=", "jcnd="};
  size_t at = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

  while (at < size && (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\r' || bytes[at] == '\n'))
    at++;
  if (at + 1 < size && !bytes[at + 1]) /* UTF-16 */
    return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i]) <= size - at && memcmp(bytes + at, words[i], strlen(words[i])) == 0)
      return true;
  return false;
}

/* True if the first bytes hold a control character other than a blank.  Text has none, and pprof has some in its first
 * 64 bytes, whichever field comes first (Go writes the time or the period type first).  Other binary files are read as
 * pprof too: its reader rejects them with a message of one line. */
static bool is_pprof(const char *bytes, size_t size) {
  if (begins_callgrind(bytes, size)) /* then a control character is a part of a name */
    return false;
  for (size_t i = 0; i < size && i < 64; i++)
    if ((unsigned char)bytes[i] < '\t' || (bytes[i] > '\r' && (unsigned char)bytes[i] < ' '))
      return true;
  return false;
}

/* Prints a warning about an input.  Returns EXIT_INPUT if it is an error, as --strict says. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static int
warn(const struct worker *worker, const struct input *input, const char *format, ...) {
  struct shared *shared = worker->shared;
  bool strict = shared->options->strict;
  char text[256];
  va_list arguments;

  va_start(arguments, format);
  (void)vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  complain("%s: %s%s", input->path, strict ? "" : "warning: ", text);
  if (strict)
    return EXIT_INPUT;
  pthread_mutex_lock(&shared->lock);
  shared->warnings++;
  pthread_mutex_unlock(&shared->lock);
  return EXIT_DONE;
}

/* ---- callgrind ---- */

/* The exit code for the reader's status, after the reader's own message. */
static int exit_of_reader(const struct worker *worker, size_t number, int status) {
  theseus_callgrind_reader_info info = {.size = sizeof info};
  if (!status)
    return EXIT_DONE;
  if (status == THESEUS_ELIMIT)
    return worker_report_limit(worker, &worker->shared->inputs->items[number], false);
  theseus_callgrind_reader_info_get(worker->reader, &info);
  if (info.refused_event)
    complain("%s; choose other events with --events", info.error);
  else
    complain("%s", info.error);
  return exit_of_status(status);
}

/* Ends the file and adds its columns; refuses it if an event has another unit in other inputs.  Locked. */
static int finish_callgrind(struct worker *worker, size_t number) {
  struct shared *shared = worker->shared;
  theseus_callgrind_reader_info info = {.size = sizeof info};
  theseus_event_info event = {.size = sizeof event};

  theseus_callgrind_reader_info_get(worker->reader, &info);
  for (uint32_t i = 0; i < info.events; i++) {
    theseus_callgrind_reader_event_get(worker->reader, i, &event);
    const char *unit = columns_other_unit(&shared->columns, &event);
    if (!unit)
      continue;
    complain("%s: the event %s has the unit [%s] here, and [%s] in other inputs", shared->inputs->items[number].path,
             event.name, event.unit, unit);
    return EXIT_INPUT;
  }
  int status = theseus_callgrind_reader_finish(worker->reader);
  for (uint32_t i = 0; i < info.events && !status; i++) {
    theseus_callgrind_reader_event_get(worker->reader, i, &event);
    columns_add(&shared->columns, &event, number, i);
  }
  return exit_of_reader(worker, number, status);
}

static void print_warnings(struct worker *worker) {
  theseus_callgrind_reader_info info = {.size = sizeof info};
  const char *warning;

  theseus_callgrind_reader_info_get(worker->reader, &info);
  for (uint32_t i = 0; i < info.kept; i++)
    if (theseus_callgrind_reader_warning_get(worker->reader, i, &warning) == THESEUS_OK)
      complain("%s", warning);
  if (info.warnings > info.kept)
    complain("%llu more warnings about that file", (unsigned long long)(info.warnings - info.kept));
  pthread_mutex_lock(&worker->shared->lock);
  worker->shared->warnings += info.warnings;
  pthread_mutex_unlock(&worker->shared->lock);
}

/* Feeds the reader with the `got` bytes in the buffer and with the rest of the file.  After a failure the reader is
 * still in the middle of the file. */
static int feed_callgrind(struct worker *worker, size_t number, struct source *source, ssize_t got) {
  struct shared *shared = worker->shared;
  const struct input *input = &shared->inputs->items[number];
  const char *why = NULL;
  uint64_t counted = 0;
  int status = worker->reader ? THESEUS_OK : worker_new_graph(worker);

  if (!status)
    status = theseus_callgrind_reader_begin(worker->reader, input_name(input));
  if (status) {
    complain("%s: %s", input->path, theseus_strerror(status));
    return exit_of_status(status);
  }
  while (got > 0 && !status) {
    status = theseus_callgrind_reader_feed(worker->reader, worker->buffer, (size_t)got);
    worker_count_bytes(shared, source_position(source) - counted, (uint64_t)got);
    counted = source_position(source);
    if (worker_must_stop(shared))
      return EXIT_INPUT; /* another worker has reported the failure */
    if (!status)
      got = source_read(source, worker->buffer, READ_BUFFER, &why);
  }
  if (!status && got < 0) {
    complain("%s: %s", input->path, why);
    return EXIT_INPUT;
  }
  if (status)
    return exit_of_reader(worker, number, status);
  pthread_mutex_lock(&shared->lock);
  int failed = finish_callgrind(worker, number);
  pthread_mutex_unlock(&shared->lock);
  if (!failed) /* the warnings of a file that is not used are of no use */
    print_warnings(worker);
  return failed;
}

static int read_callgrind(struct worker *worker, size_t number, struct source *source, ssize_t got) {
  int failed = feed_callgrind(worker, number, source, got);
  if (failed) { /* take back what was read, before another worker gets the graph */
    theseus_callgrind_reader_free(worker->reader);
    worker->reader = NULL;
  }
  return failed;
}

/* ---- pprof ---- */

/* A file that is not compressed may always be as large as it is. */
static uint64_t unpacked_limit(const struct shared *shared, const struct input *input) {
  if (shared->options->memory_limit)
    return worker_memory_limit(shared);
  return (uint64_t)input->size > UNPACKED_LIMIT ? (uint64_t)input->size : UNPACKED_LIMIT;
}

/* Reads a whole file into memory.  The tables that a sample refers to may stand anywhere in it. */
static int read_whole(struct worker *worker, const struct input *input, struct source *source, ssize_t got) {
  uint64_t limit = unpacked_limit(worker->shared, input), position = source_position(source);
  const char *why = NULL;

  worker_count_bytes(worker->shared, position, 0);
  worker->whole_size = 0;
  for (; got > 0; got = source_read(source, worker->buffer, READ_BUFFER, &why)) {
    if (worker->whole_size + (size_t)got > limit)
      return worker_report_limit(worker, input, true);
    if (worker->whole_size + (size_t)got > worker->whole_room) {
      worker->whole_room = (worker->whole_size + (size_t)got) * 2;
      worker->whole = realloc_or_exit(worker->whole, worker->whole_room, 1);
    }
    memcpy(worker->whole + worker->whole_size, worker->buffer, (size_t)got);
    worker->whole_size += (size_t)got;
    worker_count_bytes(worker->shared, source_position(source) - position, (uint64_t)got);
    position = source_position(source);
  }
  if (got < 0) {
    complain("%s: %s", input->path, why);
    return EXIT_INPUT;
  }
  return EXIT_DONE;
}

/* Makes the worker's profile refuse another period type than that of the other workers. */
static int tell_period(struct worker *worker) {
  theseus_sampling_info sampling = {.size = sizeof sampling};
  theseus_sampling_get(worker->profile, &sampling);
  sampling.period_type = worker->shared->period_type;
  sampling.period_unit = worker->shared->period_unit;
  return theseus_sampling_set(worker->profile, &sampling);
}

static void learn_period(struct worker *worker) {
  theseus_sampling_info sampling = {.size = sizeof sampling};
  theseus_sampling_get(worker->profile, &sampling);
  if (!*sampling.period_type)
    return;
  worker->shared->period_type = strdup_or_exit(sampling.period_type);
  worker->shared->period_unit = strdup_or_exit(sampling.period_unit);
}

/* Adds a file to the worker's profile.  Until the period type is known, one worker reads at a time: which files are
 * refused must not depend on who is faster. */
static int add_pprof(struct worker *worker, theseus_read_error *error) {
  struct shared *shared = worker->shared;

  pthread_mutex_lock(&shared->period_lock);
  bool known = shared->period_type != NULL;
  if (known)
    pthread_mutex_unlock(&shared->period_lock);
  int status = known ? tell_period(worker) : THESEUS_OK;
  if (status)
    (void)snprintf(error->text, sizeof error->text, "%s", theseus_strerror(status));
  else
    status = theseus_pprof_read(worker->profile, worker->whole, worker->whole_size, error);
  if (!known) {
    if (!status)
      learn_period(worker);
    pthread_mutex_unlock(&shared->period_lock);
  }
  return status;
}

static int read_pprof(struct worker *worker, size_t number, struct source *source, ssize_t got) {
  const struct input *input = &worker->shared->inputs->items[number];
  theseus_profile_options options = worker_profile_options(worker->shared);
  theseus_profile_info before = {.size = sizeof before}, after = {.size = sizeof after};
  theseus_read_error error = {.size = sizeof error};
  theseus_event_info event = {.size = sizeof event};

  int status = worker->profile ? THESEUS_OK : theseus_profile_new(&options, &worker->profile);
  if (status) {
    complain("%s: %s", input->path, theseus_strerror(status));
    return exit_of_status(status);
  }
  int failed = read_whole(worker, input, source, got);
  if (failed)
    return failed;
  theseus_profile_info_get(worker->profile, &before);
  status = add_pprof(worker, &error);
  theseus_profile_info_get(worker->profile, &after);
  if (status == THESEUS_ELIMIT)
    return worker_report_limit(worker, input, false);
  if (status) {
    complain("%s: at byte %llu: %s", input->path, (unsigned long long)error.offset, error.text);
    return exit_of_status(status);
  }
  if (after.truncated_pushes > before.truncated_pushes) {
    failed = warn(worker, input, "stacks are deeper than --max-depth: %llu frames at their callers' end are left out",
                  (unsigned long long)(after.truncated_pushes - before.truncated_pushes));
    if (failed)
      return failed;
  }
  pthread_mutex_lock(&worker->shared->lock);
  for (; worker->known_events < theseus_event_count(worker->profile); worker->known_events++) {
    theseus_event_get(worker->profile, worker->known_events, &event);
    if (worker->known_events < THESEUS_EVENTS)
      event.long_name = ""; /* the next file may change it, as they are those of the profile */
    columns_add(&worker->shared->columns, &event, number, worker->known_events);
  }
  worker->shared->profiled[number] = true;
  pthread_mutex_unlock(&worker->shared->lock);
  return EXIT_DONE;
}

/* ---- either ---- */

/* An empty file is what a program leaves that had nothing to write, such as valgrind with --separate-threads. */
static int skip_empty(struct worker *worker, const struct input *input) {
  struct shared *shared = worker->shared;
  int failed = warn(worker, input, "the file is empty");

  pthread_mutex_lock(&shared->lock);
  shared->empty += !failed;
  pthread_mutex_unlock(&shared->lock);
  return failed;
}

int read_input(struct worker *worker, size_t number) {
  const struct input *input = &worker->shared->inputs->items[number];
  const char *why = NULL;
  struct source *source = source_open(input->path, &why);
  ssize_t got = source ? source_read(source, worker->buffer, READ_BUFFER, &why) : -1;
  int status = EXIT_INPUT;

  if (got < 0)
    complain("%s: %s", input->path, why);
  else if (got == 0)
    status = skip_empty(worker, input);
  else if (is_pprof(worker->buffer, (size_t)got))
    status = read_pprof(worker, number, source, got);
  else
    status = read_callgrind(worker, number, source, got);
  if (source)
    source_close(source);
  return status;
}
