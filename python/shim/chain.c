/* SPDX-License-Identifier: ISC */
#include "chain.h"

#include "stack.h"

/* Finds the member for a coroutine, and the operation whose chain has that member.  Returns NULL if no chain has it. */
static shim_member *member_of(shim_core *core, PyObject *coroutine, const shim_operation **in) {
  const shim_operation *operation = shim_table_get(&core->members, coroutine);

  for (size_t i = operation ? operation->chain_count : 0; i-- > 0;)
    if (operation->chain[i].coroutine == coroutine && compat_refers(operation->chain[i].alive, coroutine)) {
      *in = operation;
      return &operation->chain[i];
    }
  return NULL;
}

/* Returns true if a coroutine is in the chain of another operation: two operations use one generator. */
static bool is_elsewhere(shim_core *core, PyObject *coroutine, const shim_operation *operation) {
  const shim_operation *in;
  const shim_member *member = member_of(core, coroutine, &in);
  return member && in != operation && shim_span_info(core, member->span, NULL);
}

/* Ends the members from number `first` on: their coroutines have finished. */
static void finish(shim_core *core, shim_operation *operation, size_t first, uint64_t now) {
  if (first < operation->chain_count) {
    const shim_member *outermost = &operation->chain[first];
    /* The other members end with it. */
    (void)theseus_span_end(core->profile, outermost->span, outermost->failed ? THESEUS_FAILURE : THESEUS_SUCCESS, now);
    shim_forget_chain(core, operation, first);
  }
}

/* Appends a coroutine to the chain.  Returns false if it cannot: the chain then ends before the coroutine. */
static bool begin(shim_core *core, shim_operation *operation, const shim_step *step, uint64_t now) {
  shim_member member = {.coroutine = step->coroutine};
  const theseus_span_options options = {.size = sizeof options,
                                        .stack = step->stack,
                                        .flags = THESEUS_SPAN_PART,
                                        .parent = shim_waiter(operation),
                                        .now_ns = now,
                                        .place_stack = operation->place_stack,
                                        .line = operation->line};

  if (SHIM_ROOM(operation->chain, operation->chain_count, operation->chain_capacity))
    return false;
  member.alive = PyWeakref_NewRef(step->coroutine, NULL);
  if (!member.alive || shim_table_set(&core->members, step->coroutine, operation) ||
      theseus_span_begin(core->profile, &options, &member.span)) {
    if (shim_table_get(&core->members, step->coroutine) == operation)
      (void)shim_table_take(&core->members, step->coroutine);
    Py_XDECREF(member.alive);
    compat_drop_error();
    return false;
  }
  operation->chain[operation->chain_count++] = member;
  return true;
}

/* Brings the chain up to date.  Returns the number of members that stay. */
static size_t follow(shim_core *core, shim_operation *operation, uint64_t now) {
  size_t kept = 0;
  bool same = true;

  for (size_t i = 0; i < core->step_count; i++) {
    const shim_step *step = &core->steps[i];
    if (same && kept < operation->chain_count && compat_refers(operation->chain[kept].alive, step->coroutine)) {
      kept++;
      continue;
    }
    if (is_elsewhere(core, step->coroutine, operation))
      continue;
    if (same)
      finish(core, operation, kept, now);
    same = false;
    if (!begin(core, operation, step, now))
      break;
  }
  if (same)
    finish(core, operation, kept, now);
  return kept;
}

static void suspend(shim_core *core, const shim_operation *operation, uint64_t span, size_t children, uint64_t now) {
  (void)theseus_span_await(core->profile, span, core->spans, children, operation->place_stack, operation->line, now);
}

void shim_wait(shim_core *core, shim_operation *operation, uint64_t now) {
  if (!core->step_count && !operation->chain_count) {
    suspend(core, operation, operation->span, core->span_count, now);
    return;
  }
  if (!shim_span_info(core, operation->span, NULL)) {
    shim_forget_chain(core, operation, 0);
    return;
  }
  size_t kept = follow(core, operation, now);
  uint64_t waiter = shim_waiter(operation);
  for (size_t i = 0; operation->chain_count && i < core->span_count; i++)
    (void)theseus_span_adopt(core->profile, core->spans[i], waiter, now);
  suspend(core, operation, waiter, core->span_count, now);
  /* Each other member awaits the next one.  Members that are new already do, since they began. */
  while (kept-- > 0)
    if (operation->chain[kept].span != waiter)
      suspend(core, operation, operation->chain[kept].span, 0, now);
  if (operation->span != waiter)
    suspend(core, operation, operation->span, 0, now);
}

void shim_unwound(shim_core *core, PyObject *coroutine) {
  const shim_operation *in;
  shim_member *member = member_of(core, coroutine, &in);
  if (member) {
    member->failed = true;
    (void)theseus_span_set_outcome(core->profile, member->span, THESEUS_FAILURE);
  }
}
