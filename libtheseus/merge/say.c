/* SPDX-License-Identifier: ISC */
#include "merge/say.h"

#include "theseus.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void say_begin(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) /* using one that was closed still fails */
    if (fcntl(file, F_GETFD) < 0 && open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) != file)
      exit(EXIT_OUTPUT);
}

void complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  flockfile(stderr); /* so that lines of several threads do not mix */
  fputs("theseus-merge: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  funlockfile(stderr);
  va_end(arguments);
}

int exit_of_status(int status) {
  return status == THESEUS_ENOMEM || status == THESEUS_ELIMIT ? EXIT_MEMORY : EXIT_INPUT;
}

void exit_without_memory(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER; /* exit() must not be called twice: a second thread waits */

  pthread_mutex_lock(&once);
  complain("out of memory");
  exit(EXIT_MEMORY);
}

void *realloc_or_exit(void *block, size_t count, size_t size) {
  void *moved = count > SIZE_MAX / size ? NULL : realloc(block, count * size);
  if (!moved)
    exit_without_memory();
  return moved;
}

char *strdup_or_exit(const char *text) {
  size_t size = strlen(text) + 1;
  return memcpy(realloc_or_exit(NULL, size, 1), text, size);
}
