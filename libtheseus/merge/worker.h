/* SPDX-License-Identifier: ISC */
/* worker - a thread that reads inputs into a graph and a profile of its own, and the state that all workers share. */
#ifndef THESEUS_MERGE_WORKER_H
#define THESEUS_MERGE_WORKER_H

#include "merge/columns.h"
#include "merge/inputs.h"
#include "merge/options.h"
#include "theseus.h"

#include <pthread.h>

enum { READ_BUFFER = 1 << 18 };

/* Without --memory-limit, one file may unpack to this, and a graph or a profile may take that. */
#define UNPACKED_LIMIT (UINT64_C(512) << 20)
#define MEMORY_LIMIT (UINT64_C(2) << 30)

/* Everything but the first two members is protected by `lock`. */
struct shared {
  const struct options *options;
  const struct inputs *inputs;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool *taken;    /* by input: a worker has taken it */
  bool *profiled; /* by input: it is a part of a profile */
  size_t next;    /* all inputs before this one are taken */
  size_t done;    /* inputs that are read or skipped */
  size_t skipped;
  size_t empty;          /* inputs without a byte */
  double density;        /* bytes of a graph for each byte of its first input; 0: not known yet */
  double growth;         /* the same for the latest input that was not a worker's first */
  theseus_graph *handed; /* to the first worker, by another one; NULL: none */
  unsigned running;      /* workers */
  bool stop;             /* a worker has failed: all others give up */
  int status;            /* the exit code of that failure */
  uint64_t bytes;        /* of the files, that were read */
  uint64_t read;         /* the same, decompressed */
  uint64_t warnings;
  struct columns columns;
  pthread_mutex_t period_lock;     /* held by the worker that may find the period type */
  char *period_type, *period_unit; /* of the pprof inputs; NULL: not known yet */
};

struct worker {
  struct shared *shared;
  pthread_t thread;
  bool first;    /* its graph grows into the result */
  size_t next;   /* it has looked at all inputs before this one */
  size_t count;  /* inputs that it has read */
  double memory; /* bytes of its graph after its latest input; 0: it has none */
  theseus_graph *graph;
  theseus_callgrind_reader *reader;
  theseus_profile *profile;
  uint32_t known_events;         /* events of the profile that are in shared->columns */
  char *buffer;                  /* READ_BUFFER bytes */
  char *whole;                   /* a pprof file, decompressed */
  size_t whole_size, whole_room; /* bytes used, and allocated */
};

/* Makes the worker's graph, unless it has one, and a reader for it.  Returns a status of the library. */
int worker_new_graph(struct worker *worker);
/* The memory limit of each worker's graph and of its profile. */
uint64_t worker_memory_limit(const struct shared *shared);
/* The options of each worker's profile, and of the sum. */
theseus_profile_options worker_profile_options(const struct shared *shared);
/* Reports that an input needs more memory than it may take.  Returns the exit code. */
int worker_report_limit(const struct worker *worker, const struct input *input, bool unpacked);
/* Counts bytes that were read: `bytes` of a file, `read` of them decompressed. */
void worker_count_bytes(struct shared *shared, uint64_t bytes, uint64_t read);
/* True after another worker has failed. */
bool worker_must_stop(struct shared *shared);

#endif
