/* SPDX-License-Identifier: ISC */
/* others - recognises formats that are neither callgrind nor pprof, by their first bytes, so that a message can say
 * what a file is. */
#ifndef TH_OTHERS_H
#define TH_OTHERS_H

#include <stddef.h>

/* A phrase that names the format of a file which begins with these bytes, and says what to do with it; NULL: none that
 * is known.  No file of callgrind or pprof begins as these do. */
const char *th_other_format(const void *bytes, size_t size);

#endif
