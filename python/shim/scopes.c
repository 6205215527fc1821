/* SPDX-License-Identifier: ISC */
#include "scopes.h"

#include "code.h"
#include "operations.h"

/* Finds the scope of an owner, or makes one.  NULL: no memory. */
static shim_scope *scope_of(shim_core *core, const void *owner) {
  size_t i = core->scope_count;

  while (i > 0 && core->scopes[i - 1].owner != owner)
    i--;
  if (!i) {
    if (SHIM_ROOM(core->scopes, core->scope_count, core->scope_capacity))
      return NULL;
    i = ++core->scope_count;
    core->scopes[i - 1] = (shim_scope){.owner = owner};
  }
  return &core->scopes[i - 1];
}

/* Drops spans that have ended.  A frame that stays, such as one that turns a clock, never collects them. */
static void drop_ended(shim_core *core, shim_scope *scope) {
  size_t kept = 0;

  for (size_t i = 0; i < scope->count; i++)
    if (shim_span_info(core, scope->begun[i].span, NULL))
      scope->begun[kept++] = scope->begun[i];
  scope->count = kept;
  scope->full = kept > 32 ? 2 * kept : 64;
}

static int file_begun(shim_core *core, const void *owner, PyCodeObject *code, const shim_begun *begun) {
  shim_scope *scope = scope_of(core, owner);

  if (!scope)
    return -1;
  if (!scope->count || scope->code != code) { /* new, or of a frame at this address that ended unseen */
    scope->code = code;
    scope->count = 0;
    scope->full = 64;
    if (code && core->listener->scope_began)
      core->listener->scope_began(core, (PyObject *)code);
  }
  if (SHIM_ROOM(scope->begun, scope->count, scope->capacity))
    return -1;
  scope->begun[scope->count++] = *begun;
  if (scope->count > scope->full)
    drop_ended(core, scope);
  return 0;
}

shim_scope shim_take_scope(shim_core *core, const void *owner, const PyCodeObject *code) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].owner == owner && core->scopes[i].code == code) {
      shim_scope scope = core->scopes[i];
      core->scope_count--;
      for (; i < core->scope_count; i++)
        core->scopes[i] = core->scopes[i + 1];
      return scope;
    }
  return (shim_scope){.owner = owner};
}

static int file_one(shim_core *core, compat_frame *frame, const shim_begun *begun) {
  int status = 0;

  frame = compat_keep(frame);
  while (frame) {
    if (frame == begun->stop.frame) {
      PyObject *generator = compat_generator(frame);
      const shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
      /* If the operation is over in its first leg, the span belongs to the next operation out. */
      if (operation && !operation->returned)
        status = file_begun(core, operation, NULL, begun);
      if (begun->stop.is_callback)
        (void)theseus_span_release(core->profile, begun->span, shim_now(core));
      break;
    }
    const shim_code *code = shim_code_of(core, frame);
    if (!code || code->kind == SHIM_PLAIN) {
      status = code ? file_begun(core, frame, compat_code(frame), begun) : -1;
      break;
    }
    compat_step(&frame);
  }
  compat_let(frame);
  return status;
}

int shim_file_under(shim_core *core, compat_frame *frame, const shim_begun *begun, size_t count) {
  int status = 0;

  for (size_t i = 0; !status && i < count; i++)
    status = file_one(core, frame, &begun[i]);
  return status;
}

/* Whether nothing but plumbing is between `below` and the frame at which the walk of the stack ended. */
static bool is_returned_to(shim_core *core, compat_frame *below, shim_stop stop) {
  compat_frame *frame = compat_keep(below);
  bool plumbing = true;

  while (frame && frame != stop.frame && plumbing) {
    const shim_code *code = shim_code_of(core, frame);
    plumbing = code && code->kind != SHIM_PLAIN && code->kind != SHIM_GENERATOR;
    compat_step(&frame);
  }
  bool reached = plumbing && frame && frame == stop.frame;
  compat_let(frame);
  return reached;
}

int shim_hand_back(shim_core *core, compat_frame *below, uint64_t span, const shim_place *place) {
  const shim_begun begun = {span, place->operation, place->stop};

  if (place->stop.is_callback && !place->stop.by_hand && place->parent && is_returned_to(core, below, place->stop)) {
    (void)theseus_span_await_also(core->profile, place->parent, span, shim_now(core));
    return 0;
  }
  return file_one(core, below, &begun);
}

void shim_let_go_scopes(shim_core *core, uint64_t now) {
  for (size_t i = 0; i < core->scope_count; i++) {
    for (size_t j = 0; j < core->scopes[i].count; j++)
      (void)theseus_span_release(core->profile, core->scopes[i].begun[j].span, now);
    PyMem_Free(core->scopes[i].begun);
  }
  core->scope_count = 0;
}

void shim_free_scopes(shim_core *core) {
  for (size_t i = 0; i < core->scope_count; i++)
    PyMem_Free(core->scopes[i].begun);
  PyMem_Free(core->scopes);
}
