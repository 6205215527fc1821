# SPDX-License-Identifier: ISC
"""A failure means that a program notices that it is watched: by what becomes of a Deferred that is the result of
another."""

from __future__ import annotations

import gc
import inspect
import sys
import weakref
from typing import Any

import pytest
from twisted.internet.defer import (
    Deferred,
    gatherResults,
    inlineCallbacks,
    succeed,
)
from twisted.internet.task import Clock

from shared import every_hook
from theseus import Tracer
from unnoticed import (
    TWISTED,
    Note,
    Programs,
    noted,
    pending,
    state,
    through,
)

program = Programs()


def carrying(inner: Any, observers: int = 1) -> Any:
    """A Deferred with this many observers that is to be fired with another."""
    d = through(pending(), observers)
    clock = Clock()
    clock.callLater(1, d.callback, inner)
    return d, clock


def shown(note: Note, name: str) -> Any:
    def callback(result: Any) -> Any:
        note(name, type(result).__name__, state(result) if isinstance(result, Deferred) else result)

    return callback


@program
def reaches_the_callback(note: Note, clock: Clock) -> None:
    for observers in (1, 2, 3):
        for inner in (pending(), succeed("fired")):
            d, later = carrying(inner, observers)
            d.addCallback(shown(note, "first")).addCallback(shown(note, "second"))
            later.advance(1)
            note(state(d), state(inner))


@program
def without_callbacks(note: Note, clock: Clock) -> None:
    for observers in (1, 2):
        for inner in (pending(), succeed("fired")):
            d, later = carrying(inner, observers)
            later.advance(1)
            note(state(d), d.result is inner, sys.getrefcount(inner))
            through(d).addCallback(shown(note, "later")).addCallback(shown(note, "after"))
            note(state(d))


@program
def observed_between_callbacks(note: Note, clock: Clock) -> None:
    def passes(result: Any) -> Any:
        note("passes", type(result).__name__)
        return result

    for observers in (1, 2):
        inner = pending()
        d, later = carrying(inner, observers)
        through(d.addCallback(shown(note, "one"))).addCallback(passes)
        through(d, 2).addCallback(shown(note, "two"))
        later.advance(1)
        inner.callback("x")
        d, later = carrying(inner := pending(), observers)
        through(d.addCallback(passes), 2).addCallback(shown(note, "three"))
        later.advance(1)
        note(state(d), state(inner))
        inner.callback("y")
        note(state(d), state(inner))


@program
def chained_on(note: Note, clock: Clock) -> None:
    for observers in (1, 2):
        inner = pending()
        d, later = carrying(inner, observers)
        outer = through(pending(), 2)
        outer.addCallback(lambda _, d=d: d)
        through(outer).addCallback(shown(note, "outer"))
        outer.callback(None)
        note(state(outer), state(d))
        later.advance(1)
        note(state(outer), state(d), state(inner))
        through(outer).addCallback(shown(note, "outer, later"))
        inner.callback("x")
        note(state(outer), state(d), state(inner))


@program
def chained_on_without_callbacks(note: Note, clock: Clock) -> None:
    inner = pending()
    d, later = carrying(inner, 2)
    outer = through(pending(), 2)
    outer.addCallback(lambda _: d)
    outer.callback(None)
    later.advance(1)
    note(state(outer), outer.result is inner, state(d))
    outer.addCallback(shown(note, "later"))


@program
def chained_by_hand(note: Note, clock: Clock) -> None:
    inner = pending()
    d, later = carrying(inner)
    other = through(pending(), 2)
    d.chainDeferred(other)
    other.addCallback(shown(note, "other"))
    later.advance(1)
    note(state(d), state(other), state(inner))


@program
def yielded(note: Note, clock: Clock) -> None:
    @inlineCallbacks
    def waits(d: Any) -> Any:
        got = yield d
        note("yield gave", type(got).__name__, state(got))
        note("and then", (yield got))

    async def awaits(d: Any) -> Any:
        got = await d
        note("await gave", type(got).__name__, state(got))
        note("and then", await got)

    for wait in (waits, lambda d: Deferred.fromCoroutine(awaits(d))):
        inner = pending()
        d, later = carrying(inner, 2)
        over = wait(d)
        later.advance(1)
        note(state(over), state(d))
        inner.callback("x")
        note(state(over), state(d))


@program
def gathered_with_deferreds(note: Note, clock: Clock) -> None:
    inner = pending()
    d, later = carrying(inner, 2)
    both = gatherResults([d, succeed(1)])
    through(both).addCallback(lambda results: note([type(one).__name__ for one in results]))
    later.advance(1)
    note(state(both), state(d))


@program
def callbacks_that_raise(note: Note, clock: Clock) -> None:
    def raises(result: Any) -> Any:
        raise ValueError("from the callback")

    for observers in (1, 2):
        d, later = carrying(pending(), observers)
        d.addCallback(raises)
        later.advance(1)
        note(d.result.getTraceback(), [frame[:3] for frame in d.result.frames])
        d.addErrback(lambda f: note(f))


@program
def stack_seen_by_the_callback(note: Note, clock: Clock) -> None:
    d, later = carrying(pending(), 2)
    d.addCallback(lambda _: note([frame.function for frame in inspect.stack()][:8]))
    later.advance(1)


@program
def with_pauses(note: Note, clock: Clock) -> None:
    d, later = carrying(inner := pending(), 2)
    d.pause()
    later.advance(1)
    note(state(d))
    d.addCallback(shown(note, "paused before"))
    d.unpause()
    note(state(d))
    d, later = carrying(inner, 2)

    def pauses(result: Any) -> str:
        d.pause()
        return "paused"

    d.addCallback(pauses)
    through(d).addCallback(shown(note, "after the pause"))
    later.advance(1)
    note(state(d))
    d.unpause()
    note(state(d))


@program
def that_fails_unhandled(note: Note, clock: Clock) -> None:
    inner = pending()
    d, later = carrying(inner, 2)
    d.addCallback(shown(note, "given"))
    later.advance(1)
    inner.errback(ValueError("nobody looks"))
    note("failed")
    del inner
    gc.collect()
    note("collected")
    inner = pending()
    d, later = carrying(inner, 2)
    later.advance(1)
    inner.errback(ValueError("held as a result"))
    del inner
    gc.collect()
    note("not reported: it is a result")
    del d, later
    gc.collect()
    note("now")


@program
def that_dies(note: Note, clock: Clock) -> None:
    inner = pending()
    alive = weakref.ref(inner, lambda _: note("inner died"))
    d, later = carrying(inner, 2)
    later.advance(1)
    del inner
    note("held as a result", alive() is d.result)
    del d, later
    note("dropped")
    inner = pending()
    alive = weakref.ref(inner, lambda _: note("inner died"))
    d, later = carrying(inner, 2)
    d.addCallback(lambda result: None)
    del inner
    later.advance(1)
    note("over")


@program
def with_a_timeout(note: Note, clock: Clock) -> None:
    inner = pending()
    d = through(pending(), 2).addTimeout(5, clock)
    through(d).addCallback(shown(note, "in time"))
    d.callback(inner)
    note(state(d), clock.getDelayedCalls())
    clock.advance(6)


@program
def fired_with_itself_later(note: Note, clock: Clock) -> None:
    """One Deferred as the result of several."""
    inner = pending()
    several = [through(pending(), n + 1) for n in range(3)]
    for n, one in enumerate(several):
        one.addCallback(shown(note, n))
        one.callback(inner)
    inner.addCallback(noted(note, "inner"))
    inner.callback("x")
    note([state(one) for one in several])


test_unnoticed = pytest.mark.skipif(
    TWISTED < (24, 7), reason="this Twisted refuses to fire a Deferred with a Deferred"
)(program.test())


@every_hook
@pytest.mark.parametrize("installed", [True, False])
def test_a_deferred_as_a_result(hook: str, installed: bool) -> None:
    """Since Twisted 24.7 a Deferred may be fired with one; the arguments of a callback may be any sequence."""
    outer: Deferred[Any] = Deferred()
    inner: Deferred[Any] = Deferred()
    got: list[Any] = []

    def get() -> Deferred[Any]:
        return outer

    tracer = Tracer(Clock(), hook=hook)
    with tracer:
        get().addCallback(lambda result, *more, **named: got.append((result, more, named)))
        outer.addCallback(lambda _: got.append("next"))
        entries = outer._callbacks if hasattr(outer, "_callbacks") else outer.callbacks
        callback, _arguments, _keywords = entries[1][0]
        entries[1] = ((callback, [1, 2], {"three": 3}), entries[1][1])
        if not installed:
            tracer.uninstall()
        try:
            outer.callback(inner)
        except AssertionError:
            pytest.skip("this Twisted refuses it")
    assert got == [(inner, (1, 2), {"three": 3}), "next"]
