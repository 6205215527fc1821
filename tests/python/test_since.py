# SPDX-License-Identifier: ISC
"""The difference of two snapshots.  A failure means that a live view shows what happened before it was opened."""

from __future__ import annotations

import io

import pytest
from twisted.internet import defer
from twisted.internet.task import Clock, deferLater

from theseus import Profile, TheseusError, Tracer, load
from tracing import HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_since(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(reactor=clock, hook=hook)

    def get(seconds: float) -> defer.Deferred[None]:
        return deferLater(clock, seconds)

    with tracer:
        get(1)
        open_for_long = get(10)
        clock.advance(2)
        first = tracer.snapshot()
        get(3)
        clock.advance(4)
        second = tracer.snapshot()
        since = second.since(first)
        totals = since.totals()
        assert (totals.success, totals.pending) == (2, 2)  # get and deferLater each
        assert totals.wait == second.totals().wait - first.totals().wait == (4 + 4) * 10**9
        with pytest.raises(TheseusError):
            first.since(second)
        tracer.clear()
        clock.advance(1)
        with pytest.raises(TheseusError):
            tracer.snapshot().since(second)
        open_for_long.cancel()
    with pytest.raises(TypeError):
        second.since(b"")  # type: ignore[arg-type]
    assert str(since)


def test_since_a_file() -> None:
    """A file has exact minima and maxima; memory has buckets."""
    clock = Clock()
    tracer = Tracer(reactor=clock)
    with tracer:
        for seconds in (0.3, 0.1, 0.2):
            deferLater(clock, seconds)
            clock.advance(seconds)
        target = io.BytesIO()
        tracer.write(target, format="pprof")
        for seconds in (0.05, 0.4):
            deferLater(clock, seconds)
            clock.advance(seconds)
        later = io.BytesIO()
        tracer.write(later, format="pprof")
    first, second = load(io.BytesIO(target.getvalue())), load(io.BytesIO(later.getvalue()))
    assert isinstance(first, Profile) and isinstance(second, Profile)
    (stack,) = second.since(first)
    assert (stack.deferreds, stack.latency) == (2, 450_000_000)
    assert stack.latency_min <= 50_000_000 < stack.latency_min * 1.13
    assert stack.latency_max == 400_000_000
