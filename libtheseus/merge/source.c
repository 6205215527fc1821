/* SPDX-License-Identifier: ISC */
/* gzip and zstd are recognised by their first bytes. */
#include "merge/source.h"

#include "merge/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

enum { BUFFER = 1 << 16 };

struct source {
  int file;
  uint64_t position;
  enum { PLAIN, GZIP, ZSTD } kind;
  bool ended;   /* the end of the file was reached */
  bool between; /* the latest gzip member, or zstd frame, is complete */
  size_t used, held;
#ifdef HAVE_ZLIB
  z_stream zlib;
#endif
#ifdef HAVE_ZSTD
  ZSTD_DStream *zstd;
#endif
  unsigned char bytes[BUFFER]; /* of the file; those from `used` to `held` are still to be decompressed */
};

static ssize_t read_file(struct source *source, void *bytes, size_t size, const char **why) {
  ssize_t got;
  do
    got = read(source->file, bytes, size);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    *why = strerror(errno);
  if (got == 0)
    source->ended = true;
  source->position += got > 0 ? (uint64_t)got : 0;
  return got;
}

/* Fills the buffer until it holds `wanted` bytes that are unused, or the file ends. */
static bool fill(struct source *source, size_t wanted, const char **why) {
  if (source->used) {
    memmove(source->bytes, source->bytes + source->used, source->held - source->used);
    source->held -= source->used;
    source->used = 0;
  }
  while (source->held < wanted && !source->ended) {
    ssize_t got = read_file(source, source->bytes + source->held, BUFFER - source->held, why);
    if (got < 0)
      return false;
    source->held += (size_t)got;
  }
  return true;
}

static bool begin_gzip(struct source *source, const char **why) {
#ifdef HAVE_ZLIB
  (void)why;
  source->kind = GZIP;
  if (inflateInit2(&source->zlib, 15 + 16) == Z_OK)
    return true;
  exit_without_memory();
#else
  (void)source;
  *why = "is compressed by gzip, which this theseus-merge was built without";
  return false;
#endif
}

static bool begin_zstd(struct source *source, const char **why) {
#ifdef HAVE_ZSTD
  (void)why;
  source->zstd = ZSTD_createDStream();
  source->kind = ZSTD;
  if (source->zstd)
    return true;
  exit_without_memory();
#else
  (void)source;
  *why = "is compressed by zstd, which this theseus-merge was built without";
  return false;
#endif
}

static bool begin(struct source *source, const char **why) {
  static const unsigned char gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
  if (!fill(source, sizeof zstd, why))
    return false;
  if (source->held >= sizeof gzip && memcmp(source->bytes, gzip, sizeof gzip) == 0)
    return begin_gzip(source, why);
  if (source->held >= sizeof zstd && memcmp(source->bytes, zstd, sizeof zstd) == 0)
    return begin_zstd(source, why);
  return true;
}

struct source *source_open(const char *path, const char **why) {
  bool standard = strcmp(path, "-") == 0;
  struct source *source = realloc_or_exit(NULL, 1, sizeof *source);
  memset(source, 0, offsetof(struct source, bytes));
  source->file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (source->file < 0) {
    *why = strerror(errno);
    free(source);
    return NULL;
  }
  if (!begin(source, why)) {
    source_close(source);
    return NULL;
  }
  return source;
}

#ifdef HAVE_ZLIB
static ssize_t read_gzip(struct source *source, void *bytes, size_t size, const char **why) {
  z_stream *stream = &source->zlib;
  stream->next_out = bytes;
  stream->avail_out = size < UINT32_MAX ? (uInt)size : UINT32_MAX;
  uInt wanted = stream->avail_out;
  while (stream->avail_out == wanted) {
    if (source->used == source->held && !fill(source, 1, why))
      return -1;
    if (source->used == source->held) {
      if (source->between)
        return 0;
      *why = "the compressed data ends too early";
      return -1;
    }
    if (source->between && inflateReset(stream) != Z_OK)
      return *why = "the compressed data is broken", -1;
    source->between = false;
    stream->next_in = source->bytes + source->used;
    stream->avail_in = (uInt)(source->held - source->used);
    int status = inflate(stream, Z_NO_FLUSH);
    source->used = source->held - stream->avail_in;
    source->between = status == Z_STREAM_END;
    if (status == Z_MEM_ERROR)
      exit_without_memory();
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      return *why = "the compressed data is broken", -1;
  }
  return (ssize_t)(wanted - stream->avail_out);
}
#endif

#ifdef HAVE_ZSTD
static ssize_t read_zstd(struct source *source, void *bytes, size_t size, const char **why) {
  ZSTD_outBuffer out = {bytes, size, 0};
  while (!out.pos) {
    if (source->used == source->held && !fill(source, 1, why))
      return -1;
    if (source->used == source->held) {
      if (source->between)
        return 0;
      *why = "the compressed data ends too early";
      return -1;
    }
    ZSTD_inBuffer in = {source->bytes, source->held, source->used};
    size_t status = ZSTD_decompressStream(source->zstd, &out, &in);
    source->used = in.pos;
    source->between = status == 0;
    if (ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation)
      exit_without_memory();
    if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge)
      return *why = "is compressed by zstd with a window of more than 128 MB (zstd --long)", -1;
    if (ZSTD_isError(status))
      return *why = "the compressed data is broken", -1;
  }
  return (ssize_t)out.pos;
}
#endif

ssize_t source_read(struct source *source, void *bytes, size_t size, const char **why) {
#ifdef HAVE_ZLIB
  if (source->kind == GZIP)
    return read_gzip(source, bytes, size, why);
#endif
#ifdef HAVE_ZSTD
  if (source->kind == ZSTD)
    return read_zstd(source, bytes, size, why);
#endif
  size_t left = source->held - source->used;
  if (!left)
    return read_file(source, bytes, size, why);
  if (left > size)
    left = size;
  memcpy(bytes, source->bytes + source->used, left);
  source->used += left;
  return (ssize_t)left;
}

uint64_t source_position(const struct source *source) { return source->position; }

void source_close(struct source *source) {
#ifdef HAVE_ZLIB
  if (source->kind == GZIP)
    inflateEnd(&source->zlib);
#endif
#ifdef HAVE_ZSTD
  if (source->kind == ZSTD)
    ZSTD_freeDStream(source->zstd);
#endif
  if (source->file != STDIN_FILENO)
    close(source->file);
  free(source);
}
