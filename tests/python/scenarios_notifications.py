# SPDX-License-Identifier: ISC
"""Scenarios: Deferreds that tell when something is over, for which nobody waits; and for which somebody does."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, DeferredList, ensureDeferred, inlineCallbacks
from twisted.internet.task import Clock, LoopingCall

from scenarios import row, sleep, timer


class Request:
    """As twisted.web's."""

    def __init__(self) -> None:
        self.notifications: list[Deferred[Any]] = []

    def notifyFinish(self) -> Deferred[Any]:
        self.notifications.append(Deferred())
        return self.notifications[-1]

    def finish(self, result: Any = None) -> None:
        for deferred in self.notifications:
            deferred.callback(result)


class Connection:
    def __init__(self) -> None:
        self.closed: Deferred[Any] = Deferred()

    def whenClosed(self) -> Deferred[Any]:
        return self.closed


@row(
    {"render;handler;sleep": 10},
    deferreds={"render;handler": 10, "render;handler;sleep": 10, "render;notifyFinish": 20},
    latencies={"render;handler": 10, "render;handler;sleep": 10, "render;notifyFinish": 20},
    outcomes={"success": 40},
)
def requests_that_notify_of_their_end(clock: Clock) -> None:
    """What Klein and an access log do."""

    async def handler(request):
        await sleep(clock, 1)
        request.finish()

    def render(request):
        request.notifyFinish().addErrback(lambda failure: None)
        request.notifyFinish().addErrback(lambda failure: None)
        ensureDeferred(handler(request))

    for _ in range(10):
        render(Request())
        clock.advance(1)


@row({}, latencies={"notifyFinish": 4}, outcomes={"failure": 1, "abandoned": 1})
def a_notification_that_fails_and_one_that_is_dropped(clock: Clock) -> None:
    one, two = Request(), Request()
    one.notifyFinish().addErrback(lambda failure: None)
    two.notifyFinish()
    clock.advance(4)
    one.notifications[0].errback(ZeroDivisionError())
    clock.advance(3)


@row({"outer;whenClosed": 3, "outer;sleep": 1})
def a_generator_waits_for_a_notification(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        connection = Connection()
        clock.callLater(3, connection.closed.callback, None)
        yield connection.whenClosed()
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row(
    {"outer;sleep": 2, "outer;whenClosed": 3, "[detached];outer;whenClosed": 1},
    latencies={"outer": 5, "outer;sleep": 2, "outer;whenClosed": 6},
)
def a_notification_awaited_later_is_ordinary_from_then_on(clock: Clock) -> None:
    """2 s without weight, 3 s awaited, and 1 s that nobody waits for any more."""

    @inlineCallbacks
    def outer():
        closed = Connection().whenClosed()
        clock.callLater(6, closed.callback, None)
        yield sleep(clock, 2)
        yield DeferredList([closed, next(timer(clock, 3))], fireOnOneCallback=True)

    outer()
    clock.pump([1] * 7)


@row({"close;whenClosed": 3})
def a_plain_function_that_returns_a_notification_is_ordinary(clock: Clock) -> None:
    def close():
        return Connection().whenClosed()

    clock.callLater(3, close().callback, None)
    clock.pump([1] * 3)


@row({}, deferreds={"stopListening": 1, "stopListening;whenClosed": 1})
def a_notification_that_returns_another_one(clock: Clock) -> None:
    def stopListening():
        return Connection().whenClosed()

    clock.callLater(3, stopListening().callback, None)
    clock.pump([1] * 3)


@row({"outer;stopListening;whenClosed": 3})
def a_notification_that_returns_another_one_awaited(clock: Clock) -> None:
    def stopListening():
        return Connection().whenClosed()

    async def outer():
        closed = stopListening()
        clock.callLater(3, closed.callback, None)
        await closed

    ensureDeferred(outer())
    clock.pump([1] * 3)


@row({"outer": 4}, deferreds={"outer": 1, "outer;whenClosed": 1})
def a_plain_function_does_not_wait_for_a_notification_that_it_forgot(clock: Clock) -> None:
    """Nothing is known of what outer() returns: that is not a reason to wait for a notification."""

    def outer():
        closed = Connection().whenClosed()
        clock.callLater(6, closed.callback, None)
        return next(timer(clock, 4))

    outer()
    clock.pump([1] * 6)


@row({"[detached];stopListening;sleep": 3}, latencies={"stopListening": 5, "stopListening;sleep": 3})
def a_notification_that_is_a_generator(clock: Clock) -> None:
    """It does something, for which nobody waits."""

    @inlineCallbacks
    def stopListening():
        yield sleep(clock, 3)
        yield next(timer(clock, 2))

    stopListening()
    clock.pump([1] * 5)


@row({"outer;stopListening;sleep": 3, "outer;stopListening": 2})
def a_notification_that_is_a_generator_awaited(clock: Clock) -> None:
    @inlineCallbacks
    def stopListening():
        yield sleep(clock, 3)
        yield next(timer(clock, 2))

    @inlineCallbacks
    def outer():
        yield stopListening()

    outer()
    clock.pump([1] * 5)


@row({"outer;sleep": 1, "[detached];outer;<lambda>;sleep": 2}, outcomes={"success": 5})
def callbacks_of_a_notification_of_an_operation_that_is_over(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        closed = Connection().whenClosed()
        clock.callLater(3, closed.callback, None)
        closed.addCallback(lambda _: sleep(clock, 2))
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 5)


@row({"serve;sleep": 2}, latencies={"serve;sleep": 2, "serve;start": 5, "serve": 2})
def a_loop_that_an_operation_starts_and_forgets(clock: Clock) -> None:
    def beat():
        pass

    @inlineCallbacks
    def serve():
        loop = LoopingCall(beat)
        loop.clock = clock
        loop.start(1)
        clock.callLater(5, loop.stop)
        yield sleep(clock, 2)

    serve()
    clock.pump([1] * 6)


@row({"serve;start": 4, "serve;start;__call__;beat;sleep": 1, "pump;advance;__call__;beat;sleep": 2})
def a_loop_that_an_operation_waits_for(clock: Clock) -> None:
    """As before: start() waits for its first beat, then for nothing that is known."""

    def beat():
        return sleep(clock, 1)

    @inlineCallbacks
    def serve():
        loop = LoopingCall(beat)
        loop.clock = clock
        clock.callLater(5, loop.stop)
        yield loop.start(2)

    serve()
    clock.pump([1] * 6)
