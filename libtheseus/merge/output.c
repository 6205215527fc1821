/* SPDX-License-Identifier: ISC */
#include "merge/output.h"

#include "merge/say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

enum { COMPRESSED = 1 << 16 };

/* The temporary file, for the signal handler. */
static char *volatile doomed;

static void on_signal(int signal_number) {
  if (doomed)
    unlink(doomed);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void watch_signals(void) {
  static const int numbers[] = {SIGHUP, SIGINT, SIGTERM, SIGXCPU, SIGXFSZ};
  struct sigaction action = {.sa_handler = on_signal}, before;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* for nohup */
      sigaction(numbers[i], &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* a write fails instead */
}

static bool is_input(const struct stat *status, const struct inputs *inputs) {
  for (size_t i = 0; i < inputs->count; i++)
    if (inputs->items[i].inode == status->st_ino && inputs->items[i].device == status->st_dev && inputs->items[i].inode)
      return true;
  return false;
}

/* Creates a file beside `path` under a new name, with the permissions of the file that it replaces, or of a new one. */
static int open_temporary(const char *path, const struct stat *old, char **name) {
  static const char suffix[] = ".XXXXXX";
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  size_t folder = (size_t)(base - path), room = strlen(path) + sizeof suffix + 1;
  mode_t mask = umask(0);

  umask(mask);
  *name = realloc_or_exit(NULL, room, 1);
  snprintf(*name, room, "%.*s.%s%s", (int)folder, path, base,
           suffix); /* hidden, so that no merge of this directory reads it */
  int file = mkstemp(*name);
  if (file >= 0)
    (void)!fchmod(file, old ? old->st_mode & 07777 : 0666 & ~mask);
  return file;
}

bool output_open(struct output *output, const struct options *options, const struct inputs *inputs) {
  struct stat status;

  *output = (struct output){.file = NULL};
  watch_signals();
  if (!options->output) {
    output->file = stdout;
    return true;
  }
  bool exists = stat(options->output, &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    complain("%s: %s", options->output, strerror(EISDIR));
    return false;
  }
  if (exists && !options->force && is_input(&status, inputs)) {
    complain("%s is one of the inputs; --force replaces it", options->output);
    return false;
  }
  if (exists && !S_ISREG(status.st_mode)) { /* a device or a pipe is written in its place */
    output->path = strdup_or_exit(options->output);
    output->file = fopen(options->output, "wb");
  } else {
    /* A symbolic link stays: the file that it points to is replaced. */
    output->path = exists ? realpath(options->output, NULL) : NULL;
    if (!output->path)
      output->path = strdup_or_exit(options->output);
    int file = open_temporary(output->path, exists ? &status : NULL, &output->temporary);
    if (file >= 0) {
      doomed = output->temporary;
      output->file = fdopen(file, "wb");
    }
  }
  if (output->file)
    return true;
  complain("%s: %s", options->output, strerror(errno));
  free(output->temporary);
  free(output->path);
  return false;
}

static void put(struct output *output, const void *bytes, size_t size) {
  if (!output->error && fwrite(bytes, 1, size, output->file) != size)
    output->error = errno ? errno : EIO;
}

#ifdef HAVE_ZLIB
static void deflate_all(struct output *output, const void *bytes, size_t size, int flush) {
  z_stream *stream = output->compressor;
  unsigned char compressed[COMPRESSED];
  int status = Z_OK;

  stream->next_in = (unsigned char *)(uintptr_t)bytes; /* zlib only reads them */
  do {
    size_t part = size < INT32_MAX ? size : INT32_MAX;
    stream->avail_in = (uInt)part;
    size -= part;
    do {
      stream->next_out = compressed;
      stream->avail_out = COMPRESSED;
      status = deflate(stream, size ? Z_NO_FLUSH : flush);
      put(output, compressed, COMPRESSED - stream->avail_out);
    } while (stream->avail_in || (flush == Z_FINISH && !size && status == Z_OK) || !stream->avail_out);
  } while (size);
}
#endif

bool output_compress(struct output *output) {
#ifdef HAVE_ZLIB
  z_stream *stream = realloc_or_exit(NULL, 1, sizeof *stream);
  memset(stream, 0, sizeof *stream);
  /* The default level takes longer than all the rest of the merge, and saves a tenth of the bytes. */
  if (deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    free(stream);
    complain("out of memory");
    return false;
  }
  output->compressor = stream;
#else
  (void)output; /* readers take pprof without gzip too */
#endif
  return true;
}

static int write_bytes(void *opaque, const void *bytes, size_t size) {
  struct output *output = opaque;
#ifdef HAVE_ZLIB
  if (output->compressor)
    deflate_all(output, bytes, size, Z_NO_FLUSH);
  else
#endif
    put(output, bytes, size);
  return output->error;
}

theseus_sink output_sink(struct output *output) { return (theseus_sink){write_bytes, output}; }

static void finish(struct output *output) {
#ifdef HAVE_ZLIB
  if (output->compressor)
    deflate_all(output, "", 0, Z_FINISH);
#endif
  if (fflush(output->file) && !output->error)
    output->error = errno;
  if (output->temporary && fsync(fileno(output->file)) && !output->error)
    output->error = errno;
}

bool output_close(struct output *output, bool keep) {
  if (keep)
    finish(output);
#ifdef HAVE_ZLIB
  if (output->compressor)
    deflateEnd(output->compressor);
#endif
  free(output->compressor);
  if (output->file != stdout && fclose(output->file) && keep && !output->error)
    output->error = errno;
  if (output->temporary) {
    if (keep && !output->error && rename(output->temporary, output->path))
      output->error = errno;
    if (!keep || output->error)
      unlink(output->temporary);
    doomed = NULL;
    free(output->temporary);
  }
  if (keep && output->error)
    complain("%s: %s", output->path ? output->path : "standard output", strerror(output->error));
  free(output->path);
  return !output->error;
}
