/* SPDX-License-Identifier: ISC */
/* callgrind - for tests of the callgrind reader: each of its calls, made with less ado. */
#ifndef CALLGRIND_H
#define CALLGRIND_H

#include "memory.h"

static inline theseus_graph *new_graph(const theseus_allocator *allocator) {
  theseus_graph_options options = {.size = sizeof options, .allocator = allocator};
  theseus_graph *graph;
  must(theseus_graph_new(&options, &graph) == THESEUS_OK);
  return graph;
}

static inline theseus_callgrind_reader *new_reader(theseus_graph *graph, uint32_t flags) {
  theseus_callgrind_options options = {.size = sizeof options, .flags = flags};
  theseus_callgrind_reader *reader;
  must(theseus_callgrind_reader_new(graph, &options, &reader) == THESEUS_OK);
  return reader;
}

static inline int feed_text(theseus_callgrind_reader *reader, const char *text) {
  return theseus_callgrind_reader_feed(reader, text, strlen(text));
}

/* Reads a file that is fed in pieces. */
static inline int read_pieces(theseus_callgrind_reader *reader, const char *name, const struct text *file,
                              size_t piece) {
  int status = theseus_callgrind_reader_begin(reader, name);
  for (size_t at = 0, more; at < file->size && !status; at += more) {
    more = file->size - at < piece ? file->size - at : piece;
    status = theseus_callgrind_reader_feed(reader, file->bytes + at, more);
  }
  return status ? status : theseus_callgrind_reader_finish(reader);
}

/* Reads a file that is a text, at once. */
static inline int read_text(theseus_callgrind_reader *reader, const char *name, const char *text) {
  int status = theseus_callgrind_reader_begin(reader, name);
  if (!status)
    status = feed_text(reader, text);
  return status ? status : theseus_callgrind_reader_finish(reader);
}

static inline theseus_callgrind_reader_info info_of(const theseus_callgrind_reader *reader) {
  theseus_callgrind_reader_info info = {.size = sizeof info};
  must(theseus_callgrind_reader_info_get(reader, &info) == THESEUS_OK);
  return info;
}

#endif
