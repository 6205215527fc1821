# SPDX-License-Identifier: ISC
"""A failure means that a clock, a signal handler or a finalizer breaks a tracer that it uses in the middle of an
event."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from shared import (
    SECOND,
    Reentrant,
    every_hook,
    found,
    kept,
    operation,
    waiting,
)
from theseus import Tracer

pytestmark = pytest.mark.usefixtures("as_it_was")


@every_hook
@pytest.mark.parametrize("action", ["snapshot", "pending", "clear", "uninstall", "install again"])
@pytest.mark.parametrize("after", range(4))
def test_a_clock_that_uses_the_tracer(hook: str, action: str, after: int) -> None:
    """As a signal handler or a finalizer may, which run in the middle of an event as well."""
    clock = Reentrant()
    tracer = Tracer(clock, hook=hook)

    def again() -> None:
        tracer.uninstall()
        tracer.install()

    pending: list[Deferred[Any]] = []

    def get() -> Deferred[Any]:
        if len(pending) == after:
            clock.action = again if action == "install again" else getattr(tracer, action)
        pending.append(Deferred())
        return pending[-1]

    with tracer:
        results = [operation(get), operation(get)]
        clock.action = getattr(tracer, action) if action in ("snapshot", "pending") else None
        for waited in pending[:2]:
            waited.callback(None)
        for waited in pending[2:]:
            waited.callback(None)
        assert all(result.called for result in results)
    assert not tracer.installed
    assert set(kept(tracer).values()) == {0}
    assert not tracer.pending()


@every_hook
def test_what_is_awaited_is_timed_after_a_clock_has_uninstalled(hook: str) -> None:
    """While the operation that awaits it was about to be suspended."""
    clock = Reentrant()
    tracer = Tracer(clock, hook=hook)
    pending: list[Deferred[Any]] = []

    def fetch() -> Deferred[Any]:
        pending.append(Deferred())
        return pending[-1]

    def arm() -> Deferred[Any]:
        got = fetch()
        clock.action = lambda: setattr(clock, "action", tracer.uninstall)  # the second time that it is asked
        return got

    with tracer:
        operation(arm)
        assert not tracer.installed
    clock.advance(2)
    pending[0].callback(None)
    assert found(tracer.snapshot(), "fetch").latency == 2 * SECOND
    pending[1].callback(None)
    assert not tracer.pending()


@every_hook
def test_a_tracer_that_is_collected_in_the_middle_of_an_event(hook: str) -> None:
    clock = Reentrant()
    tracers = [Tracer(clock, hook=hook)]
    tracers[0].install()
    clock.action = tracers.clear
    pending: list[Deferred[Any]] = []

    def get() -> Deferred[Any]:
        pending.append(Deferred())
        return pending[-1]

    result = operation(get)
    assert not tracers
    pending[0].callback(None)
    pending[1].callback(None)
    assert result.called


@every_hook
def test_an_interrupt_that_comes_while_the_clock_is_asked(hook: str) -> None:
    clock = Reentrant()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Tracer(clock, hook=hook):
        clock.action = interrupt
        waiting()
        for _ in range(1000):  # it comes again at one of the next instructions
            pass
