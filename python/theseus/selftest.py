# SPDX-License-Identifier: ISC
"""Checks Twisted before the first operation: it has the names of machinery.py, and a small program is measured right.

The test runs in a thread of its own, so that no other tracer or profiler of the process sees it.
"""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks

from . import hooks, machinery
from ._cffi import ffi
from .calls import Calls
from .profile import Profile, new_handle

_PROGRAM = """
def get(clock):
    waited = Deferred()
    clock.callLater(1, waited.callback, None)
    return waited
@inlineCallbacks
def operation(clock):
    yield get(clock)
"""
_SECOND = 10**9
_PATIENCE = 10
_passed: set[str] = set()


class Clock:
    """As task.Clock, whose module may be in the middle of its import."""

    def __init__(self) -> None:
        self._now = 0.0
        self._calls: list[tuple[float, Callable[..., object], tuple[object, ...]]] = []

    def seconds(self) -> float:
        return self._now

    def callLater(self, delay: float, function: Callable[..., object], *arguments: object) -> None:
        self._calls.append((self._now + delay, function, arguments))

    def advance(self, amount: float) -> None:
        self._now += amount
        due = [call for call in self._calls if call[0] <= self._now]
        self._calls = [call for call in self._calls if call[0] > self._now]
        for _time, function, arguments in due:
            function(*arguments)


def check(hook: str) -> None:
    """RuntimeError: this Twisted cannot be measured with this hook.  Runs once for each hook."""
    if hook in _passed:
        return
    missing = machinery.missing()
    if missing:
        raise RuntimeError(_complaint(f"it lacks {', '.join(missing)}"))
    found: list[Any] = []
    thread = threading.Thread(target=_run, args=(hook, found), name="theseus-selftest", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads
        return
    thread.join(_PATIENCE)
    if not found:  # something holds that thread up: it is no reason to hold the program up
        return
    (measured,) = found
    if isinstance(measured, Exception):
        raise measured
    # For each function its own wait and the latency of its one operation: `operation` waits for `get`.
    if measured != {"get": (_SECOND, _SECOND), "operation": (0, _SECOND)}:
        raise RuntimeError(_complaint(f"an operation of one second was measured as {measured}"))
    _passed.add(hook)


def _complaint(what: str) -> str:
    here, tried = importlib.metadata.version("Twisted"), machinery.TRIED
    return f"Theseus cannot measure this Twisted, {here}: {what}; it was tried with {tried}"


def _run(hook: str, found: list[Any]) -> None:
    try:
        found.append(_measured(hook))
    except Exception as error:  # such as: the ids of sys.monitoring are taken
        found.append(error)


def _measured(hook: str) -> dict[str, tuple[int, int]]:
    # It imports nothing: the start-up hook comes here while another thread is in the middle of importing Twisted.
    program: dict[str, Any] = {"__name__": "selftest", "Deferred": Deferred, "inlineCallbacks": inlineCallbacks}
    exec(compile(_PROGRAM, "<theseus self-test>", "exec"), program)
    clock = Clock()
    handle = new_handle()
    core = hooks.core(hook, handle, lambda: int(clock.seconds() * _SECOND), Calls(handle, ()), False)
    core.install()
    try:
        program["operation"](clock)
        clock.advance(1)
    finally:
        core.uninstall()
    profile = Profile()
    core.merge_into(int(ffi.cast("uintptr_t", profile._handle)))
    stacks = [stack for stack in profile if stack.frames[-1].file == "<theseus self-test>"]
    return {stack.frames[-1].name.rpartition(".")[2]: (stack.wait, stack.latency) for stack in stacks}
