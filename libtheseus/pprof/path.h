/* SPDX-License-Identifier: ISC */
/* pprof-path - from the locations of a sample, the leaf first, to a stack of the profile.
 *
 *     last sample    03 | 0a 07 85 02 01      the beginning of its stack is the end of its locations, which the next
 *     this one       09 04 | 0a 07 85 02 01   sample's mostly end with too: only what comes before is looked at */
#ifndef TH_PPROF_PATH_H
#define TH_PPROF_PATH_H

#include "pprof/tables.h"

/* How far a location led: so many bytes from the end of the locations; a stack; the line that its leaf is at. */
struct th_step {
  uint32_t bytes, stack, line;
};

typedef struct th_pprof_path {
  th_bytes locations; /* of the last sample: numbers, one after the other */
  struct th_step *steps;
  uint32_t count, capacity;
  uint32_t stack, line; /* where all of them led */
  uint64_t skipped;     /* frames at the callers' end, which the profile's bound of depth left out */
} th_pprof_path;

/* Follows the locations of the next sample, which stay where they are until the one after it.  `sample` is what an
 * error is about, and begins at `at`.  EFORMAT, ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_path_follow(th_pprof_path *path, const th_pprof_tables *tables, theseus_profile *profile,
                         th_bytes locations, const unsigned char *at, uint64_t sample);
void th_pprof_path_free(th_pprof_path *path, th_alloc *alloc);

#endif
