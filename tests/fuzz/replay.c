/* SPDX-License-Identifier: ISC */
/* A failure means that a fuzz target finds a fault in a file of its corpus.  Each file is given to the target once, so
 * that `make check` repeats the findings of earlier fuzzing without a fuzzer.  CORPUS is the folder beside this
 * file. */
#include "cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void replay(const char *folder, const char *name) {
  struct text file = load(folder, name);
  must(file.bytes != NULL);
  uint8_t *exact = file.size ? malloc(file.size) : NULL; /* sanitizers and valgrind notice a byte too far */
  if (file.size) {
    must(exact != NULL);
    memcpy(exact, file.bytes, file.size);
  }
  is_int(LLVMFuzzerTestOneInput(exact ? exact : (uint8_t *)file.bytes, file.size), 0, "%s", name);
  free(exact);
  free(file.bytes);
}

int main(void) {
  each_case("fuzz/" CORPUS, 20, replay);
  return done();
}
