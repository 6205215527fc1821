/* SPDX-License-Identifier: ISC */
/* write-sample - one sample: a stack, its values, its labels. */
#ifndef TH_PPROF_WRITE_SAMPLE_H
#define TH_PPROF_WRITE_SAMPLE_H

#include "pprof/writer.h"

/* A text, or a number if it has a unit. */
struct th_pprof_label {
  uint32_t key, string;
  uint64_t number;
  uint32_t unit;
};
enum { TH_MAX_LABELS = 3 };

/* ENOMEM, ELIMIT. */
int th_pprof_sample_init(th_pprof_writer *writer);
void th_pprof_sample_release(th_pprof_writer *writer);

/* Sends writer->sample.values, unless all are 0, and sets them to 0.  Values are two's complements.  Stacks come in
 * preorder. */
void th_pprof_sample_send(th_pprof_writer *writer, uint32_t stack, uint32_t line, const struct th_pprof_label *labels,
                          uint32_t n);

#endif
