/* SPDX-License-Identifier: ISC */
/* scopes - the spans that began under a function that is still running, which may adopt them. */
#ifndef SHIM_SCOPES_H
#define SHIM_SCOPES_H

#include "begun.h"

/* Returns true if spans have begun under this frame. */
static inline bool shim_is_scope(const shim_core *core, compat_frame *frame) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].owner == frame && core->scopes[i].code == compat_code(frame))
      return true;
  return false;
}

/* Removes the scope of a frame.  The caller frees it with shim_free_begun(). */
shim_scope shim_take_scope(shim_core *core, const void *owner, const PyCodeObject *code);

/* Files spans under the frame that may adopt them next: the innermost ordinary frame from `frame` on.  `frame` may be
 * NULL.  Beyond the frame where its logical stack left the physical stack, nobody can adopt a span.  Returns -1 if
 * there is no memory. */
int shim_file_under(shim_core *core, compat_frame *frame, const shim_begun *begun, size_t count);

/* Handles a Deferred with this span that is being returned to the frame `below`.  The span goes to the operation that a
 * callback loop continues, or to a function that may adopt it.  Returns -1 if there is no memory. */
int shim_hand_back(shim_core *core, compat_frame *below, uint64_t span, PyObject *deferred, const shim_place *place);

/* Finds the run of the function that receives what is returned to the frame `below`, and the scope of the spans that
 * began there before.  Returns NULL if no span began there. */
shim_scope *shim_scope_of_caller(shim_core *core, compat_frame *below, shim_stop stop, const void **run);

/* Detaches all scopes: their functions will return unseen. */
void shim_let_go_scopes(shim_core *core, uint64_t now);

void shim_free_scopes(shim_core *core);

#endif
