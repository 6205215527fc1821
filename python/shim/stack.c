/* SPDX-License-Identifier: ISC */
#include "stack.h"

#include "deferred.h"
#include "generator.h"
#include "links.h"
#include "loop.h"
#include "relief.h"

static int add_call(shim_core *core, shim_code *code, compat_frame *frame) {
  if (SHIM_ROOM(core->calls, core->call_count, core->call_capacity))
    return -1;
  core->calls[core->call_count++] = (shim_call){code, shim_line(code, frame)};
  return 0;
}

/* Pushes the calls of the walk on a stack. */
static int build(shim_core *core, shim_place *place) {
  for (size_t i = core->call_count; i-- > 0;) {
    if (shim_push(core, &place->stack, core->calls[i].code, place->line))
      return -1;
    place->line = core->calls[i].line;
  }
  if (place->parent && !shim_span_info(core, place->parent, NULL)) {
    place->parent = place->operation = THESEUS_NO_SPAN;
    place->detached = true;
  }
  if (!place->operation)
    place->operation = place->parent;
  return 0;
}

/* Pushes the calls of the walk on the stack of a continuation.  That stack may contain the function that is called
 * back.  If so, cuts the stack back to that function's caller first. */
static int build_continued(shim_core *core, shim_place *place) {
  theseus_stack_info info = {.size = sizeof info};

  if (core->call_count) {
    uint32_t called = core->calls[core->call_count - 1].code->function;
    for (uint32_t below = place->stack; below != THESEUS_ROOT; below = info.parent) {
      if (theseus_stack_get(core->profile, below, &info))
        return -1;
      if (info.function == called) {
        place->stack = info.parent;
        place->line = info.call_line;
        break;
      }
    }
  }
  return build(core, place);
}

static int add_step(shim_core *core, PyObject *coroutine, uint32_t stack) {
  if (SHIM_ROOM(core->steps, core->step_count, core->step_capacity))
    return -1;
  core->steps[core->step_count++] = (shim_step){Py_NewRef(coroutine), stack};
  return 0;
}

int shim_suspended(shim_core *core, PyObject *generator, uint32_t at, const shim_operation *operation, uint32_t *stack,
                   uint32_t *line) {
  int found = 1;

  shim_let_steps(core);
  *stack = operation->stack;
  *line = at;
  Py_INCREF(generator);
  while (found > 0) {
    shim_code *code;
    Py_SETREF(generator, shim_delegate_of(generator));
    if (!generator || generator == Py_None || shim_is_deferred(core, generator))
      break;
    found = shim_at(core, generator, &code, &at);
    if (found <= 0 || code->kind != SHIM_GENERATOR)
      break;
    if (shim_push(core, stack, code, *line) || (core->coroutines && add_step(core, generator, *stack)))
      found = -1;
    *line = at;
  }
  Py_XDECREF(generator);
  return found < 0 ? -1 : 0;
}

/* ---- the operation that a Deferred goes on to ---- */

/* Searches one Deferred's entries for an observer of an open span, or for the resumption of an operation.  Returns 1 if
 * it finds one. */
static int find_in(shim_core *core, PyObject *entries, shim_place *place) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); i++) {
    PyObject *entry = PyList_GET_ITEM(entries, i);
    uint64_t spans[SHIM_RELIEVED];
    theseus_span_info info;
    for (int j = 0, count = shim_spans_in(core, entry, spans); j < count; j++)
      if (shim_span_info(core, spans[j], &info)) {
        place->stack = info.place_stack;
        place->line = info.line;
        place->parent = spans[j];
        return 1;
      }
    PyObject *generator = shim_resumed_generator(core, entry);
    shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
    Py_XDECREF(generator);
    if (operation && operation->leg != SHIM_FINISHED) {
      place->stack = operation->place_stack;
      place->line = operation->line;
      place->operation = shim_span_of(core, operation);
      place->parent = shim_waiter(operation);
      return 1;
    }
  }
  return 0;
}

/* Pushes the Deferreds that a Deferred's entries feed on the stack `waiting`, in reverse: the first is searched
 * first. */
static int add_fed(shim_core *core, PyObject *feeding, PyObject *entries, bool by_hand, shim_links *waiting) {
  for (Py_ssize_t i = PyList_GET_SIZE(entries); i-- > 0;) {
    size_t before = waiting->count;
    if (shim_add_fed(core, feeding, PyList_GET_ITEM(entries, i), waiting))
      return -1;
    if (waiting->count > before)
      waiting->items[before].by_hand |= by_hand;
  }
  return 0;
}

/* Searches a Deferred, and the Deferreds that it feeds, depth first, in order.  Skips those in `seen`.  Adds those
 * without a hit to *visited.  Returns 1 if it finds an operation. */
static int search(shim_core *core, PyObject *from, bool by_hand, shim_seen *seen, shim_links *visited,
                  shim_place *place) {
  shim_links waiting;

  shim_begin_links(&waiting);
  int found = shim_add_link(&waiting, from, by_hand);
  while (!found && waiting.count) {
    shim_link link = waiting.items[--waiting.count];
    int known = shim_see(seen, link.deferred);
    PyObject *entries = known ? NULL : shim_callbacks_of(core, link.deferred);
    if (entries) {
      place->stop.by_hand = link.by_hand;
      found = find_in(core, entries, place);
      if (!found && (add_fed(core, link.deferred, entries, link.by_hand, &waiting) ||
                     shim_add_link(visited, link.deferred, link.by_hand)))
        found = -1;
    }
    if (known < 0)
      found = -1;
    Py_XDECREF(entries);
    Py_DECREF(link.deferred);
  }
  shim_free_links(&waiting);
  return found;
}

/* Adds the Deferreds that the entries of the visited Deferreds fire by hand. */
static int add_all_fired(shim_core *core, const shim_links *visited, shim_links *fired) {
  int status = 0;
  for (size_t n = 0; !status && n < visited->count; n++) {
    PyObject *entries = shim_callbacks_of(core, visited->items[n].deferred);
    for (Py_ssize_t i = 0; !status && entries && i < PyList_GET_SIZE(entries); i++)
      status = shim_add_fired(core, PyList_GET_ITEM(entries, i), fired);
    Py_XDECREF(entries);
  }
  return status;
}

/* Finds the operation that a Deferred goes on to.  Returns 1 if it finds one. */
static int goes_on_to(shim_core *core, PyObject *current, shim_place *place) {
  shim_links visited, fired;
  shim_seen seen;

  shim_begin_links(&visited);
  shim_begin_links(&fired);
  shim_begin_seen(&seen);
  int found = search(core, current, false, &seen, &visited, place);
  if (!found && add_all_fired(core, &visited, &fired)) /* the Deferreds that are fired by hand are searched last */
    found = -1;
  for (size_t i = 0; !found && i < fired.count; i++)
    found = search(core, fired.items[i].deferred, true, &seen, &visited, place);
  shim_free_links(&fired);
  shim_free_links(&visited);
  shim_table_free(&seen.many);
  return found;
}

/* Finds the operation that the Deferred of a callback loop goes on to.  Returns 1 if it finds one, 0 if there is none,
 * and -1 after an error. */
static int continuation(shim_core *core, compat_frame *loop, shim_place *place) {
  PyObject *current = compat_variable(loop, shim_name.current);
  int found = 0;

  place->stop = (shim_stop){loop, true, false};
  if (current && current != Py_None)
    found = goes_on_to(core, current, place);
  Py_XDECREF(current);
  for (size_t i = core->passed_count; !found && i-- > 0;)
    if (core->passed[i].loop == loop) {
      const shim_passed *passed = &core->passed[i];
      theseus_stack_info stack = {.size = sizeof stack};
      if (theseus_stack_get(core->profile, passed->stack, &stack))
        return -1;
      /* the place where the function of that span was called */
      *place = (shim_place){.stack = stack.parent,
                            .line = stack.call_line,
                            .parent = passed->parent,
                            .detached = passed->detached,
                            .stop = {loop, true, true}};
      found = 1;
    }
  return found;
}

/* Finds the suspended generator that a driver acts for.  Returns 1 if it finds one. */
static int driven(shim_core *core, compat_frame *driver, shim_place *place) {
  PyObject *generator = shim_driven_generator(driver);
  shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
  shim_code *code;
  uint32_t line;
  int found = operation ? shim_at(core, generator, &code, &line) : 0;

  if (found > 0) {
    if (shim_suspended(core, generator, line, operation, &place->stack, &place->line))
      found = -1;
    shim_let_steps(core);
    place->parent = shim_span_of(core, operation);
    place->stop = (shim_stop){driver, false, false};
  }
  Py_XDECREF(generator);
  return found;
}

static int reactor(shim_core *core, compat_frame *frame, shim_place *place) {
  place->stop = (shim_stop){frame, false, false};
  if (!core->has_reactor_function) {
    if (theseus_function_intern(core->profile, "", "[reactor]", 0, &core->reactor_function))
      return -1;
    core->has_reactor_function = true;
  }
  return theseus_stack_push(core->profile, THESEUS_ROOT, core->reactor_function, 0, &place->stack) ? -1 : 0;
}

int shim_locate(shim_core *core, compat_frame *frame, shim_place *out) {
  shim_place place = {.stack = THESEUS_ROOT};
  int stopped = 0; /* 1: build, 2: build after a continuation, -1: error */

  frame = compat_keep(frame);
  while (frame && !stopped) {
    shim_code *code = shim_code_of(core, frame);
    if (!code) {
      stopped = -1;
    } else if (code->kind == SHIM_PLAIN) {
      stopped = add_call(core, code, frame);
    } else if (code->kind == SHIM_GENERATOR) {
      PyObject *generator = compat_generator(frame);
      shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
      if (operation) {
        place = (shim_place){.stack = operation->stack,
                             .line = shim_line(code, frame),
                             .parent = shim_span_of(core, operation),
                             .stop = {frame, false, false}};
        stopped = 1;
      } else {
        stopped = add_call(core, code, frame);
      }
    } else if (code->kind == SHIM_LOOP) {
      int found = continuation(core, frame, &place);
      stopped = found > 0 ? 2 : found;
    } else if (code->kind == SHIM_DRIVER) {
      stopped = driven(core, frame, &place);
    } else if (code->kind == SHIM_REACTOR) {
      stopped = reactor(core, frame, &place) ? -1 : 1;
    }
    if (!stopped)
      compat_step(&frame);
  }
  compat_let(frame);
  if (stopped < 0)
    return -1;
  if (!stopped) /* a loop whose Deferred goes on to nothing has set place.stop */
    place.stop = (shim_stop){NULL, false, false};
  if (stopped == 2 ? build_continued(core, &place) : build(core, &place))
    return -1;
  *out = place;
  return 0;
}
