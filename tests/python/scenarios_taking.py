# SPDX-License-Identifier: ISC
"""Scenarios: several spans on one Deferred, lists and chains behind helpers, and Deferreds that are fed by hand."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import (
    Deferred,
    DeferredList,
    ensureDeferred,
    gatherResults,
    inlineCallbacks,
    succeed,
)
from twisted.internet.task import Clock

from scenarios import row, sleep, timer

# -- helpers of real programs, which pass a Deferred on, or make another of it -----------------------------------


def yieldable(deferred: Deferred[Any]) -> Deferred[Any]:  # Synapse's make_deferred_yieldable
    return deferred


def gathered(deferreds: list[Deferred[Any]]) -> Deferred[Any]:
    return gatherResults(deferreds)


def stop_cancellation(deferred: Deferred[Any]) -> Deferred[Any]:
    new: Deferred[Any] = Deferred()
    deferred.addBoth(new.callback)
    return new


def timeout_deferred(clock: Clock, deferred: Deferred[Any], seconds: float) -> Deferred[Any]:
    new: Deferred[Any] = Deferred()

    def time_out() -> None:
        deferred.cancel()
        if not new.called:
            new.errback(TimeoutError())

    delayed = clock.callLater(seconds, time_out)

    def done(result: Any) -> None:
        if delayed.active():
            delayed.cancel()
        if not new.called:
            new.callback(result)

    deferred.addBoth(done)
    return new


def forget(deferred: Deferred[Any]) -> None:
    deferred.addErrback(lambda _: None)


# -- one Deferred, several spans -----------------------------------------------------------------------------------


@row(
    {"handler;sleep": 1},
    latencies={"handler": 1, "handler;sleep": 1, "handler;yieldable": 1},
    deferreds={"handler": 1, "handler;sleep": 1, "handler;yieldable": 1},
)
def one_that_passes_a_deferred_on_takes_nothing_from_it(clock: Clock) -> None:
    async def handler() -> None:
        await yieldable(sleep(clock, 1))

    ensureDeferred(handler())
    clock.pump([1] * 2)


@row({"handler;sleep": 1})
def passed_on_twice(clock: Clock) -> None:
    @inlineCallbacks
    def handler():
        yield yieldable(yieldable(sleep(clock, 1)))

    handler()
    clock.pump([1] * 2)


@row({"sleep": 1}, latencies={"sleep": 1, "yieldable": 1})
def nobodys_deferred_that_is_passed_on_is_one_head(clock: Clock) -> None:
    yieldable(sleep(clock, 1))
    clock.pump([1] * 2)


@row({"fetch;sleep": 1}, latencies={"fetch": 1, "fetch;sleep": 1, "fetch;yieldable": 1})
def a_plain_function_passes_on(clock: Clock) -> None:
    def fetch():
        return yieldable(sleep(clock, 1))

    fetch()
    clock.pump([1] * 2)


@row(
    {"page": 1, "[detached];page;sleep": 1, "page;sleep": 1},
    latencies={"page": 2, "page;sleep": 2, "page;yieldable": 1},
)
def passed_on_in_a_later_leg(clock: Clock) -> None:
    """The same run of page() was handed both."""

    @inlineCallbacks
    def page():
        early = sleep(clock, 2)
        yield next(timer(clock, 1))
        yield yieldable(early)

    page()
    clock.pump([1] * 3)


@row({"page;sleep": 2})
def started_elsewhere_and_awaited_twice(clock: Clock) -> None:
    """Another run got it: but both are page's, and it awaits the later, which takes the earlier."""

    @inlineCallbacks
    def page():
        shared = sleep(clock, 2)

        def again():
            return yieldable(shared)

        yield again()

    page()
    clock.pump([1] * 3)


@row({"first;sleep": 2, "second": 1})
def a_cache_takes_nothing_from_its_filler(clock: Clock) -> None:
    """second() shares what first() began, one second later: it has self wait."""
    cache: list[Deferred[Any]] = []

    def lookup():
        if not cache:
            cache.append(sleep(clock, 2))
        return cache[0]

    @inlineCallbacks
    def first():
        cache.append(sleep(clock, 2))
        yield cache[0]

    @inlineCallbacks
    def second():
        yield cache[0]

    first()
    clock.advance(1)
    second()
    clock.pump([1] * 2)


@row({"start;connect": 3, "pump;advance;ask;request": 3})
def two_roots_that_share_a_connection_stay_two(clock: Clock) -> None:
    ready = next(timer(clock, 3))

    def connect():
        return ready

    def request():
        return ready

    def start():
        forget(connect())

    def ask():
        forget(request())

    start()
    clock.advance(0)
    clock.callLater(0, ask)
    clock.pump([0, 1, 1, 1])


# -- lists and chains ------------------------------------------------------------------------------------------------


@row({"page;a;sleep": 0.5, "page;b;sleep": 2.5})
def a_gather_that_is_passed_on(clock: Clock) -> None:
    async def a() -> None:
        await sleep(clock, 1)

    async def b() -> None:
        await sleep(clock, 3)

    async def page() -> None:
        await yieldable(gatherResults([ensureDeferred(a()), ensureDeferred(b())]))

    ensureDeferred(page())
    clock.pump([1] * 4)


@row({"page;a": 0.5, "page;b": 2.5})
def a_helpers_gather_that_is_passed_on(clock: Clock) -> None:
    def a():
        return next(timer(clock, 1))

    def b():
        return next(timer(clock, 3))

    @inlineCallbacks
    def page():
        yield yieldable(gathered([a(), b()]))

    page()
    clock.pump([1] * 4)


@row({"page;a": 0.5, "page;b": 2.5})
def a_gather_that_feeds_by_hand(clock: Clock) -> None:
    def a():
        return next(timer(clock, 1))

    def b():
        return next(timer(clock, 3))

    @inlineCallbacks
    def page():
        yield stop_cancellation(gatherResults([a(), b()]))

    page()
    clock.pump([1] * 4)


@row({"a": 0.5, "b": 2.5}, latencies={"a": 1, "b": 3, "yieldable": 3})
def nobodys_gather_that_is_passed_on_is_one_head(clock: Clock) -> None:
    def a():
        return next(timer(clock, 1))

    def b():
        return next(timer(clock, 3))

    yieldable(gatherResults([a(), b()]))
    clock.pump([1] * 4)


@row({"page;a": 0.25 * 4, "page;b": 0.25 * 4, "page;c": 0.5 * 4})
def a_helpers_list_in_a_list_is_one_part(clock: Clock) -> None:
    def a():
        return next(timer(clock, 4))

    def b():
        return next(timer(clock, 4))

    def c():
        return next(timer(clock, 4))

    @inlineCallbacks
    def page():
        yield gatherResults([gathered([a(), b()]), c()])

    page()
    clock.pump([1] * 5)


@row({"page;a": 1, "page;b": 1, "page;c": 1})
def a_bare_list_in_a_list_is_none(clock: Clock) -> None:
    def a():
        return next(timer(clock, 3))

    def b():
        return next(timer(clock, 3))

    def c():
        return next(timer(clock, 3))

    @inlineCallbacks
    def page():
        yield yieldable(gatherResults([gatherResults([a(), b()]), c()]))

    page()
    clock.pump([1] * 4)


@row({"page;inner": 2}, latencies={"page": 2, "page;inner": 2, "page;outer": 2, "page;outer;<lambda>": 2})
def one_on_a_deferred_that_is_chained_takes_what_it_is_chained_to(clock: Clock) -> None:
    def inner():
        return next(timer(clock, 2))

    def outer(other):
        return succeed(None).addCallback(lambda _: other)

    @inlineCallbacks
    def page():
        yield outer(inner())

    page()
    clock.pump([1] * 3)


@row({"page;fast": 0.5, "page;slow": 0.5 + 2})
def what_a_list_took_goes_back_and_is_awaited_again(clock: Clock) -> None:
    """The list fires with the faster one.  Then the slower one is nobody's for an instant, until page awaits it."""

    def fast():
        return next(timer(clock, 1))

    def slow():
        return next(timer(clock, 3))

    def first_of(deferreds):
        return DeferredList(deferreds, fireOnOneCallback=True)

    @inlineCallbacks
    def page():
        later = slow()
        yield first_of([fast(), later])
        yield later

    page()
    clock.pump([1] * 4)


@row({"page;fast": 0.5, "page;slow": 0.5, "page": 1, "[detached];page;slow": 1})
def what_a_list_took_goes_back_and_is_detached(clock: Clock) -> None:
    def fast():
        return next(timer(clock, 1))

    def slow():
        return next(timer(clock, 2))

    def first_of(deferreds):
        return DeferredList(deferreds, fireOnOneCallback=True)

    @inlineCallbacks
    def page():
        yield first_of([fast(), slow()])
        yield next(timer(clock, 1))

    page()
    clock.pump([1] * 3)


# -- fed by hand -------------------------------------------------------------------------------------------------------


@row({"page;request": 2}, latencies={"page": 2, "page;request": 2, "page;timeout_deferred": 2})
def a_timeout_leaves_the_wait_with_the_request(clock: Clock) -> None:
    def request():
        return next(timer(clock, 2))

    @inlineCallbacks
    def page():
        yield timeout_deferred(clock, request(), 5)

    page()
    clock.pump([1] * 3)


@row({"page": 1, "[detached];page;request": 1, "page;request": 2})
def a_timeout_of_a_request_of_an_earlier_leg(clock: Clock) -> None:
    """The same run of page() was handed both."""

    def request():
        return next(timer(clock, 3))

    @inlineCallbacks
    def page():
        started = request()
        yield next(timer(clock, 1))
        yield timeout_deferred(clock, started, 5)

    page()
    clock.pump([1] * 4)


@row(
    {"page;request": 1, "page": 1, "[detached];page;request": 1},
    latencies={"page": 2, "page;request": 2, "page;impatient": 1},
    outcomes={"failure": 1},
)
def a_request_that_is_not_cancelled_outlives_its_timeout(clock: Clock) -> None:
    """What the timeout took goes back to page, which does not await it."""

    def request():
        return next(timer(clock, 2))

    def impatient(deferred):
        new: Deferred[Any] = Deferred()
        clock.callLater(1, lambda: new.called or new.errback(TimeoutError()))
        deferred.addCallback(lambda result: new.called or new.callback(result))
        return new

    @inlineCallbacks
    def page():
        try:
            yield impatient(request())
        except TimeoutError:
            yield next(timer(clock, 1))

    page()
    clock.pump([1] * 3)


@row({"page;left": 1, "page;right": 1})
def two_that_feed_one_are_a_race(clock: Clock) -> None:
    def left():
        return next(timer(clock, 2))

    def right():
        return next(timer(clock, 2.5))

    def race(deferreds):
        winner: Deferred[Any] = Deferred()

        def won(result: Any) -> None:
            if not winner.called:
                winner.callback(result)

        for deferred in deferreds:
            deferred.addBoth(won)
        return winner

    @inlineCallbacks
    def page():
        yield race([left(), right()])

    page()
    clock.pump([1, 1])


@row({"page;wait_for": 2, "[detached];page;request": 2})
def a_watchdog_that_only_cancels_takes_nothing(clock: Clock) -> None:
    """What a request's callback cancels, it does not feed."""

    def request():
        return next(timer(clock, 2))

    def wait_for(other):
        guarded = next(timer(clock, 2))

        def stop(result: Any) -> Any:
            guarded.cancel()
            return result

        clock.callLater(9, other.addBoth, stop)
        return guarded

    @inlineCallbacks
    def page():
        yield wait_for(request())

    page()
    clock.pump([1, 1])


@row({"page;request": 2})
def a_bare_deferred_that_a_held_child_feeds(clock: Clock) -> None:
    def request():
        return next(timer(clock, 2))

    @inlineCallbacks
    def page():
        done: Deferred[Any] = Deferred()
        request().addCallback(done.callback)
        yield done

    page()
    clock.pump([1] * 3)


@row({"page": 2, "[detached];page;request": 2})
def entries_that_come_later_do_not_feed(clock: Clock) -> None:
    def request():
        return next(timer(clock, 2))

    @inlineCallbacks
    def page():
        done: Deferred[Any] = Deferred()
        started = request()
        clock.callLater(0, started.addCallback, done.callback)
        yield done

    page()
    clock.pump([0, 1, 1])


@row({"page;request": 2})
def fed_among_the_arguments_of_an_entry(clock: Clock) -> None:
    def request():
        return next(timer(clock, 2))

    def fire(result: Any, done: Deferred[Any]) -> None:
        done.callback(result)

    @inlineCallbacks
    def page():
        done: Deferred[Any] = Deferred()
        request().addCallbacks(fire, fire, callbackKeywords={"done": done}, errbackArgs=(done,))
        yield done

    page()
    clock.pump([1] * 3)


@row({"page;a": 0.5, "page;b": 2.5})
def fed_by_the_members_of_a_list(clock: Clock) -> None:
    def a():
        return next(timer(clock, 1))

    def b():
        return next(timer(clock, 3))

    @inlineCallbacks
    def page():
        done: Deferred[Any] = Deferred()
        gatherResults([a(), b()]).addCallback(lambda result: done.callback(result))
        yield done

    page()
    clock.pump([1] * 4)


def hand_over_after(number: int, clock: Clock) -> None:
    """Of what the run was handed, the first one feeds what wait() returns, and so many do not."""
    done: Deferred[Any] = Deferred()

    def feeder():
        return next(timer(clock, 2))

    def other():
        return next(timer(clock, 2))

    def wait():
        return done

    feeder().addCallback(done.callback)
    kept = []
    for _ in range(number):  # not in a comprehension: before Python 3.12 that is a function of its own
        kept.append(other())
    wait()
    clock.pump([1] * 3)


@row({"hand_over_after;feeder": 2, "hand_over_after;other": 14})
def the_eighth_from_the_end_may_feed(clock: Clock) -> None:
    hand_over_after(7, clock)


@row({"hand_over_after;feeder": 2, "hand_over_after;other": 16, "hand_over_after;wait": 2})
def the_ninth_from_the_end_may_not_feed(clock: Clock) -> None:
    hand_over_after(8, clock)


@row({"page;request": 2, "page": 1, "[detached];page;handle;sleep": 1})
def what_fires_a_deferred_goes_on_to_who_waits_for_it(clock: Clock) -> None:
    """handle() names callback, and has done: it is under page.  What it starts, page does not wait for."""

    def request():
        return next(timer(clock, 2))

    @inlineCallbacks
    def page():
        done: Deferred[Any] = Deferred()

        def handle(result: Any) -> Any:
            sleep(clock, 1).addCallback(done.callback)

        request().addCallback(handle)
        yield done

    page()
    clock.pump([1] * 4)


@row({"page;sleep": 3, "[detached];page;sleep": 23})
def many_that_ended_in_an_earlier_leg_hide_none_that_feeds(clock: Clock) -> None:
    @inlineCallbacks
    def page():
        sleep(clock, 9)
        for _ in range(14):
            sleep(clock, 1)
        yield sleep(clock, 1)
        done: Deferred[Any] = Deferred()
        sleep(clock, 2).addCallback(done.callback)
        yield done

    page()
    clock.pump([1] * 10)
