/* SPDX-License-Identifier: ISC */
/* strings - each distinct text once, known by a number.
 *
 * The texts lie in chunks that never move, so a pointer to one is good until the table is freed. */
#ifndef TH_STRINGS_H
#define TH_STRINGS_H

#include "base/map.h"

struct th_text {
  const char *bytes; /* ended by NUL, which `length` does not count */
  uint32_t length;
  uint32_t note; /* the owner's, 0 at first: nothing here looks at it */
};

typedef struct th_strings {
  struct th_text *texts;
  uint32_t count, capacity;
  struct th_chunk *chunks; /* the one that is being filled first */
  th_map map;
} th_strings;

/* The number of a text, which is new when the text is.  O(length).  ENOMEM, EOVERFLOW (a text of 4 GB, too many). */
int th_strings_intern(th_strings *strings, th_alloc *alloc, const char *bytes, size_t length, uint32_t *out);

/* The same of a text that is made fit for a file first (see text.h).  ENOMEM, ELIMIT, EOVERFLOW. */
int th_strings_intern_clean(th_strings *strings, th_alloc *alloc, const char *bytes, size_t length, uint32_t *out);

/* The text of a number that is known to exist. */
static inline const char *th_strings_get(const th_strings *strings, uint32_t id) { return strings->texts[id].bytes; }

void th_strings_free(th_strings *strings, th_alloc *alloc);

#endif
