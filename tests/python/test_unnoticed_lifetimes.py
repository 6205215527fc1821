# SPDX-License-Identifier: ISC
"""A failure means that a program notices that it is watched: by reference counts, or by when something is collected."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import pytest
from twisted.internet.defer import (
    Deferred,
    inlineCallbacks,
)
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure

from theseus import Tracer
from unnoticed import (
    HOOKS,
    Note,
    Programs,
    Thing,
    pending,
    state,
    through,
)

program = Programs()


@program
def reference_counts(note: Note, clock: Clock) -> None:
    result, argument = Thing("result"), Thing("argument")

    def returns(given: Thing) -> Any:
        d: Any = Deferred()
        note("inside", sys.getrefcount(given), sys.getrefcount(d))
        return d

    d = returns(argument)
    note("pending", sys.getrefcount(d), sys.getrefcount(argument))
    d.addCallback(lambda given: note("called", sys.getrefcount(given)) or given)
    d.callback(result)
    note("fired", sys.getrefcount(d), sys.getrefcount(result), sys.getrefcount(argument))
    del d
    note("dropped", sys.getrefcount(result), sys.getrefcount(argument))


@program
def reference_counts_in_generators(note: Note, clock: Clock) -> None:
    thing, waited, result = Thing(), pending(), Thing("result")

    def body(given: Thing) -> Any:
        local = Thing("local")
        note("first leg", sys.getrefcount(given), sys.getrefcount(local), sys.getrefcount(waited))
        got = yield waited
        note("second leg", sys.getrefcount(given), sys.getrefcount(local), sys.getrefcount(waited))
        return got

    generator = body(thing)
    d = inlineCallbacks(lambda: generator)()
    note("suspended", sys.getrefcount(generator), sys.getrefcount(d), sys.getrefcount(thing), sys.getrefcount(waited))
    note(sys.getrefcount(generator.gi_frame))
    waited.callback(result)
    note("over", sys.getrefcount(generator), sys.getrefcount(d), sys.getrefcount(thing), sys.getrefcount(waited))
    note(sys.getrefcount(result))


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if hook != "portable"])
def test_references_while_it_runs(hook: str) -> None:
    """Nothing lives longer."""

    def counts() -> list[int]:
        waited, found, result = pending(), [], Thing("result")

        def body() -> Any:
            found.append(sys.getrefcount(generator))
            got = yield waited
            found.extend((sys.getrefcount(got), sys.getrefcount(generator)))

        generator = body()
        inlineCallbacks(lambda: generator)()
        found.append(sys.getrefcount(generator))
        waited.callback(result)
        return [*found, sys.getrefcount(generator), sys.getrefcount(result)]

    if hook == "profile" and sys.version_info >= (3, 13):
        # With any such function CPython itself keeps what it passes on a little longer.
        sys.setprofile(lambda frame, event, argument: None)
    without = counts()
    sys.setprofile(None)
    with Tracer(hook=hook):
        with_hook = counts()
    assert with_hook == without


@program
def reference_counts_in_coroutines(note: Note, clock: Clock) -> None:
    thing, waited, result = Thing(), pending(), Thing("result")

    async def inner(given: Thing) -> Any:
        return await through(waited)

    async def outer(given: Thing) -> Any:
        got = await inner(given)
        note("resumed", sys.getrefcount(given), sys.getrefcount(waited))
        return got

    coroutine = outer(thing)
    d = Deferred.fromCoroutine(coroutine)
    note(sys.getrefcount(coroutine), sys.getrefcount(d), sys.getrefcount(thing), sys.getrefcount(waited))
    note(sys.getrefcount(coroutine.cr_frame), sys.getrefcount(coroutine.cr_await))
    waited.callback(result)
    note(sys.getrefcount(coroutine), sys.getrefcount(d), sys.getrefcount(thing), sys.getrefcount(waited))
    note(sys.getrefcount(result))


@program
def reference_counts_of_failures(note: Note, clock: Clock) -> None:
    d, error = through(pending(), 2), ValueError("counted")
    failure = Failure(error)
    d.errback(failure)
    note(sys.getrefcount(failure), sys.getrefcount(error))
    d.addErrback(lambda f: note(sys.getrefcount(f), sys.getrefcount(error)))
    note(sys.getrefcount(failure), sys.getrefcount(error))


@program
def collected_at_the_same_statement(note: Note, clock: Clock) -> None:
    def dies(what: str, thing: Any) -> Any:
        return weakref.ref(thing, lambda _: note(what, "died"))

    gc.disable()
    try:
        d = through(pending(), 2)
        alive = [dies("pending", d)]
        note("dropping one that is pending")
        del d
        note("dropped")
        d, result = pending(), Thing("result")
        d.addCallback(lambda thing: note("passes", thing) or thing).addCallback(lambda _: None)
        alive += [dies("fired", d), dies("result", result)]
        note("firing")
        fire, d = d.callback, None
        fire(result)
        note("fired")
        del result
        note("no result")
        del fire
        note("no Deferred")
    finally:
        gc.enable()
    del alive


@program
def locals_die_at_the_same_statement(note: Note, clock: Clock) -> None:
    alive = []

    def made(name: str) -> Thing:
        thing = Thing(name)
        alive.append(weakref.ref(thing, lambda _: note(name, "died")))
        return thing

    @inlineCallbacks
    def leg(given: Any) -> Any:
        first = made("first")
        yield deferLater(clock, 1)
        note("resumed")
        del first
        note("deleted the first")
        second = made("second")
        got = yield deferLater(clock, 1, made, "from a call")
        note("got", got)
        second = None
        note("deleted the second")
        got = yield deferLater(clock, 1)
        note("returning", second)
        return made("returned")

    gc.disable()
    try:
        d = leg(made("argument"))
        note("started")
        for _ in range(3):
            clock.advance(1)
            note("advanced")
        note("its result", d.result)
        d.addCallback(lambda _: None)
        note("no result")
        d = None
        note("no Deferred")
    finally:
        gc.enable()


@program
def dropped_while_suspended(note: Note, clock: Clock) -> None:
    alive = []

    @inlineCallbacks
    def waits(name: str, forever: list[Any]) -> Any:
        local = Thing("local")
        alive.append(weakref.ref(local, lambda _: note(name, "local died")))
        try:
            yield forever.pop()
        finally:
            note(name, "finally")

    async def awaits(forever: list[Any]) -> Any:
        try:
            await waits("inner", forever)
        finally:
            note("awaits: finally")

    # With the generator in a cycle or not, it is by Twisted's version when it dies; not by who looks on.
    waits("one", [pending()])
    note("started and dropped")
    gc.collect()
    note("collected")
    Deferred.fromCoroutine(awaits([through(pending(), 3)]))
    note("started and dropped")
    gc.collect()
    note("collected")


@program
def exceptions_let_their_frames_go(note: Note, clock: Clock) -> None:
    alive = []

    def callback(_: Any) -> None:
        local = Thing("local")
        alive.append(weakref.ref(local, lambda _: note("died")))
        raise ValueError(sys.getrefcount(local))

    d = through(pending(), 2)
    d.addCallback(callback)
    d.callback(None)
    note("failed", state(d))
    d.addErrback(lambda f: note(f))
    note("handled")
    del d
    gc.collect()
    note("dropped")


test_unnoticed = program.test()
