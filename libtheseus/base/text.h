/* SPDX-License-Identifier: ISC */
/* text - makes any bytes fit for one line of a file: valid UTF-8 without NUL, CR and LF, no blank at either end. */
#ifndef TH_TEXT_H
#define TH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

bool th_text_is_clean(const char *bytes, size_t n);

/* Writes the text to `out`, which has room for 4 * n bytes, with each offending byte as \xHH.  Returns its length. */
size_t th_text_clean(const char *bytes, size_t n, char *out);

#endif
