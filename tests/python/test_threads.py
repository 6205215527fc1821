# SPDX-License-Identifier: ISC
"""A failure means that what another thread does is lost or taken for the traced thread's: it ends an operation, takes a
snapshot, uninstalls."""

from __future__ import annotations

import sys
import threading
import types
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from shared import (
    SECOND,
    Listener,
    count,
    every_hook,
    found,
    hooks_on_profile,
    in_thread,
    kept,
    merged_by_name,
    operation,
    waiting,
    work,
)
from theseus import Tracer
from unnoticed import pending

pytestmark = pytest.mark.usefixtures("as_it_was")


@every_hook
def test_other_threads_begin_nothing(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    with tracer:
        in_thread(lambda: [work() for _ in range(10)])
        pending()
    assert count(tracer) == 1


@every_hook
def test_ends_on_other_threads(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    with tracer:
        fired, failed, dropped = pending(), pending(), [pending()]
        clock.advance(1)
        in_thread(lambda: fired.callback(1))
        clock.advance(1)
        in_thread(lambda: failed.errback(ValueError()))
        clock.advance(1)
        in_thread(dropped.clear)
        clock.advance(10)
        pending()
        assert fired.result == 1
        failed.addErrback(lambda _: None)
    (stack,) = merged_by_name(tracer.snapshot(), "pending")
    assert (stack.deferreds, stack.success, stack.abandoned, stack.pending) == (4, 1, 2, 0)
    assert (stack.latency, stack.wait) == (3 * 10**9, 6 * 10**9)


@every_hook
def test_snapshots_from_another_thread(hook: str) -> None:
    """While the installing thread works, another one asks for everything; nothing is lost."""
    tracer = Tracer(hook=hook)
    over = threading.Event()
    asked = 0

    def ask() -> None:
        nonlocal asked
        while not over.is_set():
            taken = tracer.snapshot()
            assert all(stack.deferreds >= stack.success for stack in taken)
            tracer.pending()
            str(taken)
            asked += 1

    thread = threading.Thread(target=ask)
    turns = 0
    with tracer:
        thread.start()
        while asked < 20 and thread.is_alive() or turns < 500:
            turns += 1
            d = work()
            d.callback(None)
        over.set()
        thread.join(60)
    assert asked >= 20
    assert count(tracer) == 2 * turns
    assert sum(stack.success for stack in tracer.snapshot()) == 2 * turns


@every_hook
def test_clear_from_another_thread(hook: str) -> None:
    tracer = Tracer(hook=hook)
    with tracer:
        pending()
        in_thread(tracer.clear)
        assert count(tracer) == 0
        pending()
    assert count(tracer) == 1


@every_hook
def test_uninstalled_from_another_thread(hook: str) -> None:
    tracer = Tracer(hook=hook)
    before = Listener()
    sys.setprofile(before)
    tracer.install()
    pending()
    in_thread(tracer.uninstall)
    assert not tracer.installed
    pending()
    pending()
    assert count(tracer) == 1
    assert before.returns == 3
    tracer.install()
    pending()
    tracer.uninstall()
    assert count(tracer) == 2
    sys.setprofile(None)


@every_hook
def test_a_thread_of_its_own_for_each_tracer(hook: str) -> None:
    tracers = [Tracer(Clock(), hook) for _ in range(2)]
    ready = threading.Barrier(2)

    def use(tracer: Tracer, times: int) -> None:
        with tracer:
            ready.wait(60)
            for _ in range(times):
                work()
            ready.wait(60)

    thread = threading.Thread(target=use, args=(tracers[0], 50))
    thread.start()
    use(tracers[1], 70)
    thread.join(60)
    assert [count(tracer) for tracer in tracers] == [100, 140]


@every_hook
def test_installed_by_a_thread_that_ended(hook: str) -> None:
    tracer = Tracer(hook=hook)
    in_thread(lambda: (tracer.install(), pending()))
    assert tracer.installed
    assert count(tracer) == 1
    tracer.uninstall()
    with tracer:
        pending()
    assert count(tracer) == 2


@every_hook
def test_snapshots_of_another_thread_cost_no_event(hook: str) -> None:
    def seconds() -> float:  # Python code, in which threads take turns
        return sum(range(20)) * 0.0

    tracer = Tracer(types.SimpleNamespace(seconds=seconds), hook=hook)
    enough = threading.Event()

    def look() -> None:
        while not enough.is_set():
            tracer.snapshot()
            tracer.pending()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    watcher = threading.Thread(target=look)
    try:
        with tracer:
            watcher.start()
            for _ in range(60):
                pending: list[Deferred[Any]] = []

                def get() -> Deferred[Any]:
                    pending.append(Deferred())  # noqa: B023
                    return pending[-1]  # noqa: B023

                operation(get)
                pending[0].callback(None)
                pending[1].callback(None)
    finally:
        enough.set()
        watcher.join()
        sys.setswitchinterval(interval)
    stacks = list(tracer.snapshot())
    assert sum(stack.deferreds for stack in stacks) == 180
    assert sum(stack.success for stack in stacks) == 180
    assert set(kept(tracer).values()) == {0}


@every_hook
def test_the_end_in_another_thread_is_when_it_was(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook=hook)
    with tracer:
        first, second = waiting(), waiting()
    clock.advance(1)
    in_thread(first.callback, None)
    clock.advance(4)
    stack = found(tracer.snapshot(), "waiting")
    assert (stack.success, stack.pending, stack.latency, stack.wait) == (1, 1, SECOND, 6 * SECOND)
    second.callback(None)


@hooks_on_profile
def test_the_hook_of_all_threads(hook: str) -> None:
    """threading.setprofile(sys.getprofile()) puts it into threads that are not traced."""
    tracer = Tracer(Clock(), hook=hook)
    with tracer:
        threading.setprofile(sys.getprofile())
        try:
            in_thread(waiting)
        finally:
            threading.setprofile(None)  # type: ignore[arg-type]
        assert not list(tracer.snapshot())


@hooks_on_profile
def test_uninstall_in_another_thread(hook: str) -> None:
    """There the hook cannot be taken out; it goes at its next event."""
    tracer = Tracer(Clock(), hook=hook)
    tracer.install()
    in_thread(tracer.uninstall)
    waiting()
    assert sys.getprofile() is None
