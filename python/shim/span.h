/* SPDX-License-Identifier: ISC */
/* span - spans of libtheseus, and where they belong in the program. */
#ifndef SHIM_SPAN_H
#define SHIM_SPAN_H

#include "core.h"

/* The physical frame at which the walk of a logical stack ended. */
typedef struct shim_stop {
  const void *frame; /* an address to compare while that frame runs; NULL: the walk reached the outermost frame */
  bool is_callback;  /* a callback loop, continued by the operation that waits for its Deferred */
  bool by_hand;      /* … to which that Deferred is linked by addCallback(d.callback) */
} shim_stop;

/* Where a new span belongs. */
typedef struct shim_place {
  uint32_t stack, line;
  uint64_t parent;
  uint64_t operation; /* `parent`; if that is of an awaited coroutine, its operation's */
  bool detached;      /* its enclosing operation has ended */
  shim_stop stop;
} shim_place;

/* Begins a span.  `value`: of the span: the address of a shim_operation, or, after that is forgotten, 1; 0: it is of a
 * plain function.  -1: no memory. */
static inline int shim_begin(shim_core *core, const shim_place *place, uint32_t flags, uint64_t value, uint64_t now,
                             uint64_t *out) {
  const theseus_span_options options = {.size = sizeof options,
                                        .stack = place->stack,
                                        .flags = flags | (place->detached ? THESEUS_SPAN_DETACHED : 0),
                                        .parent = place->parent,
                                        .now_ns = now,
                                        .line = place->line,
                                        .value = value};
  return theseus_span_begin(core->profile, &options, out) ? -1 : 0;
}

/* Whether a span is open.  If it is, fills *info, unless that is NULL. */
static inline bool shim_span_info(shim_core *core, uint64_t span, theseus_span_info *info) {
  if (info)
    info->size = sizeof *info;
  return theseus_span_get(core->profile, span, info) == THESEUS_OK;
}

#endif
