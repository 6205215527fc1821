/* SPDX-License-Identifier: ISC */
/* stats - the figures that --stats shows. */
#ifndef THESEUS_MERGE_STATS_H
#define THESEUS_MERGE_STATS_H

#include "merge/workers.h"

/* Prints them on standard error. */
void stats_print(const struct merged *merged, double seconds);

#endif
