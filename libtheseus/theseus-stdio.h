/* SPDX-License-Identifier: ISC
 *
 * theseus-stdio.h - sinks for stdio files and for file descriptors
 *
 *     FILE *file = fopen("callgrind.out.app", "wb");
 *     theseus_sink sink = theseus_file_sink(file);
 *     status = theseus_callgrind_write(graph, &sink);
 *     if (fclose(file) || status)
 *       ...                       the file is not complete
 *
 * The library itself opens and writes no file.  These helpers are compiled into your program, so that programs without
 * stdio need not link it.  A write that fails ends the call with THESEUS_EIO, and errno is that of the failure. */

#ifndef THESEUS_STDIO_H
#define THESEUS_STDIO_H

#include <theseus.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

/* The function of theseus_file_sink(). */
static inline int theseus_file_write(void *file, const void *bytes, size_t size) {
  return fwrite(bytes, 1, size, (FILE *)file) == size ? 0 : -1;
}

/* Returns a sink that writes to `file`, which must outlive it.  The file is neither flushed nor closed: check the
 * result of fflush() or fclose(), since the last bytes are written there. */
static inline theseus_sink theseus_file_sink(FILE *file) {
  theseus_sink sink;
  sink.write = theseus_file_write;
  sink.opaque = file;
  return sink;
}

/* The function of theseus_fd_sink(). */
static inline int theseus_fd_write(void *opaque, const void *bytes, size_t size) {
  const char *at = (const char *)bytes;
  while (size) {
#if defined(_WIN32)
    int taken = _write((int)(intptr_t)opaque, at, size < 1 << 20 ? (unsigned)size : 1U << 20);
#else
    ssize_t taken = write((int)(intptr_t)opaque, at, size);
#endif
    if (taken < 0 && errno == EINTR)
      continue;
    if (taken <= 0)
      return -1;
    at += taken;
    size -= (size_t)taken;
  }
  return 0;
}

/* Returns a sink that writes to the descriptor `fd`, which must stay open as long as the sink is used.  A signal that
 * interrupts a write does not end it.  The descriptor must be in blocking mode: EAGAIN is a failure. */
static inline theseus_sink theseus_fd_sink(int fd) {
  theseus_sink sink;
  sink.write = theseus_fd_write;
  sink.opaque = (void *)(intptr_t)fd;
  return sink;
}

#endif
