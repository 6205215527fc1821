/* SPDX-License-Identifier: ISC */
#include "pprof/writer.h"
#include "base/text.h"

#include <string.h>

void th_pprof_note(th_pprof_writer *writer, int status) {
  if (!writer->output.status)
    writer->output.status = status;
}

uint32_t th_pprof_text(th_pprof_writer *writer, const char *text) {
  uint32_t id = 0;
  th_pprof_note(writer, th_strings_intern_clean(&writer->strings, &writer->alloc, text, strlen(text), &id));
  return id;
}

void th_pprof_put(th_pprof_writer *writer, th_wire *wire, uint32_t field, uint64_t number) {
  th_pprof_note(writer, th_wire_field(wire, &writer->alloc, field, number));
}

void th_pprof_put_part(th_pprof_writer *writer, uint32_t field) {
  th_pprof_note(writer, th_wire_block(&writer->message, &writer->alloc, field, writer->part.bytes, writer->part.used));
  writer->part.used = 0;
}

void th_pprof_send_bytes(th_pprof_writer *writer, uint32_t field, const void *bytes, uint32_t size) {
  unsigned char head[2 * TH_VARINT];
  uint32_t n = th_wire_put(head, field << 3 | TH_WIRE_BLOCK);
  n += th_wire_put(head + n, size);
  th_output_bytes(&writer->output, (const char *)head, n);
  th_output_bytes(&writer->output, bytes, size);
}

void th_pprof_send(th_pprof_writer *writer, uint32_t field) {
  th_pprof_send_bytes(writer, field, writer->message.bytes, writer->message.used);
  writer->message.used = 0;
}

void th_pprof_send_number(th_pprof_writer *writer, uint32_t field, uint64_t number) {
  unsigned char bytes[2 * TH_VARINT];
  uint32_t n = th_wire_put(bytes, field << 3);
  n += th_wire_put(bytes + n, number);
  if (number > INT64_MAX)
    th_pprof_note(writer, THESEUS_EOVERFLOW);
  if (number)
    th_output_bytes(&writer->output, (const char *)bytes, n);
}

void th_pprof_send_type(th_pprof_writer *writer, uint32_t field, const char *type, const char *unit) {
  th_pprof_put(writer, &writer->message, TH_VALUE_TYPE, th_pprof_text(writer, type));
  th_pprof_put(writer, &writer->message, TH_VALUE_UNIT, th_pprof_text(writer, unit));
  th_pprof_send(writer, field);
}
