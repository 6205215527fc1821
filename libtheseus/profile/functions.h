/* SPDX-License-Identifier: ISC */
/* functions - the functions of a profile, each once: (file, name, first line).  Without a file, the object is a part of
 * the key: two libraries may have a function of one name. */
#ifndef TH_FUNCTIONS_H
#define TH_FUNCTIONS_H

#include "base/strings.h"

struct th_function {
  uint32_t file, name; /* texts */
  uint32_t first_line;
  uint32_t object; /* a text; TH_NONE: unknown */
  uint32_t of;     /* a text, the object, if that is a part of the key; else TH_NONE */
};

typedef struct th_functions {
  struct th_function *items;
  uint32_t count, capacity;
  th_map map;
} th_functions;

/* Returns the number of a function, creating it if necessary.  A new function has the object `of`, whatever `function`
 * says of its object.  ENOMEM, EOVERFLOW. */
int th_functions_intern(th_functions *functions, th_alloc *alloc, const struct th_function *function, uint32_t *out);
void th_functions_free(th_functions *functions, th_alloc *alloc);

#endif
