/* SPDX-License-Identifier: ISC */
#include "merge/columns.h"

#include "merge/say.h"

#include <stdlib.h>
#include <string.h>

static void replace(char **text, const char *by) {
  free(*text);
  *text = strdup_or_exit(by);
}

static struct column *find(const struct columns *columns, const char *name) {
  for (uint32_t i = 0; i < columns->count; i++)
    if (strcmp(columns->items[i].name, name) == 0)
      return &columns->items[i];
  return NULL;
}

void columns_add(struct columns *columns, const theseus_event_info *event, size_t input, uint32_t position) {
  struct column *column = find(columns, event->name);
  if (!column) {
    columns->items = realloc_or_exit(columns->items, (size_t)columns->count + 1, sizeof *column);
    columns->items[columns->count++] = (struct column){.name = strdup_or_exit(event->name),
                                                       .long_name = strdup_or_exit(event->long_name),
                                                       .unit = strdup_or_exit(event->unit),
                                                       .input = input,
                                                       .position = position,
                                                       .named_by = input};
    return;
  }
  if (input < column->input) {
    column->input = input;
    column->position = position;
  }
  if (*event->long_name && (!*column->long_name || input < column->named_by)) {
    replace(&column->long_name, event->long_name);
    column->named_by = input;
  }
  if (!*column->unit)
    replace(&column->unit, event->unit);
}

const char *columns_other_unit(const struct columns *columns, const theseus_event_info *event) {
  const struct column *column = find(columns, event->name);
  if (!column || !*column->unit || !*event->unit || strcmp(column->unit, event->unit) == 0)
    return NULL;
  return column->unit;
}

static int by_appearance(const void *a, const void *b) {
  const struct column *x = a, *y = b;
  if (x->input != y->input)
    return x->input < y->input ? -1 : 1;
  return x->position < y->position ? -1 : x->position > y->position;
}

void columns_sort(struct columns *columns) {
  if (columns->count)
    qsort(columns->items, columns->count, sizeof *columns->items, by_appearance);
}

theseus_event_info column_event(const struct column *column) {
  return (theseus_event_info){sizeof(theseus_event_info), column->name, column->long_name, column->unit};
}

void columns_free(struct columns *columns) {
  for (uint32_t i = 0; i < columns->count; i++) {
    free(columns->items[i].name);
    free(columns->items[i].long_name);
    free(columns->items[i].unit);
  }
  free(columns->items);
}
