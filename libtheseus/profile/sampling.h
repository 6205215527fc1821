/* SPDX-License-Identifier: ISC */
/* sampling - what a profile of samples says beside them: what was sampled and how often, which column comes first,
 * which frames a tool hides, comments, and the files that were mapped.
 *
 * Merging keeps what the profiles agree about.  A profile that says nothing agrees with all.  What they disagree about
 * is dropped for good, and a bit of `dropped` remains. */
#ifndef TH_SAMPLING_H
#define TH_SAMPLING_H

#include "base/strings.h"

enum { TH_MAX_COMMENTS = 4096 };
enum th_sampling_text {
  TH_PERIOD_TYPE,
  TH_PERIOD_UNIT,
  TH_DEFAULT_TYPE,
  TH_DROP_FRAMES,
  TH_KEEP_FRAMES,
  TH_SAMPLING_TEXTS
};

/* A mapped file: the object that functions are in. */
struct th_mapping {
  uint32_t file, build_id; /* texts; TH_NONE: not known */
  uint64_t start, limit, offset;
  bool no_build_id, no_addresses; /* dropped */
};

typedef struct th_sampling {
  uint32_t texts[TH_SAMPLING_TEXTS]; /* TH_NONE: not known */
  uint64_t period;                   /* 0: not known */
  uint32_t dropped;                  /* of enum theseus_dropped */
  uint32_t *comments;                /* texts, each once */
  uint32_t comment_count, comment_capacity;
  struct th_mapping *mappings;
  uint32_t mapping_count, mapping_capacity;
  th_map mapping_map;
} th_sampling;

void th_sampling_init(th_sampling *sampling);
void th_sampling_free(th_sampling *sampling, th_alloc *alloc);

/* Adds a comment, unless it has that comment, or has TH_MAX_COMMENTS.  O(comments).  ENOMEM, ELIMIT, EOVERFLOW. */
int th_sampling_comment(th_sampling *sampling, th_alloc *alloc, uint32_t text);

/* Adds a mapping; one of the same file is joined with it.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_sampling_map(th_sampling *sampling, th_alloc *alloc, const struct th_mapping *mapping);

/* Returns the mapping of a file, NULL: none is known. */
const struct th_mapping *th_sampling_mapping(const th_sampling *sampling, uint32_t file);

/* True if both may be merged: they do not sample different things.  `a` and `b` have texts of different tables. */
bool th_sampling_fits(const th_sampling *a, const th_strings *texts_of_a, const th_sampling *b,
                      const th_strings *texts_of_b);

/* Makes room for what th_sampling_join() adds.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_sampling_reserve(th_sampling *into, th_alloc *alloc, const th_sampling *from);

/* Joins `from`, whose texts are of the table of `into`, with it.  Room was reserved: cannot fail. */
void th_sampling_join(th_sampling *into, th_alloc *alloc, const th_sampling *from);

/* A copy of `from`, with texts of another table.  ENOMEM, ELIMIT, EOVERFLOW; `out` is to be freed in any case. */
int th_sampling_rename(const th_sampling *from, const th_strings *texts, th_strings *others, th_alloc *alloc,
                       th_sampling *out);

#endif
