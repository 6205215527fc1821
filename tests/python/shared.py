# SPDX-License-Identifier: ISC
"""Small programs, and questions to a tracer, that the tests of its life have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock

from theseus import Profile, Tracer
from theseus.hooks import available
from unnoticed import HOOKS, pending

SECOND = 10**9
MONITORING = "monitoring" in available()
ON_PROFILE = [hook for hook in HOOKS if hook != "monitoring"]
every_hook = pytest.mark.parametrize("hook", HOOKS)
hooks_on_profile = pytest.mark.parametrize("hook", ON_PROFILE)
with_monitoring = pytest.mark.skipif(not MONITORING, reason="this Python has no sys.monitoring")


def count(tracer: Tracer) -> int:
    """How many Deferreds were noticed so far."""
    return sum(stack.deferreds for stack in tracer.snapshot())


def count_of(profile: Profile, name: str) -> int:
    return sum(stack.deferreds for stack in profile if stack.frames[-1].name.endswith(name))


def merged_by_name(profile: Profile, name: str) -> list[Any]:
    """Stacks of a name, the lines of their calls left aside: at most one, with the sums."""

    class Sum:
        deferreds = success = latency = wait = pending = abandoned = 0

    found = [stack for stack in profile if stack.frames[-1].name.endswith(name)]
    total = Sum()
    for stack in found:
        for column in ("deferreds", "success", "latency", "wait", "pending", "abandoned"):
            setattr(total, column, getattr(total, column) + getattr(stack, column))
    return [total] if found else []


def found(profile: Profile, name: str) -> Any:
    (stack,) = (stack for stack in profile if stack.frames and stack.frames[-1].name.endswith(name))
    return stack


def kept(tracer: Tracer) -> dict[str, int]:
    found: dict[str, int] = tracer._core.kept()
    return found


class Listener:
    """A profile hook in Python that knows what it was told."""

    def __init__(self, name: str = "pending") -> None:
        self.name = name
        self.calls = self.returns = 0

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        if frame.f_code.co_name == self.name:
            self.calls += event == "call"
            self.returns += event == "return" and isinstance(argument, Deferred)


class Reentrant(Clock):
    """A clock that does something when it is asked for the time, once."""

    action: Any = None

    def seconds(self) -> float:
        action, self.action = self.action, None
        if action is not None:
            action()
        return super().seconds()


def work() -> Any:
    return pending()


def waiting() -> Deferred[Any]:
    return Deferred()


@inlineCallbacks
def operation(waited: Any) -> Any:
    yield waited()
    yield waited()


def in_thread(function: Callable[..., object], *arguments: Any) -> None:
    """Runs to its end in a thread of its own; what it raises is raised here."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            function(*arguments)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if errors:
        raise errors[0]
