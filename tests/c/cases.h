/* SPDX-License-Identifier: ISC */
/* cases - inputs that are files: a folder for each case, with `input` in it and what should come of it.
 *
 *     tests/data/callgrind/a-negative-cost/input     fn=f …
 *                                          error     EFORMAT 3:3: a cost that is negative
 *
 * A case is added by adding its folder. */
#ifndef CASES_H
#define CASES_H

#include "memory.h"

#include <dirent.h>

/* A file of a folder, with a NUL behind it; to be freed.  `bytes` is NULL if there is no such file. */
static inline struct text load(const char *folder, const char *name) {
  char path[4000];
  struct text text = {NULL, 0};
  must(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
  FILE *file = fopen(path, "rb");
  if (!file)
    return text;
  must(fseek(file, 0, SEEK_END) == 0);
  text.size = (size_t)ftell(file);
  rewind(file);
  text.bytes = malloc(text.size + 1);
  must(text.bytes != NULL && fread(text.bytes, 1, text.size, file) == text.size);
  text.bytes[text.size] = '\0';
  fclose(file);
  return text;
}

static inline int cases_by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Runs each case of tests/`kind`, by name; `folder` is the one that the case is in.  Fewer than `least` are a
 * failure. */
static inline void each_case(const char *kind, size_t least, void (*run)(const char *folder, const char *name)) {
  const char *source = getenv("srcdir");
  char folder[2000], *names[4000];
  size_t count = 0;
  must(snprintf(folder, sizeof folder, "%s/tests/%s", source ? source : ".", kind) < (int)sizeof folder);
  DIR *directory = opendir(folder);
  must(directory != NULL);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
    if (entry->d_name[0] != '.') {
      must(count < sizeof names / sizeof *names);
      names[count] = strdup(entry->d_name);
      must(names[count++] != NULL);
    }
  closedir(directory);
  ok(count >= least, "%s: there are cases", kind);
  qsort(names, count, sizeof *names, cases_by_name);
  for (size_t i = 0; i < count; i++) {
    run(folder, names[i]);
    free(names[i]);
  }
}

/* The status whose name a line begins with, such as `EFORMAT`, and in `rest` what follows it, without the end of the
 * line. */
static inline int named_status(char *line, const char **rest) {
  static const char *const names[] = {"OK",  "ENOMEM",  "EINVAL",   "ESTALE", "ECYCLE", "EOVERFLOW",
                                      "EIO", "EFORMAT", "EVERSION", "EUNIT",  "ELIMIT"};
  size_t length = strcspn(line, " \n");
  line[strcspn(line, "\n")] = '\0';
  *rest = line + length + (line[length] == ' ');
  const int count = (int)(sizeof names / sizeof *names);
  int found = 0;
  while (found < count && (strlen(names[found]) != length || memcmp(names[found], line, length) != 0))
    found++;
  must(found < count); /* a case names a status that there is not */
  return -found;
}

#endif
