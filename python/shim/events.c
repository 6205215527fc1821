/* SPDX-License-Identifier: ISC */
/* events - what the hooks and the observers report, brought to libtheseus: the events of portable.py, by the same names. */
#include "core.h"

/* ---- ends ---- */

void shim_drain(shim_core *core) {
  for (size_t i = 0; i < core->late_count && !core->busy; i++)
    (void)theseus_span_end(core->profile, core->late[i].span, core->late[i].outcome, core->late[i].now);
  if (!core->busy)
    core->late_count = 0;
}

void shim_end(shim_core *core, uint64_t span, int outcome) {
  uint64_t now = shim_now(core);

  if (core->late_count)
    shim_drain(core);
  if (!core->busy && PyThread_get_thread_ident() == core->thread)
    (void)theseus_span_end(core->profile, span, outcome, now);
  else if (!SHIM_ROOM(core->late, core->late_count, core->late_capacity))
    core->late[core->late_count++] = (shim_late){span, now, outcome};
}

/* Will shim_loop_left() be called for a loop that runs on this thread? */
static bool sees_leaving(shim_core *core) {
  return core->installed && !core->busy && PyThread_get_thread_ident() == core->thread &&
         (core->monitoring || shim_profile_listening(core));
}

/* What is above it in the list belongs to runs that were inside of this one, and ended unseen. */
static void forget_loop(shim_core *core, const void *loop) {
  for (size_t i = core->passed_count; i-- > 0;)
    if (core->passed[i].loop == loop)
      core->passed_count = i;
}

void shim_fired(shim_core *core, uint64_t span, int outcome, compat_frame *loop) {
  theseus_span_info info;

  if (loop && (PyObject *)compat_code(loop) == core->loop_code && sees_leaving(core) &&
      shim_span_info(core, span, &info)) {
    /* For what this run of the loop calls yet. */
    shim_passed passed = {loop, info.stack, info.parent, info.state == THESEUS_IS_DETACHED && !info.parent};
    forget_loop(core, loop);
    if (!SHIM_ROOM(core->passed, core->passed_count, core->passed_capacity))
      core->passed[core->passed_count++] = passed;
  }
  shim_end(core, span, outcome);
}

/* ---- who may adopt whom ---- */

static int file_begun(shim_core *core, const void *owner, PyCodeObject *code, const shim_begun *begun) {
  size_t i = core->scope_count;

  while (i > 0 && core->scopes[i - 1].owner != owner)
    i--;
  if (!i) {
    if (SHIM_ROOM(core->scopes, core->scope_count, core->scope_capacity))
      return -1;
    i = ++core->scope_count;
    core->scopes[i - 1] = (shim_scope){.owner = owner};
  }
  shim_scope *scope = &core->scopes[i - 1];
  if (!scope->count || scope->code != code) { /* new, or of a frame that ended unseen where this one is */
    scope->code = code;
    scope->count = 0;
    scope->full = 64;
    if (code && core->monitoring)
      shim_monitoring_scope(core, (PyObject *)code);
  }
  if (SHIM_ROOM(scope->begun, scope->count, scope->capacity))
    return -1;
  scope->begun[scope->count++] = *begun;
  if (scope->count > scope->full) {
    /* A frame that stays, such as one that turns a clock, does not collect what has ended. */
    size_t kept = 0;
    for (size_t j = 0; j < scope->count; j++)
      if (shim_span_info(core, scope->begun[j].span, NULL))
        scope->begun[kept++] = scope->begun[j];
    scope->count = kept;
    scope->full = kept > 32 ? 2 * kept : 64;
  }
  return 0;
}

/* Takes the scope of a frame, or of an operation (`code`: NULL), out; the caller frees .begun. */
static shim_scope take_scope(shim_core *core, const void *owner, const PyCodeObject *code) {
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

/* Files a span under the frame that may adopt it next: the innermost ordinary one from `frame` on, which may be NULL.  Where its
 * logical stack left the physical one, nobody else can. */
static int under(shim_core *core, compat_frame *frame, const shim_begun *begun) {
  int status = 0;

  frame = compat_keep(frame);
  while (frame) {
    if (frame == begun->stop.frame) {
      PyObject *generator = compat_generator(frame);
      const shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
      /* Should it be over in its first leg, what began belongs to the next operation out. */
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

static int under_each(shim_core *core, compat_frame *frame, const shim_begun *begun, size_t count) {
  int status = 0;

  for (size_t i = 0; !status && i < count; i++)
    status = under(core, frame, &begun[i]);
  return status;
}

/* `span` is that of a Deferred which is being returned to the frame `below`: to a callback loop, or to a function that may adopt it. */
static int hand_back(shim_core *core, compat_frame *below, uint64_t span, uint64_t parent, shim_stop stop) {
  const shim_begun begun = {span, parent, stop};

  if (stop.is_callback && !stop.by_hand && parent) {
    compat_frame *frame = compat_keep(below);
    bool plumbing = true;
    while (frame && frame != stop.frame && plumbing) {
      const shim_code *code = shim_code_of(core, frame);
      plumbing = code && code->kind != SHIM_PLAIN && code->kind != SHIM_GENERATOR;
      compat_step(&frame);
    }
    bool returned = plumbing && frame && frame == stop.frame;
    compat_let(frame);
    if (returned) {
      (void)theseus_span_await_also(core->profile, parent, span, shim_now(core));
      return 0;
    }
  }
  return under(core, below, &begun);
}

static int begin(shim_core *core, const shim_place *place, uint32_t flags, uint64_t now, uint64_t *out) {
  const theseus_span_options options = {.size = sizeof options,
                                        .stack = place->stack,
                                        .flags = flags | (place->detached ? THESEUS_SPAN_DETACHED : 0),
                                        .parent = place->parent,
                                        .now_ns = now,
                                        .line = place->line};
  return theseus_span_begin(core->profile, &options, out) ? -1 : 0;
}

/* ---- generators and coroutines ---- */

static shim_operation *new_operation(shim_core *core) {
  shim_operation *operation = core->spare;

  if (!operation)
    return PyMem_Calloc(1, sizeof *operation);
  core->spare = (shim_operation *)operation->generator;
  return operation;
}

static void free_operation(shim_core *core, shim_operation *operation) {
  Py_CLEAR(operation->alive);
  operation->generator = core->spare;
  core->spare = operation;
}

void shim_forget_operation(shim_core *core, const void *generator) {
  shim_operation *operation = shim_table_take(&core->operations, generator);

  if (!operation)
    return;
  /* It was collected, and so will not be resumed. */
  uint64_t spans[SHIM_OBSERVED];
  for (int i = 0, count = shim_take_observed(core, operation, spans); i < count; i++)
    shim_end(core, spans[i], THESEUS_ABANDONED);
  for (size_t i = core->starting_count; i-- > 0;)
    if (core->starting[i] == operation) {
      operation->generator = NULL; /* shim_started() frees it */
      Py_CLEAR(operation->alive);
      return;
    }
  free_operation(core, operation);
}

uint64_t shim_span_of(shim_core *core, shim_operation *operation) {
  if (operation->span == THESEUS_NO_SPAN) {
    shim_place place = {.stack = operation->stack, .parent = operation->parent, .detached = operation->detached};
    if (place.parent && !shim_span_info(core, place.parent, NULL)) { /* it has ended meanwhile */
      place.parent = THESEUS_NO_SPAN;
      place.detached = true;
    }
    /* The time does not matter: its own begins with its first wait. */
    (void)begin(core, &place, THESEUS_SPAN_LEG, core->latest, &operation->span);
  }
  return operation->span;
}

/* The new operation of a generator, or NULL. */
static shim_operation *begun_operation(shim_core *core, compat_frame *starter, PyObject *generator) {
  shim_code *code;
  shim_operation *operation;
  shim_place place;

  core->call_count = 0;
  if (shim_at(core, generator, &code, NULL) <= 0 || SHIM_ROOM(core->calls, core->call_count, core->call_capacity))
    return NULL;
  core->calls[core->call_count++] = (shim_call){code, 0};
  if (shim_locate(core, starter, &place) || SHIM_ROOM(core->starting, core->starting_count, core->starting_capacity))
    return NULL;
  /* One that is driven twice is the later one's.  What the earlier one waits for may resume it yet. */
  shim_operation *earlier = shim_operation_of(core, generator);
  if (!(operation = new_operation(core)))
    return NULL;
  operation->observed_count = 0;
  if (earlier && earlier->observed_count) {
    memcpy(operation->observed, earlier->observed, sizeof operation->observed);
    operation->observed_count = earlier->observed_count;
    operation->observed_by = earlier->observed_by;
    earlier->observed_count = 0;
  }
  if (earlier)
    shim_forget_operation(core, generator);
  operation->generator = generator;
  operation->stack = operation->place_stack = place.stack;
  operation->parent = place.parent;
  operation->stop = place.stop;
  operation->starter = starter;
  operation->leg = SHIM_RUNS;
  operation->returned = false;
  operation->detached = place.detached;
  operation->span = THESEUS_NO_SPAN;
  /* It needs no weak reference yet: the frame has a strong one. */
  if (shim_table_set(&core->operations, generator, operation)) {
    free_operation(core, operation);
    return NULL;
  }
  return operation;
}

void shim_start(shim_core *core, compat_frame *starter) {
  PyObject *generator = shim_driven_generator(starter);
  shim_operation *operation = generator ? begun_operation(core, starter, generator) : NULL;
  if (operation)
    core->starting[core->starting_count++] = operation;
  Py_XDECREF(generator);
}

/* Takes an operation out of those in their first leg, by the frame that it began with; NULL: uninstalled meanwhile. */
static shim_operation *take_starting(shim_core *core, const void *starter) {
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

static void started(shim_core *core, shim_operation *operation, compat_frame *below, PyObject *result) {
  shim_scope scope = take_scope(core, operation, NULL);
  /* Its Deferred has been nobody else's yet. */
  bool pending = result && shim_is_deferred(core, result) &&
                 (operation->leg == SHIM_RUNS ? !shim_has_fired(core, result) : operation->leg == SHIM_SUSPENDED);
  if (pending)
    (void)shim_span_of(core, operation);
  operation->returned = true;
  const shim_operation was = *operation;
  if (was.generator && !(operation->alive = shim_watch(core, (PyObject *)was.generator, &operation->callback))) {
    compat_drop_error();
    shim_forget_operation(core, was.generator);
  } else if (!was.generator) /* finished, and so forgotten, in its first leg */
    free_operation(core, operation);
  if (!result || !shim_is_deferred(core, result)) {
    (void)theseus_span_discard(core->profile, was.span, shim_now(core));
  } else if (!pending) {
    int outcome = shim_outcome_of_deferred(core, result);
    if (was.span == THESEUS_NO_SPAN)
      (void)theseus_record(core->profile, was.stack, 0, 0, outcome);
    else
      (void)theseus_span_end(core->profile, was.span, outcome, shim_now(core));
  } else {
    PyObject *entries = shim_callbacks_of(core, result);
    if (!entries || shim_observe(core, entries, was.span))
      (void)theseus_span_end(core->profile, was.span, THESEUS_ABANDONED, shim_now(core));
    else
      (void)hand_back(core, below, was.span, was.parent, was.stop);
    core->returned = result;
    core->returned_span = was.span;
    Py_XDECREF(entries);
  }
  if (!pending) {
    /* What began in its only leg belongs to the next operation out. */
    for (size_t i = 0; i < scope.count; i++) {
      scope.begun[i].parent = was.parent;
      scope.begun[i].stop = was.stop;
    }
    (void)under_each(core, below, scope.begun, scope.count);
  }
  PyMem_Free(scope.begun);
}

void shim_started(shim_core *core, compat_frame *starter, PyObject *result) {
  shim_operation *operation = take_starting(core, starter);
  if (operation) {
    compat_frame *below = compat_back(starter);
    started(core, operation, below, result);
    compat_let(below);
  }
}

static void finished(shim_core *core, shim_operation *operation) {
  operation->leg = SHIM_FINISHED;
  const shim_operation was = *operation;

  if (!was.observed_count) /* it was driven twice, else */
    shim_forget_operation(core, was.generator);
  if (was.returned && shim_span_info(core, was.span, NULL))
    /* Its Deferred has not come as far as our observer: nothing that is known is waited for. */
    (void)theseus_span_await(core->profile, was.span, NULL, 0, was.place_stack, was.line, shim_now(core));
}

/* Is it still the span on the Deferred that was returned last, and nothing else?  It may have been chained to another since. */
static bool is_last_returned(shim_core *core, uint64_t span, PyObject *deferred) {
  theseus_span_info info;

  if (deferred != core->returned || !shim_span_info(core, core->returned_span, &info) || info.parent != span)
    return false;
  PyObject *chained = shim_attribute(deferred, shim_name.chained_to);
  Py_XDECREF(chained);
  return chained == Py_None;
}

/* The children that are awaited go to core->spans. */
static bool find_awaited(shim_core *core, uint64_t span, PyObject *deferred, PyObject *entries) {
  bool alone;

  if (!is_last_returned(core, span, deferred))
    return shim_children_on(core, span, deferred, entries, &alone) >= 0;
  core->span_count = 0;
  if (SHIM_ROOM(core->spans, core->span_count, core->span_capacity))
    return false;
  core->spans[core->span_count++] = core->returned_span;
  return true;
}

static void suspended(shim_core *core, PyObject *awaited, PyObject *generator, uint32_t line, shim_operation *operation,
                      const void *status) {
  PyObject *entries = awaited && shim_is_deferred(core, awaited) ? shim_callbacks_of(core, awaited) : NULL;

  if (!entries)
    return;
  operation->leg = SHIM_SUSPENDED;
  if (!shim_suspended(core, generator, line, operation, &operation->place_stack, &operation->line) &&
      find_awaited(core, shim_span_of(core, operation), awaited, entries)) {
    (void)theseus_span_await(core->profile, operation->span, core->spans, core->span_count, operation->place_stack,
                             operation->line, shim_now(core));
    if (status && core->installed) /* its clock may have uninstalled it */
      shim_relieve(core, entries, operation, status);
  }
  Py_DECREF(entries);
}

/* What a frame of the driver works on: new references, or NULL. */
enum { GENERATOR, RESULT, STATUS, ASKED };
static void ask_driver(compat_frame *driver, PyObject *variables[ASKED]) {
  PyObject *const names[ASKED] = {shim_name.gen, shim_name.result, shim_name.status};
  compat_variables(driver, names, variables, ASKED);
}

static void let_asked(PyObject *variables[ASKED]) {
  for (int i = 0; i < ASKED; i++)
    Py_XDECREF(variables[i]);
}

static void resumed(shim_core *core, shim_operation *operation, PyObject *result, compat_frame *driver) {
  uint64_t spans[SHIM_OBSERVED];
  int count = shim_take_observed(core, operation, spans);
  if (operation->leg == SHIM_FINISHED)
    shim_forget_operation(core, operation->generator);
  compat_frame *caller = compat_back(driver), *loop = caller ? compat_back(caller) : NULL;
  int outcome = shim_outcome_of(core, result);
  Py_INCREF(core); /* the clock may let go of us */
  for (int i = 0; i < count; i++)
    shim_fired(core, spans[i], outcome, loop);
  Py_DECREF(core);
  compat_let(loop);
  compat_let(caller);
}

void shim_resumed(shim_core *core, compat_frame *driver) {
  PyObject *variables[ASKED];
  ask_driver(driver, variables);
  shim_operation *operation = variables[GENERATOR] ? shim_operation_of(core, variables[GENERATOR]) : NULL;
  if (operation && operation->observed_count && operation->observed_by == variables[STATUS] && variables[RESULT])
    resumed(core, operation, variables[RESULT], driver);
  let_asked(variables);
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
  PyObject *variables[ASKED];
  ask_driver(driver, variables);
  if (variables[GENERATOR]) /* only sys.monitoring is sure to show the resumption */
    leg_ended(core, variables[GENERATOR], variables[RESULT], core->monitoring ? variables[STATUS] : NULL);
  let_asked(variables);
}

/* ---- plain functions ---- */

/* A function returned a Deferred that is pending: its operation begins, and adopts what began under it. */
static int begin_returned(shim_core *core, compat_frame *below, PyObject *deferred, PyObject *entries,
                          const shim_place *place, shim_scope *scope) {
  uint64_t now = shim_now(core), span;
  size_t left = 0;

  if (begin(core, place, 0, now, &span))
    return -1;
  for (size_t i = 0; i < scope->count; i++)
    if (scope->begun[i].parent == place->parent)
      (void)theseus_span_adopt(core->profile, scope->begun[i].span, span, now);
    else
      scope->begun[left++] = scope->begun[i];
  scope->count = left;
  bool alone;
  int others = shim_children_on(core, span, deferred, entries, &alone);
  core->returned = alone ? deferred : NULL;
  core->returned_span = span;
  if (others >= 0)
    (void)theseus_span_await(core->profile, span, core->spans,
                             core->span_count || others ? core->span_count : THESEUS_ALL, place->stack, place->line,
                             now);
  if (shim_observe(core, entries, span)) {
    (void)theseus_span_end(core->profile, span, THESEUS_ABANDONED, now);
    return -1;
  }
  return hand_back(core, below, span, place->parent, place->stop);
}

void shim_returned(shim_core *core, compat_frame *frame, PyObject *deferred) {
  PyObject *entries = shim_callbacks_of(core, deferred);
  compat_frame *below = compat_back(frame);
  shim_scope scope = take_scope(core, frame, compat_code(frame));
  shim_place place;

  core->call_count = 0;
  if (entries && !shim_locate(core, frame, &place)) {
    if (shim_has_fired(core, deferred))
      (void)theseus_record(core->profile, place.stack, place.line, 0, shim_outcome_of_deferred(core, deferred));
    else
      (void)begin_returned(core, below, deferred, entries, &place, &scope);
  }
  (void)under_each(core, below, scope.begun, scope.count);
  PyMem_Free(scope.begun);
  compat_let(below);
  Py_XDECREF(entries);
}

void shim_left(shim_core *core, compat_frame *frame) {
  shim_scope scope = take_scope(core, frame, compat_code(frame));
  compat_frame *below = scope.count ? compat_back(frame) : NULL;
  (void)under_each(core, below, scope.begun, scope.count);
  PyMem_Free(scope.begun);
  compat_let(below);
}

/* ---- the callback loop ---- */

void shim_loop_left(shim_core *core, compat_frame *frame) {
  forget_loop(core, frame);
  for (size_t i = core->boxed_count; i-- > 0;)
    if (core->boxed[i].loop == frame) {
      shim_boxed boxed = core->boxed[i];
      core->boxed[i] = core->boxed[--core->boxed_count];
      PyObject *result = PyObject_GetAttrString(boxed.current, "result");
      PyObject *inside = result == boxed.box ? PyObject_GetAttrString(boxed.box, "deferred") : NULL;
      if (inside)
        (void)PyObject_SetAttrString(boxed.current, "result", inside);
      Py_XDECREF(inside);
      Py_XDECREF(result);
      Py_DECREF(boxed.current);
      Py_DECREF(boxed.box);
    }
}

/* The loop's next callback, called here and now with a Deferred as its result. */
static PyObject *call_next(PyObject *entries, PyObject *result) {
  PyObject *entry = Py_NewRef(PyList_GET_ITEM(entries, 0)), *given = NULL, *first = NULL, *arguments = NULL;
  PyObject *more = NULL, *named = NULL, *callback, *others, *keywords, *rest;

  if (!PyList_SetSlice(entries, 0, 1, NULL) &&
      PyArg_ParseTuple(entry, "(OOO)O", &callback, &others, &keywords, &rest) && (more = PySequence_Tuple(others)) &&
      (named = PyDict_New()) && !PyDict_Update(named, keywords) && (first = PyTuple_Pack(1, result)) &&
      (arguments = PySequence_Concat(first, more)))
    given = PyObject_Call(callback, arguments, named);
  Py_XDECREF(more);
  Py_XDECREF(named);
  Py_XDECREF(arguments);
  Py_XDECREF(first);
  Py_DECREF(entry);
  return given;
}

/* A box with the Deferred in it, which the loop takes for an ordinary result.  What it hands the result on to gets an entry that unboxes
 * it, before all others; with nothing there, shim_loop_left() does. */
static PyObject *box(shim_core *core, PyObject *result, compat_frame *loop, PyObject *current, PyObject *entries) {
  PyObject *boxed = PyObject_CallOneArg(core->boxed_type, result);
  int status = boxed ? 0 : -1;

  if (!status && PyList_GET_SIZE(entries)) {
    PyObject *unbox = PyObject_GetAttrString((PyObject *)core, "pass_boxed");
    PyObject *entry = unbox ? Py_BuildValue("((O(){})(O(){}))", unbox, unbox) : NULL;
    PyObject *waiting = PyTuple_GET_ITEM(PyTuple_GET_ITEM(PyTuple_GET_ITEM(PyList_GET_ITEM(entries, 0), 0), 1), 0);
    PyObject *theirs = entry ? shim_callbacks_of(core, waiting) : NULL;
    status = theirs ? PyList_Insert(theirs, 0, entry) : -1;
    Py_XDECREF(theirs);
    Py_XDECREF(entry);
    Py_XDECREF(unbox);
  } else if (!status) {
    status = SHIM_ROOM(core->boxed, core->boxed_count, core->boxed_capacity);
    if (!status)
      core->boxed[core->boxed_count++] = (shim_boxed){loop, Py_NewRef(current), Py_NewRef(boxed)};
  }
  if (status)
    Py_CLEAR(boxed);
  return boxed;
}

PyObject *shim_pass_deferred(shim_core *core, PyObject *result) {
  compat_frame *loop = compat_top();
  PyObject *current = NULL, *entries = NULL, *given = NULL;

  if (loop && (PyObject *)compat_code(loop) == core->loop_code &&
      (current = compat_variable(loop, shim_name.current)) && current != Py_None)
    entries = shim_callbacks_of(core, current);
  if (!entries || (!PyList_GET_SIZE(entries) && !sees_leaving(core))) {
    given = Py_NewRef(result);
  } else if (PyList_GET_SIZE(entries) && shim_callback_in(PyList_GET_ITEM(entries, 0)) != core->continuation) {
    given = call_next(entries, result);
  } else if (!(given = box(core, result, loop, current, entries))) {
    PyErr_Clear();
    given = Py_NewRef(result);
  }
  Py_XDECREF(entries);
  Py_XDECREF(current);
  return given;
}

void shim_let_go(shim_core *core) {
  uint64_t now = shim_now(core);

  core->leaving = core->busy;
  if (core->leaving)
    return;
  if (core->late_count)
    shim_drain(core);
  while (core->starting_count) {
    shim_operation *operation = core->starting[--core->starting_count];
    /* Its Deferred will be returned without us.  It may wait already, when its clock uninstalls us. */
    if (theseus_span_discard(core->profile, operation->span, now))
      (void)theseus_span_end(core->profile, operation->span, THESEUS_ABANDONED, now);
    if (operation->generator)
      shim_forget_operation(core, operation->generator);
    else
      free_operation(core, operation);
  }
  for (size_t i = 0; i < core->scope_count; i++) {
    for (size_t j = 0; j < core->scopes[i].count; j++)
      (void)theseus_span_release(core->profile, core->scopes[i].begun[j].span, now);
    PyMem_Free(core->scopes[i].begun);
  }
  core->scope_count = core->passed_count = 0;
  while (core->boxed_count) {
    shim_boxed boxed = core->boxed[--core->boxed_count];
    Py_DECREF(boxed.current);
    Py_DECREF(boxed.box);
  }
}
