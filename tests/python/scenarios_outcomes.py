# SPDX-License-Identifier: ISC
"""Scenarios: failures, cancellation, time-outs; what is forgotten, early, dropped; the tracer coming and going."""

from __future__ import annotations

import gc

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    TimeoutError,
    ensureDeferred,
    inlineCallbacks,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from scenarios import boom, row, sleep, timer
from theseus import Tracer


@row({"request;database": 10, "[detached];request;background": 180}, latencies={
    "request": 10, "request;database": 10, "request;background": 180,
}, deferreds={"request": 1, "request;database": 1, "request;background": 9})  # fmt: skip
def forgotten_work_takes_nothing_from_its_request(clock: Clock) -> None:
    def background():
        return next(timer(clock, 20))

    def database():
        return next(timer(clock, 10))

    @inlineCallbacks
    def request():
        for _ in range(9):
            background()
        yield database()

    request()
    clock.pump([5] * 5)


@row({"[detached];outer;early": 1, "outer;sleep": 1, "outer;early": 2}, latencies={
    "outer": 3, "outer;early": 3, "outer;sleep": 1,
})  # fmt: skip
def started_early_and_awaited_late(clock: Clock) -> None:
    def early():
        return next(timer(clock, 3))

    @inlineCallbacks
    def outer():
        deferred = early()
        yield sleep(clock, 1)
        yield deferred

    outer()
    clock.pump([1] * 4)


@row({"[detached];outer;worker;sleep": 1, "outer;sleep": 1, "outer;worker;sleep": 2})
def a_coroutine_started_early_and_awaited_late(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 3)

    async def outer():
        task = ensureDeferred(worker())
        await sleep(clock, 1)
        await task

    ensureDeferred(outer())
    clock.pump([1] * 4)


@row({"outer": 1, "outer;sleep": 2})
def a_failure_that_throws_itself(clock: Clock) -> None:
    """As those that came over Perspective Broker do."""

    class Copied(Failure):
        def throwExceptionIntoGenerator(self, generator):
            return generator.throw(self.value)

    @inlineCallbacks
    def outer():
        deferred = Deferred()
        clock.callLater(1, deferred.errback, Copied(ValueError()))
        try:
            yield deferred
        except ValueError:
            yield sleep(clock, 2)

    outer()
    clock.pump([1] * 3)


@row({"outer;sleep": 1, "[detached];outer;worker;sleep": 4})
def a_child_outlives_its_parent(clock: Clock) -> None:
    @inlineCallbacks
    def worker():
        yield sleep(clock, 2)
        yield sleep(clock, 2)

    @inlineCallbacks
    def outer():
        worker()
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 5)


@row({"caller;database": 2, "[detached];caller;background": 5})
def a_plain_function_forgets_one_and_returns_another(clock: Clock) -> None:
    def background():
        return next(timer(clock, 5))

    def database():
        return next(timer(clock, 2))

    def caller():
        background()
        return database()

    caller()
    clock.pump([1] * 6)


@row({"caller;sleep": 1, "[detached];caller;worker;sleep": 3})
def a_plain_function_forgets_a_generator(clock: Clock) -> None:
    @inlineCallbacks
    def worker():
        yield sleep(clock, 3)

    def caller():
        worker()
        return sleep(clock, 1)

    caller()
    clock.pump([1] * 4)


@row({"caller;worker;sleep": 3}, deferreds={"caller;worker": 1, "caller;worker;sleep": 1})
def a_function_that_returns_no_deferred_is_no_operation(clock: Clock) -> None:
    @inlineCallbacks
    def worker():
        yield sleep(clock, 3)

    def caller():
        worker()

    caller()
    clock.pump([1] * 4)


# -- failures ---------------------------------------------------------------------------------------------------


@row({"outer;boom": 1, "outer;sleep": 2}, outcomes={"failure": 1, "success": 2})
def a_failure_caught_and_more_waiting(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        try:
            yield boom(clock, 1)
        except ZeroDivisionError:
            yield sleep(clock, 2)

    outer()
    clock.pump([1] * 4)


@row(
    {"outer;middle;inner;boom": 1, "outer;middle;inner;sleep": 2, "outer;middle;sleep": 3},
    outcomes={"failure": 1, "success": 5},
)
def a_failure_thrown_into_nested_awaits_and_caught_inside(clock: Clock) -> None:
    async def inner():
        try:
            await boom(clock, 1)
        except ZeroDivisionError:
            await sleep(clock, 2)

    async def middle():
        await inner()
        await sleep(clock, 3)

    async def outer():
        await middle()

    ensureDeferred(outer())
    clock.pump([1] * 7)


@row({"outer;middle;inner;boom": 1, "outer": 2, "outer;sleep": 3}, lines={"caught": 2})
def a_failure_thrown_into_nested_awaits_and_caught_outside(clock: Clock) -> None:
    async def inner():
        await boom(clock, 1)

    async def middle():
        await inner()

    async def outer():
        try:
            await middle()
        except ZeroDivisionError:
            await next(timer(clock, 2))  # @caught
        await sleep(clock, 3)

    ensureDeferred(outer())
    clock.pump([1] * 7)


@row({"outer;inner;boom": 1, "outer;inner;sleep": 2, "outer;sleep": 1}, outcomes={"failure": 2, "success": 3})
def finally_with_a_yield(clock: Clock) -> None:
    @inlineCallbacks
    def inner():
        try:
            yield boom(clock, 1)
        finally:
            yield sleep(clock, 2)

    @inlineCallbacks
    def outer():
        try:
            yield inner()
        except ZeroDivisionError:
            yield sleep(clock, 1)

    outer()
    clock.pump([1] * 5)


@row({"outer;sleep": 1}, outcomes={"failure": 1, "success": 1})
def a_generator_that_fails(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 1)
        raise ZeroDivisionError

    outer().addErrback(lambda failure: failure.trap(ZeroDivisionError))
    clock.pump([1] * 2)


@row({}, outcomes={"failure": 1}, deferreds={"outer": 1})
def a_generator_that_fails_at_once(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        raise ZeroDivisionError
        yield

    outer().addErrback(lambda failure: failure.trap(ZeroDivisionError))


# -- cancellation ------------------------------------------------------------------------------------------------


@row({"fetch": 1}, outcomes={"cancelled": 1}, latencies={"fetch": 1})
def a_plain_deferred_is_cancelled(clock: Clock) -> None:
    def fetch():
        deferred: Deferred[None] = Deferred(cancelled.append)
        return deferred

    cancelled: list[object] = []
    deferred = fetch()
    deferred.addErrback(lambda failure: failure.trap(CancelledError))
    clock.advance(1)
    deferred.cancel()
    assert cancelled == [deferred]


@row({"outer;sleep": 1}, outcomes={"cancelled": 2}, latencies={"outer": 1, "outer;sleep": 1})
def a_generator_is_cancelled_in_its_first_wait(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 5)

    deferred = outer()
    deferred.addErrback(lambda failure: failure.trap(CancelledError))
    clock.advance(1)
    deferred.cancel()
    clock.advance(5)


@row({"outer;sleep": 1 + 2, "outer;inner;sleep": 1}, outcomes={"cancelled": 3, "success": 2})
def a_generator_is_cancelled_while_it_waits_for_another(clock: Clock) -> None:
    @inlineCallbacks
    def inner():
        yield sleep(clock, 5)

    @inlineCallbacks
    def outer():
        yield sleep(clock, 1)
        try:
            yield inner()
        finally:
            yield sleep(clock, 2)

    deferred = outer()
    deferred.addErrback(lambda failure: failure.trap(CancelledError))
    clock.pump([1] * 2)
    deferred.cancel()
    clock.pump([1] * 3)


@row({"outer;sleep": 1 + 2}, outcomes={"cancelled": 1, "success": 2}, latencies={"outer": 3, "outer;sleep": 3})
def a_generator_survives_its_cancellation(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        try:
            yield sleep(clock, 5)
        except CancelledError:
            yield sleep(clock, 2)

    deferred = outer()
    clock.advance(1)
    deferred.cancel()
    clock.pump([1] * 3)


@row({"outer;inner;sleep": 1}, outcomes={"cancelled": 2})
def a_coroutine_is_cancelled_in_a_nested_await(clock: Clock) -> None:
    async def inner():
        await sleep(clock, 5)

    async def outer():
        await inner()

    deferred = ensureDeferred(outer())
    deferred.addErrback(lambda failure: failure.trap(CancelledError))
    clock.advance(1)
    deferred.cancel()
    clock.advance(5)


@row({"outer;sleep": 1}, outcomes={"success": 2})
def cancelling_what_has_ended_does_nothing(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 1)

    deferred = outer()
    clock.advance(1)
    deferred.cancel()


@row({"outer;sleep": 2 + 1}, outcomes={"cancelled": 1, "success": 2}, lines={"timeout": 0})
def add_timeout_that_strikes(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        try:
            yield sleep(clock, 9).addTimeout(2, clock)  # @timeout
        except TimeoutError:
            yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)
    clock.advance(9)


@row({"outer;sleep": 2}, outcomes={"cancelled": 0, "success": 2})
def add_timeout_that_does_not(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 2).addTimeout(5, clock)

    outer()
    clock.pump([1] * 3)
    assert not clock.getDelayedCalls()


@row({"fetch;sleep": 2}, outcomes={"cancelled": 1, "failure": 1}, latencies={"fetch": 2, "fetch;sleep": 2})
def a_function_that_returns_one_with_a_timeout(clock: Clock) -> None:
    """fetch ends with the TimeoutError that its callers see, which is a failure and not a cancellation."""

    def fetch():
        return sleep(clock, 9).addTimeout(2, clock)

    fetch().addErrback(lambda failure: failure.trap(TimeoutError))
    clock.pump([1] * 3)


# -- never fired -------------------------------------------------------------------------------------------------


@row({"lost": 2}, outcomes={"abandoned": 1, "success": 0, "pending": 0}, latencies={}, deferreds={"lost": 1})
def never_fired_and_dropped(clock: Clock) -> None:
    def lost():
        deferred: Deferred[None] = Deferred()
        return deferred

    deferred = lost()
    clock.advance(2)
    del deferred
    gc.collect()
    clock.advance(3)


@row({"outer": 2}, outcomes={"abandoned": 1, "pending": 0}, latencies={})
def a_generator_that_waits_for_nothing_is_dropped(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield Deferred()

    deferred = outer()
    clock.advance(2)
    del deferred
    gc.collect()
    clock.advance(3)


@row({"outer;forever": 4}, outcomes={"pending": 2, "abandoned": 0}, latencies={}, deferreds={
    "outer": 1, "outer;forever": 1,
})  # fmt: skip
def still_pending_when_written(clock: Clock) -> None:
    def forever():
        kept[:] = [Deferred()]
        return kept[0]

    @inlineCallbacks
    def outer():
        yield forever()

    outer()
    clock.advance(4)


kept: list[Deferred[None]] = []  # what still_pending_when_written waits for, until the next time


# -- the tracer comes and goes -----------------------------------------------------------------------------------


@row({"outer;sleep": 2, "outer": 2}, latencies={"outer": 4, "outer;sleep": 2})
def uninstalled_in_mid_flight_what_is_open_is_timed_until_it_ends(clock: Clock, tracer: Tracer) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 2)
        yield sleep(clock, 2)

    outer()
    clock.advance(1)
    tracer.uninstall()
    clock.pump([1] * 4)


@row({"pump;advance;outer;sleep": 1}, deferreds={"pump;advance;outer;sleep": 1})
def a_generator_that_ran_before_install_is_an_ordinary_frame(clock: Clock, tracer: Tracer) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 1)
        yield sleep(clock, 1)

    tracer.uninstall()
    outer()
    tracer.install()
    clock.pump([1] * 3)


@row({"outer;sleep": 3, "other;sleep": 1}, deferreds={"outer": 1, "outer;sleep": 1, "other": 1, "other;sleep": 1})
def uninstalled_and_installed_again_it_is_one_profile(clock: Clock, tracer: Tracer) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 3)

    @inlineCallbacks
    def other():
        yield sleep(clock, 1)

    outer()
    clock.advance(1)
    tracer.uninstall()
    other()
    clock.advance(1)
    tracer.install()
    other()
    clock.pump([1] * 2)


@row({"outer;sleep": 2}, latencies={"outer": 3, "outer;sleep": 3}, deferreds={"outer": 1, "outer;sleep": 1})
def cleared_the_wait_of_what_is_open_starts_again(clock: Clock, tracer: Tracer) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 3)

    outer()
    clock.advance(1)
    tracer.clear()
    clock.pump([1] * 3)


@row({"outer;sleep": 2 + 1}, latencies={"outer": 3, "outer;sleep": 3})
def a_clock_that_goes_backwards_is_clamped(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 2)
        clock.rightNow -= 5
        yield next(timer(clock, 0)).addCallback(lambda _: None)
        clock.rightNow += 5
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 2)
    clock.advance(0)
    clock.pump([1] * 2)


@row({"step": 3}, deferreds={"step": 4}, outcomes={"success": 3, "failure": 1})
def the_end_of_an_iterator_is_no_failure(clock: Clock) -> None:
    def step(error, seconds):
        deferred = Deferred()
        if seconds:
            clock.callLater(seconds, deferred.errback, error)
        else:
            deferred.errback(error)
        return deferred

    steps = [
        step(StopIteration(), 0),
        step(StopAsyncIteration(), 0),
        step(StopAsyncIteration(), 1),
        step(ZeroDivisionError(), 2),
    ]
    clock.pump([1, 1])
    for deferred in steps:
        deferred.addErrback(lambda failure: None)
