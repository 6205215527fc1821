/* SPDX-License-Identifier: ISC */
#include "turn.h"

static void end(shim_core *core, uint64_t span, int outcome, uint64_t now) {
  if (core->ending)
    core->ending(core, span, now);
  (void)theseus_span_end(core->profile, span, outcome, now);
}

void shim_drain(shim_core *core) {
  for (size_t i = 0; i < core->late_count && !core->busy; i++)
    end(core, core->late[i].span, core->late[i].outcome, core->late[i].now);
  if (!core->busy)
    core->late_count = 0;
}

void shim_end(shim_core *core, uint64_t span, int outcome) {
  uint64_t now = shim_now(core);

  if (core->late_count)
    shim_drain(core);
  if (!core->busy && PyThread_get_thread_ident() == core->thread)
    end(core, span, outcome, now);
  else if (!SHIM_ROOM(core->late, core->late_count, core->late_capacity))
    core->late[core->late_count++] = (shim_late){span, now, outcome};
}

void shim_idle(shim_core *core) {
  core->busy = false;
  if (core->leaving)
    core->leaving(core);
  if (core->late_count)
    shim_drain(core);
}
