/* SPDX-License-Identifier: ISC */
/* strings - each distinct text once, known by a number.
 *
 * The texts lie in chunks that never move, so a pointer to one is good until the table is freed. */
#ifndef TH_STRINGS_H
#define TH_STRINGS_H

#include "base/map.h"

struct th_text {
  const char *bytes; /* ends with NUL, which `length` does not count */
  uint32_t length;
};

typedef struct th_strings {
  struct th_text *texts;
  uint32_t count, capacity;
  struct th_chunk *chunks; /* the first one is being filled */
  th_map map;
} th_strings;

/* Returns the number of a text, creating it if necessary.  O(length).  ENOMEM, EOVERFLOW (a text of 4 GB, or too many
 * texts). */
int th_strings_intern(th_strings *strings, th_alloc *alloc, const char *bytes, size_t length, uint32_t *out);

/* The same, for a text that is cleaned first (see text.h).  ENOMEM, ELIMIT, EOVERFLOW. */
int th_strings_intern_clean(th_strings *strings, th_alloc *alloc, const char *bytes, size_t length, uint32_t *out);

/* Returns the text with a number, which must exist. */
static inline const char *th_strings_get(const th_strings *strings, uint32_t id) { return strings->texts[id].bytes; }

/* The number that a text of one table has in another; TH_NONE stays.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_strings_copy(const th_strings *from, uint32_t text, th_strings *into, th_alloc *alloc, uint32_t *out);

void th_strings_free(th_strings *strings, th_alloc *alloc);

#endif
