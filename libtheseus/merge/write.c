/* SPDX-License-Identifier: ISC */
#include "merge/write.h"

#include "merge/say.h"

#include <stdlib.h>
#include <string.h>

/* Reports that writing or merging failed.  Returns the exit code. */
static int fail(const char *doing, int status) {
  complain("%s: %s", doing, theseus_strerror(status));
  return exit_of_status(status);
}

/* Reports the first event that has negative values, which callgrind and folded files cannot hold.  Returns the exit
 * code. */
static int fail_negative(const theseus_profile *profile) {
  theseus_cell_info cell = {.size = sizeof cell};
  theseus_event_info event = {.size = sizeof event};

  for (uint32_t i = 0; theseus_cell_get(profile, i, &cell) == THESEUS_OK; i++)
    if (cell.negative && cell.value)
      break;
  theseus_event_get(profile, cell.event, &event);
  complain("the event %s has negative values, as in a difference of profiles, which only pprof files can hold; "
           "choose other events with --events, or --format=pprof",
           event.name);
  return EXIT_INPUT;
}

/* ---- callgrind ---- */

/* The events of a profile that --events names. */
static uint32_t *wanted_events(const struct options *options, const theseus_profile *profile, uint32_t *count) {
  uint32_t n = theseus_event_count(profile);
  uint32_t *wanted = realloc_or_exit(NULL, (size_t)n + 1, sizeof *wanted);
  theseus_event_info event = {.size = sizeof event};

  *count = 0;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; k < options->event_count; k++)
      if (theseus_event_get(profile, i, &event) == THESEUS_OK && columns_same_name(event.name, options->events[k])) {
        wanted[(*count)++] = i;
        break;
      }
  return wanted;
}

static int project(const struct options *options, const theseus_profile *profile, theseus_graph **out) {
  theseus_graph_options chosen = {.size = sizeof chosen};
  uint32_t *wanted = NULL;

  if (options->events)
    chosen.events = wanted = wanted_events(options, profile, &chosen.event_count);
  int status = theseus_graph_from_profile(profile, &chosen, out);
  free(wanted);
  return status;
}

/* Projects the profile and adds it to the graph. */
static int add_profile_to_graph(const struct options *options, struct merged *merged, const struct inputs *inputs) {
  theseus_graph *projected;
  int status = project(options, merged->profile, &projected);
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

/* Pprof files may have met a name differently, and brought no long names: the sum knows both. */
static void name_columns(struct merged *merged) {
  theseus_event_info event = {.size = sizeof event};
  for (uint32_t i = 0; theseus_graph_event_get(merged->graph, i, &event) == THESEUS_OK; i++)
    columns_name(&merged->columns, &event);
}

static bool graph_has_event(const theseus_graph *graph, const char *name) {
  theseus_event_info event = {.size = sizeof event};
  for (uint32_t i = 0; theseus_graph_event_get(graph, i, &event) == THESEUS_OK; i++)
    if (strcmp(event.name, name) == 0)
      return true;
  return false;
}

/* The columns of all inputs, in order, without those that the projection left out. */
static theseus_event_info *all_events(const struct merged *merged, uint32_t *count) {
  theseus_event_info *all = realloc_or_exit(NULL, (size_t)merged->columns.count + 1, sizeof *all);

  *count = 0;
  for (uint32_t i = 0; i < merged->columns.count; i++)
    if (graph_has_event(merged->graph, merged->columns.items[i].name))
      all[(*count)++] = column_event(&merged->columns.items[i]);
  return all;
}

/* Replaces *events by those that --events names, in that order.  Returns false after a message if one is missing or
 * named twice. */
static bool choose_events(const struct options *options, theseus_event_info **events, uint32_t *count) {
  theseus_event_info *chosen = realloc_or_exit(NULL, options->event_count, sizeof *chosen), *all = *events;
  uint32_t n = 0;
  bool found = true;

  for (uint32_t k = 0; found && k < options->event_count; k++) {
    const char *name = options->events[k];
    uint32_t i = columns_named(all, *count, name), before = 0;
    while (before < n && i < *count && chosen[before].name != all[i].name)
      before++;
    found = i < *count && before == n;
    if (found)
      chosen[n++] = all[i];
    else if (i == *count)
      complain("no input has an event %s", name);
    else
      complain("--events: %s is named twice", name);
  }
  free(all);
  *events = chosen;
  *count = n;
  return found;
}

/* Reports the formulas that inputs disagree about, which the graph has dropped.  With --strict that is an error. */
static int report_formulas(const struct options *options, const theseus_graph *graph) {
  const char *name, *text;
  int status = EXIT_DONE;

  for (uint32_t i = 0; theseus_graph_formula_get(graph, i, &name, &text) == THESEUS_OK; i++) {
    if (text)
      continue;
    complain("%sinputs have different formulas of the event %s: it is left out",
             options->strict ? "" : "warning: ", name);
    if (options->strict)
      status = EXIT_INPUT;
  }
  return status;
}

static int prepare_callgrind(const struct options *options, const struct inputs *inputs, struct merged *merged) {
  uint32_t count;

  int status = merged->profile ? add_profile_to_graph(options, merged, inputs) : THESEUS_OK;
  if (status)
    return status == THESEUS_ENEGATIVE ? fail_negative(merged->profile) : fail("merging", status);
  name_columns(merged);
  theseus_event_info *events = all_events(merged, &count);
  if (options->events && !choose_events(options, &events, &count)) {
    free(events);
    return EXIT_USAGE;
  }
  if (!options->events) /* else no formula is written */
    status = report_formulas(options, merged->graph);
  if (status) {
    free(events);
    return status;
  }
  status = theseus_graph_select(merged->graph, events, count);
  free(events);
  return status ? fail("merging", status) : EXIT_DONE;
}

/* ---- formats that hold stacks ---- */

/* True if the profile holds operations, and not only the events of somebody else. */
static bool has_operations(const theseus_profile *profile) {
  theseus_stack_info stack = {.size = sizeof stack};
  theseus_cell_info cell = {.size = sizeof cell};

  for (uint32_t i = 0; i < theseus_stack_count(profile); i++)
    if (theseus_stack_get(profile, i, &stack) == THESEUS_OK && (stack.operations || stack.latency_ns))
      return true;
  for (uint32_t i = 0; i < theseus_cell_count(profile); i++)
    if (theseus_cell_get(profile, i, &cell) == THESEUS_OK && cell.event == THESEUS_WAIT && cell.value)
      return true;
  return false;
}

/* Finds the one event that folded stacks hold: the first that there is. */
static int prepare_folded(const struct options *options, struct merged *merged) {
  theseus_event_info first = {.size = sizeof first};
  uint32_t others = theseus_event_count(merged->profile) > THESEUS_EVENTS && !has_operations(merged->profile);
  theseus_event_get(merged->profile, others ? THESEUS_EVENTS : THESEUS_WAIT, &first);
  const char *name = options->events ? options->events[0] : first.name;
  theseus_event_info event = {.size = sizeof event};
  uint32_t id = 0, count = theseus_event_count(merged->profile);

  while (id < count && !(theseus_event_get(merged->profile, id, &event) == 0 && columns_same_name(event.name, name)))
    id++;
  merged->folded_event = id;
  if (id < count)
    return EXIT_DONE;
  complain("no input has an event %s; choose the one to write with --events", name);
  return EXIT_USAGE;
}

/* Reports what a pprof file holds once, and the inputs do not agree about.  With --strict that is an error. */
static int report_dropped(const struct options *options, const theseus_profile *profile) {
  static const struct {
    uint32_t bit;
    const char *text;
  } texts[] = {
      {THESEUS_DROPPED_PERIOD, "inputs have different periods: the longest one is kept"},
      {THESEUS_DROPPED_DEFAULT_TYPE, "inputs have different default sample types: none is kept"},
      {THESEUS_DROPPED_FRAMES, "inputs have different drop_frames or keep_frames: none are kept"},
      {THESEUS_DROPPED_BUILD_ID, "inputs have different build ids of one file: none is kept"},
      {THESEUS_DROPPED_COMMENTS, "inputs have more than 4096 comments: the others are left out"},
  };
  theseus_sampling_info sampling = {.size = sizeof sampling};
  int status = EXIT_DONE;

  theseus_sampling_get(profile, &sampling);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!(sampling.dropped & texts[i].bit))
      continue;
    complain("%s%s", options->strict ? "" : "warning: ", texts[i].text);
    if (options->strict)
      status = EXIT_INPUT;
  }
  return status;
}

/* ---- all formats ---- */

int write_prepare(const struct options *options, const struct inputs *inputs, struct merged *merged) {
  if (options->format == FORMAT_CALLGRIND)
    return prepare_callgrind(options, inputs, merged);
  if (merged->graph) {
    complain("callgrind files have no stacks, only calls: they cannot become %s",
             options->format == FORMAT_PPROF ? "pprof" : "folded stacks");
    return EXIT_USAGE;
  }
  return options->format == FORMAT_FOLDED ? prepare_folded(options, merged) : report_dropped(options, merged->profile);
}

int write_merged(const struct options *options, const struct merged *merged, struct output *output) {
  theseus_sink sink = output_sink(output);
  int status = THESEUS_OK;

  switch (options->format) {
    case FORMAT_BY_NAME:
    case FORMAT_CALLGRIND: status = theseus_callgrind_write(merged->graph, &sink); break;
    case FORMAT_PPROF:
      output_compress(output);
      status = theseus_pprof_write(merged->profile, NULL, &sink);
      break;
    case FORMAT_FOLDED: status = theseus_folded_write(merged->profile, merged->folded_event, &sink); break;
  }
  if (status == THESEUS_ENEGATIVE)
    return fail_negative(merged->profile);
  return !status || status == THESEUS_EIO ? EXIT_DONE : fail("writing", status); /* EIO: `output` knows the error */
}
