/* SPDX-License-Identifier: ISC */
/* sampling - what a pprof file says beside its samples: the period, the default type, frames to hide, comments,
 * mappings. */
#ifndef TH_PPROF_SAMPLING_H
#define TH_PPROF_SAMPLING_H

#include "pprof/tables.h"
#include "profile/sampling.h"

/* `ours`: as in th_pprof_events.  Reads all of it into `out`, with texts of the profile, and makes room for it there.
 * `out` is to be freed in any case.  EFORMAT (a text that is not in the string table; a period type that is not that of
 * the profile), ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_sampling_read(const th_pprof_tables *tables, theseus_profile *profile, bool ours, th_sampling *out);

#endif
