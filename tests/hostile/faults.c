/* SPDX-License-Identifier: ISC */
/* faults - a library for LD_PRELOAD that makes one call of theseus-merge fail, or sends a signal there.
 *
 *     FAULT='CALL N ACTION [VALUE]'
 *
 * CALL is the name of a function below, `alloc` for all that allocate, or `any`.  N is the number of the call, from 1;
 * with a `+` it is that call and all later ones.  ACTION is `error` (VALUE is the errno), `short` (read and write take
 * half of the bytes, at least one), `before` or `after` (the signal VALUE arrives before or after the call).
 * The file FAULT_REACHED is made as soon as the fault has happened.
 *
 * Calls that glibc makes within itself do not come here; its calls of malloc do. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

enum action { NOTHING, FAIL, SHORT, BEFORE, AFTER };

static struct {
  enum action action;
  char call[20];
  long number;
  bool onwards;
  int value;
} fault;
static atomic_long calls;

__attribute__((constructor)) static void begin(void) {
  static const char *const actions[] = {[FAIL] = "error", [SHORT] = "short", [BEFORE] = "before", [AFTER] = "after"};
  const char *text = getenv("FAULT");
  char number[20], action[20];
  int value = 0;

  if (!text || !strstr(program_invocation_short_name, "theseus-merge") || /* a libtool wrapper is a shell */
      sscanf(text, "%19s %19s %19s %d", fault.call, number, action, &value) < 3)
    return;
  fault.number = atol(number);
  fault.onwards = strchr(number, '+');
  fault.value = value;
  for (enum action i = FAIL; i <= AFTER; i++)
    if (strcmp(action, actions[i]) == 0)
      fault.action = i;
}

/* The action for this call; each call asks once. */
static enum action now(const char *call) {
  if (!fault.action || (strcmp(fault.call, call) != 0 && strcmp(fault.call, "any") != 0))
    return NOTHING;
  long number = ++calls;
  if (number != fault.number && !(fault.onwards && number > fault.number))
    return NOTHING;
  const char *reached = getenv("FAULT_REACHED");
  if (reached)
    syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, reached, O_CREAT | O_WRONLY, 0600));
  if (fault.action == BEFORE)
    kill(getpid(), fault.value);
  if (fault.action == FAIL)
    errno = fault.value;
  return fault.action;
}

static void after(enum action action) {
  int kept = errno;
  if (action == AFTER)
    kill(getpid(), fault.value);
  errno = kept;
}

/* A function that takes and returns what the one of this name does, with the fault around it. */
#define WRAP(TYPE, FAILED, NAME, CALL, PARAMETERS, REAL)                                                               \
  TYPE NAME PARAMETERS {                                                                                               \
    enum action action = now(CALL);                                                                                    \
    if (action == FAIL)                                                                                                \
      return FAILED;                                                                                                   \
    TYPE result = REAL;                                                                                                \
    after(action);                                                                                                     \
    return result;                                                                                                     \
  }

#define REAL(NAME) ((__typeof__(&NAME))dlsym(RTLD_NEXT, #NAME))
#define PART (action == SHORT && size > 1 ? size / 2 : size)

WRAP(void *, NULL, malloc, "alloc", (size_t size), __libc_malloc(size))
WRAP(void *, NULL, calloc, "alloc", (size_t count, size_t size), __libc_calloc(count, size))
WRAP(void *, NULL, realloc, "alloc", (void *block, size_t size), __libc_realloc(block, size))
WRAP(void *, MAP_FAILED, mmap, "alloc", (void *at, size_t size, int protection, int flags, int file, off_t offset),
     (void *)syscall(SYS_mmap, at, size, protection, flags, file, offset))
WRAP(int, fault.value, pthread_create, "thread",
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *opaque),
     REAL(pthread_create)(thread, attributes, run, opaque))

void *mremap(void *from, size_t old_size, size_t size, int flags, ...) {
  va_list more;
  va_start(more, flags);
  void *to = flags & MREMAP_FIXED ? va_arg(more, void *) : NULL;
  va_end(more);
  enum action action = now("alloc");
  if (action == FAIL)
    return MAP_FAILED;
  void *result = (void *)syscall(SYS_mremap, from, old_size, size, flags, to);
  after(action);
  return result;
}

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  enum action action = now("open");
  if (action == FAIL)
    return -1;
  int result = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  after(action);
  return result;
}

WRAP(ssize_t, -1, read, "read", (int file, void *bytes, size_t size), syscall(SYS_read, file, bytes, PART))
WRAP(ssize_t, -1, write, "write", (int file, const void *bytes, size_t size), syscall(SYS_write, file, bytes, PART))
WRAP(int, -1, close, "close", (int file), (int)syscall(SYS_close, file))
WRAP(int, -1, fsync, "fsync", (int file), (int)syscall(SYS_fsync, file))
WRAP(int, -1, fchmod, "fchmod", (int file, mode_t mode), (int)syscall(SYS_fchmod, file, mode))
WRAP(int, -1, mkstemp, "mkstemp", (char *name), REAL(mkstemp)(name))
WRAP(int, -1, rename, "rename", (const char *from, const char *to), REAL(rename)(from, to))
WRAP(int, -1, unlink, "unlink", (const char *path), REAL(unlink)(path))
WRAP(int, -1, sigprocmask, "signals", (int how, const sigset_t *set, sigset_t *old), REAL(sigprocmask)(how, set, old))
