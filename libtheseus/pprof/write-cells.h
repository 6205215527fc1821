/* SPDX-License-Identifier: ISC */
/* write-cells - the samples of cells: Wait and the host's events, by line. */
#ifndef TH_PPROF_WRITE_CELLS_H
#define TH_PPROF_WRITE_CELLS_H

#include "pprof/writer.h"

/* Sorts the cells by stack, line and head.  ENOMEM, ELIMIT. */
int th_pprof_cells_sort(th_pprof_writer *writer);
void th_pprof_cells_release(th_pprof_writer *writer);

/* Sends the samples of the cells of a stack.  `position` is that of the stack in preorder. */
void th_pprof_cells_send(th_pprof_writer *writer, uint32_t position);

#endif
