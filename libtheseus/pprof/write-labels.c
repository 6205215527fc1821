/* SPDX-License-Identifier: ISC */
#include "pprof/write-labels.h"
#include "base/sort.h"

#include <string.h>

/* -1, 0 or 1.  A text that is not there comes before all others. */
static int compare_texts(const th_strings *strings, uint32_t a, uint32_t b) {
  if (a == b)
    return 0;
  if (a == TH_NONE || b == TH_NONE)
    return a == TH_NONE ? -1 : 1;
  int order = strcmp(th_strings_get(strings, a), th_strings_get(strings, b));
  return order < 0 ? -1 : order > 0;
}

static int compare_labels(const theseus_profile *profile, uint32_t a, uint32_t b) {
  const struct th_label *x = &profile->labels.items[a], *y = &profile->labels.items[b];
  int order = compare_texts(&profile->strings, x->key, y->key);
  if (!order)
    order = compare_texts(&profile->strings, x->text, y->text);
  if (!order && x->number != y->number)
    order = x->number < y->number ? -1 : 1;
  return order ? order : compare_texts(&profile->strings, x->unit, y->unit);
}

static bool label_less(const void *owner, uint32_t a, uint32_t b) { return compare_labels(owner, a, b) < 0; }

static bool set_less(const void *owner, uint32_t a, uint32_t b) {
  const th_pprof_writer *writer = owner;
  const struct th_label_set *x = &writer->profile->labels.sets[a], *y = &writer->profile->labels.sets[b];

  for (uint32_t i = 0; i < x->count && i < y->count; i++) {
    int order = compare_labels(writer->profile, writer->label_order[x->first + i], writer->label_order[y->first + i]);
    if (order)
      return order < 0;
  }
  return x->count < y->count;
}

int th_pprof_labels_sort(th_pprof_writer *writer) {
  const th_labels *labels = &writer->profile->labels;
  th_alloc *alloc = &writer->alloc;

  if (!labels->count)
    return THESEUS_OK;
  size_t room = (size_t)labels->item_count + labels->count;
  uint32_t *spare = th_alloc_zeroed(alloc, room, sizeof *spare);
  writer->label_order = th_alloc_zeroed(alloc, labels->item_count, sizeof *writer->label_order);
  writer->label_ranks = th_alloc_zeroed(alloc, labels->count, sizeof *writer->label_ranks);
  uint32_t *sets = th_alloc_zeroed(alloc, labels->count, sizeof *sets);
  bool failed = !spare || !writer->label_order || !writer->label_ranks || !sets;
  for (uint32_t i = 0; !failed && i < labels->item_count; i++)
    writer->label_order[i] = i;
  for (uint32_t i = 0; !failed && i < labels->count; i++) {
    sets[i] = i;
    th_sort(writer->label_order + labels->sets[i].first, labels->sets[i].count, spare, label_less, writer->profile);
  }
  if (!failed)
    th_sort(sets, labels->count, spare, set_less, writer);
  for (uint32_t i = 0; !failed && i < labels->count; i++)
    writer->label_ranks[sets[i]] = i;
  th_alloc_free(alloc, spare, room, sizeof *spare);
  th_alloc_free(alloc, sets, labels->count, sizeof *sets);
  return failed ? th_alloc_why(alloc) : THESEUS_OK;
}

void th_pprof_labels_release(th_pprof_writer *writer) {
  const th_labels *labels = &writer->profile->labels;
  th_alloc_free(&writer->alloc, writer->label_order, labels->item_count, sizeof *writer->label_order);
  th_alloc_free(&writer->alloc, writer->label_ranks, labels->count, sizeof *writer->label_ranks);
}

static uint32_t put_text(th_pprof_writer *writer, uint32_t text) {
  return text == TH_NONE ? 0 : th_pprof_text(writer, th_strings_get(&writer->profile->strings, text));
}

uint32_t th_pprof_labels_put(th_pprof_writer *writer, uint32_t set, struct th_pprof_label *labels, uint32_t n) {
  uint32_t count;
  const struct th_label *items = th_labels_get(&writer->profile->labels, set, &count);

  for (uint32_t i = 0; items && i < count; i++) {
    const struct th_label *label =
        &writer->profile->labels.items[writer->label_order[writer->profile->labels.sets[set - 1].first + i]];
    labels[n++] = (struct th_pprof_label){.key = put_text(writer, label->key),
                                          .string = put_text(writer, label->text),
                                          .number = label->number,
                                          .unit = put_text(writer, label->unit)};
  }
  return n;
}
