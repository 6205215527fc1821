/* SPDX-License-Identifier: ISC */
/* columns - the events of all inputs.
 *
 * A column's position, long name and unit come from the first input that has them, whichever thread reads that input
 * first.  So the columns of the output do not depend on the threads. */
#ifndef THESEUS_MERGE_COLUMNS_H
#define THESEUS_MERGE_COLUMNS_H

#include "theseus.h"

struct column {
  char *name, *long_name, *unit;
  size_t input;      /* the number of the first input that has the event */
  uint32_t position; /* of the event in that input */
  size_t named_by;   /* the number of the input that `long_name` comes from */
};

struct columns {
  struct column *items;
  uint32_t count;
};

/* Adds an event of an input. */
void columns_add(struct columns *columns, const theseus_event_info *event, size_t input, uint32_t position);

/* Returns the unit that other inputs have for this event, if it is another one; else NULL. */
const char *columns_other_unit(const struct columns *columns, const theseus_event_info *event);

/* Sorts the columns as they first appear: by input, then by position. */
void columns_sort(struct columns *columns);

/* The column as an event, whose texts are owned by the column. */
theseus_event_info column_event(const struct column *column);

void columns_free(struct columns *columns);

#endif
