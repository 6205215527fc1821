/* SPDX-License-Identifier: ISC */
/* 11-snapshot - a file of what another thread measures, while it goes on.
 *
 *     cc -o 11-snapshot 11-snapshot.c $(pkg-config --cflags --libs theseus) -pthread
 *     ./11-snapshot callgrind.out.snapshot && callgrind_annotate --inclusive=yes callgrind.out.snapshot
 *
 * One thread at a time may use a profile.  So the thread that measures and the one that writes share a lock.  The
 * writer holds it only while it copies the profile, by merging it into an empty one: the slow part, writing, works on
 * the copy.  Here the worker counts jobs of 1 ms each, by a clock that is pretended. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <theseus-stdio.h>

enum { JOBS = 20000 };

static void check(theseus_profile *profile, int status) {
  if (status) {
    fprintf(stderr, "11-snapshot: %s: %s\n", theseus_strerror(status), theseus_error(profile));
    exit(1);
  }
}

struct shared {
  pthread_mutex_t lock;
  theseus_profile *profile; /* guarded by the lock, and so is the time */
  uint64_t now_ns;
  uint32_t job; /* the stack of a job */
};

static void *work(void *opaque) {
  struct shared *shared = opaque;
  for (int i = 0; i < JOBS; i++) {
    pthread_mutex_lock(&shared->lock);
    shared->now_ns += 1000000;
    check(shared->profile, theseus_record(shared->profile, shared->job, 21, 1000000, THESEUS_SUCCESS));
    pthread_mutex_unlock(&shared->lock);
  }
  return NULL;
}

/* Returns a copy of what has been measured so far. */
static theseus_profile *snapshot(struct shared *shared) {
  theseus_profile *copy;
  check(NULL, theseus_profile_new(NULL, &copy));
  pthread_mutex_lock(&shared->lock);
  theseus_settle(shared->profile, shared->now_ns); /* open operations have waited until now */
  check(copy, theseus_profile_merge(copy, shared->profile));
  pthread_mutex_unlock(&shared->lock);
  return copy;
}

static uint64_t jobs_of(const theseus_profile *profile) {
  theseus_stack_info stack = {.size = sizeof stack};
  uint64_t jobs = 0;
  for (uint32_t i = 0; i < theseus_stack_count(profile); i++)
    if (theseus_stack_get(profile, i, &stack) == THESEUS_OK)
      jobs += stack.operations;
  return jobs;
}

static void write_file(theseus_profile *profile, const char *path) {
  FILE *file = fopen(path, "wb");
  theseus_graph *graph;
  if (!file) {
    perror(path);
    exit(1);
  }
  const theseus_sink sink = theseus_file_sink(file);
  check(profile, theseus_graph_from_profile(profile, NULL, &graph));
  check(profile, theseus_callgrind_write(graph, &sink));
  theseus_graph_free(graph);
  if (fclose(file)) {
    perror(path);
    exit(1);
  }
}

int main(int argc, char **argv) {
  struct shared shared = {.lock = PTHREAD_MUTEX_INITIALIZER};
  const char *path = argc > 1 ? argv[1] : "callgrind.out.snapshot";
  uint32_t function;
  pthread_t worker;
  uint64_t before = 0;

  check(NULL, theseus_profile_new(NULL, &shared.profile));
  check(shared.profile, theseus_function_intern(shared.profile, "/srv/jobs.c", "job", 20, &function));
  check(shared.profile, theseus_stack_push(shared.profile, THESEUS_ROOT, function, 0, &shared.job));
  if (pthread_create(&worker, NULL, work, &shared)) {
    perror("11-snapshot");
    return 1;
  }
  for (int i = 0; i < 10; i++) { /* a complete file each time, whatever the worker does */
    theseus_profile *copy = snapshot(&shared);
    uint64_t jobs = jobs_of(copy);
    if (jobs < before)
      return 1;
    before = jobs;
    write_file(copy, path);
    theseus_profile_free(copy);
  }
  pthread_join(worker, NULL);
  write_file(shared.profile, path);
  printf("%llu jobs\n", (unsigned long long)jobs_of(shared.profile));
  theseus_profile_free(shared.profile);
  return 0;
}
