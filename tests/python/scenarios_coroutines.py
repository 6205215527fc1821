# SPDX-License-Identifier: ISC
"""Scenarios: the coroutines that an operation awaits, and the generators that it yields from, as operations."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, gatherResults, inlineCallbacks, succeed
from twisted.internet.task import Clock

from scenarios import boom, row, sleep, timer
from theseus import Tracer


@row(
    {"page;show;get": 3},
    latencies={"page": 3, "page;show": 3, "page;show;get": 3},
    deferreds={"page": 1, "page;show": 1, "page;show;get": 1},
    outcomes={"success": 3},
)
def an_awaited_coroutine_is_an_operation(clock: Clock) -> None:
    def get():
        return next(timer(clock, 3))

    async def show():
        await get()

    async def page():
        await show()

    ensureDeferred(page())
    clock.pump([1] * 4)


@row(
    {"page;sleep": 1, "page;show;sleep": 5},
    latencies={"page": 6, "page;sleep": 1, "page;show": 5, "page;show;sleep": 5},
    deferreds={"page": 1, "page;sleep": 1, "page;show": 1, "page;show;sleep": 2},
)
def it_begins_when_it_is_first_suspended_and_ends_when_it_is_left(clock: Clock) -> None:
    async def show():
        await sleep(clock, 2)
        await sleep(clock, 3)

    async def page():
        await sleep(clock, 1)
        await show()

    ensureDeferred(page())
    clock.pump([1] * 7)


@row({"page;sleep": 1}, latencies={"page": 1, "page;sleep": 1}, deferreds={"page": 1, "page;sleep": 1, "page;fired": 1})
def one_that_never_suspends_is_not_counted(clock: Clock) -> None:
    def fired():
        return succeed(3)

    async def quick():
        return 3

    async def page():
        await quick()
        await fired()
        await sleep(clock, 1)
        await quick()

    ensureDeferred(page())
    clock.pump([1] * 2)


@row({"page;show": 5, "page;sleep": 2}, latencies={"page": 7, "page;show": 5, "page;sleep": 2}, lines={"in": 5})
def time_that_passes_in_a_leg_is_that_of_where_it_was_suspended(clock: Clock) -> None:
    """It is over before the clock moves on in the middle of a leg, and ends when that leg does."""

    async def show():
        await next(timer(clock, 1))  # @in

    async def page():
        await show()
        clock.advance(4)
        await sleep(clock, 2)

    ensureDeferred(page())
    clock.pump([1] * 4)


@row({"page": 4, "page;sleep": 2}, latencies={"page": 6, "page;sleep": 2}, deferreds={"page": 1, "page;sleep": 1})
def one_that_began_and_ended_in_one_leg_is_not_counted(clock: Clock) -> None:
    async def show():
        clock.advance(4)

    async def page():
        await sleep(clock, 2)
        await show()

    ensureDeferred(page())
    clock.pump([1] * 3)


@row(
    {"page;show;sleep": 6},
    latencies={"page": 6, "page;show": 6, "page;show;sleep": 6},
    deferreds={"page": 1, "page;show": 3, "page;show;sleep": 3},
)
def one_after_the_other_at_one_address(clock: Clock) -> None:
    """All of them have one address, line and code: they are told apart by weak references."""

    async def show(seconds):
        await sleep(clock, seconds)

    async def page():
        for seconds in (1, 2, 3):
            await show(seconds)

    ensureDeferred(page())
    clock.pump([1] * 7)


@row(
    {"walk;walk;walk;sleep": 2, "walk;walk;sleep": 1, "walk;sleep": 1},
    latencies={
        "walk": 4,
        "walk;sleep": 1,
        "walk;walk": 3,
        "walk;walk;sleep": 1,
        "walk;walk;walk": 2,
        "walk;walk;walk;sleep": 2,
    },
)
def a_chain_is_as_deep_as_the_awaits_are(clock: Clock) -> None:
    async def walk(number):
        if number:
            await walk(number - 1)
            await sleep(clock, 1)
        else:
            await sleep(clock, 2)

    ensureDeferred(walk(2))
    clock.pump([1] * 5)


@row(
    {"page;outer;first": 1, "page;outer;second": 2, "page;outer": 4},
    latencies={"page": 7, "page;outer": 7, "page;outer;first": 1, "page;outer;second": 2},
    deferreds={"page": 1, "page;outer": 1, "page;outer;first": 1, "page;outer;second": 1},
    lines={"one": 1, "two": 2, "three": 4, "first": 0, "second": 0},
)
def from_the_first_difference_on(clock: Clock) -> None:
    async def first():
        await next(timer(clock, 1))  # @one

    async def second():
        await next(timer(clock, 2))  # @two

    async def outer():
        await first()  # @first
        await second()  # @second
        await next(timer(clock, 4))  # @three

    async def page():
        await outer()

    ensureDeferred(page())
    clock.pump([1] * 8)


@row(
    {"page;steps;sleep": 3, "page;steps;more;sleep": 2},
    latencies={"page": 5, "page;steps": 5, "page;steps;sleep": 3, "page;steps;more": 2, "page;steps;more;sleep": 2},
)
def generators_that_it_yields_from(clock: Clock) -> None:
    def more():
        yield sleep(clock, 2)

    def steps():
        yield sleep(clock, 3)
        yield from more()

    @inlineCallbacks
    def page():
        yield from steps()

    page()
    clock.pump([1] * 6)


@row(
    {"page;__await__;sleep": 3},
    latencies={"page": 3, "page;__await__": 3, "page;__await__;sleep": 3},
)
def an_object_whose_await_is_a_generator(clock: Clock) -> None:
    class Show:
        def __await__(self):
            yield sleep(clock, 3)

    async def page():
        await Show()

    ensureDeferred(page())
    clock.pump([1] * 4)


@row({"page;show;sleep": 3}, latencies={"page": 3, "page;show;sleep": 3})
def below_a_coroutine_wrapper_there_is_no_chain(clock: Clock) -> None:
    class Show:
        def __await__(self):
            return self.show().__await__()

        async def show(self):
            await sleep(clock, 3)

    async def page():
        await Show()

    ensureDeferred(page())
    clock.pump([1] * 4)


@row(
    {"page;rows;sleep": 3, "page;rows;fetch;sleep": 2},
    latencies={"page": 5, "page;rows;sleep": 3, "page;rows;fetch;sleep": 2},
    deferreds={"page": 1, "page;rows;sleep": 1, "page;rows;fetch;sleep": 1},
)
def an_async_generator_is_shown_and_is_no_operation(clock: Clock) -> None:
    async def fetch():
        await sleep(clock, 2)

    async def rows():
        await sleep(clock, 3)
        yield 1
        await fetch()
        yield 2

    async def page():
        async for _ in rows():
            pass

    ensureDeferred(page())
    clock.pump([1] * 6)


@row(
    {"page;given;more": 1, "page;sleep": 3},
    latencies={"page": 4, "page;sleep": 3, "page;given": 4, "page;given;more": 1},
)
def what_was_begun_outside_and_handed_in(clock: Clock) -> None:
    def more():
        return next(timer(clock, 1))

    async def given(deferred):
        await deferred
        await more()

    async def page():
        await given(sleep(clock, 3))

    ensureDeferred(page())
    clock.pump([1] * 5)


@row(
    {"[detached];page;open_two;sleep": 3, "page;open_two;sleep": 4},
    latencies={"page": 4, "page;open_two": 2, "page;open_two;sleep": 7},
)
def what_it_began_is_awaited_later_by_its_operation(clock: Clock) -> None:
    """Sleeps of 1, 4 and 2 seconds: the last one is awaited at first, then the second for the rest of its time."""

    async def open_two():
        deferreds = [sleep(clock, 1), sleep(clock, 4)]
        await sleep(clock, 2)
        return deferreds

    async def page():
        for deferred in await open_two():
            await deferred

    ensureDeferred(page())
    clock.pump([1] * 5)


@row(
    {"page;show;sleep": 1, "page;show;next": 1, "[detached];page;show;keep;sleep": 1, "page;show;keep;sleep": 3},
    latencies={"page": 5, "page;show": 2, "page;show;sleep": 1, "page;show;next": 1, "page;show;keep;sleep": 4},
)
def what_a_callback_began_while_it_waited(clock: Clock) -> None:
    """It belongs to the coroutine that waits; when that is left, to the operation, which awaits it later."""
    kept = []

    def keep(_):
        kept.append(sleep(clock, 4))

    def next(_):
        deferred = Deferred()
        clock.callLater(1, deferred.callback, None)
        return deferred

    async def show():
        await sleep(clock, 1).addCallback(keep).addCallback(next)

    async def page():
        await show()
        await kept[0]

    ensureDeferred(page())
    clock.pump([1] * 6)


@row(
    {"page;show;a": 1, "page;show;b": 3},
    latencies={"page": 4, "page;show": 4, "page;show;a": 2, "page;show;b": 4},
)
def a_gather_in_one(clock: Clock) -> None:
    def a():
        return next(timer(clock, 2))

    def b():
        return next(timer(clock, 4))

    async def show():
        await gatherResults([a(), b()])

    async def page():
        await show()

    ensureDeferred(page())
    clock.pump([1] * 5)


@row(
    {"page;show;worker;step;sleep": 2},
    latencies={
        "page": 2,
        "page;show": 2,
        "page;show;worker": 2,
        "page;show;worker;step": 2,
        "page;show;worker;step;sleep": 2,
    },
)
def an_operation_in_one_with_a_chain_of_its_own(clock: Clock) -> None:
    async def step():
        await sleep(clock, 2)

    async def worker():
        await step()

    async def show():
        await ensureDeferred(worker())

    async def page():
        await show()

    ensureDeferred(page())
    clock.pump([1] * 3)


@row(
    {"page;show;sleep": 2, "page;show;worker;sleep": 3},
    latencies={"page": 5, "page;show": 5, "page;show;sleep": 2, "page;show;worker": 3, "page;show;worker;sleep": 3},
    twisted=(24, 7),
)
def a_raw_coroutine_is_yielded_in_one(clock: Clock) -> None:
    async def worker():
        await sleep(clock, 3)

    def show():
        yield sleep(clock, 2)
        yield worker()

    @inlineCallbacks
    def page():
        yield from show()

    page()
    clock.pump([1] * 6)


@row(
    {"one;steps": 3, "two;steps": 3},
    latencies={"one": 3, "one;steps": 3, "two": 3},
    deferreds={"one": 1, "one;steps": 1, "two": 1},
)
def a_generator_that_two_use_is_passed_over_by_the_later(clock: Clock) -> None:
    def steps():
        yield next(timer(clock, 3))
        yield next(timer(clock, 3))

    shared = steps()

    @inlineCallbacks
    def one():
        yield from shared

    @inlineCallbacks
    def two():
        yield from shared

    one()
    two()
    clock.advance(3)
    clock.advance(3)


@row({"page;show;boom": 1, "page;sleep": 2}, outcomes={"success": 2, "failure": 2, "cancelled": 0, "abandoned": 0})
def an_exception_leaves_it_and_is_caught(clock: Clock) -> None:
    async def show():
        await boom(clock, 1)

    async def page():
        try:
            await show()
        except ZeroDivisionError:
            await sleep(clock, 2)

    ensureDeferred(page())
    clock.pump([1] * 4)


@row({"page;show;step;boom": 1}, outcomes={"success": 0, "failure": 4, "cancelled": 0, "abandoned": 0})
def an_exception_leaves_them_all_at_once(clock: Clock) -> None:
    async def step():
        await boom(clock, 1)

    async def show():
        await step()

    async def page():
        await show()

    ensureDeferred(page()).addErrback(lambda _: None)
    clock.pump([1] * 2)


@row({"page;show;step;boom": 1, "page;show;sleep": 2}, outcomes={"success": 3, "failure": 2})
def an_exception_is_caught_in_one(clock: Clock) -> None:
    async def step():
        await boom(clock, 1)

    async def show():
        try:
            await step()
        except ZeroDivisionError:
            await sleep(clock, 2)

    async def page():
        await show()

    ensureDeferred(page())
    clock.pump([1] * 4)


@row({"page;show;sleep": 1}, outcomes={"success": 2, "failure": 1})
def an_exception_of_its_own_after_a_value(clock: Clock) -> None:
    """By the way of resumption nothing differs."""

    async def show():
        await sleep(clock, 1)
        raise ValueError

    async def page():
        try:
            await show()
        except ValueError:
            return 3

    ensureDeferred(page())
    clock.pump([1] * 2)


@row({"page;show;boom": 1}, outcomes={"success": 2, "failure": 1})
def a_return_after_an_exception(clock: Clock) -> None:
    async def show():
        try:
            await boom(clock, 1)
        except ZeroDivisionError:
            return

    async def page():
        await show()

    ensureDeferred(page())
    clock.pump([1] * 2)


@row({"page;show": 1}, outcomes={"success": 0, "failure": 1, "cancelled": 1, "abandoned": 0})
def a_cancellation_leaves_it(clock: Clock) -> None:
    """Whichever exception it is: that of the coroutine is a failure, the operation's a cancellation."""

    async def show():
        await Deferred()

    async def page():
        await show()

    deferred = ensureDeferred(page())
    clock.advance(1)
    deferred.addErrback(lambda failure: failure.trap(CancelledError))
    deferred.cancel()


@row({"page;show": 1}, outcomes={"success": 0, "failure": 0, "cancelled": 0, "abandoned": 2})
def abandoned_with_its_operation(clock: Clock) -> None:
    async def show():
        await Deferred()

    async def page():
        await show()

    ensureDeferred(page())
    clock.advance(1)
    gc.collect()


@row({"page;show": 1, "page": 2}, lines={"there": 1, "here": 2}, latencies={"page": 3, "page;show": 1})
def values_of_none_on_the_way(clock: Clock) -> None:
    """Twisted takes what is not a Deferred, and resumes at once."""

    def show():
        yield None
        yield next(timer(clock, 1))  # @there
        yield None
        return 3

    @inlineCallbacks
    def page():
        yield from show()
        yield next(timer(clock, 2))  # @here

    page()
    clock.pump([1] * 4)


@row({"page;show": 4}, latencies={"page": 4, "page;show": 4}, outcomes={"success": 2, "failure": 0})
def it_ends_with_an_operation_whose_deferred_is_fired_by_hand(clock: Clock) -> None:
    """Its generator goes on, unseen."""
    inner: Deferred[Any] = Deferred()

    async def show():
        await inner
        await sleep(clock, 3)

    async def page():
        await show()

    deferred = ensureDeferred(page())
    clock.advance(4)
    deferred.callback(3)
    clock.pump([1] * 3)


@row({"page;show": 5}, latencies={"page": 5, "page;show": 5}, deferreds={"page": 1, "page;show": 1})
def uninstalled_while_it_waits(clock: Clock, tracer: Tracer) -> None:
    """Those that are open end with their operation."""

    async def show():
        await next(timer(clock, 2))

    async def page():
        await show()
        await sleep(clock, 3)

    ensureDeferred(page())
    clock.advance(1)
    tracer.uninstall()
    clock.pump([1] * 5)


@row({"page;show": 5}, latencies={"page": 5, "page;show": 5}, deferreds={"page": 1, "page;show": 1})
def installed_while_it_waits(clock: Clock, tracer: Tracer) -> None:
    async def show():
        await next(timer(clock, 2))
        await next(timer(clock, 3))

    async def page():
        await show()

    ensureDeferred(page())
    clock.advance(1)
    tracer.uninstall()
    tracer.install()
    clock.pump([1] * 5)
