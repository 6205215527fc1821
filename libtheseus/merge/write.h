/* SPDX-License-Identifier: ISC */
/* write - what was merged, in the format that the user wants. */
#ifndef THESEUS_MERGE_WRITE_H
#define THESEUS_MERGE_WRITE_H

#include "merge/output.h"
#include "merge/workers.h"

/* Writes to `output`, which keeps its own errors.  For callgrind the graph takes up what the profile holds.
 * Returns EXIT_DONE, or after a message another exit code. */
int write_merged(const struct options *options, const struct inputs *inputs, struct merged *merged,
                 struct output *output);

#endif
