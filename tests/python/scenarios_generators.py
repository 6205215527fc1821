# SPDX-License-Identifier: ISC
"""Scenarios: inlineCallbacks, coroutines and generators, and where they are suspended."""

from __future__ import annotations

from twisted.internet.defer import Deferred, ensureDeferred, inlineCallbacks, maybeDeferred, succeed
from twisted.internet.task import Clock, deferLater

from scenarios import row, sleep, timer


@row({"outer;sleep": 3}, lines={"wait": 0}, deferreds={"outer": 1, "outer;sleep": 1})
def a_generator_waits(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield sleep(clock, 3)  # @wait

    outer()
    clock.pump([1] * 4)


@row({"outer": 5}, lines={"first": 2, "second": 3}, latencies={"outer": 5})
def a_generator_waits_for_what_nobody_returned(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield next(timer(clock, 2))  # @first
        yield next(timer(clock, 3))  # @second

    outer()
    clock.pump([1] * 6)


@row(
    {"outer;middle;inner;sleep": 2, "outer;sleep": 1, "outer;middle;sleep": 1},
    latencies={
        "outer": 4,
        "outer;middle": 3,
        "outer;middle;inner": 2,
        "outer;middle;inner;sleep": 2,
        "outer;middle;sleep": 1,
        "outer;sleep": 1,
    },
)
def nested_generators(clock: Clock) -> None:
    @inlineCallbacks
    def inner():
        yield sleep(clock, 2)

    @inlineCallbacks
    def middle():
        yield inner()
        yield sleep(clock, 1)

    @inlineCallbacks
    def outer():
        yield sleep(clock, 1)
        yield middle()

    outer()
    clock.pump([1] * 5)


@row(
    {"outer;inner;sleep": 2, "outer;sleep": 1},
    deferreds={"outer": 1, "outer;inner": 1, "outer;inner;sleep": 1, "outer;sleep": 1},
)
def coroutines_await_coroutines(clock: Clock) -> None:
    async def inner():
        await sleep(clock, 2)

    async def outer():
        await inner()
        await sleep(clock, 1)

    ensureDeferred(outer())
    clock.pump([1] * 4)


@row({"outer;inner": 2, "outer": 1}, lines={"inside": 2, "outside": 1, "call": 0})
def self_wait_is_where_the_innermost_frame_is_suspended(clock: Clock) -> None:
    async def inner():
        await next(timer(clock, 2))  # @inside

    async def outer():
        await inner()  # @call
        await next(timer(clock, 1))  # @outside

    ensureDeferred(outer())
    clock.pump([1] * 4)


@row({"outer;worker;sleep": 2, "outer;sleep": 1})
def a_generator_yields_ensure_deferred(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield ensureDeferred(worker())
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row({"outer;worker;sleep": 2}, deferreds={"outer": 1, "outer;worker": 1, "outer;worker;sleep": 1})
def a_generator_yields_from_coroutine(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield Deferred.fromCoroutine(worker())

    outer()
    clock.pump([1] * 4)


@row(
    {"outer;worker;sleep": 2, "outer;sleep": 1},
    deferreds={"outer": 1, "outer;worker": 1, "outer;worker;sleep": 1, "outer;sleep": 1},
    twisted=(24, 7),
)
def a_raw_coroutine_is_yielded(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield worker()
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row({"outer;sleep": 1, "outer;worker;sleep": 2}, twisted=(24, 7))
def a_raw_coroutine_is_yielded_after_a_resumption(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield sleep(clock, 1)
        yield worker()

    outer()
    clock.pump([1] * 4)


@row({"outer;worker;sleep": 2, "outer;sleep": 1}, twisted=(24, 7))
def a_raw_generator_is_yielded(clock: Clock) -> None:
    def worker():
        yield sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield worker()
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row({"outer;sub;sleep": 3, "outer;sub": 1, "outer;sleep": 1}, lines={"bare": 1})
def yield_from_a_generator(clock: Clock) -> None:
    def sub():
        yield sleep(clock, 2)
        yield next(timer(clock, 1))  # @bare
        yield sleep(clock, 1)

    @inlineCallbacks
    def outer():
        yield from sub()
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 6)


@row({"outer;numbers;sleep": 4, "outer;sleep": 2})
def an_async_generator(clock: Clock) -> None:
    async def numbers():
        for number in (1, 2):
            await sleep(clock, 2)
            yield number

    async def outer():
        async for _ in numbers():
            await sleep(clock, 1)

    ensureDeferred(outer())
    clock.pump([1] * 7)


@row({"start;worker;sleep": 2}, deferreds={"start": 1, "start;worker": 1, "start;worker;sleep": 1})
def a_coroutine_made_in_one_place_and_started_in_another(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 2)

    def make():
        return worker()

    def start(coroutine):
        return ensureDeferred(coroutine)

    start(make())
    clock.pump([1] * 3)


@row({"fact;fact;fact;sleep": 2}, latencies={
    "fact": 2, "fact;fact": 2, "fact;fact;fact": 2, "fact;fact;fact;sleep": 2,
})  # fmt: skip
def recursion_of_generators(clock: Clock) -> None:
    @inlineCallbacks
    def fact(number):
        if number:
            yield fact(number - 1)
        else:
            yield sleep(clock, 2)

    fact(2)
    clock.pump([1] * 3)


@row({"walk;walk;walk;sleep": 2, "walk;walk;sleep": 1, "walk;sleep": 1})
def recursion_of_coroutines(clock: Clock) -> None:
    async def walk(number):
        if number:
            await walk(number - 1)
            await sleep(clock, 1)
        else:
            await sleep(clock, 2)

    ensureDeferred(walk(2))
    clock.pump([1] * 5)


@row({"outer;fetch;sleep": 2}, deferreds={"outer": 1, "outer;fetch": 1, "outer;fetch;sleep": 1})
def maybe_deferred_is_not_in_the_stack(clock: Clock) -> None:
    def fetch():
        return sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield maybeDeferred(fetch)

    outer()
    clock.pump([1] * 3)


@row({"outer;worker;sleep": 2})
def maybe_deferred_of_a_generator(clock: Clock) -> None:
    @inlineCallbacks
    def worker():
        yield sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield maybeDeferred(worker)

    outer()
    clock.pump([1] * 3)


@row({"outer;worker;sleep": 2, "outer;sleep": 1}, twisted=(24, 7))
def maybe_deferred_of_a_coroutine_function(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield maybeDeferred(worker)
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row(
    {"outer;sleep": 2},
    deferreds={"outer": 1, "outer;ready": 2, "outer;sleep": 1},
    latencies={"outer": 2, "outer;sleep": 2},
)
def one_that_has_fired_already_is_counted_and_takes_no_time(clock: Clock) -> None:
    def ready():
        return succeed(1)

    @inlineCallbacks
    def outer():
        yield ready()
        yield sleep(clock, 2)
        yield ready()

    outer()
    clock.pump([1] * 3)


@row({"quick;background": 3}, deferreds={"quick": 1, "quick;background": 1}, latencies={"quick;background": 3})
def what_began_under_a_generator_that_was_over_at_once_is_the_next_ones(clock: Clock) -> None:
    def background():
        return next(timer(clock, 3))

    @inlineCallbacks
    def quick():
        background()
        yield succeed(None)

    quick()
    clock.pump([1] * 4)


@row({"request;sleep": 1, "[detached];request;quick;background": 3})
def what_began_under_one_that_was_over_at_once_is_not_awaited(clock: Clock) -> None:
    def background():
        return next(timer(clock, 3))

    async def quick():
        background()

    @inlineCallbacks
    def request():
        yield ensureDeferred(quick())
        yield sleep(clock, 1)

    request()
    clock.pump([1] * 4)


@row({"outer": 3, "outer;sleep": 1}, lines={"first": 2, "second": 1}, latencies={"outer": 4, "outer;sleep": 1})
def while_a_leg_runs_nothing_changes(clock: Clock) -> None:
    """A generator that computes for 2 s after its first wait: that is still its first wait's line."""

    @inlineCallbacks
    def outer():
        yield next(timer(clock, 0))  # @first
        clock.rightNow += 2
        yield next(timer(clock, 1))  # @second
        yield sleep(clock, 1)

    outer()
    clock.advance(0)
    clock.pump([1] * 3)


@row({"outer;sleep": 1}, latencies={"outer": 1, "outer;sleep": 3})
def a_first_leg_has_no_weight(clock: Clock) -> None:
    """The child began 2 s before anybody waited for it."""

    @inlineCallbacks
    def outer():
        deferred = sleep(clock, 3)
        clock.rightNow += 2
        yield deferred

    outer()
    clock.pump([1] * 2)


@row({"outer;deferLater": 2, "outer;deferLater;cb;sleep": 1}, latencies={
    "outer": 3, "outer;deferLater": 3, "outer;deferLater;cb": 1, "outer;deferLater;cb;sleep": 1,
})  # fmt: skip
def defer_later_of_a_function_that_returns_a_deferred(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        yield deferLater(clock, 2, sleep, clock, 1)

    outer()
    clock.pump([1] * 4)


@row({"get;wrapper;fetch;sleep": 2})
def decorators_and_methods(clock: Clock) -> None:
    def traced(function):
        def wrapper(self):
            return function(self)

        return wrapper

    class Client:
        @traced
        def fetch(self):
            return sleep(clock, 2)

        @inlineCallbacks
        def get(self):
            yield self.fetch()

    Client().get()
    clock.pump([1] * 3)


@row({"outer;wrapper;inner;sleep": 2}, latencies={
    "outer": 2, "outer;wrapper": 2, "outer;wrapper;inner": 2, "outer;wrapper;inner;sleep": 2,
})  # fmt: skip
def a_plain_function_hands_on_a_generators_deferred(clock: Clock) -> None:
    @inlineCallbacks
    def inner():
        yield sleep(clock, 2)

    def wrapper():
        return inner()

    @inlineCallbacks
    def outer():
        yield wrapper()

    outer()
    clock.pump([1] * 3)


@row({"outer;double;sleep": 2, "outer;sleep": 1})
def a_generator_reads_results(clock: Clock) -> None:
    @inlineCallbacks
    def double():
        number = yield sleep(clock, 2, 21)
        return 2 * number

    @inlineCallbacks
    def outer():
        assert (yield double()) == 42
        assert (yield sleep(clock, 1, "x")) == "x"
        done.append(True)

    done: list[bool] = []
    outer()
    clock.pump([1] * 4)
    assert done
