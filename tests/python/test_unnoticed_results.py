# SPDX-License-Identifier: ISC
"""A failure means that a program notices that it is watched: by results, the order of callbacks, or the state of a
Deferred."""

from __future__ import annotations

import contextvars
import gc
import sys
import traceback
from typing import Any

from twisted.internet.defer import (
    AlreadyCalledError,
    Deferred,
    DeferredList,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    ensureDeferred,
    gatherResults,
    inlineCallbacks,
    maybeDeferred,
    returnValue,
    succeed,
)
from twisted.internet.task import Clock, LoopingCall, deferLater
from twisted.python.failure import Failure

from unnoticed import (
    Note,
    Programs,
    noted,
    pending,
    state,
    through,
)

program = Programs()


@program
def results_of_callbacks(note: Note, clock: Clock) -> None:
    d = pending()
    d.addCallback(lambda n: n + 1).addBoth(noted(note, "first")).addCallback(lambda n: 1 / (n - 2))
    d.addErrback(noted(note, "error")).addCallbacks(noted(note, "not"), lambda f: f.trap(ZeroDivisionError).__name__)
    d.addBoth(noted(note, "last"))
    note(state(d))
    d.callback(1)
    note(state(d))
    d.addCallback(noted(note, "late"))


@program
def order_of_callbacks(note: Note, clock: Clock) -> None:
    d, inner = through(pending(), 3), pending()

    def adds(result: Any) -> Any:
        note("adds", result)
        d.addCallback(noted(note, "added inside"))
        inner.addCallback(noted(note, "inner's own"))
        clock.callLater(1, inner.callback, "from inside")
        return inner

    d.addCallback(noted(note, 1))
    through(d).addCallback(adds)
    through(d, 2).addCallback(noted(note, 2))
    d.callback("go")
    note(state(d), state(inner))
    through(d).addCallback(noted(note, 3))
    clock.advance(1)
    note(state(d), state(inner))


@program
def arguments_of_callbacks(note: Note, clock: Clock) -> None:
    d = pending()
    d.addCallback(lambda r, *a, **k: note(r, a, sorted(k)), 1, 2, three=3)
    d.addCallbacks(lambda r, a: note(r, a), note, callbackArgs=("a",), errbackKeywords={"unused": 1})
    d.addBoth(note, "both")
    through(d, 2).callback("x")


@program
def fired_twice(note: Note, clock: Clock) -> None:
    d = pending()
    d.callback(1)
    for fire in (d.callback, d.errback):
        try:
            fire(ValueError("again"))
        except AlreadyCalledError as error:
            note(error)


@program
def paused(note: Note, clock: Clock) -> None:
    d = through(pending(), 2)
    d.addCallback(noted(note, "one"))
    d.pause()
    d.pause()
    d.callback("x")
    note(state(d))
    through(d).addCallback(noted(note, "two"))
    d.unpause()
    note(state(d))
    d.unpause()
    note(state(d))

    def pauses(result: Any) -> Any:
        d.pause()
        return result

    d.addCallback(pauses)
    through(d).addCallback(noted(note, "after the pause"))
    note(state(d))
    d.unpause()


@program
def generators(note: Note, clock: Clock) -> Any:
    @inlineCallbacks
    def inner(n: int) -> Any:
        got = yield deferLater(clock, n, lambda: n * 10)
        note("inner", got)
        return got + 1

    @inlineCallbacks
    def outer() -> Any:
        one = yield inner(1)
        two = yield inner(2)
        three = yield 3
        four = yield succeed(4)
        returnValue([one, two, three, four])  # type: ignore[arg-type]

    d = outer()
    d.addBoth(noted(note, "result"))
    note(state(d))
    clock.pump([1, 1, 1])
    note(state(d))


@program
def coroutines(note: Note, clock: Clock) -> Any:
    async def sleep(n: int) -> int:
        await deferLater(clock, n)
        return n

    async def outer() -> Any:
        return [await sleep(1), await ensureDeferred(sleep(1)), await succeed("at once")]

    d = Deferred.fromCoroutine(outer())
    d.addBoth(noted(note, "result"))
    clock.pump([1, 1, 1])


@program
def failures_in_generators(note: Note, clock: Clock) -> Any:
    @inlineCallbacks
    def fails() -> Any:
        yield deferLater(clock, 1)
        raise ValueError("told")

    @inlineCallbacks
    def catches() -> Any:
        try:
            yield fails()
        except ValueError as error:
            note("caught", error, error.__context__, error.__cause__)
            try:
                raise KeyError("from") from error
            except KeyError as another:
                note(another.__cause__, another.__context__, sys.exc_info()[1])
            note(sys.exc_info()[1])
        finally:
            note("finally", sys.exc_info()[1])
        yield deferLater(clock, 1)
        note(sys.exc_info())
        yield fails()

    d = catches()
    clock.pump([1, 1, 1, 1])
    note(state(d))
    d.addErrback(noted(note, "passed on")).addErrback(lambda _: None)


@program
def generator_that_is_not_one(note: Note, clock: Clock) -> None:
    @inlineCallbacks
    def plain_function() -> Any:
        return pending()

    for wrong in (plain_function, lambda: ensureDeferred(3)):  # type: ignore[arg-type,list-item]
        try:
            wrong()
        except Exception as error:
            note(type(error).__name__)


@program
def what_functions_raise(note: Note, clock: Clock) -> None:
    def raises(depth: int) -> Any:
        pending()
        if depth:
            return raises(depth - 1)
        raise LookupError("deep")

    try:
        raises(3)
    except LookupError as error:
        note([frame.name for frame in traceback.extract_tb(error.__traceback__)], error.__context__)
    maybeDeferred(raises, 1).addErrback(noted(note, "maybe")).addErrback(lambda _: None)


@program
def combinators(note: Note, clock: Clock) -> None:
    for options in ({}, {"fireOnOneCallback": True}, {"fireOnOneErrback": True}, {"consumeErrors": True}):
        members = [pending() for _ in range(3)]
        DeferredList(members, **options).addBoth(  # type: ignore[call-overload]
            lambda r: note(r if not isinstance(r, Failure) else (r.type.__name__, str(r.value.subFailure.value)))
        )
        members[1].callback("one")
        members[0].errback(ValueError("zero"))
        members[2].callback("two")
        for member in members:
            note(state(member))
            member.addErrback(noted(note, "left"))
            member.addErrback(lambda _: None)


@program
def gathered(note: Note, clock: Clock) -> None:
    for consume in (False, True):
        members = [pending(), pending()]
        gathered = gatherResults(members, consumeErrors=consume)
        gathered.addErrback(lambda f: note(f.type.__name__, str(f.value.subFailure.value)))
        members[0].errback(ValueError("zero"))
        members[1].errback(ValueError("one"))
        del members, gathered
        gc.collect()
        note("collected", consume)


@program
def primitives(note: Note, clock: Clock) -> None:
    for shared in (DeferredLock(), DeferredSemaphore(2)):
        waiting = [through(shared.acquire()).addCallback(lambda _, n=n: note("got", n)) for n in range(4)]
        waiting[-1].addErrback(lambda f: note(f)).cancel()
        for _ in range(3):
            shared.release()
        through(shared.run(lambda: 7)).addCallback(note)
    queue: Any = DeferredQueue()
    getting = [through(queue.get()).addBoth(noted(note, n)) for n in range(3)]
    getting[1].cancel()
    for n in range(3):
        queue.put(n)
    note(queue.pending)


@program
def looping(note: Note, clock: Clock) -> None:
    call = LoopingCall(lambda: note("turn", clock.seconds()) or pending())
    call.clock = clock  # type: ignore[assignment]
    done = call.start(1)
    clock.pump([1, 1])
    call.stop()
    note(state(done))


@program
def context_variables(note: Note, clock: Clock) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    async def sets(name: str) -> None:
        variable.set(name)
        await deferLater(clock, 1)
        note(name, variable.get())

    for name in ("a", "b"):
        Deferred.fromCoroutine(sets(name))
    clock.advance(1)
    note(variable.get(), variable in contextvars.copy_context())


test_unnoticed = program.test()
