/* SPDX-License-Identifier: ISC */
/* alloc - memory of an object: taken from the caller's allocator, counted, and limited. */
#ifndef TH_ALLOC_H
#define TH_ALLOC_H

#include "base/failure.h"
#include "theseus.h"

#include <stdbool.h>

typedef struct th_alloc {
  theseus_allocator user;
  uint64_t used;      /* bytes taken and not given back */
  uint64_t limit;     /* the most that `used` may be; UINT64_MAX: no limit */
  uint64_t refused;   /* number of requests that the limit refused */
  bool limited;       /* the limit refused the last request */
  th_failure failure; /* the last one of the object that takes the memory */
} th_alloc;

/* Initialises an allocator.  If `user` is NULL, it uses malloc.  A limit of 0 means no limit.  EINVAL: `user` lacks a
 * function. */
int th_alloc_init(th_alloc *alloc, const theseus_allocator *user, uint64_t limit);

/* Returns a zeroed block of `count` items of `size` bytes, both greater than 0.  Returns NULL on failure, and if
 * count * size overflows. */
void *th_alloc_zeroed(th_alloc *alloc, size_t count, size_t size);

/* Returns why the last allocation returned NULL: ENOMEM or ELIMIT.  Inline, so that gcc -fanalyzer sees that it is
 * never THESEUS_OK. */
static inline int th_alloc_why(const th_alloc *alloc) { return alloc->limited ? THESEUS_ELIMIT : THESEUS_ENOMEM; }

/* Makes room for `needed` items of `size` bytes in an array that has room for *capacity, growing by halves, so that
 * appending is O(1) amortised.  Does nothing if there is room.  *array and *capacity are as before on failure.
 * ENOMEM, ELIMIT; EOVERFLOW beyond 2^32 - 2 items. */
int th_alloc_grow(th_alloc *alloc, void *array, uint32_t *capacity, uint64_t needed, size_t size);

/* Frees a block.  `count` and `size` must be those with which it was allocated, or last grown.  NULL is allowed. */
void th_alloc_free(th_alloc *alloc, void *block, size_t count, size_t size);

#endif
