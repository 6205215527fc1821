# SPDX-License-Identifier: ISC
"""Scenarios: callbacks, what they return, what they go on to, and functions that hand a Deferred on."""

from __future__ import annotations

import functools
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred, gatherResults, inlineCallbacks, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from scenarios import boom, row, sleep, timer


@row({"fetch": 2}, lines={"return": 2}, latencies={"fetch": 2}, deferreds={"fetch": 1})
def a_plain_function(clock: Clock) -> None:
    def fetch():
        deferred = next(timer(clock, 2))
        return deferred  # @return

    fetch()
    clock.pump([1] * 3)


@row({"outer;middle;inner": 2}, latencies={"outer": 2, "outer;middle": 2, "outer;middle;inner": 2})
def the_same_deferred_through_several_functions(clock: Clock) -> None:
    def inner():
        return next(timer(clock, 2))

    def middle():
        return inner()

    def outer():
        deferred = middle()
        return deferred

    outer()
    clock.pump([1] * 3)


@row({"fetch;sleep": 1, "fetch;again;sleep": 2}, latencies={
    "fetch": 3, "fetch;sleep": 1, "fetch;again": 2, "fetch;again;sleep": 2,
})  # fmt: skip
def a_callback_returns_a_deferred(clock: Clock) -> None:
    def again(_):
        return sleep(clock, 2)

    def fetch():
        return sleep(clock, 1).addCallback(again)

    fetch()
    clock.pump([1] * 4)


@row({"fetch;step;sleep": 2}, deferreds={"fetch": 1, "fetch;step": 1, "fetch;step;sleep": 1})
def a_callback_that_runs_at_once(clock: Clock) -> None:
    def step(_):
        return sleep(clock, 2)

    def fetch():
        return succeed(None).addCallback(step)

    fetch()
    clock.pump([1] * 3)


@row({"outer;sleep": 1, "outer;parse;sleep": 2}, latencies={
    "outer": 3, "outer;sleep": 1, "outer;parse": 2, "outer;parse;sleep": 2,
})  # fmt: skip
def a_callback_added_in_the_yield(clock: Clock) -> None:
    def parse(_):
        return sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield sleep(clock, 1).addCallback(parse)

    outer()
    clock.pump([1] * 4)


@row({"outer;inner;sleep": 1, "outer;inner;parse;sleep": 2})
def a_callback_added_in_the_await(clock: Clock) -> None:
    def parse(_):
        return sleep(clock, 2)

    async def inner():
        await sleep(clock, 1).addCallback(parse)

    async def outer():
        await inner()

    ensureDeferred(outer())
    clock.pump([1] * 4)


@row({"outer;sleep": 1, "outer;parse;worker;sleep": 2, "outer;store;sleep": 3})
def a_chain_of_callbacks_that_wait(clock: Clock) -> None:
    @inlineCallbacks
    def worker():
        yield sleep(clock, 2)

    def parse(_):
        return worker()

    def store(_):
        return sleep(clock, 3)

    @inlineCallbacks
    def outer():
        yield sleep(clock, 1).addCallback(parse).addCallback(store)

    outer()
    clock.pump([1] * 7)


@row({"outer;boom": 1, "outer;recover;sleep": 2}, outcomes={"failure": 1, "success": 3})
def an_errback_that_waits(clock: Clock) -> None:
    def recover(failure: Failure):
        failure.trap(ZeroDivisionError)
        return sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield boom(clock, 1).addErrback(recover)

    outer()
    clock.pump([1] * 4)


@row({"fetch": 1, "parse;sleep": 2}, latencies={"fetch": 1, "parse": 2, "parse;sleep": 2})
def a_callback_nobody_waits_for_is_where_it_was_written(clock: Clock) -> None:
    def fetch():
        return next(timer(clock, 1))

    def parse(_):
        return sleep(clock, 2)

    fetch().addCallback(parse)
    clock.pump([1] * 4)


@row({"tick;fetch": 1, "tick;store;sleep": 2, "tick;log;sleep": 3})
def callbacks_nobody_waits_for_under_a_function(clock: Clock) -> None:
    def fetch():
        return next(timer(clock, 1))

    def store(_):
        return sleep(clock, 2)

    def log(_):
        return sleep(clock, 3)

    def tick():
        fetch().addCallback(store).addCallback(log)

    tick()
    clock.pump([1] * 7)


@row({"[detached];request;background": 3, "[detached];request;after;sleep": 2, "request;sleep": 1})
def a_callback_of_what_outlived_its_parent_is_detached_from_the_start(clock: Clock) -> None:
    def background():
        return next(timer(clock, 3))

    def after(_):
        return sleep(clock, 2)

    @inlineCallbacks
    def request():
        background().addCallback(after)
        yield sleep(clock, 1)

    request()
    clock.pump([1] * 6)


@row({"request;sleep": 1, "request;later;sleep": 2, "[detached];request;later;background": 4})
def what_a_callback_starts_and_does_not_return_is_detached(clock: Clock) -> None:
    def background():
        return next(timer(clock, 4))

    def later(_):
        background()
        return sleep(clock, 2)

    @inlineCallbacks
    def request():
        yield sleep(clock, 1).addCallback(later)

    request()
    clock.pump([1] * 6)


@row({"fetch;sleep": 2}, deferreds={"fetch": 1, "fetch;sleep": 1})
def chain_deferred(clock: Clock) -> None:
    def fetch():
        deferred: Deferred[None] = Deferred()
        sleep(clock, 2).chainDeferred(deferred)
        return deferred

    fetch()
    clock.pump([1] * 3)


@row({"fetch;sleep": 1, "fetch": 2, "[detached];fetch;step;sleep": 2})
def what_a_callback_of_what_feeds_a_deferred_returns_is_not_known(clock: Clock) -> None:
    def step(_):
        return sleep(clock, 2)

    def fetch():
        deferred: Deferred[None] = Deferred()
        sleep(clock, 1).addCallback(step).addCallback(deferred.callback)
        return deferred

    fetch()
    clock.pump([1] * 4)


@row(
    {"fetch;sleep": 1, "fetch;step;sleep": 2},
    latencies={"fetch": 3, "fetch;sleep": 1, "fetch;step": 2, "fetch;step;sleep": 2},
)
def chain_deferred_after_a_callback_that_waits(clock: Clock) -> None:
    def step(_):
        return sleep(clock, 2)

    def fetch():
        deferred: Deferred[None] = Deferred()
        sleep(clock, 1).addCallback(step).chainDeferred(deferred)
        return deferred

    fetch()
    clock.pump([1] * 4)


@row({"fetch;sleep": 1, "fetch;step;sleep": 2})
def chain_deferred_of_a_gather_and_a_callback(clock: Clock) -> None:
    def step(_):
        return sleep(clock, 2)

    def fetch():
        deferred: Deferred[None] = Deferred()
        gatherResults([sleep(clock, 1)]).addCallback(step).chainDeferred(deferred)
        return deferred

    fetch()
    clock.pump([1] * 4)


@row({"fetch;left": 1, "[detached];fetch;right": 3})
def chain_deferred_names_the_one_that_is_awaited(clock: Clock) -> None:
    def left():
        return next(timer(clock, 1))

    def right():
        return next(timer(clock, 3))

    def fetch():
        deferred: Deferred[None] = Deferred()
        left().chainDeferred(deferred)
        right()
        return deferred

    fetch()
    clock.pump([1] * 4)


@row(
    {"both;left": 2, "[detached];both;right": 3},
    latencies={"both": 2, "both;left": 2, "both;right": 3},
    outcomes={"success": 3},
)
def chained_by_hand_the_child_that_feeds_counts(clock: Clock) -> None:

    def left():
        return next(timer(clock, 2))

    def right():
        return next(timer(clock, 3))

    def both():
        deferred: Deferred[None] = Deferred()
        left().addCallback(deferred.callback)
        right()
        return deferred

    both()
    clock.pump([1] * 4)


class Handed:
    """Fires a Deferred that it has in an attribute, so that nobody sees the link."""

    def __init__(self, deferred: Deferred[Any]) -> None:
        self.deferred = deferred

    def fire(self, result: Any) -> None:
        self.deferred.callback(result)


@row({"both;left": 1, "both;right": 1, "[detached];both;right": 1})
def chained_out_of_sight_two_children_share(clock: Clock) -> None:
    """Half of the first 2 s each; when it has fired, the other one's last second is nobody's wait but its own."""

    def left():
        return next(timer(clock, 2))

    def right():
        return next(timer(clock, 3))

    def both():
        deferred: Deferred[None] = Deferred()
        left().addCallback(Handed(deferred).fire)
        right()
        return deferred

    both()
    clock.pump([1] * 4)


@row({"fetch;sleep": 1, "fetch;step;sleep": 2})
def chained_out_of_sight_all_children_count(clock: Clock) -> None:
    def step(_):
        return sleep(clock, 2)

    def fetch():
        deferred: Deferred[None] = Deferred()
        sleep(clock, 1).addCallback(step).addCallback(Handed(deferred).fire)
        return deferred

    fetch()
    clock.pump([1] * 4)


@row({"fetch;old": 0.5, "fetch;other": 0.5, "fetch;known;sleep": 1, "[detached];fetch;other": 2})
def all_children_until_one_is_known(clock: Clock) -> None:
    """What a callback of the Deferred itself returns is known; the rest is then not awaited any more."""

    def old():
        return next(timer(clock, 1))

    def other():
        return next(timer(clock, 3))

    def known(_):
        return sleep(clock, 1)

    def fetch():
        deferred: Deferred[None] = Deferred()
        old().addCallback(Handed(deferred).fire)
        other()
        return deferred.addCallback(known)

    fetch()
    clock.pump([1] * 4)


@row({"shared": 3, "first": 3, "second": 3}, lines={"first": 3, "second": 3})
def one_deferred_awaited_by_several(clock: Clock) -> None:
    def shared():
        return next(timer(clock, 3))

    @inlineCallbacks
    def first(deferred):
        yield deferred  # @first

    @inlineCallbacks
    def second(deferred):
        yield deferred  # @second

    deferred = shared()
    first(deferred)
    second(deferred)
    clock.pump([1] * 4)


@row({"owner;connect": 3, "guest": 2}, lines={"cached": 2})
def another_operations_deferred_gives_no_weight(clock: Clock) -> None:
    cache = {}

    def connect():
        cache["it"] = next(timer(clock, 3))
        return cache["it"]

    @inlineCallbacks
    def owner():
        yield connect()

    @inlineCallbacks
    def guest():
        yield cache["it"]  # @cached

    owner()
    clock.advance(1)
    guest()
    clock.pump([1] * 3)


@row({"outer;fetch": 2}, latencies={"outer": 2, "outer;fetch": 2, "outer;watch": 2})
def the_later_of_two_on_one_deferred_takes_the_earlier(clock: Clock) -> None:
    def fetch():
        return next(timer(clock, 2))

    def watch(deferred):
        return deferred.addCallback(lambda result: result)

    @inlineCallbacks
    def outer():
        yield watch(fetch())

    outer()
    clock.pump([1] * 3)


@row({"poll;sleep": 1, "poll;again;poll;sleep": 49})
def a_polling_chain_stays_on_a_few_stacks(clock: Clock) -> None:
    left = list(range(49))

    def again(_):
        return poll() if left and left.pop() >= 0 else None

    def poll():
        return sleep(clock, 1).addCallback(again)

    poll()
    clock.pump([1] * 51)


@row({"ping;sleep": 3, "ping;pong;sleep": 3})
def a_cycle_through_callbacks(clock: Clock) -> None:
    more = iter([True] * 5)

    def ping(_=None):
        deferred = sleep(clock, 1)
        return deferred.addCallback(pong) if next(more, False) else deferred

    def pong(_):
        deferred = sleep(clock, 1)
        return deferred.addCallback(ping) if next(more, False) else deferred

    ping()
    clock.pump([1] * 7)


@row({"outer;fetch": 1, "outer;retry;fetch": 2}, outcomes={"failure": 2})
def a_retry_from_an_errback(clock: Clock) -> None:
    def fetch(good):
        deferred = next(timer(clock, 1))
        return deferred if good else deferred.addCallback(lambda _: 1 // 0)

    def retry(failure: Failure):
        tries.append(1)
        deferred = fetch(len(tries) == 2)
        return deferred if len(tries) == 2 else deferred.addErrback(retry)

    @inlineCallbacks
    def outer():
        yield fetch(False).addErrback(retry)

    tries: list[int] = []
    outer()
    clock.pump([1] * 5)


@row({"<lambda>;sleep": 2}, deferreds={"<lambda>": 1, "<lambda>;sleep": 1})
def a_lambda(clock: Clock) -> None:
    go = lambda: sleep(clock, 2)  # noqa: E731

    go()
    clock.pump([1] * 3)


@row({"outer;sleep": 2, "outer;fetch": 1})
def functools_partial_is_not_in_the_stack(clock: Clock) -> None:
    def fetch(seconds):
        return next(timer(clock, seconds))

    @inlineCallbacks
    def outer():
        yield functools.partial(sleep, clock)(2)
        yield functools.partial(fetch, 1)()

    outer()
    clock.pump([1] * 4)


@row({"outer;fetch": 3, "[detached];outer;fetch": 1})
def map_is_not_in_the_stack(clock: Clock) -> None:
    """Two at once, of 1 s and 3 s, awaited one after the other: the second is not awaited in the first second."""

    def fetch(seconds):
        return next(timer(clock, seconds))

    @inlineCallbacks
    def outer():
        first, second = map(fetch, (1, 3))
        yield first
        yield second

    outer()
    clock.pump([1] * 4)


@row({"fetch": 2}, deferreds={"fetch": 1})
def a_deferred_subclass(clock: Clock) -> None:
    class Answer(Deferred):  # type: ignore[type-arg]
        pass

    def fetch():
        answer = Answer()
        clock.callLater(2, answer.callback, 1)
        return answer

    fetch()
    clock.pump([1] * 3)


@row({"outer;sleep": 1, "outer;wait;sleep": 2}, outcomes={"success": 4})
def results_pass_through_in_order(clock: Clock) -> None:
    seen: list[object] = []

    def wait(result):
        seen.append(result)
        return sleep(clock, 2, "second")

    def note(result):
        seen.append(result)
        return "third"

    @inlineCallbacks
    def outer():
        seen.append((yield sleep(clock, 1, "first").addCallback(wait).addCallback(note)))

    outer()
    clock.pump([1] * 4)
    assert seen == ["first", "second", "third"]


@row({"fetch": 2}, twisted=(24, 7))
def fired_with_a_deferred_the_callback_sees_the_deferred(clock: Clock) -> None:
    inner: Deferred[str] = Deferred()
    seen: list[object] = []

    def fetch():
        deferred: Deferred[object] = Deferred()
        clock.callLater(2, deferred.callback, inner)
        return deferred

    fetch().addCallback(seen.append)
    clock.pump([1] * 3)
    assert seen == [inner]


@row({"fetch": 3}, latencies={"fetch": 3})
def a_paused_deferred_fires_when_it_goes_on(clock: Clock) -> None:
    def fetch():
        deferred = next(timer(clock, 1))
        deferred.pause()
        clock.callLater(3, deferred.unpause)
        return deferred

    fetch()
    clock.pump([1] * 4)


@row({"outer;fetch": 2}, latencies={"outer": 2, "outer;fetch": 2})
def fired_but_paused_is_not_fired_yet(clock: Clock) -> None:
    def fetch():
        deferred = succeed("x")
        deferred.pause()
        clock.callLater(2, deferred.unpause)
        return deferred

    @inlineCallbacks
    def outer():
        yield fetch()

    outer()
    clock.pump([1] * 3)
