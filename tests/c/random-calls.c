/* SPDX-License-Identifier: ISC */
/* A failure means what tests/fuzz/calls.c says.  This runs it on bytes drawn at random, always the same ones; its
 * messages are on stderr, where it aborts. */
#include "tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { PROGRAMS = 300, LONGEST = 3000 };

int main(void) {
  uint64_t state = 7;
  uint8_t bytes[LONGEST];
  for (uint32_t i = 0; i < PROGRAMS; i++) {
    size_t size = 20 + i * (LONGEST - 20) / PROGRAMS;
    for (size_t at = 0; at < size; at++) {
      state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      bytes[at] = (uint8_t)(state >> 56);
    }
    ok(LLVMFuzzerTestOneInput(bytes, size) == 0, "a program of %zu bytes", size);
  }
  return done();
}
