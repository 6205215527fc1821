/* SPDX-License-Identifier: ISC */
/* write-spans - the samples of spans: how many began at a stack, how they ended, and their latencies. */
#ifndef TH_PPROF_WRITE_SPANS_H
#define TH_PPROF_WRITE_SPANS_H

#include "pprof/writer.h"

/* Sends the samples of the spans that began at a stack, which has stats. */
void th_pprof_spans_send(th_pprof_writer *writer, uint32_t stack);
void th_pprof_spans_release(th_pprof_writer *writer);

#endif
