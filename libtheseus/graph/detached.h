/* SPDX-License-Identifier: ISC */
/* detached - edges of the Wait of detached heads.
 *
 * For each head there is the path `[detached]` > the head's function > the frames of the place below `base`.  The base
 * is the head's own stack, if the place is below it.  Else it is the lowest stack that is properly above both.  The
 * parts of one head with one base are a tree. */
#ifndef TH_GRAPH_DETACHED_H
#define TH_GRAPH_DETACHED_H

#include "graph/frames.h"

/* Notes a cell of detached Wait.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_detached_add(struct th_projection *p, const theseus_cell_info *cell);

/* Adds the edges and self costs of all that was noted.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_detached_project(struct th_projection *p);

/* Counts the spans of each stack once on each edge of which it is the callee.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_detached_count(struct th_projection *p);

#endif
