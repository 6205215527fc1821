# SPDX-License-Identifier: ISC
"""A program does not notice that it is watched: each of these is run without a tracer and with each hook, and must note
the same: results, failures, order, reports, reference counts, the statements at which things are collected."""

from __future__ import annotations

import contextvars
import functools
import gc
import inspect
import sys
import traceback
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet import defer
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

from theseus import Tracer
from unnoticed import HOOKS, TWISTED, Note, Program, Thing, check_unnoticed, pending, plain, through

PROGRAMS: list[Program] = []
FIRED_WITH_DEFERREDS: list[Program] = []


def program(function: Program) -> Program:
    PROGRAMS.append(function)
    return function


def fired_with_a_deferred(function: Program) -> Program:
    FIRED_WITH_DEFERREDS.append(function)
    return function


@pytest.fixture(autouse=True, scope="module")
def nothing_else_is_collected() -> Iterator[None]:
    """What other tests have left is none of these programs', and takes time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def by_name(function: Program) -> str:
    return function.__name__


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("program", PROGRAMS, ids=by_name)
def test_unnoticed(program: Program, hook: str) -> None:
    check_unnoticed(program, hook)


@pytest.mark.skipif(TWISTED < (24, 7), reason="this Twisted refuses to fire a Deferred with a Deferred")
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("program", FIRED_WITH_DEFERREDS, ids=by_name)
def test_fired_with_a_deferred(program: Program, hook: str) -> None:
    check_unnoticed(program, hook)


def noted(note: Note, name: str) -> Any:
    """A callback that notes what it gets, and passes it on."""

    def callback(result: Any) -> Any:
        note(name, result)
        return result

    return callback


def state(deferred: Any) -> tuple[Any, ...]:
    return bool(deferred.called), deferred.paused, getattr(deferred, "result", "none yet"), plain(deferred)


# ---- results, order, state ----


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


# ---- cancellation ----


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


# ---- reports and tracebacks ----


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


# ---- reference counts and collection ----


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


# ---- what is not quite a Deferred ----


@program
def subclasses(note: Note, clock: Clock) -> None:
    class Counting(Deferred):  # type: ignore[type-arg]
        __hash__ = None  # type: ignore[assignment]

        def addCallbacks(self, *arguments: Any, **keywords: Any) -> Any:
            note("addCallbacks")
            return super().addCallbacks(*arguments, **keywords)

        def __eq__(self, other: object) -> bool:
            note("compared")
            return False

        def __bool__(self) -> bool:
            note("asked for its truth")
            return False

        def __len__(self) -> int:
            note("asked for its length")
            return 0

    def makes() -> Any:
        return Counting()

    d = makes()
    d.addCallback(noted(note, "result"))

    @inlineCallbacks
    def waits() -> Any:
        note((yield d))

    waits()
    d.callback(1)


@program
def pretenders(note: Note, clock: Clock) -> None:
    class Pretends:
        __class__ = Deferred  # type: ignore[assignment]

        def __getattr__(self, name: str) -> Any:
            note("asked for", name)
            raise AttributeError(name)

    def returns() -> Any:
        return Pretends()

    returns()
    pending()


@program
def things_that_tell_who_asks(note: Note, clock: Clock) -> None:
    """As recording mocks and lazy proxies do: an object is asked for no more than Twisted itself asks it for."""

    class Asked:
        def __init__(self, name: str) -> None:
            self.name = name

        def __getattribute__(self, attribute: str) -> Any:
            note(object.__getattribute__(self, "name"), "asked for", attribute)
            return object.__getattribute__(self, attribute)

        def method(self, result: Any) -> None:
            note("called")

        def __call__(self, result: Any) -> None:
            note("called")

    def pending_in_a_list() -> Any:
        pending()
        return [1]

    for thing in (Asked("method").method, Asked("callable"), functools.partial(Asked("partial").method)):
        d: Deferred[Any] = Deferred()
        d.addCallback(lambda _: through(succeed(pending_in_a_list())))
        d.addCallback(thing)
        d.callback(1)
        d = through(pending())
        d.addCallback(thing)
        d.callback(1)

    def fires(result: Any) -> Any:
        d: Deferred[Any] = Deferred()
        d.callback(result)
        return d

    through(fires(Asked("result")), 2)


@program
def iterators_that_tell_who_asks(note: Note, clock: Clock) -> None:
    """What a coroutine awaits may be an iterator of the program's own."""

    class Awaited:
        def __await__(self) -> Any:
            return self

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            return first if not first.called else through(second)

        def __getattribute__(self, attribute: str) -> Any:
            note("asked for", attribute)
            return object.__getattribute__(self, attribute)

    first, second = Deferred[Any](), Deferred[Any]()

    async def awaits() -> Any:
        await Awaited()

    Deferred.fromCoroutine(awaits())
    first.addCallback(lambda _: through(pending()))
    first.callback(None)


@program
def half_built(note: Note, clock: Clock) -> None:
    def returns() -> Any:
        return Deferred.__new__(Deferred)

    d = returns()
    note(sorted(vars(d)))
    d.__init__()
    through(d).addCallback(note)
    d.callback("whole")


@program
def errors_that_shout(note: Note, clock: Clock) -> None:
    class Shouts(Exception):
        def __getattribute__(self, name: str) -> Any:
            if not name.startswith("__"):
                note("asked for", name)
            return super().__getattribute__(name)

    d = through(pending())
    d.errback(Shouts())
    d.addErrback(lambda f: note(f.type.__name__))


@program
def clocked(note: Note, clock: Clock) -> None:
    """What was stored to be fired later, by hand, in every order."""
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        stored = [pending() for _ in range(3)]
        chained = [through(pending(), 2) for _ in range(3)]
        for one, other in zip(stored, chained):
            one.chainDeferred(other)
            other.addCallback(noted(note, "chained"))
        for n in order:
            stored[n].callback(n)
        note([state(one) for one in stored + chained])


# ---- Deferreds that are fired with a Deferred ----


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


@fired_with_a_deferred
def reaches_the_callback(note: Note, clock: Clock) -> None:
    for observers in (1, 2, 3):
        for inner in (pending(), succeed("fired")):
            d, later = carrying(inner, observers)
            d.addCallback(shown(note, "first")).addCallback(shown(note, "second"))
            later.advance(1)
            note(state(d), state(inner))


@fired_with_a_deferred
def without_callbacks(note: Note, clock: Clock) -> None:
    for observers in (1, 2):
        for inner in (pending(), succeed("fired")):
            d, later = carrying(inner, observers)
            later.advance(1)
            note(state(d), d.result is inner, sys.getrefcount(inner))
            through(d).addCallback(shown(note, "later")).addCallback(shown(note, "after"))
            note(state(d))


@fired_with_a_deferred
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


@fired_with_a_deferred
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


@fired_with_a_deferred
def chained_on_without_callbacks(note: Note, clock: Clock) -> None:
    inner = pending()
    d, later = carrying(inner, 2)
    outer = through(pending(), 2)
    outer.addCallback(lambda _: d)
    outer.callback(None)
    later.advance(1)
    note(state(outer), outer.result is inner, state(d))
    outer.addCallback(shown(note, "later"))


@fired_with_a_deferred
def chained_by_hand(note: Note, clock: Clock) -> None:
    inner = pending()
    d, later = carrying(inner)
    other = through(pending(), 2)
    d.chainDeferred(other)
    other.addCallback(shown(note, "other"))
    later.advance(1)
    note(state(d), state(other), state(inner))


@fired_with_a_deferred
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


@fired_with_a_deferred
def gathered_with_deferreds(note: Note, clock: Clock) -> None:
    inner = pending()
    d, later = carrying(inner, 2)
    both = gatherResults([d, succeed(1)])
    through(both).addCallback(lambda results: note([type(one).__name__ for one in results]))
    later.advance(1)
    note(state(both), state(d))


@fired_with_a_deferred
def callbacks_that_raise(note: Note, clock: Clock) -> None:
    def raises(result: Any) -> Any:
        raise ValueError("from the callback")

    for observers in (1, 2):
        d, later = carrying(pending(), observers)
        d.addCallback(raises)
        later.advance(1)
        note(d.result.getTraceback(), [frame[:3] for frame in d.result.frames])
        d.addErrback(lambda f: note(f))


@fired_with_a_deferred
def stack_seen_by_the_callback(note: Note, clock: Clock) -> None:
    d, later = carrying(pending(), 2)
    d.addCallback(lambda _: note([frame.function for frame in inspect.stack()][:8]))
    later.advance(1)


@fired_with_a_deferred
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


@fired_with_a_deferred
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


@fired_with_a_deferred
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


@fired_with_a_deferred
def with_a_timeout(note: Note, clock: Clock) -> None:
    inner = pending()
    d = through(pending(), 2).addTimeout(5, clock)
    through(d).addCallback(shown(note, "in time"))
    d.callback(inner)
    note(state(d), clock.getDelayedCalls())
    clock.advance(6)


@fired_with_a_deferred
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


# ---- the recursion limit ----


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if hook != "portable"])
def test_as_deep_as_without(hook: str) -> None:
    """A hook in C takes none of the program's recursion limit."""

    def depth(note: Note, clock: Clock) -> None:
        deepest = 0

        def deeper(n: int) -> Any:
            nonlocal deepest
            deepest = n
            return deeper(n + 1) or pending()

        pending()
        try:
            deeper(0)
        except RecursionError:
            pass
        note(deepest)

    check_unnoticed(depth, hook)
