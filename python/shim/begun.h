/* SPDX-License-Identifier: ISC */
/* begun - the spans that began under a frame or in an operation, and the runs of functions that received their
 * Deferreds. */
#ifndef SHIM_BEGUN_H
#define SHIM_BEGUN_H

#include "span.h"

/* A span that began under a frame that is still running. */
typedef struct shim_begun {
  uint64_t span, operation; /* `operation`: see shim_place */
  shim_stop stop;
  PyObject *deferred; /* weak reference */
  /* The run of a function that received the Deferred: its frame, or its generator; NULL: none.  The address of a
   * generator is valid while the weak reference `runner` refers to it.  If `runner` is NULL, the address is valid while
   * the generator's operation is known. */
  const void *run;
  PyObject *runner;
} shim_begun;

typedef struct shim_scope {
  const void *owner; /* the frame */
  const void *code;  /* the code of the frame; NULL: the scope of an operation */
  shim_begun *begun;
  size_t count, capacity;
  size_t full;      /* the count above which spans that have ended are dropped */
  size_t looked_at; /* of an operation: the number of spans that earlier waits have looked at */
} shim_scope;

/* Appends a span, with references of its own.  Returns -1 if there is no memory. */
int shim_add_begun(shim_core *core, shim_scope *scope, const shim_begun *begun);

/* Drops the spans at the beginning of the scope that have ended, up to the first open one. */
void shim_drop_first(shim_core *core, shim_scope *scope);

/* Drops the spans from number `count` on. */
void shim_cut_begun(shim_scope *scope, size_t count);

static inline void shim_free_begun(shim_scope *scope) {
  shim_cut_begun(scope, 0);
  PyMem_Free(scope->begun);
}

/* Returns true if this run received the span's Deferred. */
static inline bool shim_was_handed(const shim_begun *begun, const void *run) {
  return begun->run == run && run && (!begun->runner || compat_refers(begun->runner, (PyObject *)run));
}

#endif
