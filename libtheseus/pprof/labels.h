/* SPDX-License-Identifier: ISC */
/* labels - the labels of a sample: those of ours, which have a meaning, and all others, which cells keep. */
#ifndef TH_PPROF_LABELS_H
#define TH_PPROF_LABELS_H

#include "pprof/tables.h"
#include "profile/labels.h"

/* Reads the labels of one sample after the other. */
typedef struct th_pprof_labels {
  const th_pprof_tables *tables;
  theseus_profile *profile;
  uint64_t sample;       /* its number */
  bool ours;             /* the file has the sample types of ours */
  unsigned char *words;  /* by string: what it means */
  uint32_t *texts;       /* by string: the text of the profile; TH_NONE: not interned yet */
  struct th_label *rest; /* labels of this sample that have no meaning */
  uint32_t rest_count, rest_capacity;
} th_pprof_labels;

/* What the labels of a sample mean. */
struct th_pprof_meaning {
  uint32_t outcome; /* of TH_OUTCOME_NAMES */
  bool detached, has_head;
  uint64_t mark, head;
  const struct th_text *head_path;
};

/* `ours` as in th_pprof_events.  ENOMEM, ELIMIT. */
int th_pprof_labels_init(th_pprof_labels *labels, const th_pprof_tables *tables, theseus_profile *profile, bool ours);
void th_pprof_labels_free(th_pprof_labels *labels);

/* Begins a sample, by its number from 1. */
void th_pprof_labels_begin(th_pprof_labels *labels, uint64_t sample, struct th_pprof_meaning *meaning);

/* Reads a label of the sample.  EFORMAT, ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_labels_add(th_pprof_labels *labels, th_bytes message, struct th_pprof_meaning *meaning);

/* Returns the set of the labels without a meaning.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_pprof_labels_set(th_pprof_labels *labels, uint32_t *out);

#endif
