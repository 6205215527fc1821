/* SPDX-License-Identifier: ISC */
#include "operations.h"

#include "turn.h"
#include "watch.h"

static void free_operation(shim_core *core, shim_operation *operation) {
  Py_CLEAR(operation->alive);
  shim_cut_begun(&operation->begun, 0);
  operation->begun.looked_at = 0;
  (void)theseus_span_set_value(core->profile, operation->span, 1);
  operation->generator = core->spare_operations;
  core->spare_operations = operation;
}

int shim_take_relieved(shim_core *core, shim_operation *operation, uint64_t spans[SHIM_RELIEVED]) {
  int count = operation->relieved_count;
  if (count) {
    memcpy(spans, operation->relieved, sizeof operation->relieved);
    operation->relieved_count = 0;
    core->relieved--;
  }
  return count;
}

void shim_forget_chain(shim_core *core, shim_operation *operation, size_t first) {
  while (operation->chain_count > first) {
    const shim_member member = operation->chain[--operation->chain_count];
    if (shim_table_get(&core->members, member.coroutine) == operation)
      (void)shim_table_take(&core->members, member.coroutine);
    Py_DECREF(member.alive);
  }
}

void shim_forget_operation(shim_core *core, const void *generator) {
  shim_operation *operation = shim_table_take(&core->operations, generator);

  if (!operation)
    return;
  /* The generator was collected, and will not be resumed. */
  uint64_t spans[SHIM_RELIEVED];
  for (int i = 0, count = shim_take_relieved(core, operation, spans); i < count; i++)
    shim_end(core, spans[i], THESEUS_ABANDONED);
  shim_forget_chain(core, operation, 0);
  for (size_t i = core->starting_count; i-- > 0;)
    if (core->starting[i] == operation) {
      operation->generator = NULL; /* shim_keep_operation() frees it */
      Py_CLEAR(operation->alive);
      return;
    }
  free_operation(core, operation);
}

static void forget(shim_core *core, const void *key, const PyObject *reference) {
  const shim_operation *operation = shim_table_get(&core->operations, key);
  if (operation && operation->alive == reference)
    shim_forget_operation(core, key);
}

shim_operation *shim_new_operation(shim_core *core, const void *generator) {
  /* If a generator is driven twice, it belongs to the later operation.  The Deferred that the earlier operation awaits
   * may still resume the generator. */
  shim_operation *earlier = shim_table_get(&core->operations, generator), *operation = core->spare_operations;

  if (operation)
    core->spare_operations = (shim_operation *)operation->generator;
  else if (!(operation = PyMem_Calloc(1, sizeof *operation)))
    return NULL;
  operation->relieved_count = 0;
  if (earlier && earlier->relieved_count) {
    memcpy(operation->relieved, earlier->relieved, sizeof operation->relieved);
    operation->relieved_count = earlier->relieved_count;
    operation->relieved_by = earlier->relieved_by;
    earlier->relieved_count = 0;
  }
  if (earlier)
    shim_forget_operation(core, generator);
  operation->generator = generator;
  operation->span = THESEUS_NO_SPAN;
  /* The operation needs no weak reference yet: the frame has a strong one. */
  if (shim_table_set(&core->operations, generator, operation)) {
    free_operation(core, operation);
    return NULL;
  }
  return operation;
}

void shim_keep_operation(shim_core *core, shim_operation *operation) {
  const void *generator = operation->generator;

  if (!generator) { /* the generator finished in its first leg, so the operation was forgotten */
    free_operation(core, operation);
  } else if (!(operation->alive = shim_watch(core, (PyObject *)generator, forget, &operation->callback))) {
    compat_drop_error();
    shim_forget_operation(core, generator);
  }
}

uint64_t shim_span_of(shim_core *core, shim_operation *operation) {
  if (operation->span == THESEUS_NO_SPAN) {
    shim_place place = {.stack = operation->stack, .parent = operation->parent, .detached = operation->detached};
    if (!shim_span_info(core, place.parent, NULL)) /* the parent is a coroutine that has finished meanwhile */
      place.parent = operation->operation;
    if (place.parent && !shim_span_info(core, place.parent, NULL)) { /* the parent has ended meanwhile */
      place.parent = THESEUS_NO_SPAN;
      place.detached = true;
    }
    /* The time does not matter: the span's own time begins with its first wait. */
    (void)shim_begin(core, &place, THESEUS_SPAN_LEG | operation->flags, (uintptr_t)operation, core->latest,
                     &operation->span);
  }
  return operation->span;
}

shim_operation *shim_take_starting(shim_core *core, const void *starter) {
  for (size_t i = core->starting_count; i-- > 0;)
    if (core->starting[i]->starter == starter) {
      shim_operation *operation = core->starting[i];
      core->starting_count--;
      for (; i < core->starting_count; i++)
        core->starting[i] = core->starting[i + 1];
      return operation;
    }
  return NULL;
}

void shim_let_go_operations(shim_core *core, uint64_t now) {
  while (core->starting_count) {
    shim_operation *operation = core->starting[--core->starting_count];
    for (size_t i = 0; i < operation->begun.count; i++)
      (void)theseus_span_release(core->profile, operation->begun.begun[i].span, now);
    /* The span's wait has begun already if the program's clock uninstalls the tracer at the end of the first leg. */
    if (theseus_span_discard(core->profile, operation->span, now))
      (void)theseus_span_end(core->profile, operation->span, THESEUS_ABANDONED, now);
    if (operation->generator)
      shim_forget_operation(core, operation->generator);
    else
      free_operation(core, operation);
  }
}

void shim_free_operations(shim_core *core) {
  for (size_t i = 0; i < core->operations.capacity; i++) {
    shim_operation *operation = core->operations.entries[i].value;
    if (operation) {
      shim_forget_chain(core, operation, 0);
      PyMem_Free(operation->chain);
      shim_free_begun(&operation->begun);
      shim_unwatch(operation->alive, operation->callback);
      PyMem_Free(operation);
    }
  }
  shim_table_free(&core->operations);
  while (core->spare_operations) {
    shim_operation *operation = core->spare_operations;
    core->spare_operations = (shim_operation *)operation->generator;
    shim_unwatch(NULL, operation->callback);
    PyMem_Free(operation->chain);
    shim_free_begun(&operation->begun);
    PyMem_Free(operation);
  }
  shim_table_free(&core->members);
  PyMem_Free(core->starting);
}
