/* SPDX-License-Identifier: ISC */
/* columns - the events of all inputs.
 *
 * A column's position, long name and unit come from the first input that has them, whichever thread reads that input
 * first.  So the columns of the output do not depend on the threads.
 *
 * The columns Deferreds and Operations are one.  If both occur, it is called Operations. */
#ifndef THESEUS_MERGE_COLUMNS_H
#define THESEUS_MERGE_COLUMNS_H

#include "theseus.h"

#include <stdbool.h>

struct column {
  char *name, *long_name, *unit;
  size_t input;      /* the number of the first input that has the event */
  uint32_t position; /* of the event in that input */
  size_t named_by;   /* the number of the input that `long_name` comes from */
};

struct columns {
  struct column *items;
  uint32_t count;
  bool both_names; /* inputs have Deferreds, and others have Operations */
};

/* Adds an event of an input. */
void columns_add(struct columns *columns, const theseus_event_info *event, size_t input, uint32_t position);

/* True if both are names of the same column. */
bool columns_same_name(const char *a, const char *b);

/* Returns the number of the column of n that a user names: `Time` is `Time_(10ns)` too, if nothing else is.  n:
 * none. */
uint32_t columns_named(const theseus_event_info *events, uint32_t n, const char *name);

/* Gives a column the name and the long name that the event has in the sum of all inputs, where inputs do not tell
 * them: the column has no long name, or inputs call the operations differently. */
void columns_name(struct columns *columns, const theseus_event_info *event);

/* Returns the unit that other inputs have for this event, if it is another one; else NULL. */
const char *columns_other_unit(const struct columns *columns, const theseus_event_info *event);

/* Sorts the columns as they first appear: by input, then by position. */
void columns_sort(struct columns *columns);

/* The column as an event, whose texts are owned by the column. */
theseus_event_info column_event(const struct column *column);

void columns_free(struct columns *columns);

#endif
