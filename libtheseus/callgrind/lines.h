/* SPDX-License-Identifier: ISC */
/* lines - the kinds of lines of a callgrind file.  Each has a room: quick, costs, body, header.
 *
 * All functions return a status.  Any status but THESEUS_OK ends the file: EFORMAT, EVERSION, EUNIT, EOVERFLOW, ENOMEM,
 * ELIMIT. */
#ifndef TH_CALLGRIND_LINES_H
#define TH_CALLGRIND_LINES_H

#include "callgrind/reader.h"

/* Reads lines of the usual form, as many as follow each other, and moves *at behind them.  All lines from *at to `end`
 * are complete. */
int th_callgrind_quick(theseus_callgrind_reader *reader, const char **at, const char *end);

/* Reads a line of costs, which ends with LF, and moves *at behind it. */
int th_callgrind_costs(theseus_callgrind_reader *reader, const char **at);

/* Reads `key=…`.  Sets *known to false if it is no such line, or has another key. */
int th_callgrind_body(theseus_callgrind_reader *reader, struct th_piece line, bool *known);

/* Reads `# …`: `# callgrind format` begins a part. */
int th_callgrind_comment(theseus_callgrind_reader *reader, struct th_piece line);

/* Reads any other line. */
int th_callgrind_header(theseus_callgrind_reader *reader, struct th_piece line);

/* Begins a file, or a part with a header of its own: with the default positions, and no events. */
void th_callgrind_begin_part(theseus_callgrind_reader *reader);

/* Ends a part.  Facts (pid, desc, …) that all parts share become facts of the file.  ENOMEM, ELIMIT, EOVERFLOW. */
int th_callgrind_end_part(theseus_callgrind_reader *reader);

#endif
