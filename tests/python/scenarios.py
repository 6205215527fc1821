# SPDX-License-Identifier: ISC
"""The table of scenarios: small Twisted programs on a clock that only they move, with what they must give.

A row is a function that takes the clock (and the tracer, if it wants it) and runs to its end.  What it must give was
worked out by hand, from the contract, and is written in short: frames are the last part of a function's name, the row's
own frame and what is below it are left out, times are in seconds.

    @row({"outer;sleep": 3}, lines={"here": 3})
    def a_generator_waits(clock):
        @inlineCallbacks
        def outer():
            yield sleep(clock, 3)  # <- the stack "outer;sleep"

`lines` says how long the program was suspended at the lines that bear the comment `# @here`.  The rows themselves are
in the modules scenarios_*.py, by subject.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

SECOND = 10**9
TWISTED = (twisted.version.major, twisted.version.minor)

Seconds = Mapping[str, float]


@dataclass
class Row:
    """One program and what it must give."""

    program: Callable[..., None]
    waits: Seconds
    lines: Seconds
    latencies: Seconds | None
    deferreds: Mapping[str, int] | None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    twisted: tuple[int, int] = (0, 0)
    python: tuple[int, int] = (0, 0)
    coroutines: bool = True

    @property
    def name(self) -> str:
        return self.program.__name__

    def refusal(self) -> str:
        """Why it cannot be run here, or nothing."""
        if TWISTED < self.twisted:
            return f"needs Twisted {self.twisted[0]}.{self.twisted[1]}"
        if sys.version_info < self.python:
            return f"needs Python {self.python[0]}.{self.python[1]}"
        return ""

    def marked_lines(self) -> dict[str, int]:
        """Mark -> line number, of the marks in the program's text."""
        text, first = inspect.getsourcelines(self.program)
        marks = {}
        for number, line in enumerate(text, first):
            if "  # @" in line:
                marks[line.rsplit("  # @", 1)[1].strip()] = number
        return marks


ROWS: list[Row] = []


def row(
    waits: Seconds,
    *,
    lines: Seconds | None = None,
    latencies: Seconds | None = None,
    deferreds: Mapping[str, int] | None = None,
    outcomes: Mapping[str, int] | None = None,
    twisted: tuple[int, int] = (0, 0),
    python: tuple[int, int] = (0, 0),
    coroutines: bool = True,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Puts a program into the table.

    `waits`, `latencies`, `deferreds`: the folded stacks of those events, complete.  `outcomes`: how many operations
    ended how, in all; those that are not named are not compared.  `twisted`, `python`: the first versions it runs on.
    `coroutines`: whether awaited coroutines are operations.
    """

    def add(program: Callable[..., None]) -> Callable[..., None]:
        ROWS.append(Row(program, waits, lines or {}, latencies, deferreds, outcomes or {}, twisted, python, coroutines))
        return program

    return add


# -- what programs are made of ---------------------------------------------------------------------------------


def sleep(clock: Clock, seconds: float, result: Any = None) -> Deferred[Any]:
    deferred: Deferred[Any] = Deferred()
    clock.callLater(seconds, deferred.callback, result)
    return deferred


def boom(clock: Clock, seconds: float) -> Deferred[Any]:
    """Fails, later."""
    deferred: Deferred[Any] = Deferred()
    clock.callLater(seconds, deferred.errback, ZeroDivisionError("boom"))
    return deferred


def timer(clock: Clock, seconds: float, result: Any = None) -> Iterator[Deferred[Any]]:
    """One Deferred that no function returned: `next(timer(clock, 2))`."""
    deferred: Deferred[Any] = Deferred()
    clock.callLater(seconds, deferred.callback, result)
    yield deferred


def in_ns(seconds: Seconds) -> dict[str, int]:
    return {key: round(value * SECOND) for key, value in seconds.items()}
