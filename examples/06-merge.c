/* SPDX-License-Identifier: ISC */
/* 06-merge - profiles added up: a small theseus-merge, through the API.
 *
 *     cc -o 06-merge 06-merge.c $(pkg-config --cflags --libs theseus)
 *     ./01-record a.callgrind a.pb && ./02-spans b.callgrind
 *     ./06-merge callgrind.out.merged a.pb b.callgrind && callgrind_annotate --inclusive=yes callgrind.out.merged
 *
 * Profiles merge with profiles, and keep their stacks; graphs, which is what callgrind holds, merge with graphs.  A
 * mixture is merged as graphs: so pprof files (not compressed: gzip is not the library's business) go into one profile,
 * callgrind files into one graph, and in the end the profile becomes a graph and is added. */
#include <stdio.h>
#include <stdlib.h>
#include <theseus-stdio.h>

static void fail(const char *what, const char *why) {
  fprintf(stderr, "06-merge: %s: %s\n", what, why);
  exit(1);
}

static void check(const char *what, int status) {
  if (status)
    fail(what, theseus_strerror(status));
}

static unsigned char *read_all(FILE *file, size_t *size) {
  unsigned char *bytes = NULL;
  size_t room = 0, got;
  *size = 0;
  do {
    if (*size == room && !(bytes = realloc(bytes, room += room + 65536)))
      fail("memory", "there is none left");
    *size += got = fread(bytes + *size, 1, room - *size, file);
  } while (got);
  return bytes;
}

/* callgrind is text; pprof has control characters from the beginning. */
static int is_pprof(FILE *file) {
  unsigned char head[64];
  size_t size = fread(head, 1, sizeof head, file);
  rewind(file);
  for (size_t i = 0; i < size; i++)
    if (head[i] < '\t' || (head[i] > '\r' && head[i] < ' '))
      return 1;
  return 0;
}

/* A whole file at once: the reader says at which byte it stopped. */
static void read_pprof(theseus_profile *profile, const char *name, FILE *file) {
  theseus_read_error error = {.size = sizeof error};
  size_t size;
  unsigned char *bytes = read_all(file, &size);
  if (theseus_pprof_read(profile, bytes, size, &error)) {
    fprintf(stderr, "06-merge: %s: byte %llu: %s\n", name, (unsigned long long)error.offset, error.text);
    exit(1);
  }
  free(bytes);
}

/* A piece at a time: files of any size. */
static void read_callgrind(theseus_callgrind_reader *reader, const char *name, FILE *file) {
  theseus_callgrind_reader_info info = {.size = sizeof info};
  char piece[65536];
  size_t got;
  int status = theseus_callgrind_reader_begin(reader, name);
  while (!status && (got = fread(piece, 1, sizeof piece, file)) > 0)
    status = theseus_callgrind_reader_feed(reader, piece, got);
  if (!status)
    status = theseus_callgrind_reader_finish(reader);
  if (status) {
    theseus_callgrind_reader_info_get(reader, &info);
    fail(theseus_strerror(status), info.error); /* file:line:column: what */
  }
}

int main(int argc, char **argv) {
  theseus_profile *profile;
  theseus_graph *sum, *projected;
  theseus_callgrind_reader *reader;
  int pprofs = 0;

  if (argc < 3)
    return fprintf(stderr, "usage: 06-merge output input…\n"), 2;
  check("profile", theseus_profile_new(NULL, &profile));
  check("graph", theseus_graph_new(NULL, &sum));
  check("reader", theseus_callgrind_reader_new(sum, NULL, &reader));
  for (int i = 2; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (!file)
      return perror(argv[i]), 1;
    if (is_pprof(file)) {
      read_pprof(profile, argv[i], file);
      check("source", theseus_graph_add_source(sum, argv[i])); /* a profile does not know it */
      pprofs++;
    } else {
      read_callgrind(reader, argv[i], file);
    }
    fclose(file);
  }
  theseus_callgrind_reader_free(reader);
  if (pprofs) {
    check("projection", theseus_graph_from_profile(profile, NULL, &projected));
    check("merge", theseus_graph_merge(sum, projected));
    theseus_graph_free(projected);
  }

  FILE *file = fopen(argv[1], "wb");
  if (!file)
    return perror(argv[1]), 1;
  const theseus_sink sink = theseus_file_sink(file);
  check(argv[1], theseus_callgrind_write(sum, &sink));
  if (fclose(file)) /* what stdio has kept back is written now */
    return perror(argv[1]), 1;
  theseus_graph_free(sum);
  theseus_profile_free(profile);
  return 0;
}
