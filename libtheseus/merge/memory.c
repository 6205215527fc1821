/* SPDX-License-Identifier: ISC */
/* Memory for graphs.  Their large arrays grow over and over, and are looked at here and there: with pages of the usual
 * size much of the time goes into getting and finding those.  So large blocks have large pages, which also move when
 * they grow, without a copy.  In front of each block stands how large it is. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mremap */
#endif
#include "merge/main.h"

#include <stdalign.h>
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
  alignas(max_align_t) size_t size; /* bytes, these included */
  bool mapped;                      /* it is large: whole pages */
};

/* ---- large blocks ---- */

#if defined(MREMAP_FIXED) && defined(MADV_HUGEPAGE)

/* A new block, which begins where a large page may. */
static struct front *map(size_t size) {
  char *at = mmap(NULL, size + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return NULL;
  size_t before = LARGE_PAGE - (uintptr_t)at % LARGE_PAGE; /* what is too much goes at both ends */
  munmap(at, before);
  if (before < LARGE_PAGE)
    munmap(at + before + size, LARGE_PAGE - before);
  (void)madvise(at + before, size, MADV_HUGEPAGE); /* if there are none, it works as well */
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

#else /* there are none */

static struct front *map(size_t size) { return malloc(size); }
static struct front *move(struct front *from, size_t size) { return realloc(from, size); }
static void unmap(struct front *front) { free(front); }
static bool is_large(size_t size) { return size == SIZE_MAX; }

#endif

/* ---- all blocks ---- */

/* With its front, and in whole pages, if it is large; SIZE_MAX: that is too much. */
static size_t all_of(size_t size) {
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
  size_t all = all_of(size);
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
  size_t all = all_of(size);

  if (!block)
    return memory_alloc(opaque, size);
  struct front *front = (struct front *)block - 1;
  if (front->mapped && all <= front->size) /* whole pages have room, and that it has become small is not worth a copy */
    return block;
  if (front->mapped == is_large(all))
    return block_of(all == SIZE_MAX ? NULL : front->mapped ? move(front, all) : realloc(front, all), all);
  void *copy = memory_alloc(opaque, size); /* it has become large */
  if (copy) {
    memcpy(copy, block, front->size - sizeof *front);
    memory_free(opaque, block);
  }
  return copy;
}

const theseus_allocator graph_memory = {memory_alloc, memory_realloc, memory_free, NULL};

void memory_begin(void) {
#ifdef __GLIBC__
  (void)mallopt(M_MMAP_THRESHOLD, 1 << 20); /* else it grows with what is given back, and the gaps stay */
  (void)mallopt(M_TRIM_THRESHOLD, 8 << 20); /* what has been given back is mostly asked for again */
#endif
}
