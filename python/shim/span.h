/* SPDX-License-Identifier: ISC */
/* span - spans of libtheseus, and the place of a span in the program. */
#ifndef SHIM_SPAN_H
#define SHIM_SPAN_H

#include "core.h"

/* The physical frame at which the walk of a logical stack ended. */
typedef struct shim_stop {
  const void *frame; /* an address to compare while that frame runs; NULL: the walk reached the outermost frame */
  bool is_callback;  /* `frame` is a callback loop; the operation that waits for its Deferred continues it */
  bool by_hand;      /* that Deferred is linked to the operation by addCallback(d.callback) */
} shim_stop;

/* The place of a new span. */
typedef struct shim_place {
  uint32_t stack, line;
  uint64_t parent;
  uint64_t operation; /* `parent`, or its operation if `parent` is the span of an awaited coroutine */
  bool detached;      /* its enclosing operation has ended */
  shim_stop stop;
} shim_place;

/* Begins a span.  `value` is the address of the span's shim_operation, or 0 for a plain function.  It becomes 1 when
 * the operation is forgotten.  Returns -1 if there is no memory. */
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

/* Returns true if a span is open, and fills *info then.  `info` may be NULL. */
static inline bool shim_span_info(shim_core *core, uint64_t span, theseus_span_info *info) {
  if (info)
    info->size = sizeof *info;
  return theseus_span_get(core->profile, span, info) == THESEUS_OK;
}

#endif
