/* SPDX-License-Identifier: ISC */
/* A failure means that some file crashes or hangs the callgrind reader, or is not read as promised.  A file that is
 * refused leaves the graph as it was.  However a file is cut into pieces, it is read the same.  What has been read is
 * written so that it reads back the same. */
#include "theseus.h"

#include <stdlib.h>
#include <string.h>

struct text {
  char *bytes;
  size_t size;
};

#define MUST(condition) ((condition) ? (void)0 : abort())

static int keep(void *opaque, const void *bytes, size_t size) {
  struct text *text = opaque;
  text->bytes = realloc(text->bytes, text->size + size);
  MUST(text->bytes);
  memcpy(text->bytes + text->size, bytes, size);
  text->size += size;
  return 0;
}

/* False when a total does not fit. */
static int write_text(const theseus_graph *graph, struct text *text) {
  theseus_sink sink = {keep, text};
  *text = (struct text){NULL, 0};
  int status = theseus_callgrind_write(graph, &sink);
  MUST(status == THESEUS_OK || status == THESEUS_EOVERFLOW || status == THESEUS_ELIMIT);
  return status == THESEUS_OK;
}

static theseus_graph *new_graph(void) {
  theseus_graph_options options = {.size = sizeof options, .memory_limit = 200u << 20};
  theseus_graph *graph;
  MUST(theseus_graph_new(&options, &graph) == THESEUS_OK);
  return graph;
}

static int read_cut(theseus_graph *graph, const uint8_t *bytes, size_t size, size_t piece, uint32_t flags) {
  theseus_callgrind_options options = {.size = sizeof options, .flags = flags};
  theseus_callgrind_reader_info info = {.size = sizeof info};
  theseus_callgrind_reader *reader;
  MUST(theseus_callgrind_reader_new(graph, &options, &reader) == THESEUS_OK);
  int status = theseus_callgrind_reader_begin(reader, NULL);
  for (size_t at = 0; at < size && !status; at += piece)
    status = theseus_callgrind_reader_feed(reader, bytes + at, size - at < piece ? size - at : piece);
  if (!status)
    status = theseus_callgrind_reader_finish(reader);
  MUST(theseus_callgrind_reader_info_get(reader, &info) == THESEUS_OK);
  MUST((status != THESEUS_OK) == (info.error[0] != '\0'));
  MUST(!(flags & THESEUS_STRICT) || info.warnings == 0);
  theseus_callgrind_reader_free(reader);
  return status;
}

static void are_same(const struct text *a, const struct text *b) {
  MUST(a->size == b->size && (!a->size || memcmp(a->bytes, b->bytes, a->size) == 0));
}

static void read_back(const struct text *wanted) {
  theseus_graph *again = new_graph();
  struct text text;
  MUST(read_cut(again, (const uint8_t *)wanted->bytes, wanted->size, SIZE_MAX, THESEUS_STRICT) == THESEUS_OK);
  MUST(write_text(again, &text));
  are_same(&text, wanted);
  free(text.bytes);
  theseus_graph_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const char before[] = "events: E Ir\nfn=main\n1 2 3\ncfn=f\ncalls=1 1\n2 3\n";
  theseus_graph *graph = new_graph(), *cut = new_graph();
  struct text text = {NULL, 0}, other = {NULL, 0};

  int status = read_cut(graph, bytes, size, SIZE_MAX, 0);
  MUST(read_cut(cut, bytes, size, 1 + size / 7 % 13, 0) == status);
  if (write_text(graph, &text) && write_text(cut, &other)) {
    are_same(&text, &other);
    read_back(&text);
  }
  free(text.bytes);
  free(other.bytes);
  theseus_graph_free(graph);
  theseus_graph_free(cut);

  graph = new_graph();
  MUST(theseus_callgrind_read(graph, NULL, before, sizeof before - 1) == THESEUS_OK && write_text(graph, &text));
  if (read_cut(graph, bytes, size, 64, THESEUS_STRICT) != THESEUS_OK) {
    MUST(write_text(graph, &other));
    are_same(&text, &other);
    free(other.bytes);
  }
  free(text.bytes);
  theseus_graph_free(graph);
  return 0;
}
