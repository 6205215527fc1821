/* SPDX-License-Identifier: ISC */
/* read - one input into a worker's graph (callgrind) or profile (pprof). */
#ifndef THESEUS_MERGE_READ_H
#define THESEUS_MERGE_READ_H

#include "merge/worker.h"

/* Reads an input and adds it.  Returns an exit code, after a message if that is not EXIT_DONE.  An input that fails
 * adds nothing, or the merge ends. */
int read_input(struct worker *worker, size_t number);

#endif
