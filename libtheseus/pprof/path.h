/* SPDX-License-Identifier: ISC */
/* pprof-path - from the locations of a sample, the leaf first, to a stack of the profile.
 *
 *     last sample    03 | 0a 07 85 02 01      the beginning of its stack is the end of its locations, which the next
 *     this one       09 04 | 0a 07 85 02 01   sample usually shares: only what comes before it is read */
#ifndef TH_PPROF_PATH_H
#define TH_PPROF_PATH_H

#include "pprof/tables.h"

/* Where a location led: its distance from the end of the locations, in bytes; a stack; the line of the leaf. */
struct th_step {
  uint32_t bytes, stack, line;
};

typedef struct th_pprof_path {
  th_bytes locations; /* of the last sample: numbers, one after the other */
  struct th_step *steps;
  uint32_t count, capacity;
  uint32_t stack, line; /* where all of them led */
  uint64_t skipped;     /* outermost frames that were skipped because of max_depth */
} th_pprof_path;

/* Follows the locations of the next sample.  The bytes must stay where they are until the sample after it.  `at`: where
 * the sample begins, for messages.  EFORMAT, ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_path_follow(th_pprof_path *path, const th_pprof_tables *tables, theseus_profile *profile,
                         th_bytes locations, const unsigned char *at, uint64_t sample);
void th_pprof_path_free(th_pprof_path *path, th_alloc *alloc);

#endif
