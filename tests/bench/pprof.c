/* SPDX-License-Identifier: ISC */
/* pprof - what it costs to merge pprof files, in processor time, beside `go tool pprof -proto` on the same files.
 *
 *     pprof [--json FILE]
 *
 * Two shapes of files, not compressed: of a server that ran for long (thousands of stacks, each with many buckets of
 * latency), and of a sampler (many stacks, up to 40 deep, with little on each).  Half of what a file has is in the
 * others too.  It fails below 150 MB/s, or when Go is faster. */
#include "theseus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 4, FUNCTIONS = 5000, DEPTH = 40, WANTED = 150 };
#define FOLDER "bench-pprof.d"

static const struct shape {
  const char *name;
  uint32_t stacks, records; /* of each stack, on average */
} shapes[] = {{"server", 3000, 60}, {"sampler", 30000, 2}};

static void check(int status, const char *what) {
  if (status) {
    fprintf(stderr, "pprof: %s: %s\n", what, theseus_strerror(status));
    exit(EXIT_FAILURE);
  }
}

static void must(int holds, const char *what) {
  if (!holds) {
    perror(what);
    exit(EXIT_FAILURE);
  }
}

static double seconds(int who) {
  struct rusage usage;
  must(getrusage(who, &usage) == 0, "getrusage");
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- inputs ---- */

static uint64_t state;

static uint32_t below(uint32_t n) { /* xorshift: the same on every machine */
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state % n);
}

static int to_file(void *file, const void *bytes, size_t size) { return fwrite(bytes, 1, size, file) != size; }

/* Each stack goes on from some place of the one before. */
static void add_stacks(theseus_profile *profile, uint64_t seed, uint32_t stacks, uint32_t records) {
  uint32_t path[DEPTH + 1] = {THESEUS_ROOT}, depth = 0;
  state = seed;
  for (uint32_t i = 0; i < stacks; i++) {
    depth = below(depth + 1);
    for (uint32_t more = 1 + below(DEPTH - depth); more--; depth++)
      check(theseus_stack_push(profile, path[depth], below(FUNCTIONS), 1 + below(4), &path[depth + 1]), "push");
    for (uint32_t n = 1 + below(2 * records - 1); n--;) {
      uint64_t latency = below(1000000) * (uint64_t)(1 + below(1000));
      check(theseus_record(profile, path[depth], 1 + below(3), latency, (int)below(3)), "record");
    }
    depth -= depth == DEPTH;
  }
}

static void make_file(const struct shape *shape, const char *path, uint64_t number) {
  const uint64_t seed = UINT64_C(88172645463325252);
  theseus_profile *profile;
  char name[100];

  check(theseus_profile_new(NULL, &profile), "new");
  for (uint32_t i = 0; i < FUNCTIONS; i++) {
    uint32_t function;
    snprintf(name, sizeof name, "package.module%u.Class%u.method%u", (unsigned)i / 100, (unsigned)i / 10, (unsigned)i);
    check(theseus_function_intern(profile, "/srv/package/module.py", name, i % 1000, &function), "function");
  }
  add_stacks(profile, seed, shape->stacks / 2, shape->records);
  add_stacks(profile, seed + 977 * (number + 1), shape->stacks / 2, shape->records);
  FILE *file = fopen(path, "wb");
  must(file != NULL, path);
  const theseus_sink sink = {to_file, file};
  check(theseus_pprof_write(profile, NULL, &sink), "write");
  must(fclose(file) == 0, path);
  theseus_profile_free(profile);
}

/* ---- merging ---- */

static int to_nowhere(void *opaque, const void *bytes, size_t size) { return (void)opaque, (void)bytes, (void)size, 0; }

/* Into a buffer that all files share, as theseus-merge does. */
static const char *read_file(const char *path, size_t *size) {
  static char *bytes;
  static size_t room;
  FILE *file = fopen(path, "rb");
  must(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
  *size = (size_t)ftell(file);
  rewind(file);
  if (*size > room)
    bytes = realloc(bytes, room = 2 * *size);
  must(bytes != NULL && fread(bytes, 1, *size, file) == *size && fclose(file) == 0, path);
  return bytes;
}

/* Reads all, and writes the sum. */
static double ours(char paths[FILES][100], double *megabytes) {
  const theseus_sink sink = {to_nowhere, NULL};
  double before = seconds(RUSAGE_SELF);
  theseus_profile *sum;

  *megabytes = 0;
  check(theseus_profile_new(NULL, &sum), "new");
  for (int i = 0; i < FILES; i++) {
    size_t size;
    const char *bytes = read_file(paths[i], &size);
    check(theseus_pprof_read(sum, bytes, size, NULL), paths[i]);
    *megabytes += (double)size / 1e6;
  }
  check(theseus_pprof_write(sum, NULL, &sink), "write");
  theseus_profile_free(sum);
  return seconds(RUSAGE_SELF) - before;
}

/* 0: it is not here. */
static double of_go(char paths[FILES][100]) {
  char command[1000] = "go tool pprof -proto -output=" FOLDER "/go.pb.gz";
  for (int i = 0; i < FILES; i++) {
    strcat(command, " ");
    strcat(command, paths[i]);
  }
  strcat(command, " >/dev/null 2>&1");
  double before = seconds(RUSAGE_CHILDREN);
  return system(command) == 0 ? seconds(RUSAGE_CHILDREN) - before : 0;
}

int main(int argc, char **argv) {
  FILE *json = argc == 3 && strcmp(argv[1], "--json") == 0 ? fopen(argv[2], "w") : NULL;
  int slow = 0;

  must(mkdir(FOLDER, 0777) == 0 || access(FOLDER, W_OK) == 0, FOLDER);
  if (json)
    fprintf(json, "{");
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
    char paths[FILES][100];
    double megabytes, best = 0;
    for (int i = 0; i < FILES; i++) {
      snprintf(paths[i], sizeof paths[i], FOLDER "/%s-%d.pb", shapes[k].name, i);
      make_file(&shapes[k], paths[i], (uint64_t)i);
    }
    for (int repeat = 0; repeat < 3; repeat++) {
      double took = ours(paths, &megabytes);
      best = repeat && best < took ? best : took;
    }
    double go = of_go(paths), speed = megabytes / best;
    printf("%-8s %4.0f MB in %d files: %.2f s, %.0f MB/s", shapes[k].name, megabytes, FILES, best, speed);
    if (go > 0)
      printf("; go tool pprof %.2f s, %.0f MB/s: %.1f times as long", go, megabytes / go, go / best);
    printf("\n");
    if (json)
      fprintf(json, "%s\"%s\": {\"megabytes\": %.1f, \"seconds\": %.3f, \"go_seconds\": %.3f}", k ? ", " : "",
              shapes[k].name, megabytes, best, go);
    slow |= speed < WANTED || (go > 0 && go < best);
    for (int i = 0; i < FILES; i++)
      unlink(paths[i]);
  }
  if (json)
    fprintf(json, "}\n"), fclose(json);
  unlink(FOLDER "/go.pb.gz");
  rmdir(FOLDER);
  if (slow)
    fprintf(stderr, "pprof: too slow\n");
  return slow ? EXIT_FAILURE : EXIT_SUCCESS;
}
