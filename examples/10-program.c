/* SPDX-License-Identifier: ISC */
/* A program that knows nothing of being profiled: see 10-mutex.c.  Two clerks need one ledger, which an audit holds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

static pthread_mutex_t ledger = PTHREAD_MUTEX_INITIALIZER;
static sem_t audited, waiting;

#define KEPT __attribute__((noinline)) /* so that it has a frame, and a symbol, of its own */

void audit(void);
void post(void);
void *clerk(void *unused);

static void sleep_ms(long ms) { nanosleep(&(struct timespec){0, ms * 1000000}, NULL); }

KEPT void audit(void) {
  pthread_mutex_lock(&ledger);
  sem_post(&audited);
  sem_post(&audited);
  sem_wait(&waiting);
  sem_wait(&waiting);
  sleep_ms(300);
  pthread_mutex_unlock(&ledger);
}

KEPT void post(void) {
  sem_wait(&audited);
  sem_post(&waiting);
  pthread_mutex_lock(&ledger);
  pthread_mutex_unlock(&ledger);
}

void *clerk(void *unused) {
  post();
  return unused;
}

int main(void) {
  pthread_t clerks[2];
  sem_init(&audited, 0, 0);
  sem_init(&waiting, 0, 0);
  for (int i = 0; i < 2; i++)
    pthread_create(&clerks[i], NULL, clerk, NULL);
  audit();
  for (int i = 0; i < 2; i++)
    pthread_join(clerks[i], NULL);
  puts("the books are closed");
  return 0;
}
