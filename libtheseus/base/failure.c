/* SPDX-License-Identifier: ISC */
#include "base/failure.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int th_failure_set(th_failure *failure, const char *where, int status, const char *what, uint64_t a, uint64_t b) {
  failure->where = where;
  failure->what = what;
  failure->a = a;
  failure->b = b;
  return status;
}

int th_failure_name(th_failure *failure, const char *where, int status, const char *what, const char *name) {
  size_t length = strlen(name);
  if (length >= TH_FAILURE_NAME)
    length = TH_FAILURE_NAME - 1;
  memcpy(failure->name, name, length);
  failure->name[length] = '\0';
  return th_failure_set(failure, where, status, what, 0, 0);
}

static size_t put(th_failure *failure, size_t at, const char *bytes, size_t length) {
  size_t room = TH_FAILURE_TEXT - 1 - at;
  if (length > room)
    length = room;
  memcpy(failure->text + at, bytes, length);
  return at + length;
}

const char *th_failure_text(th_failure *failure) {
  uint64_t numbers[] = {failure->a, failure->b};
  uint32_t used = 0;
  size_t at = 0;

  if (failure->where) {
    at = put(failure, at, failure->where, strlen(failure->where));
    at = put(failure, at, "(): ", 4);
  }
  for (const char *what = failure->what ? failure->what : ""; *what; what++) {
    char digits[24];
    if (*what == '#' && used < 2)
      at = put(failure, at, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, numbers[used++]));
    else if (*what == '$')
      at = put(failure, at, failure->name, strlen(failure->name));
    else
      at = put(failure, at, what, 1);
  }
  failure->text[at] = '\0';
  return failure->text;
}
