/* SPDX-License-Identifier: ISC */
#include "merge/output.h"

#include "merge/escape.h"
#include "merge/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

enum { COMPRESSED = 1 << 16, TERMINAL_PART = 1 << 12, MAX_LINKS = 40 };

/* ---- the temporary file, if the program ends early ---- */

/* Signals that end a program, except those for its own faults. */
static const int fatal[] = {SIGHUP,  SIGINT,  SIGQUIT,   SIGTERM, SIGALRM, SIGUSR1,
                            SIGUSR2, SIGPROF, SIGVTALRM, SIGXCPU, SIGXFSZ};
enum { FATAL = sizeof fatal / sizeof *fatal };

/* The path of the temporary file.  It changes only while the signals above are blocked, and no other thread runs. */
static const char *volatile doomed;

static void remove_doomed(void) {
  if (doomed)
    unlink(doomed);
}

static void on_signal(int number) {
  remove_doomed();
  signal(number, SIG_DFL);
  raise(number);
}

static void watch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal}, before;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < FATAL; i++)
    if (sigaction(fatal[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* for nohup */
      sigaction(fatal[i], &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* a write fails instead */
  if (atexit(remove_doomed))
    exit_without_memory();
}

static void block_signals(sigset_t *before) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < FATAL; i++)
    sigaddset(&set, fatal[i]);
  sigprocmask(SIG_BLOCK, &set, before);
}

static void restore_signals(const sigset_t *before) { sigprocmask(SIG_SETMASK, before, NULL); }

/* ---- opening ---- */

static bool is_input(const struct stat *status, const struct inputs *inputs) {
  for (size_t i = 0; i < inputs->count; i++)
    if (inputs->items[i].inode == status->st_ino && inputs->items[i].device == status->st_dev && inputs->items[i].inode)
      return true;
  return false;
}

/* The path that a chain of symbolic links ends at, whether a file is there or not.  NULL: it does not end (errno). */
static char *follow_links(const char *path) {
  char *at = strdup_or_exit(path), target[4096];
  struct stat status;

  for (int links = 0; lstat(at, &status) == 0 && S_ISLNK(status.st_mode); links++) {
    ssize_t length = readlink(at, target, sizeof target - 1);
    if (length < 0 || links == MAX_LINKS) {
      errno = length < 0 ? errno : ELOOP;
      free(at);
      return NULL;
    }
    target[length] = '\0';
    const char *slash = strrchr(at, '/');
    size_t folder = *target == '/' || !slash ? 0 : (size_t)(slash + 1 - at), room = folder + (size_t)length + 1;
    char *next = realloc_or_exit(NULL, room, 1);
    snprintf(next, room, "%.*s%s", (int)folder, at, target);
    free(at);
    at = next;
  }
  return at;
}

/* Creates a file, which a signal removes from now on.  The last six letters of `name` are replaced.  Returns its
 * descriptor, or -1 (errno). */
static int make_temporary(char *name) {
  sigset_t before;

  block_signals(&before);
  int file = mkstemp(name);
  if (file >= 0)
    doomed = name;
  restore_signals(&before);
  return file;
}

/* Creates a file beside `path` under a new name, with the permissions of the file that it replaces, or of a new one.
 * Returns its descriptor, or -1 (errno). */
static int open_temporary(const char *path, const struct stat *old, char **name) {
  static const char suffix[] = ".XXXXXX";
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  size_t folder = (size_t)(base - path), room = strlen(path) + sizeof suffix + 1;
  mode_t mask = umask(0);

  umask(mask);
  *name = realloc_or_exit(NULL, room, 1);
  /* Hidden, so that no merge of this directory reads it; and cut, so that any name of a file may be an output. */
  snprintf(*name, room, "%.*s.%.200s%s", (int)folder, path, base, suffix);
  int file = make_temporary(*name);
  if (file >= 0)
    (void)!fchmod(file, old ? old->st_mode & 07777 : 0666 & ~mask);
  return file;
}

/* Devices, pipes and the names of open files are written in their place; everything else is replaced. */
static bool is_written_in_place(const char *path, const struct stat *status) {
  static const char *const open_files[] = {"/dev/std", "/dev/fd/", "/proc/"};
  for (size_t i = 0; i < sizeof open_files / sizeof *open_files; i++)
    if (strncmp(path, open_files[i], strlen(open_files[i])) == 0)
      return true;
  return !S_ISREG(status->st_mode);
}

static bool open_file(struct output *output, const char *path, const struct stat *old) {
  if (old && is_written_in_place(path, old)) {
    output->path = strdup_or_exit(path);
    output->file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  } else {
    output->path = follow_links(path); /* a symbolic link stays; the file that it points to is replaced, or made */
    if (output->path)
      output->file = open_temporary(output->path, old, &output->temporary);
  }
  return output->file >= 0;
}

/* Notes a terminal.  Returns false after a message if the format is not for one. */
static bool check_terminal(struct output *output, const struct options *options) {
  output->terminal = isatty(output->file);
  if (!output->terminal || options->format != FORMAT_PPROF || options->force)
    return true;
  complain("a pprof file is not written to a terminal: choose a file with --output");
  return false;
}

static void free_names(struct output *output) {
  free(output->temporary);
  free(output->path);
  free(output->compressor);
}

bool output_open(struct output *output, const struct options *options, const struct inputs *inputs) {
  struct stat status;

  *output = (struct output){.file = options->output ? -1 : STDOUT_FILENO};
  watch_signals();
  if (!options->output)
    return check_terminal(output, options);
  bool exists = stat(options->output, &status) == 0;
  if (exists && !options->force && is_input(&status, inputs)) {
    complain("%s is one of the inputs; --force replaces it", options->output);
    return false;
  }
  if (exists && S_ISDIR(status.st_mode))
    errno = EISDIR;
  else if (open_file(output, options->output, exists ? &status : NULL)) {
    if (check_terminal(output, options))
      return true;
    (void)output_close(output, false);
    return false;
  }
  complain("%s: %s", options->output, strerror(errno));
  free_names(output);
  return false;
}

bool output_open_rescue(struct output *output) {
  static const char name[] = "/theseus-merge.XXXXXX";
  const char *folder = getenv("TMPDIR");
  if (!folder || !*folder)
    folder = "/tmp";
  size_t room = strlen(folder) + sizeof name;

  *output = (struct output){.temporary = realloc_or_exit(NULL, room, 1)};
  snprintf(output->temporary, room, "%s%s", folder, name);
  output->file = make_temporary(output->temporary);
  output->path = strdup_or_exit(output->temporary); /* closing renames the file to its own name: nothing happens */
  if (output->file >= 0)
    return true;
  complain("%s: %s", folder, strerror(errno));
  free_names(output);
  return false;
}

/* ---- writing ---- */

/* Writes all bytes, however few of them each call takes. */
static void put(struct output *output, const void *bytes, size_t size) {
  const char *at = bytes;

  while (size && !output->error) {
    ssize_t taken = write(output->file, at, size);
    if (taken > 0) {
      at += taken;
      size -= (size_t)taken;
    } else if (taken == 0) {
      output->error = EIO;
    } else if (errno == EAGAIN) { /* somebody made the pipe or terminal non-blocking */
      struct pollfd ready = {.fd = output->file, .events = POLLOUT};
      (void)poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      output->error = errno;
    }
  }
}

/* Writes text for a person, in parts.  It ends with LF, so that nothing is held at the end. */
static void put_escaped(struct output *output, const char *bytes, size_t size) {
  char text[TERMINAL_PART], escaped[ESCAPED * sizeof text];

  while (size) {
    size_t room = sizeof text - output->held, part = size < room ? size : room;
    memcpy(text, output->piece, output->held);
    memcpy(text + output->held, bytes, part);
    size_t all = output->held + part, whole = escape_whole(text, all);
    put(output, escaped, escape(text, whole, true, escaped));
    output->held = all - whole;
    memcpy(output->piece, text + whole, output->held);
    bytes += part;
    size -= part;
  }
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

void output_compress(struct output *output) {
#ifdef HAVE_ZLIB
  z_stream *stream = realloc_or_exit(NULL, 1, sizeof *stream);
  memset(stream, 0, sizeof *stream);
  /* The default level takes longer than all the rest of the merge, and saves a tenth of the bytes. */
  if (deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    exit_without_memory();
  output->compressor = stream;
#else
  (void)output; /* readers take pprof without gzip too */
#endif
}

static int write_bytes(void *opaque, const void *bytes, size_t size) {
  struct output *output = opaque;
#ifdef HAVE_ZLIB
  if (output->compressor)
    deflate_all(output, bytes, size, Z_NO_FLUSH);
  else
#endif
      if (output->terminal)
    put_escaped(output, bytes, size);
  else
    put(output, bytes, size);
  return output->error;
}

theseus_sink output_sink(struct output *output) { return (theseus_sink){write_bytes, output}; }

/* ---- closing ---- */

static void finish(struct output *output) {
#ifdef HAVE_ZLIB
  if (output->compressor)
    deflate_all(output, "", 0, Z_FINISH);
#endif
  if (output->temporary && !output->error && fsync(output->file))
    output->error = errno;
}

/* Gives the temporary file its name, or removes it. */
static void settle_temporary(struct output *output, bool keep) {
  sigset_t before;

  block_signals(&before);
  if (keep && !output->error && rename(output->temporary, output->path))
    output->error = errno;
  if (!keep || output->error)
    unlink(output->temporary);
  doomed = NULL;
  restore_signals(&before);
}

bool output_close(struct output *output, bool keep) {
  if (keep)
    finish(output);
#ifdef HAVE_ZLIB
  if (output->compressor)
    deflateEnd(output->compressor);
#endif
  /* Standard output is closed too: some file systems report a failed write only then. */
  if (close(output->file) && errno != EINTR && keep && !output->error)
    output->error = errno;
  if (output->temporary)
    settle_temporary(output, keep);
  if (keep && output->error)
    complain("%s: %s", output->path ? output->path : "standard output", strerror(output->error));
  free_names(output);
  return !output->error;
}
