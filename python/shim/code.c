/* SPDX-License-Identifier: ISC */
#include "code.h"

#include "watch.h"

static void free_code(shim_code *code) {
  if (code)
    shim_unwatch(code->alive, code->callback);
  PyMem_Free(code);
}

static void forget(shim_core *core, const void *key, const PyObject *reference) {
  const shim_code *code = shim_table_get(&core->codes, key);
  if (code && code->alive == reference)
    free_code(shim_table_take(&core->codes, key));
}

/* describe(code, globals) returns (kind, file, name, first line, notification).  The texts are bytes. */
static int describe(shim_core *core, compat_frame *frame, PyObject *code, shim_code *out) {
  PyObject *globals = compat_globals(frame);
  PyObject *said = globals ? PyObject_CallFunctionObjArgs(core->describe, code, globals, NULL) : NULL;
  const char *file, *name;
  unsigned int first_line;
  int status = -1;

  if (said && PyArg_ParseTuple(said, "iyyIi", &out->kind, &file, &name, &first_line, &out->notification) &&
      !theseus_function_intern(core->profile, file, name, first_line, &out->function))
    status = 0;
  Py_XDECREF(said);
  Py_XDECREF(globals);
  return status;
}

shim_code *shim_code_of(shim_core *core, compat_frame *frame) {
  PyObject *code = (PyObject *)compat_code(frame);
  shim_code *known = shim_table_get(&core->codes, code);

  if (known)
    return known;
  known = PyMem_Calloc(1, sizeof *known);
  if (!known || describe(core, frame, code, known) ||
      !(known->alive = shim_watch(core, code, forget, &known->callback)) || shim_table_set(&core->codes, code, known)) {
    free_code(known);
    compat_drop_error();
    return NULL;
  }
  return known;
}

uint32_t shim_line(shim_code *code, compat_frame *frame) {
  int place = compat_place(frame), line;
  size_t slot = (size_t)place % (sizeof code->lines / sizeof *code->lines);

  if (code->lines[slot].place != place + 1) { /* the cache stores place + 1, so 0 means none */
    line = compat_line(frame);
    code->lines[slot].line = line > 0 ? (uint32_t)line : 0;
    code->lines[slot].place = place + 1;
  }
  return code->lines[slot].line;
}

int shim_push(shim_core *core, uint32_t *stack, shim_code *code, uint32_t line) {
  if (!code->pushed.stack || code->pushed.parent != *stack || code->pushed.line != line) {
    uint32_t pushed;
    if (theseus_stack_push(core->profile, *stack, code->function, line, &pushed))
      return -1;
    if (pushed == *stack) /* the stack is too deep, or the push was folded: the library counts that */
      return 0;
    code->pushed.parent = *stack;
    code->pushed.line = line;
    code->pushed.stack = pushed;
  }
  *stack = code->pushed.stack;
  return 0;
}

void shim_free_codes(shim_core *core) {
  for (size_t i = 0; i < core->codes.capacity; i++)
    free_code(core->codes.entries[i].value);
  shim_table_free(&core->codes);
}
