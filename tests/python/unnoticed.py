# SPDX-License-Identifier: ISC
"""Runs a program without a tracer and with each hook, for tests that the program cannot tell the difference."""

from __future__ import annotations

import contextlib
import gc
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from difflib import unified_diff
from typing import Any

import pytest
import twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python import log
from twisted.python.failure import Failure

from theseus import Tracer
from theseus.hooks import available

HOOKS = available()
TWISTED = (twisted.version.major, twisted.version.minor)
# Since 3.13 CPython itself holds one more reference to arguments where there is a profile function, whichever.
COUNTS = sys.version_info >= (3, 13)

Note = Callable[..., None]
Program = Callable[[Note, Clock], Any]


def pending(*arguments: Any) -> Deferred[Any]:
    """A function that returns a Deferred, and so the least that a tracer observes."""
    return Deferred(*arguments)


def through(deferred: Deferred[Any], times: int = 1) -> Deferred[Any]:
    """Returned by several functions, and so with several observers."""
    return through(deferred, times - 1) if times > 1 else deferred


class Thing:
    """An object with an identity and a name, that can be referred to weakly."""

    def __init__(self, name: str = "thing") -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


def plain(text: object) -> str:
    """Without addresses."""
    return re.sub(r"0x[0-9a-fA-F]+", "0x", str(text))


def told(value: object) -> object:
    if isinstance(value, Failure):
        return f"Failure {value.type.__name__}: {plain(value.value)}"
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {plain(value)}"
    if isinstance(value, (str, int, float, bool, type(None))):
        return plain(value) if isinstance(value, str) else value
    if isinstance(value, (list, tuple)):
        return [told(one) for one in value]
    return plain(repr(value))


@contextlib.contextmanager
def reported(note: Note) -> Iterator[None]:
    """Notes errors that Twisted logs, warnings, and exceptions that nobody could catch, in their order."""

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            note("logged", event.get("why") or event.get("log_format"), event.get("failure"))

    def unraisable(what: Any) -> None:
        note("unraisable", what.exc_value)

    before, sys.unraisablehook = sys.unraisablehook, unraisable
    log.addObserver(observe)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for warning in caught:
            note("warning", warning.category.__name__, str(warning.message))
    finally:
        log.removeObserver(observe)
        sys.unraisablehook = before


def observations(program: Program) -> list[Any]:
    """What a program notes, with what is reported while it runs and when all that it left is collected."""
    notes: list[Any] = []

    def note(*values: object) -> None:
        notes.append([told(value) for value in values])

    with reported(note):
        note("returned", program(note, Clock()))
        note("over")
        gc.collect()
    return notes


def measured(program: Program, hook: str, tracer: Tracer | None) -> list[Any]:
    gc.collect()
    if tracer is not None:
        tracer.install()
    elif hook != "monitoring" and COUNTS:
        sys.setprofile(getattr)  # of what is called with three arguments, and does nothing
    try:
        return observations(program)
    finally:
        if tracer is not None:
            tracer.uninstall()
        else:
            sys.setprofile(None)


def lines(notes: list[Any]) -> list[str]:
    return [repr(note) for note in notes]


def check_unnoticed(program: Program, hook: str) -> None:
    """Asserts that a program is the same with and without, and that it was observed at all."""
    tracer = Tracer(reactor=Clock(), hook=hook)
    before, again, after = (measured(program, hook, watching) for watching in (None, None, tracer))
    assert again == before, "the program itself is not steady"
    difference = unified_diff(lines(before), lines(after), "without", hook, n=1, lineterm="")
    assert after == before, "\n" + "\n".join(difference)
    assert sum(stack.deferreds for stack in tracer.snapshot()) > 0
    assert not any(tracer._core.kept().values()), tracer._core.kept()


class Programs:
    """The programs of one file: a decorator that collects them, and the test that runs each with each hook."""

    def __init__(self) -> None:
        self.all: list[Program] = []

    def __call__(self, program: Program) -> Program:
        self.all.append(program)
        return program

    def test(self) -> Callable[[Program, str], None]:
        @pytest.mark.usefixtures("nothing_else_is_collected")
        @pytest.mark.parametrize("hook", HOOKS)
        @pytest.mark.parametrize("program", self.all, ids=lambda program: program.__name__)
        def test_unnoticed(program: Program, hook: str) -> None:
            check_unnoticed(program, hook)

        return test_unnoticed


def noted(note: Note, name: str) -> Any:
    """A callback that notes what it gets, and passes it on."""

    def callback(result: Any) -> Any:
        note(name, result)
        return result

    return callback


def state(deferred: Any) -> tuple[Any, ...]:
    return bool(deferred.called), deferred.paused, getattr(deferred, "result", "none yet"), plain(deferred)
