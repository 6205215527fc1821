/* SPDX-License-Identifier: ISC */
#include "scopes.h"

#include "code.h"
#include "operations.h"

/* Returns the scope of an owner, creating it if necessary.  Returns NULL if there is no memory. */
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

static int file_begun(shim_core *core, const void *owner, PyCodeObject *code, const shim_begun *begun) {
  shim_scope *scope = scope_of(core, owner);

  if (!scope)
    return -1;
  if (!scope->count || scope->code != code) { /* new, or left by an earlier frame at this address */
    shim_cut_begun(scope, 0);
    scope->code = code;
    scope->full = 16;
    if (code && core->listener->scope_began)
      core->listener->scope_began(core, (PyObject *)code);
  }
  return shim_add_begun(core, scope, begun);
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

/* Stores the run of the function that has this frame.  If a generator belongs to no operation, stores a weak reference
 * to the generator as well. */
static void note_run(compat_frame *frame, bool is_operation, shim_begun *begun) {
  PyObject *generator = compat_generator(frame);

  begun->run = generator ? (const void *)generator : frame;
  if (generator && !is_operation && !(begun->runner = PyWeakref_NewRef(generator, NULL))) {
    begun->run = NULL;
    compat_drop_error();
  }
}

/* Returns the operation whose generator has this frame, or NULL. */
static shim_operation *operation_at(shim_core *core, compat_frame *frame) {
  PyObject *generator = compat_generator(frame);
  return generator ? shim_operation_of(core, generator) : NULL;
}

/* The kinds of frames that the walk from a function to its caller meets: is_function() ends the walk, and
 * is_passed_through() continues it. */
static inline bool is_function(const shim_code *code) {
  return code->kind == SHIM_PLAIN || code->kind == SHIM_GENERATOR;
}
static inline bool is_passed_through(const shim_code *code) {
  return code->kind == SHIM_PLUMBING || code->kind == SHIM_STARTER;
}

/* Files a span.  If `handed`, a Deferred is being returned to the frame, and the first function from there on receives
 * it. */
static int file_one(shim_core *core, compat_frame *frame, shim_begun begun, bool handed) {
  int status = 0;

  begun.run = NULL;
  begun.runner = NULL;
  frame = compat_keep(frame);
  while (frame) {
    if (frame == begun.stop.frame) {
      shim_operation *operation = operation_at(core, frame);
      if (operation && handed)
        note_run(frame, true, &begun);
      /* If the operation is over in its first leg, the span belongs to the next operation out. */
      if (operation)
        status = shim_add_begun(core, &operation->begun, &begun);
      if (begun.stop.is_callback)
        (void)theseus_span_release(core->profile, begun.span, shim_now(core));
      break;
    }
    const shim_code *code = shim_code_of(core, frame);
    if (code && handed && is_function(code))
      note_run(frame, false, &begun);
    handed = handed && code && is_passed_through(code);
    if (!code || code->kind == SHIM_PLAIN) {
      status = code ? file_begun(core, frame, compat_code(frame), &begun) : -1;
      break;
    }
    compat_step(&frame);
  }
  compat_let(frame);
  Py_XDECREF(begun.runner);
  return status;
}

/* Returns the scope of a plain function's frame, or NULL. */
static shim_scope *scope_at(shim_core *core, compat_frame *frame) {
  for (size_t i = core->scope_count; i-- > 0;)
    if (core->scopes[i].owner == frame && core->scopes[i].code == compat_code(frame))
      return &core->scopes[i];
  return NULL;
}

shim_scope *shim_scope_of_caller(shim_core *core, compat_frame *below, shim_stop stop, const void **run) {
  compat_frame *frame = compat_keep(below);
  shim_scope *found = NULL;

  *run = NULL;
  while (frame) {
    if (frame == stop.frame) {
      shim_operation *operation = operation_at(core, frame);
      if (operation && !*run)
        *run = operation->generator;
      found = operation ? &operation->begun : NULL;
      break;
    }
    const shim_code *code = shim_code_of(core, frame);
    if (!code || (!*run && !is_function(code) && !is_passed_through(code)))
      break;
    if (!*run && is_function(code))
      *run = compat_generator(frame) ? (const void *)compat_generator(frame) : frame;
    if (code->kind == SHIM_PLAIN) {
      found = scope_at(core, frame);
      break;
    }
    compat_step(&frame);
  }
  compat_let(frame);
  return found && found->count ? found : NULL;
}

int shim_file_under(shim_core *core, compat_frame *frame, const shim_begun *begun, size_t count) {
  int status = 0;

  for (size_t i = 0; !status && i < count; i++)
    status = file_one(core, frame, begun[i], false);
  return status;
}

/* Returns true if there is only plumbing between `below` and the frame at which the walk of the stack ended. */
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

int shim_hand_back(shim_core *core, compat_frame *below, uint64_t span, PyObject *deferred, const shim_place *place) {
  if (place->stop.is_callback && !place->stop.by_hand && place->parent && is_returned_to(core, below, place->stop)) {
    (void)theseus_span_await_also(core->profile, place->parent, span, shim_now(core));
    return 0;
  }
  shim_begun begun = {.span = span, .operation = place->operation, .stop = place->stop};
  begun.deferred = PyWeakref_NewRef(deferred, NULL);
  if (!begun.deferred)
    compat_drop_error();
  int status = file_one(core, below, begun, begun.deferred != NULL);
  Py_XDECREF(begun.deferred);
  return status;
}

void shim_let_go_scopes(shim_core *core, uint64_t now) {
  for (size_t i = 0; i < core->scope_count; i++) {
    for (size_t j = 0; j < core->scopes[i].count; j++)
      (void)theseus_span_release(core->profile, core->scopes[i].begun[j].span, now);
    shim_free_begun(&core->scopes[i]);
  }
  core->scope_count = 0;
}

void shim_free_scopes(shim_core *core) {
  for (size_t i = 0; i < core->scope_count; i++)
    shim_free_begun(&core->scopes[i]);
  PyMem_Free(core->scopes);
}
