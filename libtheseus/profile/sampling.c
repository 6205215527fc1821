/* SPDX-License-Identifier: ISC */
#include "profile/sampling.h"

#include <string.h>

void th_sampling_init(th_sampling *sampling) {
  *sampling = (th_sampling){.period = 0};
  for (int i = 0; i < TH_SAMPLING_TEXTS; i++)
    sampling->texts[i] = TH_NONE;
}

void th_sampling_free(th_sampling *sampling, th_alloc *alloc) {
  th_alloc_free(alloc, sampling->comments, sampling->comment_capacity, sizeof *sampling->comments);
  th_alloc_free(alloc, sampling->mappings, sampling->mapping_capacity, sizeof *sampling->mappings);
  th_map_free(&sampling->mapping_map, alloc);
  th_sampling_init(sampling);
}

/* ---- comments ---- */

int th_sampling_comment(th_sampling *sampling, th_alloc *alloc, uint32_t text) {
  for (uint32_t i = 0; i < sampling->comment_count; i++)
    if (sampling->comments[i] == text)
      return THESEUS_OK;
  if (sampling->comment_count == TH_MAX_COMMENTS) {
    sampling->dropped |= THESEUS_DROPPED_COMMENTS;
    return THESEUS_OK;
  }
  int status = th_alloc_grow(alloc, &sampling->comments, &sampling->comment_capacity,
                             (uint64_t)sampling->comment_count + 1, sizeof *sampling->comments);
  if (!status)
    sampling->comments[sampling->comment_count++] = text;
  return status;
}

/* ---- mappings ---- */

static bool same_file(const void *owner, uint32_t index, const void *key) {
  return ((const th_sampling *)owner)->mappings[index].file == *(const uint32_t *)key;
}

static uint32_t find_mapping(const th_sampling *sampling, uint32_t file) {
  return th_map_find(&sampling->mapping_map, th_hash_words(&file, 1), same_file, sampling, &file);
}

const struct th_mapping *th_sampling_mapping(const th_sampling *sampling, uint32_t file) {
  uint32_t i = find_mapping(sampling, file);
  return i == TH_NONE ? NULL : &sampling->mappings[i];
}

static bool has_addresses(const struct th_mapping *mapping) {
  return mapping->start || mapping->limit || mapping->offset;
}

static bool same_addresses(const struct th_mapping *a, const struct th_mapping *b) {
  return a->start == b->start && a->limit == b->limit && a->offset == b->offset;
}

static void drop_build_id(th_sampling *sampling, struct th_mapping *known) {
  known->build_id = TH_NONE;
  known->no_build_id = true;
  sampling->dropped |= THESEUS_DROPPED_BUILD_ID;
}

/* No location has an address, so nobody misses these: they differ wherever a program is loaded elsewhere. */
static void drop_addresses(struct th_mapping *known) {
  known->start = known->limit = known->offset = 0;
  known->no_addresses = true;
}

static void join_mapping(th_sampling *sampling, struct th_mapping *known, const struct th_mapping *other) {
  if (known->no_build_id || other->no_build_id ||
      (known->build_id != TH_NONE && other->build_id != TH_NONE && known->build_id != other->build_id))
    drop_build_id(sampling, known);
  else if (known->build_id == TH_NONE)
    known->build_id = other->build_id;
  if (known->no_addresses || other->no_addresses ||
      (has_addresses(known) && has_addresses(other) && !same_addresses(known, other))) {
    drop_addresses(known);
  } else if (!has_addresses(known)) {
    known->start = other->start;
    known->limit = other->limit;
    known->offset = other->offset;
  }
}

int th_sampling_map(th_sampling *sampling, th_alloc *alloc, const struct th_mapping *mapping) {
  uint32_t i = find_mapping(sampling, mapping->file);
  if (i != TH_NONE) {
    join_mapping(sampling, &sampling->mappings[i], mapping);
    return THESEUS_OK;
  }
  int status = th_map_append(&sampling->mapping_map, alloc, th_hash_words(&mapping->file, 1), &sampling->mappings,
                             &sampling->mapping_capacity, sampling->mapping_count, sizeof *mapping);
  if (!status)
    sampling->mappings[sampling->mapping_count++] = *mapping;
  return status;
}

/* ---- joining ---- */

static bool same_text(uint32_t a, const th_strings *texts_of_a, uint32_t b, const th_strings *texts_of_b) {
  if (a == TH_NONE || b == TH_NONE)
    return true;
  const struct th_text *x = &texts_of_a->texts[a], *y = &texts_of_b->texts[b];
  return x->length == y->length && memcmp(x->bytes, y->bytes, x->length) == 0;
}

bool th_sampling_fits(const th_sampling *a, const th_strings *texts_of_a, const th_sampling *b,
                      const th_strings *texts_of_b) {
  return same_text(a->texts[TH_PERIOD_TYPE], texts_of_a, b->texts[TH_PERIOD_TYPE], texts_of_b) &&
         same_text(a->texts[TH_PERIOD_UNIT], texts_of_a, b->texts[TH_PERIOD_UNIT], texts_of_b);
}

int th_sampling_reserve(th_sampling *into, th_alloc *alloc, const th_sampling *from) {
  int status = th_alloc_grow(alloc, &into->comments, &into->comment_capacity,
                             (uint64_t)into->comment_count + from->comment_count, sizeof *into->comments);
  uint64_t mappings = (uint64_t)into->mapping_count + from->mapping_count;
  if (!status)
    status = th_alloc_grow(alloc, &into->mappings, &into->mapping_capacity, mappings, sizeof *into->mappings);
  return status ? status : th_map_reserve(&into->mapping_map, alloc, mappings);
}

void th_sampling_join(th_sampling *into, th_alloc *alloc, const th_sampling *from) {
  static const uint32_t bits[TH_SAMPLING_TEXTS] = {[TH_DEFAULT_TYPE] = THESEUS_DROPPED_DEFAULT_TYPE,
                                                   [TH_DROP_FRAMES] = THESEUS_DROPPED_FRAMES,
                                                   [TH_KEEP_FRAMES] = THESEUS_DROPPED_FRAMES};
  into->dropped |= from->dropped;
  for (int i = 0; i < TH_SAMPLING_TEXTS; i++)
    if (into->texts[i] != TH_NONE && from->texts[i] != TH_NONE && into->texts[i] != from->texts[i])
      into->dropped |= bits[i];
  for (int i = 0; i < TH_SAMPLING_TEXTS; i++)
    if (into->dropped & bits[i])
      into->texts[i] = TH_NONE;
    else if (into->texts[i] == TH_NONE)
      into->texts[i] = from->texts[i];
  if (into->period && from->period && into->period != from->period)
    into->dropped |= THESEUS_DROPPED_PERIOD;
  if (from->period > into->period)
    into->period = from->period;
  for (uint32_t i = 0; i < from->comment_count; i++)
    (void)th_sampling_comment(into, alloc, from->comments[i]);
  for (uint32_t i = 0; i < from->mapping_count; i++)
    (void)th_sampling_map(into, alloc, &from->mappings[i]);
}

int th_sampling_rename(const th_sampling *from, const th_strings *texts, th_strings *others, th_alloc *alloc,
                       th_sampling *out) {
  int status = THESEUS_OK;
  uint32_t text;

  th_sampling_init(out);
  out->period = from->period;
  out->dropped = from->dropped;
  for (int i = 0; i < TH_SAMPLING_TEXTS && !status; i++)
    status = th_strings_copy(texts, from->texts[i], others, alloc, &out->texts[i]);
  for (uint32_t i = 0; i < from->comment_count && !status; i++) {
    status = th_strings_copy(texts, from->comments[i], others, alloc, &text);
    if (!status)
      status = th_sampling_comment(out, alloc, text);
  }
  for (uint32_t i = 0; i < from->mapping_count && !status; i++) {
    struct th_mapping mapping = from->mappings[i];
    status = th_strings_copy(texts, from->mappings[i].file, others, alloc, &mapping.file);
    if (!status)
      status = th_strings_copy(texts, from->mappings[i].build_id, others, alloc, &mapping.build_id);
    if (!status)
      status = th_sampling_map(out, alloc, &mapping);
  }
  return status;
}
