# SPDX-License-Identifier: ISC
"""A failure means that a program notices that it is watched: by how a cancellation goes, by reports of errors, or by
tracebacks."""

from __future__ import annotations

import gc
import inspect
import traceback
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import (
    AlreadyCalledError,
    Deferred,
    inlineCallbacks,
)
from twisted.internet.task import Clock, deferLater

from unnoticed import (
    Note,
    Programs,
    noted,
    pending,
    plain,
    state,
    through,
)

program = Programs()


@program
def cancelled(note: Note, clock: Clock) -> None:
    def canceller(d: Any) -> None:
        note("cancelling", state(d))

    def fires(d: Any) -> None:
        d.callback("by the canceller")

    for given in (None, canceller, fires):
        d = through(pending(given), 2)
        d.addBoth(noted(note, "ended")).addErrback(lambda _: None)
        d.cancel()
        note(state(d))
        d.cancel()
        try:
            d.callback("after")  # once more is suppressed without a canceller
            note("suppressed")
        except AlreadyCalledError as error:
            note(error)


@program
def cancelled_at_each_stage(note: Note, clock: Clock) -> None:
    @inlineCallbacks
    def stages() -> Any:
        for stage in range(3):
            try:
                yield deferLater(clock, 1)
                note("stage", stage)
            except defer.CancelledError as error:
                note("cancelled in", stage, error)
                if stage == 1:
                    raise
            finally:
                note("finally", stage)

    async def awaits() -> Any:
        await stages()

    for start in (stages, lambda: Deferred.fromCoroutine(awaits())):
        for stage in range(4):
            d = start()
            d.addBoth(noted(note, "ended")).addErrback(lambda _: None)
            clock.pump([1] * stage)
            d.cancel()
            clock.pump([1] * 4)
            note(stage, state(d))


@program
def cancelled_chain(note: Note, clock: Clock) -> None:
    inner = pending(lambda d: note("inner cancelled"))
    outer = pending()
    outer.addCallback(lambda _: through(inner)).addErrback(noted(note, "outer")).addErrback(lambda _: None)
    outer.callback(None)
    note(state(outer), state(inner))
    outer.cancel()
    note(state(outer), state(inner))


@program
def timed_out(note: Note, clock: Clock) -> None:
    for delay in (1, 3):
        d = deferLater(clock, delay, lambda: "in time").addTimeout(2, clock)
        d.addBoth(noted(note, delay)).addErrback(lambda _: None)
        clock.pump([1, 1, 1])
    note(clock.getDelayedCalls())


@program
def unhandled(note: Note, clock: Clock) -> None:
    d = through(pending(), 3)
    d.errback(ValueError("never looked at"))
    note("dropping")
    del d
    note("dropped")
    pending().addCallback(lambda _: 1 / 0).callback(None)
    note("dropped at once")

    @inlineCallbacks
    def fails() -> Any:
        yield deferLater(clock, 1)
        raise KeyError("in a generator")

    fails()
    clock.advance(1)
    note("advanced")
    Deferred.fromCoroutine(raises())
    note("coroutine")
    chained = pending()
    through(pending().addCallback(lambda _: chained)).callback(None)
    chained.errback(ValueError("chained"))
    note("chained")


async def raises() -> None:
    raise LookupError("in a coroutine")


@program
def unhandled_in_a_cycle(note: Note, clock: Clock) -> None:
    d: Any = through(pending(), 2)
    d.itself = d
    d.errback(ValueError("in a cycle"))
    del d
    note("dropped")
    gc.collect()
    note("collected")


@program
def handled_late(note: Note, clock: Clock) -> None:
    d = through(pending(), 2)
    d.errback(ValueError("handled in the end"))
    gc.collect()
    note("not yet")
    d.addErrback(noted(note, "handled")).addErrback(lambda _: None)


@program
def failed_first_and_awaited_late(note: Note, clock: Clock) -> None:
    failed = pending()
    failed.errback(ValueError("early"))

    async def awaits() -> None:
        try:
            await through(failed)
        except ValueError as error:
            note(error)

    Deferred.fromCoroutine(awaits())


@program
def tracebacks(note: Note, clock: Clock) -> None:
    def bottom() -> None:
        raise ValueError("bottom")

    def callback(_: Any) -> Any:
        bottom()

    @inlineCallbacks
    def middle() -> Any:
        yield deferLater(clock, 1).addCallback(callback)

    async def top() -> Any:
        try:
            await middle()
        except ValueError as error:
            note("at the top", [(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)])
            raise

    d = Deferred.fromCoroutine(top())
    clock.advance(1)
    failure = d.result
    note(failure.getTraceback(), failure.getBriefTraceback(), failure.getTraceback(detail="default"))
    note([frame[:3] for frame in failure.frames], [frame[0] for frame in failure.stack])
    d.addErrback(lambda _: None)


@program
def stacks_as_seen_inside(note: Note, clock: Clock) -> None:
    def seen(_: Any) -> None:
        note([frame.function for frame in inspect.stack()][:12])

    @inlineCallbacks
    def waits() -> Any:
        yield through(pending(), 2) if clock.seconds() else deferLater(clock, 1).addCallback(seen)
        seen(None)

    waits()
    clock.advance(1)


@program
def debugging(note: Note, clock: Clock) -> None:
    before = defer.getDebugging()
    defer.setDebugging(True)
    try:
        d = through(pending(), 2)
        d.addErrback(noted(note, "failed"))
        d.errback(ValueError("seen"))
        note(plain("".join(d._debugInfo.creator)), plain("".join(d._debugInfo.invoker)))
        note(plain(d._debugInfo._getDebugTracebacks()))
        try:
            d.callback(None)
        except AlreadyCalledError as error:
            note(plain(error))
        d.addErrback(lambda _: None)
    finally:
        defer.setDebugging(before)


@program
def never_awaited(note: Note, clock: Clock) -> None:
    async def nothing() -> None:
        pass

    pending()
    nothing()
    note("dropped")


test_unnoticed = program.test()
