/* SPDX-License-Identifier: ISC */
/* workers - the threads that read the inputs, and the sum of all that they read. */
#ifndef THESEUS_MERGE_WORKERS_H
#define THESEUS_MERGE_WORKERS_H

#include "merge/columns.h"
#include "merge/inputs.h"
#include "merge/options.h"
#include "theseus.h"

struct merged {
  theseus_graph *graph;     /* the sum of all callgrind files; NULL: there was none */
  theseus_profile *profile; /* the sum of all pprof files; NULL: there was none */
  uint32_t folded_event;    /* of the profile: the one to write as folded stacks */
  bool *profiled;           /* by input: it is a part of the profile */
  struct columns columns;   /* as they first appear in the inputs */
  size_t merged, skipped;   /* inputs */
  uint64_t bytes;           /* that were read, decompressed */
  uint64_t warnings;
};

/* Merges all inputs.  Returns EXIT_DONE, EXIT_SKIPPED, or after a message the exit code of what went wrong. */
int workers_run(const struct options *options, const struct inputs *inputs, struct merged *out);
void merged_free(struct merged *merged);

#endif
