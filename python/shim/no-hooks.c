/* SPDX-License-Identifier: ISC */
/* no-hooks - replaces the shim where there is no CPython, except buffer.c.  The portable hook and ffi.gc() need no part
 * of the shim. */
#include "shim.h"

int shim_types(uintptr_t list) {
  (void)list;
  return -1;
}

int shim_own(uintptr_t list, theseus_profile *profile) {
  (void)list, (void)profile;
  return -1;
}

int shim_later(uintptr_t function) {
  (void)function;
  return -1;
}

int shim_signal_take(int which, int number) {
  (void)which, (void)number;
  return -1;
}

int shim_signal_wait(void) { return -1; }

void shim_signal_stop(void) {}
