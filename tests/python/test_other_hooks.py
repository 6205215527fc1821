# SPDX-License-Identifier: ISC
"""A failure means that a tracer and another profile hook, cProfile or one in Python, are in the way of each other."""

from __future__ import annotations

import cProfile
import pstats
import sys
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from shared import (
    MONITORING,
    Listener,
    count,
    every_hook,
    found,
    hooks_on_profile,
    kept,
    operation,
    waiting,
    work,
)
from theseus import Tracer
from unnoticed import Thing, pending

pytestmark = pytest.mark.usefixtures("as_it_was")


def functions_in(profile: cProfile.Profile) -> set[str]:
    return {name for _file, _line, name in pstats.Stats(profile).stats}  # type: ignore[attr-defined]


@every_hook
def test_cprofile_around(hook: str) -> None:
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    profile.enable()
    try:
        with tracer:
            work()
        after()
    finally:
        profile.disable()
    assert {"work", "pending", "after"} <= functions_in(profile)
    assert count(tracer) == 2


def after() -> None:
    pass


@every_hook
def test_cprofile_within(hook: str) -> None:
    if hook != "monitoring" and not MONITORING:
        pytest.skip("there is one place for a hook, and cProfile takes it: the next test")
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    with tracer:
        profile.enable()
        work()
        profile.disable()
        work()
    assert {"work", "pending"} <= functions_in(profile)
    assert count(tracer) == 4


@pytest.mark.skipif(MONITORING, reason="cProfile is on sys.monitoring")
@hooks_on_profile
def test_cprofile_takes_the_place_of_the_hook(hook: str) -> None:
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    tracer.install()
    work()
    profile.enable()
    work()
    tracer.uninstall()
    work()
    profile.disable()  # leaves nothing
    assert functions_in(profile) >= {"work"}
    assert count(tracer) == 2
    tracer.install()
    work()
    tracer.uninstall()
    assert count(tracer) == 4


@every_hook
def test_cprofile_ends_first(hook: str) -> None:
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    profile.enable()
    tracer.install()
    work()
    profile.disable()
    work()
    tracer.uninstall()
    assert {"work", "pending"} <= functions_in(profile)
    assert count(tracer) in ((4,) if MONITORING else (2, 4))  # before 3.12 disable() takes away any hook that there is
    sys.setprofile(None)


@every_hook
def test_a_hook_that_was_there_keeps_being_called_and_is_put_back(hook: str) -> None:
    before, tracer = Listener(), Tracer(hook=hook)
    sys.setprofile(before)
    tracer.install()
    pending()
    assert (before.calls, before.returns) == (1, 1)
    tracer.uninstall()
    assert sys.getprofile() is before
    pending()
    sys.setprofile(None)
    assert (before.calls, before.returns) == (2, 2)
    assert count(tracer) == 1


@every_hook
def test_the_hook_before_is_told_all_events(hook: str) -> None:
    def events(tracer: Tracer | None) -> list[tuple[str, str, str]]:
        told = []

        def listen(frame: Any, event: str, argument: Any) -> None:
            if frame.f_code in (inner.__code__, outer.__code__, raises.__code__):
                given = argument if event.startswith("c_") else type(argument)
                told.append((event, frame.f_code.co_name, getattr(given, "__name__", "")))

        def raises(n: int) -> None:
            {}[n]

        def inner(n: int) -> Any:
            yield len("abc"), n
            try:
                raises(n)
            except KeyError:
                yield n

        def outer() -> list[Any]:
            return list(inner(3))

        sys.setprofile(listen)
        try:
            if tracer is None:
                outer()
            else:
                with tracer:
                    outer()
        finally:
            sys.setprofile(None)
        return told

    assert len(events(None)) > 8
    assert events(Tracer(hook=hook)) == events(None)


@every_hook
def test_a_later_hook_is_left_alone(hook: str) -> None:
    later, tracer = Listener(), Tracer(hook=hook)
    tracer.install()
    pending()
    sys.setprofile(later)
    pending()
    tracer.uninstall()
    assert sys.getprofile() is later
    pending()
    sys.setprofile(None)
    assert (later.calls, later.returns) == (2, 2)
    assert count(tracer) == (2 if hook == "monitoring" else 1)


@every_hook
def test_code_that_saves_and_restores_the_hook(hook: str) -> None:
    """As profilers and test runners do: what sys.getprofile() gave is set again, and then called."""
    tracer, other = Tracer(hook=hook), Listener()
    with tracer:
        saved = sys.getprofile()
        sys.setprofile(other)
        pending()
        sys.setprofile(saved)
        pending()
        pending()
    assert other.returns == 1
    assert sys.getprofile() is None
    assert count(tracer) == (3 if hook == "monitoring" else 2)


@every_hook
def test_a_later_hook_that_calls_the_one_before(hook: str) -> None:
    tracer = Tracer(hook=hook)
    tracer.install()
    saved = sys.getprofile()
    listener = Listener()

    def chained(frame: Any, event: str, argument: Any) -> None:
        listener(frame, event, argument)
        if saved is not None:
            saved(frame, event, argument)

    sys.setprofile(chained)
    pending()
    pending()
    assert sys.getprofile() is chained
    sys.setprofile(saved)
    pending()
    tracer.uninstall()
    assert sys.getprofile() is None
    assert listener.returns == 2
    assert count(tracer) == 3


@hooks_on_profile
def test_what_the_hook_before_raises(hook: str) -> None:
    """It is the program's, as it would be without a tracer; the tracer does not stay half installed."""

    def raises(frame: Any, event: str, argument: Any) -> None:
        if frame.f_code is pending.__code__:
            raise ZeroDivisionError("from the hook")

    tracer = Tracer(hook=hook)
    sys.setprofile(raises)
    tracer.install()
    with pytest.raises(ZeroDivisionError, match="from the hook"):
        pending()
    assert sys.getprofile() is None  # CPython takes away a hook that raises
    tracer.uninstall()
    assert sys.getprofile() is None
    tracer.install()
    pending()
    tracer.uninstall()
    sys.setprofile(None)


@every_hook
def test_the_program_may_look_at_what_it_cannot_break(hook: str) -> None:
    """Whatever is reachable from a Deferred and from sys may be called and looked at."""
    tracer = Tracer(hook=hook)
    with tracer:
        d: Any = pending()
        saved = sys.getprofile()
        entries = vars(d).get("_callbacks", vars(d).get("callbacks"))
        observer = entries[0][0][0]
        repr(observer), repr(saved), repr(entries)
        with pytest.raises(TypeError):
            observer()
        with pytest.raises(TypeError):
            observer(1, 2)
        if saved is not None:
            with pytest.raises(TypeError):
                saved("what", 1)
        d.callback(3)
        assert observer(Thing).__name__ == "Thing"  # once more: it is over
        assert d.result == 3
    assert count(tracer) == 1


@hooks_on_profile
def test_install_takes_up_a_hook_that_was_taken_out(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook=hook)
    tracer.install()
    try:
        sys.setprofile(None)
        tracer.install()
        deferLater(clock, 1, lambda: None)
    finally:
        tracer.uninstall()
    assert sum(stack.deferreds for stack in tracer.snapshot()) == 1


@hooks_on_profile
def test_a_later_hook_that_calls_ours_keeps_its_place(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook=hook)
    events: list[str] = []
    pending: list[Deferred[Any]] = []

    def get() -> Deferred[Any]:
        pending.append(Deferred())
        return pending[-1]

    with tracer:
        ours: Any = sys.getprofile()

        def later(frame: Any, event: str, argument: Any) -> None:
            events.append(event)
            ours(frame, event, argument)

        sys.setprofile(later)
        before = len(events)
        result = operation(get)
        pending[0].callback(None)
        pending[1].callback(None)
        sys.setprofile(ours)
        assert result.called
        assert len(events) > before + 20
    stack = found(tracer.snapshot(), "operation")
    assert stack.success == 1


@every_hook
def test_a_hook_that_was_displaced_collects_nothing(hook: str) -> None:
    tracer = Tracer(Clock(), hook=hook)
    with tracer:
        pending = [waiting() for _ in range(100)]
        ours: Any = sys.getprofile()
        sys.setprofile(None)
        for waited in pending:
            waited.callback(None)
        assert kept(tracer)["passed"] == 0
        sys.setprofile(ours)
