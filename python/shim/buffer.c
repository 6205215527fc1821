/* SPDX-License-Identifier: ISC */
/* buffer - a sink in memory. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

int shim_buffer_write(void *opaque, const void *bytes, size_t size) {
  shim_buffer *buffer = opaque;

  if (size > buffer->capacity - buffer->size) {
    if (size > SIZE_MAX / 2 - buffer->size)
      return -1;
    size_t capacity = 2 * (buffer->size + size);
    char *grown = realloc(buffer->bytes, capacity);
    if (!grown)
      return -1;
    buffer->bytes = grown;
    buffer->capacity = capacity;
  }
  memcpy(buffer->bytes + buffer->size, bytes, size);
  buffer->size += size;
  return 0;
}

void shim_buffer_free(shim_buffer *buffer) {
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->size = buffer->capacity = 0;
}
