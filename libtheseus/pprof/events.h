/* SPDX-License-Identifier: ISC */
/* pprof-events - the events of the sample types of a file: built-in ones if the names are ours, else events of the
 * host. */
#ifndef TH_PPROF_EVENTS_H
#define TH_PPROF_EVENTS_H

#include "pprof/format.h"
#include "pprof/tables.h"

typedef struct th_pprof_events {
  uint32_t ids[TH_MAX_TYPES]; /* by sample type */
  bool ours; /* the file has the types of TH_TYPE_WAIT, TH_TYPE_LATENCY and TH_TYPE_OPERATIONS: its labels are ours */
  struct th_event names[THESEUS_EVENTS]; /* if ours: the names of the built-in events, once the file is read */
} th_pprof_events;

/* Adds the events to a profile.  EFORMAT, ENOMEM, ELIMIT, EOVERFLOW, EUNIT. */
int th_pprof_events_resolve(th_pprof_events *events, const th_pprof_tables *tables, theseus_profile *profile);

#endif
