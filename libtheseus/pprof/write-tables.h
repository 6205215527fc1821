/* SPDX-License-Identifier: ISC */
/* write-tables - the tables to which samples refer: mappings, locations, functions, strings. */
#ifndef TH_PPROF_WRITE_TABLES_H
#define TH_PPROF_WRITE_TABLES_H

#include "pprof/writer.h"

/* ENOMEM, ELIMIT. */
int th_pprof_tables_init(th_pprof_writer *writer);
void th_pprof_tables_release(th_pprof_writer *writer);

/* Gives functions and objects their ids, in the order in which locations mention them.  Follows the last sample. */
void th_pprof_number_functions(th_pprof_writer *writer);

/* Sends mappings, locations and functions. */
void th_pprof_send_tables(th_pprof_writer *writer);

/* Sends the string table.  No text may be mentioned after it. */
void th_pprof_send_strings(th_pprof_writer *writer);

#endif
