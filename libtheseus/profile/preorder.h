/* SPDX-License-Identifier: ISC */
/* preorder - the stacks of a profile, in an order that does not depend on when they were made.  A stack comes before
 * the stacks that it calls.  Stacks of one parent are sorted by the line of the call, then by the name, file and first
 * line of the function. */
#ifndef TH_PREORDER_H
#define TH_PREORDER_H

#include "profile/profile.h"

typedef struct th_preorder {
  uint32_t *order;     /* stacks */
  uint32_t *positions; /* of the stacks in it */
  uint32_t count;
} th_preorder;

/* O(n log n).  ENOMEM, ELIMIT. */
int th_preorder_init(th_preorder *preorder, th_alloc *alloc, const theseus_profile *profile);
void th_preorder_free(th_preorder *preorder, th_alloc *alloc);

#endif
