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

/* Where n bytes are to be written; NULL: there is a failure, or they are too many. */
static char *room_for(th_output *output, size_t n) {
  if (n > TH_OUTPUT_SIZE - output->used) {
    hand_over(output, output->buffer, output->used);
    output->used = 0;
  }
  if (output->status || n > TH_OUTPUT_SIZE)
    return NULL;
  output->used += n;
  return output->buffer + output->used - n;
}

void th_output_bytes(th_output *output, const char *bytes, size_t n) {
  char *room = n ? room_for(output, n) : NULL;
  if (room)
    memcpy(room, bytes, n);
  else
    hand_over(output, bytes, n);
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
  hand_over(output, output->buffer, output->used);
  th_alloc_free(alloc, output->buffer, TH_OUTPUT_SIZE, 1);
  output->buffer = NULL;
  return output->status;
}
