# SPDX-License-Identifier: ISC
"""What one operation costs while many pend, and what a million of them leave behind, through the hooks.

    python pending.py [--json FILE] [--hook NAME]...

An operation is an inlineCallbacks function that waits for a Deferred which is then fired.  So many Deferreds that
functions have returned pend meanwhile, and the garbage collector is off: its own cost grows with every object of the
program.  The times are the CPU's.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import twisted
from theseus._cffi import ffi, lib
from twisted.internet import defer

from theseus import hooks
from theseus.calls import Calls
from theseus.profile import new_handle

SIZES = (1_000, 10_000, 100_000)
OPERATIONS = 2_000
REPEATS = 5
MILLION = {"portable": 100_000}  # operations of the long run, where they are fewer


def begun() -> defer.Deferred[None]:
    return defer.Deferred()


@defer.inlineCallbacks
def operation(waiting: list[defer.Deferred[None]]) -> Any:
    deferred = begun()
    waiting.append(deferred)
    yield deferred


def operate(times: int) -> None:
    waiting: list[defer.Deferred[None]] = []
    for _ in range(times):
        operation(waiting)
        waiting.pop().callback(None)


def memory_of(profile: Any) -> int:
    info = ffi.new("theseus_profile_info *", {"size": ffi.sizeof("theseus_profile_info")})
    lib.theseus_profile_info_get(profile, info)
    return int(info.memory)


def resident() -> int:
    """Bytes of the process that are in memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def observed(hook: str | None, run: Callable[[Any], Any]) -> Any:
    """Runs something with a hook, on a profile of its own, or without one."""
    if hook is None:
        return run(None)
    profile = new_handle()
    core = hooks.core(hook, profile, None, Calls(profile, ()), False)
    core.install()
    try:
        return run(profile)
    finally:
        core.uninstall()


def cost(hook: str | None, size: int) -> float:
    """CPU time of an operation, in ns, with so many pending."""

    def run(profile: Any) -> float:
        pending = [begun() for _ in range(size)]
        times = []
        for _ in range(REPEATS + 1):
            before = time.process_time_ns()
            operate(OPERATIONS)
            times.append((time.process_time_ns() - before) / OPERATIONS)
        while pending:
            pending.pop().callback(None)
        return statistics.median(times[1:])

    gc.collect()
    gc.disable()
    try:
        return float(observed(hook, run))
    finally:
        gc.enable()


def left_behind(hook: str, times: int) -> tuple[int, int]:
    """Bytes more, in the profile and in the process, after so many operations."""

    def run(profile: Any) -> tuple[int, int]:
        operate(times // 100)
        gc.collect()
        memory, pages = memory_of(profile), resident()
        operate(times)
        gc.collect()
        return memory_of(profile) - memory, resident() - pages

    memory, pages = observed(hook, run)
    return memory, pages


def main() -> None:
    parser = argparse.ArgumentParser(description="What an operation costs while many pend.")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--hook", action="append", choices=hooks.available())
    arguments = parser.parse_args()
    chosen = arguments.hook or list(reversed(hooks.available()))

    title = f"{platform.python_implementation()} {platform.python_version()}, Twisted {twisted.__version__}"
    print(f"\n{title}: CPU us for an operation, with so many others pending\n")
    print(f"{'':12}" + "".join(f"{size:>12,}" for size in SIZES) + "   left behind, bytes: profile, process")
    figures: dict[str, Any] = {"python": platform.python_version(), "twisted": twisted.__version__, "hooks": {}}
    for hook in (None, *chosen):
        costs = {size: cost(hook, size) for size in SIZES}
        row = f"{hook or 'no hook':12}" + "".join(f"{ns / 1e3:12.1f}" for ns in costs.values())
        found: dict[str, Any] = {"operation_ns": costs}
        figures["hooks"][hook or "no hook"] = found
        if hook:
            times = MILLION.get(hook, 1_000_000)
            memory, pages = left_behind(hook, times)
            row += f"   after {times:,} operations: {memory:,} {pages:,}"
            found |= {"operations": times, "left_in_profile": memory, "left_in_process": pages}
        print(row, flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
