/* SPDX-License-Identifier: ISC */
#include "returns.h"

#include "awaited.h"
#include "deferred.h"
#include "entries.h"
#include "scopes.h"
#include "stack.h"

/* calls.note(span, loop) */
static void note_loop(shim_core *core, compat_frame *frame, uint64_t span) {
  PyObject *loop = compat_variable(frame, shim_name.self);
  PyObject *noted = loop ? PyObject_CallFunction(core->note, "KO", (unsigned long long)span, loop) : NULL;
  if (!noted)
    compat_drop_error();
  Py_XDECREF(noted);
  Py_XDECREF(loop);
}

/* Begins the span of a function that returned. */
static int begin(shim_core *core, compat_frame *frame, const shim_place *place, uint64_t now, uint64_t *out) {
  const shim_code *code = core->calls[0].code; /* where the walk to its place began */

  if (shim_begin(core, place, shim_flags(code), now, out))
    return -1;
  if (code->notification == SHIM_LOOP_NOTIFICATION)
    note_loop(core, frame, *out);
  return 0;
}

/* A function returned a Deferred that is pending: its operation begins, and adopts what began under it. */
static int begin_returned(shim_core *core, compat_frame *frame, compat_frame *below, PyObject *deferred,
                          PyObject *entries, const shim_place *place, shim_scope *scope) {
  uint64_t now = shim_now(core), span;
  size_t left = 0;

  if (begin(core, frame, place, now, &span))
    return -1;
  for (size_t i = 0; i < scope->count; i++)
    if (scope->begun[i].operation == place->operation)
      (void)theseus_span_adopt(core->profile, scope->begun[i].span, span, now);
    else
      scope->begun[left++] = scope->begun[i];
  scope->count = left;
  bool alone;
  int others = shim_children_on(core, span, deferred, entries, &alone);
  shim_remember_returned(core, alone ? deferred : NULL, span);
  if (others >= 0)
    (void)theseus_span_await(core->profile, span, core->spans,
                             core->span_count || others ? core->span_count : THESEUS_ALL, place->stack, place->line,
                             now);
  if (shim_observe(core, entries, span)) {
    (void)theseus_span_end(core->profile, span, THESEUS_ABANDONED, now);
    return -1;
  }
  return shim_hand_back(core, below, span, place);
}

void shim_returned(shim_core *core, compat_frame *frame, PyObject *deferred) {
  PyObject *entries = shim_callbacks_of(core, deferred);
  compat_frame *below = compat_back(frame);
  shim_scope scope = shim_take_scope(core, frame, compat_code(frame));
  shim_place place;

  core->call_count = 0;
  if (entries && !shim_locate(core, frame, &place)) {
    if (shim_has_fired(core, deferred))
      (void)theseus_record(core->profile, place.stack, place.line, 0, shim_outcome_of_deferred(core, deferred));
    else
      (void)begin_returned(core, frame, below, deferred, entries, &place, &scope);
  }
  (void)shim_file_under(core, below, scope.begun, scope.count);
  PyMem_Free(scope.begun);
  compat_let(below);
  Py_XDECREF(entries);
}

void shim_left(shim_core *core, compat_frame *frame) {
  shim_scope scope = shim_take_scope(core, frame, compat_code(frame));
  compat_frame *below = scope.count ? compat_back(frame) : NULL;
  (void)shim_file_under(core, below, scope.begun, scope.count);
  PyMem_Free(scope.begun);
  compat_let(below);
}
