/* SPDX-License-Identifier: ISC */
#include "base/sized.h"

int th_give_other(void *to, size_t wanted, const void *from, size_t size) {
  if (wanted <= sizeof wanted)
    return THESEUS_EINVAL;
  if (wanted > size) {
    memset((char *)to + size, 0, wanted - size);
    wanted = size;
  }
  memcpy((char *)to + sizeof wanted, (const char *)from + sizeof wanted, wanted - sizeof wanted);
  return THESEUS_OK;
}
