/* SPDX-License-Identifier: ISC */
/* What the threads of theseus-merge share, and its two rooms: one input (theseus-merge-read.c), and who takes which
 * (theseus-merge-workers.c). */
#ifndef THESEUS_MERGE_WORKERS_H
#define THESEUS_MERGE_WORKERS_H

#include "merge/main.h"

#include <pthread.h>

enum { READ_BUFFER = 1 << 18 };

struct column { /* an event, and where it came up first */
  char *name, *long_name, *unit;
  size_t input, named_by; /* named_by: whose long name it is */
  uint32_t position;
};

struct shared {
  const struct options *options;
  const struct inputs *inputs;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool *taken;    /* inputs */
  bool *profiled; /* those that are in a profile */
  size_t next, done, skipped;
  double density;        /* bytes of a graph for each byte of an input; 0: not known yet */
  double growth;         /* the same of an input that was not the first, as the last one was */
  theseus_graph *handed; /* to the first worker; NULL: nothing */
  unsigned running;
  bool stop; /* somebody has failed */
  int status;
  uint64_t bytes, read, warnings; /* bytes: of the files; read: decompressed */
  struct column *columns;
  size_t column_count;
};

struct worker {
  struct shared *shared;
  pthread_t thread;
  bool first;
  size_t next, count; /* inputs: before the one it has looked at all; and it has read so many */
  double memory;      /* bytes of its graph, after the last input; 0: it has none yet */
  theseus_graph *graph;
  theseus_callgrind_reader *reader;
  theseus_profile *profile;
  uint32_t known_events; /* of the profile */
  char *buffer, *whole;  /* whole: a pprof file */
  size_t whole_size, whole_room;
};

/* Adds an input to the worker's graph or profile.  An exit status, said why. */
int read_input(struct worker *worker, size_t number);
/* A status of the library, of which ENOMEM and ELIMIT have an exit status of their own. */
int exit_of_input(int status);
/* Makes what the worker has none of: a graph, its reader. */
int new_graph(struct worker *worker);
/* Bytes for the graph or the profile of one worker; 0: no limit. */
uint64_t memory_limit(const struct shared *shared);
/* The columns of all inputs, in the order in which they come up in them, whoever has read them. */
void give_columns(struct shared *shared, struct merged *out);

#endif
