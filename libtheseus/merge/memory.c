/* SPDX-License-Identifier: ISC */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mremap */
#endif
#include "merge/memory.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>

enum { LARGE = 1 << 20, LARGE_PAGE = 2 << 20 };

struct front {
  alignas(max_align_t) size_t size; /* of the block in bytes, with this header */
  bool mapped;                      /* the block is large: it was mapped, in whole pages */
};

/* ---- large blocks ---- */

#if defined(MREMAP_FIXED) && defined(MADV_HUGEPAGE)

/* Maps a block that begins on the boundary of a large page. */
static struct front *map(size_t size) {
  char *at = mmap(NULL, size + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return NULL;
  size_t before = LARGE_PAGE - (uintptr_t)at % LARGE_PAGE; /* cut off the excess at both ends */
  munmap(at, before);
  if (before < LARGE_PAGE)
    munmap(at + before + size, LARGE_PAGE - before);
  (void)madvise(at + before, size, MADV_HUGEPAGE); /* a failure costs speed only */
  return (struct front *)(void *)(at + before);
}

static struct front *move(struct front *from, size_t size) {
  if (mremap(from, from->size, size, 0) == from)
    return from;
  struct front *to = map(size);
  if (to && mremap(from, from->size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
    munmap(to, size);
    return NULL;
  }
  return to;
}

static void unmap(struct front *front) { munmap(front, front->size); }

static bool is_large(size_t size) { return size >= LARGE; }

#else /* no large pages */

static struct front *map(size_t size) { return malloc(size); }
static struct front *move(struct front *from, size_t size) { return realloc(from, size); }
static void unmap(struct front *front) { free(front); }
static bool is_large(size_t size) { return size == SIZE_MAX; }

#endif

/* ---- all blocks ---- */

/* The size of a block with its header; of a large one, in whole pages.  SIZE_MAX: too much. */
static size_t whole_size(size_t size) {
  if (size > SIZE_MAX / 2)
    return SIZE_MAX;
  size += sizeof(struct front);
  return is_large(size) ? (size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE : size;
}

static void *block_of(struct front *front, size_t size) {
  if (!front)
    return NULL;
  front->size = size;
  front->mapped = is_large(size);
  return front + 1;
}

static void *memory_alloc(void *opaque, size_t size) {
  size_t all = whole_size(size);
  (void)opaque;
  return block_of(all == SIZE_MAX ? NULL : is_large(all) ? map(all) : malloc(all), all);
}

static void memory_free(void *opaque, void *block) {
  (void)opaque;
  if (!block)
    return;
  struct front *front = (struct front *)block - 1;
  if (front->mapped)
    unmap(front);
  else
    free(front);
}

static void *memory_realloc(void *opaque, void *block, size_t size) {
  size_t all = whole_size(size);

  if (!block)
    return memory_alloc(opaque, size);
  struct front *front = (struct front *)block - 1;
  if (front->mapped && all <= front->size) /* fits; a block that became small is not worth a copy */
    return block;
  if (front->mapped == is_large(all))
    return block_of(all == SIZE_MAX ? NULL : front->mapped ? move(front, all) : realloc(front, all), all);
  void *copy = memory_alloc(opaque, size); /* the block becomes large */
  if (copy) {
    memcpy(copy, block, front->size - sizeof *front);
    memory_free(opaque, block);
  }
  return copy;
}

const theseus_allocator graph_memory = {memory_alloc, memory_realloc, memory_free, NULL};

void memory_begin(void) {
#ifdef __GLIBC__
  (void)mallopt(M_MMAP_THRESHOLD, 1 << 20); /* keep it from growing with each large block that is freed */
  (void)mallopt(M_TRIM_THRESHOLD, 8 << 20); /* freed memory is usually wanted again */
#endif
}
