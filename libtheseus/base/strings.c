/* SPDX-License-Identifier: ISC */
#include "base/strings.h"
#include "base/text.h"

#include <string.h>

enum { CHUNK = 4096 };

struct th_chunk {
  struct th_chunk *next;
  size_t used, size;
  char bytes[];
};

static bool same(const void *owner, uint32_t index, const void *key) {
  const struct th_text *text = &((const th_strings *)owner)->texts[index];
  const struct th_text *wanted = key;
  return text->length == wanted->length && memcmp(text->bytes, wanted->bytes, wanted->length) == 0;
}

/* Returns room for `size` bytes.  A text that is longer than a chunk gets a chunk of its own. */
static char *room(th_strings *strings, th_alloc *alloc, size_t size) {
  struct th_chunk *chunk = strings->chunks;

  if (!chunk || chunk->size - chunk->used < size) {
    size_t wanted = size > CHUNK ? size : CHUNK;
    chunk = th_alloc_zeroed(alloc, sizeof *chunk + wanted, 1);
    if (!chunk)
      return NULL;
    chunk->size = wanted;
    chunk->next = strings->chunks;
    strings->chunks = chunk;
  }
  chunk->used += size;
  return chunk->bytes + chunk->used - size;
}

int th_strings_intern(th_strings *strings, th_alloc *alloc, const char *bytes, size_t length, uint32_t *out) {
  if (length > UINT32_MAX - 1)
    return THESEUS_EOVERFLOW;
  struct th_text key = {.bytes = bytes, .length = (uint32_t)length};
  uint32_t hash = th_hash_bytes(bytes, length);
  uint32_t id = th_map_find(&strings->map, hash, same, strings, &key);
  if (id == TH_NONE) {
    char *copy = room(strings, alloc, length + 1); /* before the map, in which each index must have its item */
    if (!copy)
      return th_alloc_why(alloc);
    int status =
        th_map_append(&strings->map, alloc, hash, &strings->texts, &strings->capacity, strings->count, sizeof key);
    if (status) {
      strings->chunks->used -= length + 1;
      return status;
    }
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    id = strings->count++;
    strings->texts[id] = (struct th_text){.bytes = copy, .length = key.length};
  }
  *out = id;
  return THESEUS_OK;
}

int th_strings_intern_clean(th_strings *strings, th_alloc *alloc, const char *bytes, size_t length, uint32_t *out) {
  if (th_text_is_clean(bytes, length))
    return th_strings_intern(strings, alloc, bytes, length, out);
  char *clean = th_alloc_zeroed(alloc, length, 4);
  if (!clean)
    return th_alloc_why(alloc);
  int status = th_strings_intern(strings, alloc, clean, th_text_clean(bytes, length, clean), out);
  th_alloc_free(alloc, clean, length, 4);
  return status;
}

int th_strings_copy(const th_strings *from, uint32_t text, th_strings *into, th_alloc *alloc, uint32_t *out) {
  *out = TH_NONE;
  if (text == TH_NONE)
    return THESEUS_OK;
  return th_strings_intern(into, alloc, from->texts[text].bytes, from->texts[text].length, out);
}

void th_strings_free(th_strings *strings, th_alloc *alloc) {
  while (strings->chunks) {
    struct th_chunk *chunk = strings->chunks;
    strings->chunks = chunk->next;
    th_alloc_free(alloc, chunk, sizeof *chunk + chunk->size, 1);
  }
  th_alloc_free(alloc, strings->texts, strings->capacity, sizeof *strings->texts);
  th_map_free(&strings->map, alloc);
  memset(strings, 0, sizeof *strings);
}
