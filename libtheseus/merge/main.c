/* SPDX-License-Identifier: ISC */
/* theseus-merge - one profile out of many. */
#include "merge/main.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  flockfile(stderr); /* one line is one line, whichever thread says it */
  fputs("theseus-merge: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  funlockfile(stderr);
  va_end(arguments);
}

void *need(void *block, size_t count, size_t size) {
  void *moved = count > SIZE_MAX / size ? NULL : realloc(block, count * size);
  if (!moved) {
    complain("out of memory");
    exit(EXIT_MEMORY);
  }
  return moved;
}

char *need_copy(const char *text) {
  size_t size = strlen(text) + 1;
  return memcpy(need(NULL, size, 1), text, size);
}

static int status_exit(const char *what, int status) {
  complain("%s: %s", what, theseus_strerror(status));
  return status == THESEUS_ENOMEM || status == THESEUS_ELIMIT ? EXIT_MEMORY
         : status == THESEUS_EIO                              ? EXIT_OUTPUT
                                                              : EXIT_INPUT;
}

/* What was measured in profiles becomes a part of the graph; without any callgrind, all of it. */
static int join(struct merged *merged, const struct inputs *inputs) {
  theseus_graph *projected;
  int status = theseus_graph_from_profile(merged->profile, NULL, &projected);
  if (status)
    return status;
  for (size_t i = 0; i < inputs->count && !status; i++)
    if (merged->profiled[i])
      status = theseus_graph_add_source(projected, input_name(&inputs->items[i]));
  if (!status && !merged->graph) {
    merged->graph = projected;
    return THESEUS_OK;
  }
  if (!status)
    status = theseus_graph_merge(merged->graph, projected);
  theseus_graph_free(projected);
  return status;
}

/* The columns of all inputs, less those that the graph does not have, as no profile has measured any of them. */
static theseus_event_info *all_events(const struct merged *merged, uint32_t *count) {
  theseus_event_info *all = need(NULL, (size_t)merged->event_count + 1, sizeof *all), event = {.size = sizeof event};

  *count = 0;
  for (uint32_t i = 0; i < merged->event_count; i++) {
    uint32_t column = 0;
    while (theseus_graph_event_get(merged->graph, column, &event) == THESEUS_OK &&
           strcmp(event.name, merged->events[i].name) != 0)
      column++;
    if (theseus_graph_event_get(merged->graph, column, &event) == THESEUS_OK)
      all[(*count)++] = merged->events[i];
  }
  return all;
}

/* Those of them that --events asks for, in its order; false, having said why, if there is one that is not there. */
static bool choose_events(char *names, theseus_event_info **events, uint32_t *count) {
  theseus_event_info *chosen = need(NULL, strlen(names) + 1, sizeof *chosen), *all = *events;
  uint32_t n = 0;
  bool found = true;

  for (char *name = strtok_r(names, ",", &names); found && name; name = strtok_r(NULL, ",", &names)) {
    uint32_t i = 0, before = 0;
    while (i < *count && strcmp(all[i].name, name) != 0)
      i++;
    while (before < n && strcmp(chosen[before].name, name) != 0)
      before++;
    found = i < *count && before == n;
    if (found)
      chosen[n++] = all[i];
    else if (i == *count)
      complain("no input has an event %s", name);
    else
      complain("--events: %s is there twice", name);
  }
  free(all);
  *events = chosen;
  *count = n;
  return found;
}

static int write_callgrind(const struct options *options, const struct inputs *inputs, struct merged *merged,
                           struct output *output) {
  theseus_sink sink = output_sink(output);
  uint32_t count;

  int status = merged->profile ? join(merged, inputs) : THESEUS_OK;
  if (status)
    return status_exit("merging", status);
  theseus_event_info *events = all_events(merged, &count);
  if (options->events && !choose_events(options->events, &events, &count)) {
    free(events);
    return EXIT_USAGE;
  }
  status = theseus_graph_select(merged->graph, events, count);
  free(events);
  if (!status)
    status = theseus_callgrind_write(merged->graph, &sink);
  return !status || status == THESEUS_EIO ? EXIT_DONE : status_exit("writing callgrind", status);
}

static int write_pprof(struct merged *merged, struct output *output) {
  if (!output_compress(output))
    return EXIT_OUTPUT;
  theseus_sink sink = output_sink(output);
  int status = theseus_pprof_write(merged->profile, NULL, &sink);
  return !status || status == THESEUS_EIO ? EXIT_DONE : status_exit("writing pprof", status);
}

static int write_folded(const struct options *options, const struct merged *merged, struct output *output) {
  theseus_sink sink = output_sink(output);
  const char *name = options->events ? options->events : "Wait";
  theseus_event_info event = {.size = sizeof event};
  uint32_t id = 0, count = theseus_event_count(merged->profile);

  while (id < count && !(theseus_event_get(merged->profile, id, &event) == 0 && strcmp(event.name, name) == 0))
    id++;
  if (id == count) {
    complain("no input has an event %s; folded stacks hold one, which --events names", name);
    return EXIT_USAGE;
  }
  int status = theseus_folded_write(merged->profile, id, &sink);
  return !status || status == THESEUS_EIO ? EXIT_DONE : status_exit("writing folded stacks", status);
}

static int write_merged(const struct options *options, const struct inputs *inputs, struct merged *merged,
                        struct output *output) {
  if (options->format == FORMAT_CALLGRIND)
    return write_callgrind(options, inputs, merged, output);
  if (merged->graph) {
    complain("callgrind files have no stacks, only calls: they cannot become %s",
             options->format == FORMAT_PPROF ? "pprof" : "folded stacks");
    return EXIT_USAGE;
  }
  return options->format == FORMAT_PPROF ? write_pprof(merged, output) : write_folded(options, merged, output);
}

/* In bytes.  On Linux getrusage() tells that of the program that started this one, where it was more. */
static double peak_memory(void) {
  struct rusage usage;
  char line[200];
  unsigned long kilobytes = 0;
  FILE *status = fopen("/proc/self/status", "r");

  while (status && !kilobytes && fgets(line, sizeof line, status))
    (void)sscanf(line, "VmHWM: %lu kB", &kilobytes);
  if (status)
    fclose(status);
  if (!kilobytes && getrusage(RUSAGE_SELF, &usage) == 0)
    kilobytes = (unsigned long)usage.ru_maxrss;
  return (double)kilobytes * 1024;
}

static void print_stats(const struct merged *merged, double seconds) {
  theseus_graph_info graph = {.size = sizeof graph};

  fprintf(stderr, "inputs     %zu merged, %zu skipped, %llu warnings\n", merged->merged, merged->skipped,
          (unsigned long long)merged->warnings);
  fprintf(stderr, "read       %.1f MB in %.2f s: %.0f MB/s\n", (double)merged->bytes / 1e6, seconds,
          (double)merged->bytes / 1e6 / (seconds > 0 ? seconds : 1e-9));
  if (merged->graph && !theseus_graph_info_get(merged->graph, &graph))
    fprintf(stderr, "graph      %u functions, %u costs, %u edges, %u events, %.1f MB\n", graph.functions, graph.costs,
            graph.edges, graph.events, (double)graph.memory / 1e6);
  if (merged->profile)
    fprintf(stderr, "profile    %u functions, %u stacks, %u events\n", theseus_function_count(merged->profile),
            theseus_stack_count(merged->profile), theseus_event_count(merged->profile));
  fprintf(stderr, "memory     %.1f MB at most\n", peak_memory() / 1e6);
}

/* `missing` inputs have not been found. */
static int merge(const struct options *options, const struct inputs *inputs, size_t missing, double began) {
  struct merged merged = {.graph = NULL};
  struct output output;

  if (!output_open(&output, options, inputs))
    return EXIT_OUTPUT;
  int status = workers_run(options, inputs, &merged);
  merged.skipped += missing;
  if (status == EXIT_DONE && missing)
    status = EXIT_SKIPPED;
  bool good = status == EXIT_DONE || status == EXIT_SKIPPED;
  if (good) {
    int written = write_merged(options, inputs, &merged, &output);
    good = written == EXIT_DONE;
    status = good ? status : written;
  }
  if (!output_close(&output, good) && good)
    status = EXIT_OUTPUT;
  if (options->stats && good)
    print_stats(&merged, seconds_now() - began);
  merged_free(&merged);
  return status;
}

int main(int argc, char **argv) {
  memory_begin();
  double began = seconds_now();
  struct options options = options_read(argc, argv);
  struct inputs inputs = {NULL, 0, 0, 0};
  int status = EXIT_INPUT;

  size_t missing = inputs_find(&inputs, options.arguments);
  if (!inputs.count)
    complain("there is nothing to merge");
  else if (!missing || options.ignore_errors)
    status = merge(&options, &inputs, missing, began);
  inputs_free(&inputs);
  return status;
}
