/* SPDX-License-Identifier: ISC */
/* memory - where graphs take their memory from.
 *
 * Their large arrays keep growing and are read at random.  With pages of the usual size, much of the time goes into
 * fetching and looking up pages.  So a large block has large pages, which move without a copy when the block grows.  A
 * header in front of each block holds the block's size. */
#ifndef THESEUS_MERGE_MEMORY_H
#define THESEUS_MERGE_MEMORY_H

#include "theseus.h"

extern const theseus_allocator graph_memory;

/* Tunes malloc().  Call it first. */
void memory_begin(void);

#endif
