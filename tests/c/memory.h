/* SPDX-License-Identifier: ISC */
/* memory - for tests: an allocator that fails on demand and counts its blocks, and a sink that keeps the bytes. */
#ifndef MEMORY_H
#define MEMORY_H

#include "tap.h"
#include "theseus.h"

#include <stddef.h>

struct memory {
  long left;     /* allocations that still succeed; negative: all of them */
  long failures; /* allocations that were refused */
  long blocks;   /* what is out */
  size_t bytes;
};

union memory_header {
  size_t size;
  max_align_t alignment;
};

static inline bool memory_refuses(struct memory *memory) {
  if (memory->left != 0) {
    memory->left -= memory->left > 0;
    return false;
  }
  memory->failures++;
  return true;
}

static inline void *memory_alloc(void *opaque, size_t size) {
  struct memory *memory = opaque;
  must(size > 0);
  if (memory_refuses(memory))
    return NULL;
  union memory_header *header = malloc(sizeof *header + size);
  must(header != NULL);
  header->size = size;
  memory->blocks++;
  memory->bytes += size;
  return header + 1;
}

static inline void memory_free(void *opaque, void *block) {
  struct memory *memory = opaque;
  if (block == NULL)
    return;
  union memory_header *header = (union memory_header *)block - 1;
  memory->blocks--;
  memory->bytes -= header->size;
  free(header);
}

/* Always moves the block, so that a pointer that was kept too long is found. */
static inline void *memory_realloc(void *opaque, void *block, size_t size) {
  void *moved = memory_alloc(opaque, size);
  if (moved != NULL && block != NULL) {
    size_t before = ((union memory_header *)block - 1)->size;
    memcpy(moved, block, before < size ? before : size);
    memory_free(opaque, block);
  }
  return moved;
}

static inline theseus_allocator memory_allocator(struct memory *memory) {
  return (theseus_allocator){memory_alloc, memory_realloc, memory_free, memory};
}

struct text {
  char *bytes; /* ended by NUL */
  size_t size;
};

static inline int text_write(void *opaque, const void *bytes, size_t size) {
  struct text *text = opaque;
  text->bytes = realloc(text->bytes, text->size + size + 1);
  must(text->bytes != NULL && size > 0);
  memcpy(text->bytes + text->size, bytes, size);
  text->size += size;
  text->bytes[text->size] = '\0';
  return 0;
}

/* Appends to a text as printf does; no more than 1000 bytes at once. */
TAP_PRINTF(2, 3) static inline void text_print(struct text *text, const char *format, ...) {
  char bytes[1000];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(bytes, sizeof bytes, format, arguments);
  va_end(arguments);
  must(size >= 0 && size < (int)sizeof bytes);
  if (size)
    text_write(text, bytes, (size_t)size);
}

/* The graph as callgrind; to be freed. */
static inline char *text_of(const theseus_graph *graph) {
  struct text text = {NULL, 0};
  theseus_sink sink = {text_write, &text};
  must(theseus_callgrind_write(graph, &sink) == THESEUS_OK);
  return text.bytes;
}

#endif
