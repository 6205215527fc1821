/* SPDX-License-Identifier: ISC */
/* write-labels - the labels that cells have from other files, in the order of their texts. */
#ifndef TH_PPROF_WRITE_LABELS_H
#define TH_PPROF_WRITE_LABELS_H

#include "pprof/write-sample.h"

/* Sorts the labels of each set, and the sets.  O(labels log labels).  ENOMEM, ELIMIT. */
int th_pprof_labels_sort(th_pprof_writer *writer);
void th_pprof_labels_release(th_pprof_writer *writer);

/* The place of a set in the order of the sets. */
static inline uint32_t th_pprof_labels_rank(const th_pprof_writer *writer, uint32_t set) {
  return set == TH_NO_LABELS ? 0 : writer->label_ranks[set - 1] + 1;
}

/* Puts the labels of a set behind `n` others.  Returns how many there are then. */
uint32_t th_pprof_labels_put(th_pprof_writer *writer, uint32_t set, struct th_pprof_label *labels, uint32_t n);

#endif
