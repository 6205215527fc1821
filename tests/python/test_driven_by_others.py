# SPDX-License-Identifier: ISC
"""A failure means that a generator is measured wrongly if something else than an ordinary call of Twisted drives it,
or that it fails where it would not without a tracer."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import Any

import pytest
from twisted.internet import defer
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import Clock

from shared import (
    SECOND,
    every_hook,
    found,
    operation,
    waiting,
)
from theseus import Tracer, hooks

pytestmark = pytest.mark.usefixtures("as_it_was")


@every_hook
def test_a_generator_that_is_driven_twice(hook: str) -> None:
    """What it waited for the first time goes on."""
    clock, waited = Clock(), waiting()

    def generator() -> Any:
        yield operation(lambda: waited)
        yield waiting()

    tracer = Tracer(clock, hook=hook)
    with tracer:
        driven = generator()
        kept = [defer._cancellableInlineCallbacks(driven)]
        clock.advance(1)
        kept.append(defer._cancellableInlineCallbacks(driven))
        clock.advance(2)
        waited.errback(ValueError())
        clock.advance(4)
    for deferred in kept:
        deferred.addErrback(lambda failure: None)
    inner = found(tracer.snapshot(), "operation")
    assert (inner.failure, inner.abandoned, inner.latency) == (1, 0, 3 * SECOND)


@every_hook
def test_installed_again_by_a_generator_that_was_seen_before(hook: str) -> None:
    clock, first = Clock(), waiting()
    tracer = Tracer(clock, hook=hook)

    @inlineCallbacks
    def installing() -> Any:
        yield first
        tracer.install()
        yield operation(waiting)

    tracer.install()
    installing()
    tracer.uninstall()
    first.callback(None)
    clock.advance(3)
    tracer.uninstall()
    (stack,) = (one for one in tracer.snapshot() if one.wait)
    assert [frame.name.rpartition(".")[2] for frame in stack.frames[-3:]] == ["installing", "operation", "waiting"]
    assert stack.wait == 3 * SECOND


@every_hook
def test_a_generator_that_is_driven_where_no_python_runs(hook: str) -> None:
    """CPython's own loop of what is registered calls it."""
    program = f"""
import atexit
from twisted.internet import defer, task
from theseus import Tracer

async def coroutine():
    await defer.Deferred()

tracer = Tracer(task.Clock(), hook={hook!r})
tracer.install()
atexit.register(lambda: print([pending.line for pending in tracer.pending()]))
atexit.register(defer._cancellableInlineCallbacks, coroutine())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[7]\n"), done.stderr


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a profile hook makes calls cost more")
@pytest.mark.parametrize("hook", hooks.available()[1:])
def test_generators_start_as_deep_as_without_us(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """3.12 allows 1500 calls in C, which Python's own 1000 must meet first."""
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    waited = waiting()

    @inlineCallbacks
    def nested(depth: int) -> Any:
        yield nested(depth - 1) if depth else waited

    def starts(depth: int) -> bool:
        failed: list[Any] = []
        try:
            nested(depth).addErrback(failed.append)
        except RecursionError:
            return False
        return not failed

    def deepest() -> int:
        low, high = 0, 1000
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if starts(middle) else (low, middle)
        return low

    without = deepest()
    with Tracer(Clock(), hook=hook):
        assert deepest() == without > 100
    gc.collect()  # what failed so deep, while nobody hears of it
