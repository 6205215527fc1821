/* SPDX-License-Identifier: ISC */
/* messages - errors and warnings of the callgrind reader.
 *
 *     file:line:column: text
 *     file:line:column: warning: text */
#ifndef TH_CALLGRIND_MESSAGES_H
#define TH_CALLGRIND_MESSAGES_H

#include "callgrind/reader.h"

/* Sets the error message, and returns `status`.  `where` points into the line that is being read; NULL: the column is
 * unknown. */
int th_callgrind_fail(theseus_callgrind_reader *reader, int status, const char *where, const char *text);

/* The same for the number at `where`, which th_callgrind_number() refused.  `number` is what it stored: EOVERFLOW if
 * the number is too large, else EFORMAT with `text`. */
int th_callgrind_fail_number(theseus_callgrind_reader *reader, const char *where, uint64_t number, const char *text);

/* The same for a status of book.h: explains EOVERFLOW. */
int th_callgrind_fail_sum(theseus_callgrind_reader *reader, int status);

/* Counts a warning, keeps it if there is room, and returns THESEUS_OK.  If the reader is strict, fails with EFORMAT. */
int th_callgrind_warn(theseus_callgrind_reader *reader, const char *where, const char *text);

void th_callgrind_forget_messages(theseus_callgrind_reader *reader);

#endif
