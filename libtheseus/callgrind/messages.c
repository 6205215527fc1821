/* SPDX-License-Identifier: ISC */
#include "callgrind/messages.h"

#include <stdio.h>
#include <string.h>

/* Writes a message.  If the name of the file is too long, its beginning is left out. */
static void compose(const theseus_callgrind_reader *reader, const char *where, const char *kind, const char *text,
                    char *out) {
  const char *source = reader->source == TH_NONE ? "-" : th_strings_get(&reader->graph->strings, reader->source);
  size_t length = strlen(source), most = TH_MESSAGE / 2;
  size_t column = where && reader->line_start ? (size_t)(where - reader->line_start) + 1 : 1;
  const char *dots = length > most ? "..." : "";
  snprintf(out, TH_MESSAGE, "%s%s:%llu:%zu: %s%s", dots, length > most ? source + length - most : source,
           (unsigned long long)reader->lines, column, kind, text);
}

int th_callgrind_fail(theseus_callgrind_reader *reader, int status, const char *where, const char *text) {
  compose(reader, where, "", text, reader->error);
  return status;
}

int th_callgrind_fail_number(theseus_callgrind_reader *reader, const char *where, uint64_t number, const char *text) {
  if (number == UINT64_MAX)
    return th_callgrind_fail(reader, THESEUS_EOVERFLOW, where, "a number that does not fit into 64 bits");
  return th_callgrind_fail(reader, THESEUS_EFORMAT, where, text);
}

int th_callgrind_fail_sum(theseus_callgrind_reader *reader, int status) {
  if (status == THESEUS_EOVERFLOW)
    return th_callgrind_fail(reader, status, NULL, "a sum of costs does not fit into 64 bits");
  return status;
}

int th_callgrind_warn(theseus_callgrind_reader *reader, const char *where, const char *text) {
  char message[TH_MESSAGE];

  if (reader->strict)
    return th_callgrind_fail(reader, THESEUS_EFORMAT, where, text);
  reader->warning_count++;
  if (reader->kept == TH_WARNINGS_KEPT)
    return THESEUS_OK;
  compose(reader, where, "warning: ", text, message);
  char *kept = th_alloc_zeroed(&reader->graph->alloc, strlen(message) + 1, 1);
  if (!kept) /* it is counted, but not kept */
    return THESEUS_OK;
  memcpy(kept, message, strlen(message));
  reader->warnings[reader->kept++] = kept;
  return THESEUS_OK;
}

void th_callgrind_forget_messages(theseus_callgrind_reader *reader) {
  while (reader->kept) {
    char *message = reader->warnings[--reader->kept];
    th_alloc_free(&reader->graph->alloc, message, strlen(message) + 1, 1);
  }
  reader->warning_count = 0;
  reader->error[0] = '\0';
  reader->refused = TH_NONE;
}
