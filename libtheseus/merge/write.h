/* SPDX-License-Identifier: ISC */
/* write - what was merged, in the format that the user wants.
 *
 * write_prepare() meets all that may be wrong with the inputs; after it, write_merged() may be called for several
 * outputs. */
#ifndef THESEUS_MERGE_WRITE_H
#define THESEUS_MERGE_WRITE_H

#include "merge/output.h"
#include "merge/workers.h"

/* Adds everything up and chooses the columns.  For callgrind the graph takes up what the profile holds.  Returns
 * EXIT_DONE, or after a message another exit code. */
int write_prepare(const struct options *options, const struct inputs *inputs, struct merged *merged);

/* Writes to an output, which keeps its own errors.  Returns EXIT_DONE, or after a message another exit code. */
int write_merged(const struct options *options, const struct merged *merged, struct output *output);

#endif
