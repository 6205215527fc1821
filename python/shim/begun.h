/* SPDX-License-Identifier: ISC */
/* begun - the spans that began under a frame or in an operation, and the runs of functions that were handed them. */
#ifndef SHIM_BEGUN_H
#define SHIM_BEGUN_H

#include "span.h"

/* A span that began under a frame which is still running. */
typedef struct shim_begun {
  uint64_t span, operation; /* `operation`: see shim_place */
  shim_stop stop;
  PyObject *deferred; /* weak reference */
  /* The run of a function that the Deferred was handed to: its frame, or its generator; NULL: none.  The address of a
   * generator is good while the weak reference `runner` gives it, or if that is NULL, while its operation is known. */
  const void *run;
  PyObject *runner;
} shim_begun;

typedef struct shim_scope {
  const void *owner; /* the frame */
  const void *code;  /* the frame's; NULL: of an operation */
  shim_begun *begun;
  size_t count, capacity;
  size_t full;      /* the count at which spans that have ended are dropped */
  size_t looked_at; /* of an operation: how many have been asked whether they feed what was awaited */
} shim_scope;

/* Appends a span, with references of its own.  -1: no memory. */
int shim_add_begun(shim_core *core, shim_scope *scope, const shim_begun *begun);

/* Drops the first ones that have ended. */
void shim_drop_first(shim_core *core, shim_scope *scope);

/* Drops those from number `count` on. */
void shim_cut_begun(shim_scope *scope, size_t count);

static inline void shim_free_begun(shim_scope *scope) {
  shim_cut_begun(scope, 0);
  PyMem_Free(scope->begun);
}

/* Whether the Deferred was handed to this run. */
static inline bool shim_was_handed(const shim_begun *begun, const void *run) {
  return begun->run == run && run && (!begun->runner || compat_refers(begun->runner, (PyObject *)run));
}

#endif
