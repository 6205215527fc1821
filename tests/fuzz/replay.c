/* SPDX-License-Identifier: ISC */
/* Gives every file of a fuzz target's corpus to the target, once: what fuzzing has found is tried in each `make check`, without a
 * fuzzer.  CORPUS is the folder beside this file. */
#include "tap.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void replay(const char *path, const char *name) {
  FILE *file = fopen(path, "rb");
  must(file != NULL && fseek(file, 0, SEEK_END) == 0);
  long size = ftell(file);
  rewind(file);
  uint8_t *bytes = malloc((size_t)size + 1);
  must(bytes != NULL && size >= 0 && fread(bytes, 1, (size_t)size, file) == (size_t)size);
  fclose(file);
  uint8_t *exact = size ? malloc((size_t)size) : NULL; /* a byte too far is found by sanitizers and valgrind */
  if (size)
    memcpy(exact, bytes, (size_t)size);
  is_int(LLVMFuzzerTestOneInput(exact ? exact : bytes, (size_t)size), 0, "%s", name);
  free(exact);
  free(bytes);
}

int main(void) {
  const char *source = getenv("srcdir");
  char folder[2000], path[3000], *names[2000];
  size_t count = 0;
  struct dirent *entry;

  snprintf(folder, sizeof folder, "%s/tests/fuzz/" CORPUS, source ? source : ".");
  DIR *directory = opendir(folder);
  must(directory != NULL);
  while ((entry = readdir(directory)) != NULL && count < sizeof names / sizeof *names)
    if (entry->d_name[0] != '.') {
      names[count] = strdup(entry->d_name);
      must(names[count++] != NULL);
    }
  closedir(directory);
  ok(count > 10, "there is a corpus");
  qsort(names, count, sizeof *names, by_name);
  for (size_t i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    replay(path, names[i]);
    free(names[i]);
  }
  return done();
}
