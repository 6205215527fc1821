/* SPDX-License-Identifier: ISC */
/* theseus-merge - one profile out of many. */
#include "merge/inputs.h"
#include "merge/memory.h"
#include "merge/options.h"
#include "merge/output.h"
#include "merge/progress.h"
#include "merge/say.h"
#include "merge/stats.h"
#include "merge/workers.h"
#include "merge/write.h"

#include <errno.h>
#include <stdlib.h>

/* Writes to a file in the temporary folder.  For when the output failed, and an input cannot be read again. */
static void rescue(const struct options *options, const struct merged *merged) {
  struct output output;

  if (!output_open_rescue(&output))
    return;
  char *path = strdup_or_exit(output.path);
  if (output_close(&output, write_merged(options, merged, &output) == EXIT_DONE))
    complain("the merged profile is in %s", path);
  free(path);
}

/* Merges all inputs into the output.  `missing`: how many inputs were not found. */
static int merge(const struct options *options, const struct inputs *inputs, size_t missing, struct merged *merged) {
  struct output output;

  if (!output_open(&output, options, inputs))
    return EXIT_OUTPUT;
  int status = workers_run(options, inputs, merged);
  merged->skipped += missing;
  if (status == EXIT_DONE && missing)
    status = EXIT_SKIPPED;
  int failed = status == EXIT_SKIPPED ? EXIT_DONE : status;
  if (!failed)
    failed = write_prepare(options, inputs, merged);
  if (!failed)
    failed = write_merged(options, merged, &output);
  if (!output_close(&output, !failed) && !failed) {
    failed = EXIT_OUTPUT;
    if (inputs_any_once(inputs) && output.error != EPIPE)
      rescue(options, merged);
  }
  return failed ? failed : status;
}

int main(int argc, char **argv) {
  say_begin();
  memory_begin();
  double began = seconds_now();
  struct options options = options_read(argc, argv);
  struct inputs inputs = {.items = NULL};
  struct merged merged = {.graph = NULL};
  int status = EXIT_INPUT;

  size_t missing = inputs_find(&inputs, options.arguments);
  if (!inputs.count && !missing)
    complain("there is nothing to merge");
  else if (inputs.count && (!missing || options.ignore_errors))
    status = merge(&options, &inputs, missing, &merged);
  if (options.stats && (status == EXIT_DONE || status == EXIT_SKIPPED))
    stats_print(&merged, seconds_now() - began);
  merged_free(&merged);
  inputs_free(&inputs);
  return status;
}
