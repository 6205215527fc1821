/* SPDX-License-Identifier: ISC */
#include "merge/say.h"

#include "merge/escape.h"
#include "theseus.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The most bytes of a message; what is too much is cut off. */
enum { MESSAGE = 8192 };

void say_begin(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) /* using one that was closed still fails */
    if (fcntl(file, F_GETFD) < 0 && open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) != file)
      exit(EXIT_OUTPUT);
}

void complain(const char *format, ...) {
  static const char name[] = "theseus-merge: ";
  char text[MESSAGE], line[sizeof name + ESCAPED * sizeof text];
  va_list arguments;

  va_start(arguments, format);
  int wanted = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  size_t length = wanted < 0 ? 0 : (size_t)wanted < sizeof text ? (size_t)wanted : sizeof text - 1;
  memcpy(line, name, sizeof name - 1);
  length = sizeof name - 1 + escape(text, length, false, line + sizeof name - 1);
  line[length++] = '\n';
  (void)!fwrite(line, 1, length, stderr); /* at once, so that lines of several threads do not mix */
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
