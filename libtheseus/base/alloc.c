/* SPDX-License-Identifier: ISC */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void *libc_alloc(void *opaque, size_t size) {
  (void)opaque;
  return malloc(size);
}

static void *libc_realloc(void *opaque, void *block, size_t size) {
  (void)opaque;
  return realloc(block, size);
}

static void libc_free(void *opaque, void *block) {
  (void)opaque;
  free(block);
}

int th_alloc_init(th_alloc *alloc, const theseus_allocator *user, uint64_t limit) {
  static const theseus_allocator libc = {libc_alloc, libc_realloc, libc_free, NULL};

  *alloc = (th_alloc){.user = user ? *user : libc, .limit = limit ? limit : UINT64_MAX};
  if (!alloc->user.alloc || !alloc->user.realloc || !alloc->user.free)
    return THESEUS_EINVAL;
  return THESEUS_OK;
}

static bool within_limit(th_alloc *alloc, uint64_t size) {
  alloc->limited = alloc->used > alloc->limit || size > alloc->limit - alloc->used;
  alloc->refused += alloc->limited;
  if (alloc->limited)
    (void)th_failure_set(&alloc->failure, NULL, THESEUS_ELIMIT,
                         "# bytes more would exceed the memory limit: # bytes are taken", size, alloc->used);
  return !alloc->limited;
}

static int fail(th_alloc *alloc, uint64_t size) {
  return th_failure_set(&alloc->failure, NULL, THESEUS_ENOMEM, "# bytes could not be allocated", size, 0);
}

void *th_alloc_zeroed(th_alloc *alloc, size_t count, size_t size) {
  alloc->limited = false;
  if (count > SIZE_MAX / size || !within_limit(alloc, count * size))
    return NULL;
  void *block = alloc->user.alloc(alloc->user.opaque, count * size);
  if (!block) {
    (void)fail(alloc, count * size);
    return NULL;
  }
  memset(block, 0, count * size);
  alloc->used += count * size;
  return block;
}

int th_alloc_grow(th_alloc *alloc, void *array, uint32_t *capacity, uint64_t needed, size_t size) {
  /* `array` is the address of a pointer of any type.  C has no generic pointer to a pointer, so memcpy reads and
   * writes it. */
  void *block;

  if (needed <= *capacity)
    return THESEUS_OK;
  if (needed > UINT32_MAX - 1)
    return th_failure_set(&alloc->failure, NULL, THESEUS_EOVERFLOW, "a table would have # entries, more than 2^32 - 2",
                          needed, 0);
  uint64_t wanted = (uint64_t)*capacity + *capacity / 2 + 8;
  if (wanted < needed)
    wanted = needed;
  if (wanted > UINT32_MAX - 1)
    wanted = UINT32_MAX - 1;
  if (wanted > SIZE_MAX / size)
    return fail(alloc, wanted);
  if (!within_limit(alloc, (wanted - *capacity) * size))
    return THESEUS_ELIMIT;
  memcpy(&block, array, sizeof block);
  block = alloc->user.realloc(alloc->user.opaque, block, (size_t)wanted * size);
  if (!block)
    return fail(alloc, wanted * size);
  memcpy(array, &block, sizeof block);
  alloc->used += (wanted - *capacity) * size;
  *capacity = (uint32_t)wanted;
  return THESEUS_OK;
}

void th_alloc_free(th_alloc *alloc, void *block, size_t count, size_t size) {
  if (!block)
    return;
  alloc->used -= count * size;
  alloc->user.free(alloc->user.opaque, block);
}
