/* SPDX-License-Identifier: ISC */
/* sized - the structs of the public header that begin with their size.
 *
 * The size is the one that the caller was compiled with.  A caller that is older than the library has a shorter struct,
 * and a newer one a longer struct; only the members that both know are copied.  The functions are inline, as nearly all
 * sizes are equal, and compilers copy a known number of bytes fast. */
#ifndef TH_SIZED_H
#define TH_SIZED_H

#include "theseus.h"

#include <string.h>

/* Copies the caller's struct `from` over `to`, which holds the defaults and is `size` bytes long.  If `from` is NULL,
 * the defaults stay.  EINVAL: `from` has no member besides its size. */
static inline int th_take(void *to, size_t size, const void *from) {
  size_t given;
  if (!from)
    return THESEUS_OK;
  memcpy(&given, from, sizeof given);
  if (given == size) {
    memcpy(to, from, size);
    return THESEUS_OK;
  }
  if (given <= sizeof given)
    return THESEUS_EINVAL;
  memcpy(to, from, given < size ? given : size);
  return THESEUS_OK;
}

/* Behind th_give: the sizes differ. */
int th_give_other(void *to, size_t wanted, const void *from, size_t size);

/* Copies `from`, which is `size` bytes long, to the caller's struct `to`, whose own size stays.  Members that only the
 * caller knows become 0.  EINVAL: `to` is NULL, or has no member besides its size. */
static inline int th_give(void *to, const void *from, size_t size) {
  size_t wanted;
  if (!to)
    return THESEUS_EINVAL;
  memcpy(&wanted, to, sizeof wanted);
  if (wanted != size)
    return th_give_other(to, wanted, from, size);
  memcpy((char *)to + sizeof wanted, (const char *)from + sizeof wanted, size - sizeof wanted);
  return THESEUS_OK;
}

#endif
