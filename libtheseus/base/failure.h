/* SPDX-License-Identifier: ISC */
/* failure - the last failure of an object: which call, what was wrong, and with which argument.
 *
 * Recording one is cheap, as a host may provoke failures on purpose.  The sentence is put together if somebody asks. */
#ifndef TH_FAILURE_H
#define TH_FAILURE_H

#include <stdint.h>

enum { TH_FAILURE_NAME = 64, TH_FAILURE_TEXT = 256 };

typedef struct th_failure {
  const char *where, *what; /* static texts; NULL: nothing has failed */
  uint64_t a, b;
  char name[TH_FAILURE_NAME];
  char text[TH_FAILURE_TEXT];
} th_failure;

/* Records a failure.  In `what`, the first `#` stands for `a`, and the second for `b`.  Returns `status`. */
int th_failure_set(th_failure *failure, const char *where, int status, const char *what, uint64_t a, uint64_t b);

/* The same, and `$` stands for a name, which is copied. */
int th_failure_name(th_failure *failure, const char *where, int status, const char *what, const char *name);

/* Returns the sentence; "" if nothing has failed. */
const char *th_failure_text(th_failure *failure);

/* For the public calls of an object that has an `alloc`. */
#define th_fail(object, status, what, a, b) th_failure_set(&(object)->alloc.failure, __func__, status, what, a, b)
#define th_fail_name(object, status, what, name) th_failure_name(&(object)->alloc.failure, __func__, status, what, name)

#endif
