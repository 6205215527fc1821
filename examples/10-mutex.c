/* SPDX-License-Identifier: ISC */
/* 10-mutex - which mutexes does a program wait for, where, and who holds them?  Preloaded into any program.
 *
 *     cc -shared -fPIC -o libmutex.so 10-mutex.c $(pkg-config --cflags --libs theseus) -ldl -pthread
 *     THESEUS_OUT=callgrind.out.mutex LD_PRELOAD=./libmutex.so ./program
 *     callgrind_annotate --inclusive=yes callgrind.out.mutex
 *     THESEUS_OUT=mutex.pb LD_PRELOAD=./libmutex.so ./program && go tool pprof -top -cum mutex.pb
 *
 * Only a lock that has to wait is recorded, under the stack that asked for it and a pseudo-function `[held by f]`.
 * Each thread has a profile of its own.  A profile is merged into the sum when its thread ends, or at the end of the
 * program.  A function without a symbol is named object+0xoffset, so that files of several runs can be merged. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <theseus-stdio.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH = 64, OWN = 4 /* room for frames of ours */, HOLDERS = 4096 /* places for mutexes */ };

struct thread {
  pthread_mutex_t lock; /* taken by the thread while it measures, and by whoever merges */
  theseus_profile *profile;
  struct thread *next, **link;
};

static int (*real_lock)(pthread_mutex_t *), (*real_trylock)(pthread_mutex_t *), (*real_unlock)(pthread_mutex_t *);
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct thread *threads; /* those that have waited, and live */
static theseus_profile *sum;   /* of those that have ended */
static pthread_key_t ending;
static _Atomic(void *) holders[HOLDERS]; /* where each mutex was locked last; two mutexes may share a place */
static _Thread_local struct thread *self;
static _Thread_local int busy; /* the library's own locks are not measured */

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static _Atomic(void *) *holder_of(const pthread_mutex_t *mutex) {
  return &holders[((size_t)mutex >> 4) * 2654435761U % HOLDERS];
}

/* ---- names ---- */

static void name_of(const void *address, char *name, size_t size, const char **object) {
  Dl_info info = {0};
  dladdr((const char *)address - 1, &info); /* a return address may be behind its function */
  *object = info.dli_fname ? info.dli_fname : "";
  const char *base = strrchr(*object, '/');
  if (info.dli_sname)
    snprintf(name, size, "%s", info.dli_sname);
  else
    snprintf(name, size, "%s+%#tx", base ? base + 1 : *object, (const char *)address - (const char *)info.dli_fbase);
}

static int push(theseus_profile *profile, uint32_t *stack, const void *address, const char *prefix, const char *end) {
  char name[160], full[200];
  const char *object;
  uint32_t function;
  name_of(address, name, sizeof name, &object);
  snprintf(full, sizeof full, "%s%s%s", prefix, name, end);
  int status = theseus_function_intern(profile, "", full, 0, &function);
  if (!status)
    status = theseus_function_set_object(profile, function, *prefix ? "" : object);
  return status ? status : theseus_stack_push(profile, *stack, function, 0, stack);
}

/* ---- threads ---- */

/* Takes a thread out of the list, and adds its profile to the sum.  The list is locked. */
static void take_out(struct thread *thread) {
  real_lock(&thread->lock);
  *thread->link = thread->next;
  if (thread->next)
    thread->next->link = thread->link;
  theseus_profile *measured = thread->profile;
  thread->profile = NULL; /* what its thread waits for from now on is not measured */
  real_unlock(&thread->lock);
  if (theseus_profile_merge(sum, measured))
    fprintf(stderr, "10-mutex: a thread's profile is lost\n");
  theseus_profile_free(measured);
}

static void thread_ends(void *thread) {
  busy = 1;
  real_lock(&list_lock);
  if (((struct thread *)thread)->profile)
    take_out(thread);
  real_unlock(&list_lock);
  self = NULL;
  free(thread);
}

static struct thread *this_thread(void) {
  if (!self && (self = calloc(1, sizeof *self)) != NULL) {
    pthread_mutex_init(&self->lock, NULL);
    if (theseus_profile_new(NULL, &self->profile)) {
      free(self);
      return self = NULL;
    }
    pthread_setspecific(ending, self);
    real_lock(&list_lock);
    self->next = threads;
    self->link = &threads;
    if (threads)
      threads->link = &self->next;
    threads = self;
    real_unlock(&list_lock);
  }
  return self;
}

/* Records a wait of the function that `caller` is an address in. */
static void record(const void *holder, const void *caller, uint64_t waited) {
  void *frames[DEPTH + OWN];
  struct thread *thread = this_thread();
  uint32_t stack = THESEUS_ROOT;
  if (!thread)
    return;
  int count = backtrace(frames, DEPTH + OWN), first = 0, status = 0;
  while (first < count && frames[first] != caller) /* our own frames: their number depends on what was inlined */
    first++;
  real_lock(&thread->lock);
  for (int i = count; thread->profile && !status && i-- > first;)
    status = push(thread->profile, &stack, frames[i], "", "");
  if (thread->profile && !status && holder)
    status = push(thread->profile, &stack, holder, "[held by ", "]");
  if (thread->profile && !status)
    (void)theseus_record(thread->profile, stack, 0, waited, THESEUS_SUCCESS);
  real_unlock(&thread->lock);
}

/* ---- the calls that the program makes ---- */

static void find_real(void) {
  *(void **)&real_unlock = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
  *(void **)&real_trylock = dlsym(RTLD_NEXT, "pthread_mutex_trylock");
  *(void **)&real_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
}

int pthread_mutex_lock(pthread_mutex_t *mutex) {
  if (!real_lock) /* called by a constructor that runs before ours */
    find_real();
  if (!sum || busy)
    return real_lock(mutex);
  int status = real_trylock(mutex);
  if (status) { /* another thread holds it */
    busy = 1;
    void *holder = atomic_load_explicit(holder_of(mutex), memory_order_relaxed);
    uint64_t since = now();
    status = real_lock(mutex);
    record(holder, __builtin_return_address(0), now() - since);
    busy = 0;
  }
  atomic_store_explicit(holder_of(mutex), __builtin_return_address(0), memory_order_relaxed);
  return status;
}

__attribute__((constructor)) static void start(void) {
  void *frames[1];
  find_real();
  backtrace(frames, 1); /* it loads a library the first time, which takes locks */
  if (pthread_key_create(&ending, thread_ends) || theseus_profile_new(NULL, &sum))
    sum = NULL;
}

/* Writes pprof if the name ends in .pb, else callgrind. */
static int write_to(FILE *file, const char *name) {
  const theseus_sink sink = theseus_file_sink(file);
  const char *end = strrchr(name, '.');
  theseus_graph *graph;

  if (end && strcmp(end, ".pb") == 0)
    return theseus_pprof_write(sum, NULL, &sink);
  int status = theseus_graph_from_profile(sum, NULL, &graph);
  if (status)
    return status;
  status = theseus_callgrind_write(graph, &sink);
  theseus_graph_free(graph);
  return status;
}

__attribute__((destructor)) static void finish(void) {
  char name[64];
  const char *wanted = getenv("THESEUS_OUT");

  if (!sum)
    return;
  busy = 1;
  real_lock(&list_lock);
  while (threads)
    take_out(threads);
  snprintf(name, sizeof name, "callgrind.out.%ld", (long)getpid());
  FILE *file = fopen(wanted ? wanted : name, "wb");
  if (file && write_to(file, wanted ? wanted : name))
    perror("10-mutex");
  if (!file || fclose(file))
    perror("10-mutex");
  theseus_profile_free(sum);
  sum = NULL;
  real_unlock(&list_lock);
}
