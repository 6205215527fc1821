/* SPDX-License-Identifier: ISC */
/* stack - logical stacks: DESIGN section 4, as locate() and its helpers in portable.py. */
#include "core.h"

bool shim_span_info(shim_core *core, uint64_t span, theseus_span_info *info) {
  info->size = sizeof *info;
  return theseus_span_get(core->profile, span, info) == THESEUS_OK;
}

shim_operation *shim_operation_of(shim_core *core, PyObject *generator) {
  /* A generator that was collected takes its entry along, so an address is never another's. */
  return shim_table_get(&core->operations, generator);
}

static int push(shim_core *core, uint32_t *stack, uint32_t function, uint32_t line) {
  return theseus_stack_push(core->profile, *stack, function, line, stack) ? -1 : 0;
}

static int add_call(shim_core *core, uint32_t function, PyFrameObject *frame) {
  if (SHIM_ROOM(core->calls, core->call_count, core->call_capacity))
    return -1;
  int line = PyFrame_GetLineNumber(frame);
  core->calls[core->call_count++] = (shim_call){function, line > 0 ? (uint32_t)line : 0};
  return 0;
}

/* Puts the calls of the walk on a stack. */
static int build(shim_core *core, shim_place *place) {
  theseus_span_info info;

  for (size_t i = core->call_count; i-- > 0;) {
    if (push(core, &place->stack, core->calls[i].function, place->line))
      return -1;
    place->line = core->calls[i].line;
  }
  if (place->parent && !shim_span_info(core, place->parent, &info)) {
    place->parent = THESEUS_NO_SPAN;
    place->detached = true;
  }
  return 0;
}

/* Across a continuation, what is called back may be on the stack already: then the stack is cut back to it. */
static int build_continued(shim_core *core, shim_place *place) {
  theseus_stack_info info = {.size = sizeof info};

  if (core->call_count) {
    uint32_t called = core->calls[core->call_count - 1].function;
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

int shim_suspended(shim_core *core, PyObject *generator, const shim_operation *operation, uint32_t *stack,
                   uint32_t *line) {
  PyFrameObject *frame = shim_frame_of(generator);
  int status = frame ? 0 : -1;

  *stack = operation->stack;
  Py_INCREF(generator);
  while (!status) {
    int at = PyFrame_GetLineNumber(frame);
    *line = at > 0 ? (uint32_t)at : 0;
    Py_DECREF(frame);
    Py_SETREF(generator, shim_delegate_of(generator));
    frame = generator ? shim_frame_of(generator) : NULL;
    if (!frame)
      break;
    const shim_code *code = shim_code_of(core, frame);
    if (!code)
      status = -1;
    else if (code->kind != SHIM_GENERATOR)
      break;
    else
      status = push(core, stack, code->function, *line);
  }
  Py_XDECREF(frame);
  Py_XDECREF(generator);
  return status;
}

/* ---- what a Deferred goes on to ---- */

/* Looks along one Deferred's entries for an observer of an open span, or the resumption of an operation.  1: found. */
static int find_in(shim_core *core, PyObject *entries, shim_place *place) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); i++) {
    PyObject *entry = PyList_GET_ITEM(entries, i);
    uint64_t span = shim_observed(core, shim_callback_in(entry));
    theseus_span_info info;
    if (span) {
      if (!shim_span_info(core, span, &info))
        continue;
      place->stack = info.place_stack;
      place->line = info.line;
      place->parent = span;
      return 1;
    }
    PyObject *generator = shim_resumed_generator(core, entry);
    const shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
    Py_XDECREF(generator);
    if (operation) {
      place->stack = operation->place_stack;
      place->line = operation->line;
      place->parent = operation->span;
      return 1;
    }
  }
  return 0;
}

/* Appends those that a Deferred's entries feed to the list of those to be looked at, the first of them last: [(Deferred, by hand)] */
static int add_fed(shim_core *core, PyObject *entries, bool by_hand, PyObject *waiting) {
  for (Py_ssize_t i = PyList_GET_SIZE(entries); i-- > 0;) {
    PyObject *fed = PyObject_CallOneArg(core->fed_by, PyList_GET_ITEM(entries, i));
    int status = fed && PyList_Check(fed) ? 0 : -1;
    for (Py_ssize_t j = status ? 0 : PyList_GET_SIZE(fed); !status && j-- > 0;) {
      PyObject *pair = PyList_GET_ITEM(fed, j);
      PyObject *link = PyTuple_Pack(2, PyTuple_GET_ITEM(pair, 0), by_hand ? Py_True : PyTuple_GET_ITEM(pair, 1));
      status = link ? PyList_Append(waiting, link) : -1;
      Py_XDECREF(link);
    }
    Py_XDECREF(fed);
    if (status)
      return -1;
  }
  return 0;
}

/* What the Deferred that a callback loop runs goes on to.  1: found, 0: it goes on to nothing, -1: error. */
static int continuation(shim_core *core, PyFrameObject *loop, shim_place *place) {
  PyObject *name = PyUnicode_InternFromString("current");
  PyObject *current = name ? compat_variable(loop, name) : NULL;
  PyObject *waiting = PyList_New(0), *seen = NULL, *link = NULL;
  int found = waiting ? 0 : -1;

  Py_XDECREF(name);
  if (waiting && current && current != Py_None) {
    link = PyTuple_Pack(2, current, Py_False);
    found = link ? PyList_Append(waiting, link) : -1;
    Py_XDECREF(link);
  }
  while (!found && PyList_GET_SIZE(waiting)) {
    Py_ssize_t last = PyList_GET_SIZE(waiting) - 1;
    link = Py_NewRef(PyList_GET_ITEM(waiting, last));
    PyObject *deferred = PyTuple_GET_ITEM(link, 0);
    bool by_hand = PyTuple_GET_ITEM(link, 1) == Py_True;
    PyObject *entries = NULL, *key = PyLong_FromVoidPtr(deferred);
    int known = -1;
    if (key && PyList_SetSlice(waiting, last, last + 1, NULL) == 0 && (seen || (seen = PySet_New(NULL))))
      known = PySet_Contains(seen, key);
    if (known < 0 || (!known && PySet_Add(seen, key)))
      found = -1;
    else if (!known && (entries = shim_callbacks_of(core, deferred))) {
      place->stop = (shim_stop){loop, true, by_hand};
      found = find_in(core, entries, place);
      if (!found && add_fed(core, entries, by_hand, waiting))
        found = -1;
    }
    Py_XDECREF(entries);
    Py_XDECREF(key);
    Py_DECREF(link);
  }
  Py_XDECREF(current);
  Py_XDECREF(waiting);
  Py_XDECREF(seen);
  for (size_t i = core->passed_count; !found && i-- > 0;)
    if (core->passed[i].loop == loop) {
      const shim_passed *passed = &core->passed[i];
      *place = (shim_place){passed->stack, passed->line, passed->parent, passed->detached, {loop, true, true}};
      found = 1;
    }
  return found;
}

/* A generator that its driver acts for while it is suspended.  1: found. */
static int driven(shim_core *core, PyFrameObject *driver, shim_place *place) {
  PyObject *generator = shim_driven_generator(driver);
  PyFrameObject *frame = generator ? shim_frame_of(generator) : NULL;
  const shim_operation *operation = frame ? shim_operation_of(core, generator) : NULL;
  int found = 0;

  if (operation) {
    found = shim_suspended(core, generator, operation, &place->stack, &place->line) ? -1 : 1;
    place->parent = operation->span;
    place->stop = (shim_stop){driver, false, false};
  }
  Py_XDECREF(frame);
  Py_XDECREF(generator);
  return found;
}

static int reactor(shim_core *core, PyFrameObject *frame, shim_place *place) {
  uint32_t function;
  place->stop = (shim_stop){frame, false, false};
  if (theseus_function_intern(core->profile, "", "[reactor]", 0, &function))
    return -1;
  return push(core, &place->stack, function, 0);
}

int shim_locate(shim_core *core, PyFrameObject *frame, shim_place *out) {
  shim_place place = {.stack = THESEUS_ROOT};
  int stopped = 0; /* 1: build, 2: build after a continuation, -1: error */

  Py_INCREF(frame);
  while (frame && !stopped) {
    const shim_code *code = shim_code_of(core, frame);
    if (!code) {
      stopped = -1;
    } else if (code->kind == SHIM_PLAIN) {
      stopped = add_call(core, code->function, frame);
    } else if (code->kind == SHIM_GENERATOR) {
      PyObject *generator = compat_generator(frame);
      const shim_operation *operation = generator ? shim_operation_of(core, generator) : NULL;
      Py_XDECREF(generator);
      if (operation) {
        int line = PyFrame_GetLineNumber(frame);
        place = (shim_place){
            operation->stack, line > 0 ? (uint32_t)line : 0, operation->span, false, {frame, false, false}};
        stopped = 1;
      } else {
        stopped = add_call(core, code->function, frame);
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
      Py_SETREF(frame, PyFrame_GetBack(frame));
  }
  Py_XDECREF(frame);
  if (stopped < 0)
    return -1;
  if (!stopped) /* what a loop left there that goes on to nothing */
    place.stop = (shim_stop){NULL, false, false};
  if (stopped == 2 ? build_continued(core, &place) : build(core, &place))
    return -1;
  *out = place;
  return 0;
}
