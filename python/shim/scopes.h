/* SPDX-License-Identifier: ISC */
/* scopes - the spans that began under a function which is still running, and may yet adopt them. */
#ifndef SHIM_SCOPES_H
#define SHIM_SCOPES_H

#include "begun.h"

/* Whether spans have begun under this frame. */
static inline bool shim_is_scope(const shim_core *core, compat_frame *frame) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].owner == frame && core->scopes[i].code == compat_code(frame))
      return true;
  return false;
}

/* Removes the scope of a frame.  The caller frees it with shim_free_begun(). */
shim_scope shim_take_scope(shim_core *core, const void *owner, const PyCodeObject *code);

/* Files spans under the frame that may adopt them next: the innermost ordinary one from `frame` on, which may be NULL.
 * Beyond the frame where its logical stack left the physical one, nobody can adopt a span.  -1: no memory. */
int shim_file_under(shim_core *core, compat_frame *frame, const shim_begun *begun, size_t count);

/* A Deferred with this span is being returned to the frame `below`: to a callback loop, or to a function that may adopt
 * the span.  -1: no memory. */
int shim_hand_back(shim_core *core, compat_frame *below, uint64_t span, PyObject *deferred, const shim_place *place);

/* Finds the run of the function that is handed what is returned to the frame `below`, and the scope in which the spans
 * are that it was handed before.  NULL: there are none. */
shim_scope *shim_scope_of_caller(shim_core *core, compat_frame *below, shim_stop stop, const void **run);

/* The functions will return unseen. */
void shim_let_go_scopes(shim_core *core, uint64_t now);

void shim_free_scopes(shim_core *core);

#endif
