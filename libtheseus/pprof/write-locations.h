/* SPDX-License-Identifier: ISC */
/* write-locations - the lines that stacks refer to, numbered as samples come upon them. */
#ifndef TH_PPROF_WRITE_LOCATIONS_H
#define TH_PPROF_WRITE_LOCATIONS_H

#include "pprof/writer.h"

/* ENOMEM, ELIMIT. */
int th_pprof_locations_init(th_pprof_writer *writer);
void th_pprof_locations_release(th_pprof_writer *writer);

/* Returns the id of a line of a function, creating it if necessary; 0 on failure. */
uint32_t th_pprof_location(th_pprof_writer *writer, uint32_t function, uint32_t line);

#endif
