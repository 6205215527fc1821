/* SPDX-License-Identifier: ISC */
/* text - makes any bytes fit for one line of a file: valid UTF-8 without NUL, CR and LF, no blank at either end. */
#ifndef TH_TEXT_H
#define TH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

bool th_text_is_clean(const char *bytes, size_t n);

/* Writes the text with each offending byte as \xHH, and gives its length: at most 4 * n, which `out` has room for. */
size_t th_text_clean(const char *bytes, size_t n, char *out);

#endif
