/* SPDX-License-Identifier: ISC */
#include "profile/labels.h"

#include <stdlib.h>
#include <string.h>

/* The labels of a set that is looked for. */
struct wanted {
  const struct th_label *items;
  uint32_t count;
};

static int compare(const void *a, const void *b) {
  const struct th_label *x = a, *y = b;
  if (x->key != y->key)
    return x->key < y->key ? -1 : 1;
  if (x->text != y->text)
    return x->text < y->text ? -1 : 1;
  if (x->number != y->number)
    return x->number < y->number ? -1 : 1;
  return x->unit == y->unit ? 0 : x->unit < y->unit ? -1 : 1;
}

static bool same(const void *owner, uint32_t index, const void *key) {
  const th_labels *labels = owner;
  const struct wanted *wanted = key;
  const struct th_label_set *set = &labels->sets[index];

  if (set->count != wanted->count)
    return false;
  for (uint32_t i = 0; i < set->count; i++)
    if (compare(&labels->items[set->first + i], &wanted->items[i]) != 0)
      return false;
  return true;
}

static uint32_t hash(const struct wanted *wanted) {
  uint32_t h = wanted->count;
  for (uint32_t i = 0; i < wanted->count; i++) {
    const struct th_label *label = &wanted->items[i];
    const uint32_t words[] = {
        h, label->key, label->text, label->unit, (uint32_t)label->number, (uint32_t)(label->number >> 32)};
    h = th_hash_words(words, sizeof words / sizeof *words);
  }
  return h;
}

int th_labels_intern(th_labels *labels, th_alloc *alloc, struct th_label *items, uint32_t n, uint32_t *out) {
  const struct wanted wanted = {items, n};

  if (!n) {
    *out = TH_NO_LABELS;
    return THESEUS_OK;
  }
  qsort(items, n, sizeof *items, compare);
  uint32_t hashed = hash(&wanted), index = th_map_find(&labels->map, hashed, same, labels, &wanted);
  if (index == TH_NONE) {
    int status =
        th_alloc_grow(alloc, &labels->items, &labels->item_capacity, (uint64_t)labels->item_count + n, sizeof *items);
    if (!status)
      status = th_map_append(&labels->map, alloc, hashed, &labels->sets, &labels->capacity, labels->count,
                             sizeof *labels->sets);
    if (status)
      return status;
    index = labels->count++;
    labels->sets[index] = (struct th_label_set){labels->item_count, n};
    memcpy(labels->items + labels->item_count, items, n * sizeof *items);
    labels->item_count += n;
  }
  *out = index + 1;
  return THESEUS_OK;
}

int th_labels_rename(const th_labels *from, const th_strings *texts, uint32_t set, th_labels *into, th_strings *others,
                     th_alloc *alloc, uint32_t *out) {
  uint32_t n;
  const struct th_label *labels = th_labels_get(from, set, &n);
  int status = THESEUS_OK;

  *out = TH_NO_LABELS;
  if (!n)
    return THESEUS_OK;
  struct th_label *copy = th_alloc_zeroed(alloc, n, sizeof *copy);
  if (!copy)
    return th_alloc_why(alloc);
  for (uint32_t i = 0; i < n && !status; i++) {
    uint32_t *const ids[] = {&copy[i].key, &copy[i].text, &copy[i].unit};
    copy[i] = labels[i];
    for (size_t k = 0; k < sizeof ids / sizeof *ids && !status; k++)
      status = th_strings_copy(texts, *ids[k], others, alloc, ids[k]);
  }
  if (!status)
    status = th_labels_intern(into, alloc, copy, n, out);
  th_alloc_free(alloc, copy, n, sizeof *copy);
  return status;
}

void th_labels_free(th_labels *labels, th_alloc *alloc) {
  th_alloc_free(alloc, labels->items, labels->item_capacity, sizeof *labels->items);
  th_alloc_free(alloc, labels->sets, labels->capacity, sizeof *labels->sets);
  th_map_free(&labels->map, alloc);
  memset(labels, 0, sizeof *labels);
}
