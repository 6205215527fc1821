/* SPDX-License-Identifier: ISC */
/* output - collects bytes for the caller's sink, and hands them over in large pieces.
 *
 * The first failure is kept, and what comes after it is dropped: only th_output_end() needs to be checked. */
#ifndef TH_OUTPUT_H
#define TH_OUTPUT_H

#include "base/alloc.h"

enum { TH_OUTPUT_SIZE = 65536, TH_DIGITS = 20 /* of a number of 64 bits, at most */ };

typedef struct th_output {
  theseus_sink sink;
  char *buffer; /* TH_OUTPUT_SIZE bytes */
  size_t used;
  int status;
} th_output;

/* Initialises an output.  EINVAL (`sink` is NULL, or has no function), ENOMEM, ELIMIT.  Keeps the failure, too. */
int th_output_init(th_output *output, th_alloc *alloc, const theseus_sink *sink);

/* Hands over what is left, frees the buffer, and returns the first failure.  If `status` is one, and there was none
 * before, then it is the first, and nothing is handed over. */
int th_output_end(th_output *output, th_alloc *alloc, int status);

void th_output_bytes(th_output *output, const char *bytes, size_t n);
void th_output_number(th_output *output, uint64_t number);

/* Hands the content of the buffer to the sink. */
void th_output_flush(th_output *output);

/* For those who write many short pieces: returns where the next bytes go.  There is room for `n`, at most
 * TH_OUTPUT_SIZE.  Then th_output_until() says where they end.  The output must have been made without failure. */
static inline char *th_output_room(th_output *output, size_t n) {
  if (TH_OUTPUT_SIZE - output->used < n)
    th_output_flush(output);
  return output->buffer + output->used;
}

static inline void th_output_until(th_output *output, const char *end) {
  output->used = (size_t)(end - output->buffer);
}

static inline void th_output_byte(th_output *output, char byte) {
  *th_output_room(output, 1) = byte;
  output->used++;
}

/* Writes the decimal digits of a number to `out`, which has room for TH_DIGITS, and returns how many there are. */
size_t th_decimal(uint64_t number, char *out);

#endif
