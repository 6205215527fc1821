/* SPDX-License-Identifier: ISC */
/* output - bytes on their way to a caller's sink, which gets them in large pieces.
 *
 * The first failure is kept and what comes after it is dropped, so that only the end needs to look. */
#ifndef TH_OUTPUT_H
#define TH_OUTPUT_H

#include "base/alloc.h"

enum { TH_OUTPUT_SIZE = 65536 };

typedef struct th_output {
  theseus_sink sink;
  char *buffer; /* TH_OUTPUT_SIZE bytes */
  size_t used;
  int status;
} th_output;

/* EINVAL (no sink), ENOMEM; either of which is also kept. */
int th_output_init(th_output *output, th_alloc *alloc, const theseus_sink *sink);
void th_output_bytes(th_output *output, const char *bytes, size_t n);
void th_output_number(th_output *output, uint64_t number);

/* Hands over what is left, unless `status` or anything before is a failure, which it gives; and frees the buffer. */
int th_output_end(th_output *output, th_alloc *alloc, int status);

/* Decimal digits of a number into `out`, which has room for TH_DIGITS; gives how many. */
enum { TH_DIGITS = 20 };
size_t th_decimal(uint64_t number, char *out);

#endif
