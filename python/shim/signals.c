/* SPDX-License-Identifier: ISC */
/* signals - reports signals to a thread of ours, without the program noticing.
 *
 * A handler of Python's would run only when the main thread runs Python code, and the program would see the handler.
 * This handler releases a lock of Python's, and calls the previous handler.  The lock is a semaphore, which a handler
 * may post.  It needs no descriptor, which the program could close or use.  (sem_post() itself would need a later
 * glibc.)
 *
 * A handler that somebody sets later replaces this one.  A signal handler gets no object, so its state is static: there
 * is one taker in a process. */
#include <Python.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "shim.h"

enum { SIGNALS = 2 };

static struct taken {
  int number; /* 0: none */
  struct sigaction previous;
  volatile sig_atomic_t came;
} taken[SIGNALS];
static PyThread_type_lock wake; /* released when a signal came, or to stop */
static volatile sig_atomic_t is_stopping;

static void call_previous(const struct sigaction *previous, int number, siginfo_t *info, void *context) {
  if (previous->sa_flags & SA_SIGINFO) {
    previous->sa_sigaction(number, info, context);
  } else if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
    previous->sa_handler(number);
  }
}

static void handle(int number, siginfo_t *info, void *context) {
  int saved = errno;

  for (int i = 0; i < SIGNALS; i++)
    if (taken[i].number == number) {
      taken[i].came = 1;
      PyThread_release_lock(wake);
      call_previous(&taken[i].previous, number, info, context);
    }
  errno = saved;
}

int shim_signal_take(int which, int number) {
  struct sigaction action;

  if (!wake && (wake = PyThread_allocate_lock()))
    PyThread_acquire_lock(wake, NOWAIT_LOCK);
  if (!wake || which < 0 || which >= SIGNALS)
    return -1;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(number, NULL, &taken[which].previous))
    return -1;
  taken[which].number = number;
  return sigaction(number, &action, NULL);
}

int shim_signal_wait(void) {
  for (;;) {
    for (int i = 0; i < SIGNALS; i++)
      if (taken[i].came) {
        taken[i].came = 0;
        return i;
      }
    if (is_stopping) {
      is_stopping = 0;
      return -1;
    }
    PyThread_acquire_lock(wake, WAIT_LOCK);
  }
}

void shim_signal_stop(void) {
  is_stopping = 1;
  PyThread_release_lock(wake);
}
