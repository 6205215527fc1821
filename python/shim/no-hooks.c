/* SPDX-License-Identifier: ISC */
/* no-hooks - what stands for all of the shim but buffer.c where there is no CPython: the portable hook and ffi.gc() do without it. */
#include "shim.h"

int shim_types(uintptr_t list) {
  (void)list;
  return -1;
}

int shim_own(uintptr_t list, theseus_profile *profile) {
  (void)list, (void)profile;
  return -1;
}
