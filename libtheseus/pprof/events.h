/* SPDX-License-Identifier: ISC */
/* pprof-events - what the sample types of a file are in a profile: ours if they have our names, else events of the
 * host's. */
#ifndef TH_PPROF_EVENTS_H
#define TH_PPROF_EVENTS_H

#include "pprof/format.h"
#include "pprof/tables.h"

typedef struct th_pprof_events {
  uint32_t ids[TH_MAX_TYPES]; /* by sample type */
  bool ours; /* the file has the types of TH_TYPE_WAIT, TH_TYPE_LATENCY and TH_TYPE_OPERATIONS: its labels are ours */
  struct th_event names[THESEUS_EVENTS]; /* ours: of the built-in events of the profile, once it is read */
} th_pprof_events;

/* Makes the events known to a profile.  EFORMAT, ENOMEM, ELIMIT, EOVERFLOW, EUNIT. */
int th_pprof_events_resolve(th_pprof_events *events, const th_pprof_tables *tables, theseus_profile *profile);

#endif
