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

/* Reads all inputs and writes their sum.  `missing`: how many inputs were not found.  `began`: when the program did. */
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
    stats_print(&merged, seconds_now() - began);
  merged_free(&merged);
  return status;
}

int main(int argc, char **argv) {
  memory_begin();
  double began = seconds_now();
  struct options options = options_read(argc, argv);
  struct inputs inputs = {.items = NULL};
  int status = EXIT_INPUT;

  size_t missing = inputs_find(&inputs, options.arguments);
  if (!inputs.count)
    complain("there is nothing to merge");
  else if (!missing || options.ignore_errors)
    status = merge(&options, &inputs, missing, began);
  inputs_free(&inputs);
  return status;
}
