/* SPDX-License-Identifier: ISC */
/* Memory for graphs.  Their large arrays are looked at here and there, over and over: with the pages of the usual size
 * much of the time goes into finding those. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* madvise */
#endif
#include "theseus-merge.h"

#include <stdint.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20 };

/* Asks for large pages where they fit; without them it works as well. */
static void *advise(void *block, size_t size) {
#ifdef MADV_HUGEPAGE
  uintptr_t from = (uintptr_t)block, to = from + size;
  if (block && size > 4 * LARGE_PAGE) {
    from = (from + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    to = to / LARGE_PAGE * LARGE_PAGE;
    (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
  }
#else
  (void)size;
#endif
  return block;
}

static void *memory_alloc(void *opaque, size_t size) {
  (void)opaque;
  return advise(malloc(size), size);
}

static void *memory_realloc(void *opaque, void *block, size_t size) {
  (void)opaque;
  return advise(realloc(block, size), size);
}

static void memory_free(void *opaque, void *block) {
  (void)opaque;
  free(block);
}

const theseus_allocator graph_memory = {memory_alloc, memory_realloc, memory_free, NULL};

void memory_begin(void) {
#ifdef __GLIBC__
  (void)mallopt(M_MMAP_THRESHOLD, 1 << 20); /* else it grows with what is given back, and the gaps stay */
#endif
}
