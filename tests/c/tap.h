/* SPDX-License-Identifier: ISC */
/* tap - what a C test is written with: a program that prints one line a check, in the Test Anything Protocol.
 *
 *     int main(void) {
 *       ok(1 + 1 == 2, "one and one");
 *       is_int(th_double(21), 42, "the double of %d", 21);
 *       is_str(theseus_strerror(0), "no error", "a text");
 *       return done();
 *     }
 *
 * Each macro gives whether the check held.  A failure says what there was, and on which line of the test. */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ok(condition, ...) tap_check((condition), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, wanted, ...) tap_int((intmax_t)(got), (intmax_t)(wanted), __FILE__, __LINE__, __VA_ARGS__)
#define is_uint(got, wanted, ...) tap_uint((uintmax_t)(got), (uintmax_t)(wanted), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, wanted, ...) tap_str((got), (wanted), __FILE__, __LINE__, __VA_ARGS__)

/* Ends the program at once when something that all the rest needs has failed. */
#define must(condition) ((condition) ? (void)0 : tap_bail(#condition, __FILE__, __LINE__))

/* The last call of main, and its value. */
#define done() tap_done()

/* The whole program is skipped: `return skip_all("no such machine");` before any check. */
#define skip_all(reason) (printf("1..0 # SKIP %s\n", (reason)), 0)

struct tap_counts {
  unsigned run, failed;
};

static inline struct tap_counts *tap_counts(void) {
  static struct tap_counts counts;
  return &counts;
}

#if defined(__GNUC__)
#define TAP_PRINTF(at, first) __attribute__((format(printf, at, first)))
#else
#define TAP_PRINTF(at, first)
#endif

TAP_PRINTF(4, 0)
static inline bool tap_report(bool held, const char *file, int line, const char *format, va_list arguments) {
  struct tap_counts *counts = tap_counts();
  counts->run++;
  printf("%s %u - ", held ? "ok" : "not ok", counts->run);
  vprintf(format, arguments);
  putchar('\n');
  if (!held) {
    counts->failed++;
    printf("#   at %s:%d\n", file, line);
  }
  fflush(stdout);
  return held;
}

TAP_PRINTF(4, 5) static inline bool tap_check(bool held, const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  tap_report(held, file, line, format, arguments);
  va_end(arguments);
  return held;
}

TAP_PRINTF(5, 6)
static inline bool tap_int(intmax_t got, intmax_t wanted, const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  bool held = tap_report(got == wanted, file, line, format, arguments);
  va_end(arguments);
  if (!held)
    printf("#   got %" PRIdMAX ", wanted %" PRIdMAX "\n", got, wanted);
  return held;
}

TAP_PRINTF(5, 6)
static inline bool tap_uint(uintmax_t got, uintmax_t wanted, const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  bool held = tap_report(got == wanted, file, line, format, arguments);
  va_end(arguments);
  if (!held)
    printf("#   got %" PRIuMAX ", wanted %" PRIuMAX "\n", got, wanted);
  return held;
}

TAP_PRINTF(5, 6)
static inline bool tap_str(const char *got, const char *wanted, const char *file, int line, const char *format, ...) {
  bool same = got && wanted ? strcmp(got, wanted) == 0 : got == wanted;
  va_list arguments;
  va_start(arguments, format);
  tap_report(same, file, line, format, arguments);
  va_end(arguments);
  if (!same)
    printf("#   got '%s', wanted '%s'\n", got ? got : "(null)", wanted ? wanted : "(null)");
  return same;
}

static inline _Noreturn void tap_bail(const char *what, const char *file, int line) {
  printf("Bail out! %s:%d: %s\n", file, line, what);
  exit(1);
}

static inline int tap_done(void) {
  const struct tap_counts *counts = tap_counts();
  printf("1..%u\n", counts->run);
  return counts->failed ? 1 : 0;
}

#endif
