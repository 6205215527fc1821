/* SPDX-License-Identifier: ISC */
#include "returns.h"

#include "awaited.h"
#include "deferred.h"
#include "entries.h"
#include "scopes.h"
#include "stack.h"

/* Calls calls.note(span, loop). */
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
  const shim_code *code = core->calls[0].code; /* the walk to its place began at this call */

  if (shim_begin(core, place, shim_flags(code), 0, now, out))
    return -1;
  if (code->notification == SHIM_LOOP_NOTIFICATION)
    note_loop(core, frame, *out);
  return 0;
}

/* Adopts the spans that began in the same operation.  A span that another has taken is skipped: the taker is
 * adopted. */
static void adopt(shim_core *core, uint64_t span, uint64_t operation, const shim_scope *scope, uint64_t now) {
  for (size_t i = 0; i < scope->count; i++) {
    theseus_span_info info;
    uint64_t begun = scope->begun[i].span;
    if (scope->begun[i].operation == operation &&
        !(core->ending && shim_span_info(core, begun, &info) && info.marks & THESEUS_SPAN_IS_TAKEN))
      (void)theseus_span_adopt(core->profile, begun, span, now);
  }
}

/* Handles a function that returned a pending Deferred.  Its operation begins, and adopts the spans that began under
 * it. */
static int begin_returned(shim_core *core, compat_frame *frame, compat_frame *below, PyObject *deferred,
                          PyObject *entries, const shim_place *place, shim_scope *scope) {
  uint64_t now = shim_now(core), span;

  if (begin(core, frame, place, now, &span))
    return -1;
  const void *run;
  const shim_scope *handed = shim_scope_of_caller(core, below, place->stop, &run);
  shim_wait_for wait = {.deferred = deferred, .entries = entries};
  adopt(core, span, place->operation, scope, now);
  if (handed)
    shim_take_from_run(core, span, place->operation, deferred, entries, handed, run, now);
  if (!shim_begin_wait(core, span, &wait, scope->begun, scope->count, now))
    (void)theseus_span_await(core->profile, span, core->spans,
                             core->span_count || wait.others ? core->span_count : THESEUS_ALL, place->stack,
                             place->line, now);
  shim_remember_returned(core, wait.is_alone ? deferred : NULL, span);
  if (shim_observe(core, entries, span)) {
    (void)theseus_span_end(core->profile, span, THESEUS_ABANDONED, now);
    return -1;
  }
  if (handed && wait.is_leaf)
    shim_take_feeding(core, span, place->operation, deferred, handed, run, now);
  return shim_hand_back(core, below, span, deferred, place);
}

void shim_returned(shim_core *core, compat_frame *frame, PyObject *deferred) {
  PyObject *entries = shim_callbacks_of(core, deferred);
  compat_frame *below = compat_back(frame);
  shim_scope scope = shim_take_scope(core, frame, compat_code(frame));
  shim_place place;
  bool adopted = false;

  core->call_count = 0;
  if (entries && !shim_locate(core, frame, &place)) {
    if (shim_has_fired(core, deferred))
      (void)theseus_record(core->profile, place.stack, place.line, 0, shim_outcome_of_deferred(core, deferred));
    else
      adopted = !begin_returned(core, frame, below, deferred, entries, &place, &scope);
  }
  for (size_t i = 0; i < scope.count; i++)
    if (!adopted || scope.begun[i].operation != place.operation)
      (void)shim_file_under(core, below, &scope.begun[i], 1);
  shim_free_begun(&scope);
  compat_let(below);
  Py_XDECREF(entries);
}

void shim_left(shim_core *core, compat_frame *frame) {
  shim_scope scope = shim_take_scope(core, frame, compat_code(frame));
  compat_frame *below = scope.count ? compat_back(frame) : NULL;
  (void)shim_file_under(core, below, scope.begun, scope.count);
  shim_free_begun(&scope);
  compat_let(below);
}
