/* SPDX-License-Identifier: ISC */
#include "legs.h"

#include "awaited.h"
#include "chain.h"
#include "deferred.h"
#include "entries.h"
#include "generator.h"
#include "loop.h"
#include "relief.h"
#include "scopes.h"
#include "stack.h"

/* ---- the first leg ---- */

/* Begins the operation of a generator.  Returns NULL if the generator has finished already, or if there is no
 * memory. */
static shim_operation *begun_operation(shim_core *core, compat_frame *starter, PyObject *generator) {
  shim_code *code;
  shim_operation *operation;
  shim_place place;

  core->call_count = 0;
  if (shim_at(core, generator, &code, NULL) <= 0 || SHIM_ROOM(core->calls, core->call_count, core->call_capacity))
    return NULL;
  core->calls[core->call_count++] = (shim_call){code, 0};
  if (shim_locate(core, starter, &place) || SHIM_ROOM(core->starting, core->starting_count, core->starting_capacity) ||
      !(operation = shim_new_operation(core, generator)))
    return NULL;
  operation->stack = operation->place_stack = place.stack;
  operation->parent = place.parent;
  operation->operation = place.operation;
  operation->stop = place.stop;
  operation->starter = starter;
  operation->leg = SHIM_RUNS;
  operation->returned = false;
  operation->detached = place.detached;
  operation->flags = shim_flags(code);
  return operation;
}

void shim_start(shim_core *core, compat_frame *starter) {
  PyObject *generator = shim_driven_generator(starter);
  shim_operation *operation = generator ? begun_operation(core, starter, generator) : NULL;
  if (operation)
    core->starting[core->starting_count++] = operation;
  Py_XDECREF(generator);
}

/* Handles an operation whose Deferred is returned unfired: appends an observer. */
static void hand_out(shim_core *core, const shim_operation *operation, compat_frame *below, PyObject *deferred) {
  PyObject *entries = shim_callbacks_of(core, deferred);

  if (!entries || shim_observe(core, entries, operation->span))
    (void)theseus_span_end(core->profile, operation->span, THESEUS_ABANDONED, shim_now(core));
  else
    (void)shim_hand_back(
        core, below, operation->span, deferred,
        &(shim_place){.parent = operation->parent, .operation = operation->operation, .stop = operation->stop});
  shim_remember_returned(core, deferred, operation->span);
  Py_XDECREF(entries);
}

/* Handles an operation that was over in its first leg.  `result`: NULL if the starter raised. */
static void over_at_once(shim_core *core, const shim_operation *operation, PyObject *result) {
  if (!result || !shim_is_deferred(core, result)) {
    (void)theseus_span_discard(core->profile, operation->span, shim_now(core));
    return;
  }
  int outcome = shim_outcome_of_deferred(core, result);
  if (operation->span == THESEUS_NO_SPAN)
    (void)theseus_record(core->profile, operation->stack, 0, 0, outcome);
  else
    (void)theseus_span_end(core->profile, operation->span, outcome, shim_now(core));
}

/* Returns true if the Deferred that the starter returns is unfired.  Usually the end of the leg decides, because nobody
 * else has had the Deferred. */
static bool is_pending(shim_core *core, const shim_operation *operation, PyObject *result) {
  if (!result || !shim_is_deferred(core, result))
    return false;
  return operation->leg == SHIM_RUNS ? !shim_has_fired(core, result) : operation->leg == SHIM_SUSPENDED;
}

static void started(shim_core *core, shim_operation *operation, compat_frame *below, PyObject *result) {
  bool pending = is_pending(core, operation, result);
  shim_scope scope = operation->begun;

  if (pending)
    (void)shim_span_of(core, operation);
  operation->returned = true;
  if (!pending)
    operation->begun = (shim_scope){.begun = NULL};
  const shim_operation was = *operation; /* the operation may be forgotten at any time */
  shim_keep_operation(core, operation);
  if (pending) {
    hand_out(core, &was, below, result);
  } else {
    over_at_once(core, &was, result);
    /* Spans that began in the operation's only leg belong to the next operation out. */
    for (size_t i = 0; i < scope.count; i++) {
      scope.begun[i].operation = was.operation;
      scope.begun[i].stop = was.stop;
    }
    (void)shim_file_under(core, below, scope.begun, scope.count);
    shim_free_begun(&scope);
  }
}

void shim_started(shim_core *core, compat_frame *starter, PyObject *result) {
  shim_operation *operation = shim_take_starting(core, starter);
  if (operation) {
    compat_frame *below = compat_back(starter);
    started(core, operation, below, result);
    compat_let(below);
  }
}

/* ---- each leg ---- */

static void finished(shim_core *core, shim_operation *operation) {
  operation->leg = SHIM_FINISHED;
  core->span_count = core->step_count = 0;
  if (operation->returned && shim_span_info(core, operation->span, NULL))
    /* The operation's Deferred has not reached our observer: the Deferred waits for something unknown. */
    shim_wait(core, operation, shim_now(core));
  if (!operation->relieved_count) /* otherwise the generator was driven twice, and its resumption is still to come */
    shim_forget_operation(core, operation->generator);
}

/* Handles the suspension of an operation's generator.  `status` is the driver's variable if the listener reports the
 * resumption, else NULL. */
static void suspended(shim_core *core, PyObject *awaited, PyObject *generator, uint32_t line, shim_operation *operation,
                      const void *status) {
  PyObject *entries = awaited && shim_is_deferred(core, awaited) ? shim_callbacks_of(core, awaited) : NULL;

  if (!entries)
    return;
  operation->leg = SHIM_SUSPENDED;
  uint64_t now = shim_now(core);
  if (!shim_suspended(core, generator, line, operation, &operation->place_stack, &operation->line) &&
      !shim_begin_operations_wait(core, operation, awaited, entries, now)) {
    shim_wait(core, operation, now);
    shim_drop_first(core, &operation->begun);
    operation->begun.looked_at = operation->begun.count;
    if (status && core->installed) /* the clock may have uninstalled the core */
      shim_relieve(core, entries, operation, status);
  }
  shim_let_steps(core);
  Py_DECREF(entries);
}

/* Reads the variables of a driver's frame: new references, or NULL. */
enum { GENERATOR, RESULT, STATUS, VARIABLES };
static void read_driver(compat_frame *driver, PyObject *variables[VARIABLES]) {
  PyObject *const names[VARIABLES] = {shim_name.gen, shim_name.result, shim_name.status};
  compat_variables(driver, names, variables, VARIABLES);
}

static void let_variables(PyObject *variables[VARIABLES]) {
  for (int i = 0; i < VARIABLES; i++)
    Py_XDECREF(variables[i]);
}

static void resumed(shim_core *core, shim_operation *operation, PyObject *result, compat_frame *driver) {
  uint64_t spans[SHIM_RELIEVED];
  int count = shim_take_relieved(core, operation, spans);
  if (operation->leg == SHIM_FINISHED)
    shim_forget_operation(core, operation->generator);
  compat_frame *caller = compat_back(driver), *loop = caller ? compat_back(caller) : NULL;
  int outcome = shim_outcome_of(core, result);
  Py_INCREF(core); /* the clock may drop the core */
  for (int i = 0; i < count; i++)
    shim_fired(core, spans[i], outcome, loop);
  Py_DECREF(core);
  compat_let(loop);
  compat_let(caller);
}

void shim_resumed(shim_core *core, compat_frame *driver) {
  PyObject *variables[VARIABLES];
  read_driver(driver, variables);
  shim_operation *operation = variables[GENERATOR] ? shim_operation_of(core, variables[GENERATOR]) : NULL;
  if (operation && operation->relieved_count && operation->relieved_by == variables[STATUS] && variables[RESULT])
    resumed(core, operation, variables[RESULT], driver);
  let_variables(variables);
}

static void leg_ended(shim_core *core, PyObject *generator, PyObject *awaited, const void *status) {
  shim_operation *operation = shim_operation_of(core, generator);
  shim_code *code;
  uint32_t line;
  int found = operation ? shim_at(core, generator, &code, &line) : -1;

  if (found > 0)
    suspended(core, awaited, generator, line, operation, status);
  else if (!found)
    finished(core, operation);
}

void shim_leg_ended(shim_core *core, compat_frame *driver) {
  PyObject *variables[VARIABLES];
  read_driver(driver, variables);
  if (variables[GENERATOR])
    leg_ended(core, variables[GENERATOR], variables[RESULT],
              core->listener->sees_resumptions ? variables[STATUS] : NULL);
  let_variables(variables);
}
