/* SPDX-License-Identifier: ISC */
/* options - the command line. */
#ifndef THESEUS_MERGE_OPTIONS_H
#define THESEUS_MERGE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum format { FORMAT_CALLGRIND, FORMAT_PPROF, FORMAT_FOLDED, FORMAT_BY_NAME };
enum progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct options {
  const char *output;  /* NULL: standard output */
  const char **events; /* names; NULL: all */
  uint32_t event_count;
  enum format format;
  enum progress progress;
  unsigned jobs;
  uint64_t memory_limit; /* bytes; 0: none */
  uint32_t max_depth;    /* frames of a stack; 0: the library's default */
  bool force, strict, ignore_errors, stats;
  char **arguments; /* the inputs, as the user named them; ended by NULL */
};

/* Reads the command line.  Ends the program on --help and --version, and on a command line that is wrong. */
struct options options_read(int argc, char **argv);

#endif
