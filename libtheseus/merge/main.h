/* SPDX-License-Identifier: ISC */
/* theseus-merge - the rooms of the command, which uses the public API only:
 *
 *     options -> inputs -> source -> read -> workers -> output
 *                                            progress
 */
#ifndef THESEUS_MERGE_H
#define THESEUS_MERGE_H

#include "theseus.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What the command ends with.  The manual says it too. */
enum {
  EXIT_DONE = 0,
  EXIT_SKIPPED = 1, /* done, but for inputs that were skipped */
  EXIT_USAGE = 2,
  EXIT_INPUT = 3,
  EXIT_OUTPUT = 4,
  EXIT_MEMORY = 5
};

/* Says something on standard error, after the command's name. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void complain(const char *format, ...);

/* Memory, or the end of the program. */
void *need(void *block, size_t count, size_t size);
char *need_copy(const char *text);

/* To be called first.  The allocator is for graphs. */
void memory_begin(void);
extern const theseus_allocator graph_memory;

/* ---- options ---- */

enum format { FORMAT_CALLGRIND, FORMAT_PPROF, FORMAT_FOLDED };
enum progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct options {
  const char *output; /* NULL: standard output */
  char *events;       /* names with commas between; NULL: all */
  enum format format;
  enum progress progress;
  unsigned jobs;
  uint64_t memory_limit; /* 0: none */
  bool force, strict, ignore_errors, stats;
  char **arguments; /* what is left, ended by NULL */
};

/* Reads the command line; ends the program on --help, --version and what makes no sense. */
struct options options_read(int argc, char **argv);

/* ---- inputs ---- */

struct input {
  char *path; /* "-": standard input */
  off_t size; /* 0: not known */
  dev_t device;
  ino_t inode;
};

struct inputs {
  struct input *items;
  size_t count, capacity;
  uint64_t bytes; /* of all */
};

/* Finds all files that the arguments name.  Gives the number of arguments that could not be read, having said so. */
size_t inputs_find(struct inputs *inputs, char **arguments);
void inputs_free(struct inputs *inputs);
/* For messages and the like: standard input has a name too. */
const char *input_name(const struct input *input);

/* ---- source: an input's bytes, decompressed ---- */

struct source;

/* NULL, with a reason, if it cannot be opened. */
struct source *source_open(const char *path, const char **why);
/* Up to `size` bytes; 0 at the end; -1 with a reason. */
ssize_t source_read(struct source *source, void *bytes, size_t size, const char **why);
/* Bytes of the file, as it lies on the disk, that have been read. */
uint64_t source_position(const struct source *source);
void source_close(struct source *source);

/* ---- workers: threads that read inputs, each into a graph and a profile of its own ---- */

struct merged {
  theseus_graph *graph;       /* NULL: there was no callgrind */
  theseus_profile *profile;   /* NULL: there was no pprof */
  bool *profiled;             /* for each input: is it in the profile? */
  theseus_event_info *events; /* in the order in which the inputs have them */
  uint32_t event_count;
  size_t merged, skipped;
  uint64_t bytes, warnings;
};

/* Merges all inputs.  Gives an exit status: EXIT_DONE, EXIT_SKIPPED, or of what went wrong, having said so. */
int workers_run(const struct options *options, const struct inputs *inputs, struct merged *out);
void merged_free(struct merged *merged);

/* ---- progress ---- */

struct display {
  bool shown; /* there is something on the terminal */
  bool wanted;
  uint64_t all;      /* bytes */
  double began, due; /* seconds */
};

void progress_begin(struct display *display, enum progress wanted, uint64_t bytes);
void progress_show(struct display *display, uint64_t bytes, size_t files, size_t all_files);
void progress_end(struct display *display);
double seconds_now(void);

/* ---- output ---- */

struct output {
  FILE *file;
  char *temporary;  /* its path until it is complete; NULL: it is written directly */
  char *path;       /* NULL: standard output */
  void *compressor; /* for pprof */
  int error;        /* errno of the first failure */
};

/* Opens the output, or says why not.  False also when it is one of the inputs, and not forced. */
bool output_open(struct output *output, const struct options *options, const struct inputs *inputs);
/* For what is to be compressed: gzip, if there is zlib. */
bool output_compress(struct output *output);
theseus_sink output_sink(struct output *output);
/* Completes it, or with `keep` false takes it away.  False, having said so, when it could not be written. */
bool output_close(struct output *output, bool keep);

#endif
