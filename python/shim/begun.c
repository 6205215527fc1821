/* SPDX-License-Identifier: ISC */
#include "begun.h"

static void let(shim_begun *begun) {
  Py_XDECREF(begun->deferred);
  Py_XDECREF(begun->runner);
}

/* Drops spans that have ended.  Otherwise a frame that stays, such as one that turns a clock, would collect them. */
static void drop_ended(shim_core *core, shim_scope *scope) {
  size_t kept = 0, looked_at = 0;

  for (size_t i = 0; i < scope->count; i++)
    if (shim_span_info(core, scope->begun[i].span, NULL)) {
      looked_at += i < scope->looked_at;
      scope->begun[kept++] = scope->begun[i];
    } else {
      let(&scope->begun[i]);
    }
  scope->count = kept;
  scope->looked_at = looked_at;
  scope->full = kept > 8 ? 2 * kept : 16;
}

int shim_add_begun(shim_core *core, shim_scope *scope, const shim_begun *begun) {
  if (SHIM_ROOM(scope->begun, scope->count, scope->capacity))
    return -1;
  shim_begun *added = &scope->begun[scope->count++];
  *added = *begun;
  Py_XINCREF(added->deferred);
  Py_XINCREF(added->runner);
  if (scope->count > (scope->full ? scope->full : 16))
    drop_ended(core, scope);
  return 0;
}

void shim_drop_first(shim_core *core, shim_scope *scope) {
  size_t ended = 0;

  while (ended < scope->count && !shim_span_info(core, scope->begun[ended].span, NULL))
    let(&scope->begun[ended++]);
  if (ended) {
    scope->count -= ended;
    memmove(scope->begun, scope->begun + ended, scope->count * sizeof *scope->begun);
  }
}

void shim_cut_begun(shim_scope *scope, size_t count) {
  while (scope->count > count)
    let(&scope->begun[--scope->count]);
}
