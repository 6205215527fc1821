/* SPDX-License-Identifier: ISC */
#include "merge/columns.h"

#include "merge/say.h"

#include <stdlib.h>
#include <string.h>

static void replace(char **text, const char *by) {
  free(*text);
  *text = strdup_or_exit(by);
}

static bool is_operations(const char *name) {
  return strcmp(name, "Operations") == 0 || strcmp(name, "Deferreds") == 0;
}

bool columns_same_name(const char *a, const char *b) {
  return strcmp(a, b) == 0 || (is_operations(a) && is_operations(b));
}

static struct column *find(const struct columns *columns, const char *name) {
  for (uint32_t i = 0; i < columns->count; i++)
    if (columns_same_name(columns->items[i].name, name))
      return &columns->items[i];
  return NULL;
}

/* A column that has both names is called Operations, and has the long name that came with this one. */
static void join_names(struct column *column, const theseus_event_info *event, size_t input) {
  if (strcmp(event->name, "Operations") != 0)
    return;
  replace(&column->name, event->name);
  replace(&column->long_name, event->long_name);
  column->named_by = input;
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
  if (strcmp(event->name, column->name) != 0) {
    columns->both_names = true;
    join_names(column, event, input);
  } else if (*event->long_name && (!*column->long_name || input < column->named_by)) {
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

uint32_t columns_named(const theseus_event_info *events, uint32_t n, const char *name) {
  size_t length = strlen(name);
  uint32_t i = 0;
  while (i < n && !columns_same_name(events[i].name, name))
    i++;
  if (i < n)
    return i;
  for (i = 0; i < n; i++)
    if (strncmp(events[i].name, name, length) == 0 && strncmp(events[i].name + length, "_(", 2) == 0)
      return i;
  return n;
}

static bool is_built_in(const char *name) {
  static const char *const names[] = {"Wait", "Latency", "Operations", "Failed", "Pending"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (columns_same_name(name, names[i]))
      return true;
  return false;
}

void columns_name(struct columns *columns, const theseus_event_info *event) {
  struct column *column = find(columns, event->name);
  if (!column)
    return;
  if (strcmp(event->name, column->name) != 0 || !*column->long_name ||
      (columns->both_names && is_built_in(event->name))) {
    replace(&column->name, event->name);
    replace(&column->long_name, event->long_name);
  }
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
