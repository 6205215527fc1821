/* SPDX-License-Identifier: ISC */
#include "core.h"

#include <time.h>

PyTypeObject *shim_observer_type, *shim_reaper_type, *shim_callback_type, *shim_core_type, *shim_hook_type;
shim_names shim_name;

int shim_make_names(void) {
  static const struct {
    PyObject **name;
    const char *text;
  } names[] = {{&shim_name.called, "called"},
               {&shim_name.paused, "paused"},
               {&shim_name.running, "_runningCallbacks"},
               {&shim_name.result, "result"},
               {&shim_name.type, "type"},
               {&shim_name.canceller, "_canceller"},
               {&shim_name.chained_to, "_chainedTo"},
               {&shim_name.deferred_list, "_deferredList"},
               {&shim_name.current, "current"},
               {&shim_name.gen, "gen"},
               {&shim_name.call, "call"},
               {&shim_name.return_, "return"},
               {&shim_name.status, "status"},
               {&shim_name.self, "self"}};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!*names[i].name && !(*names[i].name = PyUnicode_InternFromString(names[i].text)))
      return -1;
  return 0;
}

int shim_room(void *array, size_t count, size_t *capacity, size_t size) {
  void *block;

  if (count < *capacity)
    return 0;
  size_t wanted = *capacity ? 2 * *capacity : 8;
  memcpy(&block, array, sizeof block);
  block = wanted > PY_SSIZE_T_MAX / size ? NULL : PyMem_Realloc(block, wanted * size);
  if (!block)
    return -1;
  memcpy(array, &block, sizeof block);
  *capacity = wanted;
  return 0;
}

uint64_t shim_now(shim_core *core) {
  if (core->clock) {
    /* The clock itself may use Deferreds.  They are not observed: that would read the clock again, without end. */
    bool was_busy = core->busy, here = PyThread_get_thread_ident() == core->thread;
    if (here)
      core->busy = true;
    PyObject *read = PyObject_CallNoArgs(core->clock);
    unsigned long long now = read ? PyLong_AsUnsignedLongLong(read) : (unsigned long long)-1;
    if (!read || (now == (unsigned long long)-1 && PyErr_Occurred()))
      compat_drop_error();
    else
      core->latest = now;
    Py_XDECREF(read);
    if (here)
      core->busy = was_busy;
  } else {
    struct timespec now;
    if (!clock_gettime(CLOCK_MONOTONIC, &now))
      core->latest = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  }
  return core->latest;
}
