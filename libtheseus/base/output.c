/* SPDX-License-Identifier: ISC */
#include "base/output.h"

#include <string.h>

int th_output_init(th_output *output, th_alloc *alloc, const theseus_sink *sink) {
  *output = (th_output){.status = THESEUS_OK};
  if (!sink || !sink->write) {
    output->status = THESEUS_EINVAL;
  } else {
    output->sink = *sink;
    output->buffer = th_alloc_zeroed(alloc, TH_OUTPUT_SIZE, 1);
    if (!output->buffer)
      output->status = th_alloc_why(alloc);
  }
  return output->status;
}

static void hand_over(th_output *output, const char *bytes, size_t n) {
  if (!output->status && n && output->sink.write(output->sink.opaque, bytes, n) != 0)
    output->status = THESEUS_EIO;
}

void th_output_flush(th_output *output) {
  hand_over(output, output->buffer, output->used);
  output->used = 0;
}

void th_output_bytes(th_output *output, const char *bytes, size_t n) {
  if (n > TH_OUTPUT_SIZE - output->used)
    th_output_flush(output);
  if (n > TH_OUTPUT_SIZE) {
    hand_over(output, bytes, n);
  } else if (n && !output->status) {
    memcpy(output->buffer + output->used, bytes, n);
    output->used += n;
  }
}

size_t th_decimal(uint64_t number, char *out) {
  size_t n = 1;

  for (uint64_t least = 10; n < TH_DIGITS && number >= least; least *= 10)
    n++;
  for (char *at = out + n; at > out; number /= 10)
    *--at = (char)('0' + number % 10);
  return n;
}

void th_output_number(th_output *output, uint64_t number) {
  char digits[TH_DIGITS];
  th_output_bytes(output, digits, th_decimal(number, digits));
}

int th_output_end(th_output *output, th_alloc *alloc, int status) {
  if (!output->status)
    output->status = status;
  th_output_flush(output);
  th_alloc_free(alloc, output->buffer, TH_OUTPUT_SIZE, 1);
  output->buffer = NULL;
  return output->status;
}
