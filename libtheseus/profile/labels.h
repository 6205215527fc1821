/* SPDX-License-Identifier: ISC */
/* labels - sets of labels, such as the samples of a pprof file have.  A set is known by its number: equal sets have one
 * number.
 *
 *     sets    [ 0: none ][ 1: thread=main ][ 2: thread=main, bytes=16 ] ...
 *     items      [ thread=main ][ bytes=16 | thread=main ] ...             the labels of set 1, of set 2, ... */
#ifndef TH_LABELS_H
#define TH_LABELS_H

#include "base/strings.h"

enum { TH_NO_LABELS = 0 }; /* the number of the empty set */

struct th_label {
  uint32_t key, text, unit; /* texts; `text` is TH_NONE if the value is a number, `unit` if it has none */
  uint64_t number;
};

struct th_label_set {
  uint32_t first, count;
};

typedef struct th_labels {
  struct th_label *items;
  uint32_t item_count, item_capacity;
  struct th_label_set *sets; /* set n is sets[n - 1]: nothing is allocated for the empty one */
  uint32_t count, capacity;
  th_map map;
} th_labels;

/* Returns the labels of a set, and how many they are. */
static inline const struct th_label *th_labels_get(const th_labels *labels, uint32_t set, uint32_t *n) {
  *n = set == TH_NO_LABELS ? 0 : labels->sets[set - 1].count;
  return *n ? labels->items + labels->sets[set - 1].first : NULL;
}

/* Returns the number of a set of `n` labels, creating the set if necessary.  Sorts `items`.  ENOMEM, ELIMIT, EOVERFLOW.
 * */
int th_labels_intern(th_labels *labels, th_alloc *alloc, struct th_label *items, uint32_t n, uint32_t *out);

/* Returns the number that a set has in `into`, whose texts are those of `others`.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_labels_rename(const th_labels *from, const th_strings *texts, uint32_t set, th_labels *into, th_strings *others,
                     th_alloc *alloc, uint32_t *out);

void th_labels_free(th_labels *labels, th_alloc *alloc);

#endif
