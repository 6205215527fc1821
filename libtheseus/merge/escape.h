/* SPDX-License-Identifier: ISC */
/* escape - text from outside (names of files and functions) on its way to a person.
 *
 * It must not move the cursor, change colours or begin a line.  So control characters, marks that reverse the direction
 * of text, and bytes that are no UTF-8 are shown as \xHH. */
#ifndef THESEUS_MERGE_ESCAPE_H
#define THESEUS_MERGE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

enum { ESCAPED = 4 }; /* bytes that one byte may become */

/* Escapes `size` bytes into `out`, which has room for ESCAPED * size.  Returns the length.  With `lines`, tabs and line
 * feeds stay. */
size_t escape(const char *bytes, size_t size, bool lines, char *out);

/* How many of the bytes can be escaped now; the others begin a character of which the rest is still to come. */
size_t escape_whole(const char *bytes, size_t size);

#endif
