/* SPDX-License-Identifier: ISC */
/* write-header - what a file says of its samples: their types, the period, the type that tools show first, comments. */
#ifndef TH_PPROF_WRITE_HEADER_H
#define TH_PPROF_WRITE_HEADER_H

#include "pprof/writer.h"

/* Sends the columns, in the order of sample.values. */
void th_pprof_send_types(th_pprof_writer *writer);

/* Sends what was sampled, and how often. */
void th_pprof_send_period(th_pprof_writer *writer);

/* Sends the long names of events that a reader cannot know, the profile's facts, for which profile.proto has no fields,
 * and the comments of other files. */
void th_pprof_send_comments(th_pprof_writer *writer);

/* Sends what tools show first, and what they hide. */
void th_pprof_send_view(th_pprof_writer *writer);

#endif
