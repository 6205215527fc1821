/* SPDX-License-Identifier: ISC */
/* alloc - every byte that an object takes, through its caller's allocator, counted. */
#ifndef TH_ALLOC_H
#define TH_ALLOC_H

#include "base/failure.h"
#include "theseus.h"

#include <stdbool.h>

typedef struct th_alloc {
  theseus_allocator user;
  uint64_t used;      /* bytes taken and not given back */
  uint64_t limit;     /* which `used` does not exceed; UINT64_MAX: none */
  uint64_t refused;   /* how often it would have */
  bool limited;       /* and that was the reason for the last failure */
  th_failure failure; /* the last one of the object that takes the memory */
} th_alloc;

/* `user` may be NULL: then the memory is malloc's.  A limit of 0 is none.  EINVAL: `user` lacks a function. */
int th_alloc_init(th_alloc *alloc, const theseus_allocator *user, uint64_t limit);

/* Zeroed; NULL on failure, and on overflow of count * size.  Neither may be 0. */
void *th_alloc_zeroed(th_alloc *alloc, size_t count, size_t size);

/* Returns why the last allocation returned NULL: ENOMEM or ELIMIT.  Inline, so that gcc -fanalyzer sees that it is
 * never THESEUS_OK. */
static inline int th_alloc_why(const th_alloc *alloc) { return alloc->limited ? THESEUS_ELIMIT : THESEUS_ENOMEM; }

/* Makes room for `needed` items of `size` bytes in an array that has room for *capacity, growing by halves, so that
 * appending is O(1) amortised.  Does nothing if there is room.  *array and *capacity are as before on failure.
 * ENOMEM, ELIMIT; EOVERFLOW beyond 2^32 - 2 items. */
int th_alloc_grow(th_alloc *alloc, void *array, uint32_t *capacity, uint64_t needed, size_t size);

/* `count` and `size` are those that the block was made, or last grown, with. */
void th_alloc_free(th_alloc *alloc, void *block, size_t count, size_t size);

#endif
