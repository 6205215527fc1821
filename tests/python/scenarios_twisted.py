# SPDX-License-Identifier: ISC
"""Scenarios: what Twisted offers besides: loops, cooperators, threads, futures, protocols, the reactor's dispatch."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock, Cooperator, LoopingCall, deferLater, react
from twisted.internet.threads import blockingCallFromThread, deferToThreadPool

from scenarios import row, sleep, timer

BEATS = {f"{path}__call__;beat{leaf}": 1 for path in ("start;", "pump;advance;") for leaf in ("", ";sleep")}


@row({"[detached];start;__call__;beat;sleep": 1, "pump;advance;__call__;beat;sleep": 1}, latencies={"start": 5} | BEATS)
def a_looping_call(clock: Clock) -> None:
    """Nobody waits for the end of the loop.  Its first beat belongs to start(); later ones come from the clock."""

    def beat():
        return sleep(clock, 1)

    loop = LoopingCall(beat)
    loop.clock = clock
    loop.start(3)
    clock.callLater(5, loop.stop)
    clock.pump([1] * 6)


@row({"[detached];start;__call__;beat": 2}, outcomes={"success": 0, "failure": 2})
def a_looping_call_whose_function_fails(clock: Clock) -> None:
    @inlineCallbacks
    def beat():
        yield next(timer(clock, 2))
        raise ZeroDivisionError

    loop = LoopingCall(beat)
    loop.clock = clock
    loop.start(1).addErrback(lambda failure: failure.trap(ZeroDivisionError))
    clock.pump([1] * 4)


@row({"coiterate;whenDone": 4, "pump;advance;_tick;_oneWorkUnit;work;sleep": 2})
def coiterate(clock: Clock) -> None:
    """A step a second: at 1 s it begins to wait for 2 s, at 3 s it may go on, at 4 s it does, and ends."""

    def work():
        yield sleep(clock, 2)

    cooperator = Cooperator(
        terminationPredicateFactory=lambda: lambda: True, scheduler=lambda step: clock.callLater(1, step)
    )
    cooperator.coiterate(work())
    clock.pump([1] * 5)


@row({"outer;whenDone": 2, "outer;sleep": 1})
def a_cooperative_task_awaited(clock: Clock) -> None:
    cooperator = Cooperator(
        terminationPredicateFactory=lambda: lambda: True, scheduler=lambda step: clock.callLater(1, step)
    )

    @inlineCallbacks
    def outer():
        yield cooperator.cooperate(iter([None])).whenDone()
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


class Pool:
    """A thread pool without threads: what it is given is done two seconds later."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def callInThreadWithCallback(self, done: Any, function: Any, *arguments: Any, **named: Any) -> None:
        self.clock.callLater(2, lambda: done(True, function(*arguments, **named)))


class Caller:
    """A reactor of which only callFromThread is needed."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.called = threading.Event()

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        self.calls.append(lambda: function(*arguments))
        self.called.set()


class Direct:
    def callFromThread(self, function: Any, *arguments: Any) -> None:
        function(*arguments)


@row({"outer;deferToThreadPool": 2, "outer;sleep": 1})
def defer_to_thread(clock: Clock) -> None:
    @inlineCallbacks
    def outer():
        assert (yield deferToThreadPool(Direct(), Pool(clock), sum, [20, 22])) == 42
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row({"run;<lambda>;_callFromThread;fetch;sleep": 2}, deferreds={
    "run;<lambda>;_callFromThread;fetch;sleep": 1, "run;<lambda>;_callFromThread;fetch": 1,
})  # fmt: skip
def blocking_call_from_thread(clock: Clock) -> None:
    def fetch():
        return sleep(clock, 2, "fetched")

    def run(call):
        call()

    reactor, results = Caller(), []
    thread = threading.Thread(target=lambda: results.append(blockingCallFromThread(reactor, fetch)))
    thread.start()
    assert reactor.called.wait(60)
    run(reactor.calls.pop())
    clock.pump([1] * 3)
    thread.join(60)
    assert results == ["fetched"]


@row({}, deferreds={})
def other_threads_are_not_measured(clock: Clock) -> None:
    def fetch():
        return sleep(clock, 1)

    thread = threading.Thread(target=fetch)
    thread.start()
    thread.join(60)
    clock.pump([1] * 2)


@row({"outer": 2, "outer;sleep": 1}, lines={"future": 2})
def a_future(clock: Clock) -> None:
    loop = asyncio.new_event_loop()
    future = loop.create_future()

    @inlineCallbacks
    def outer():
        assert (yield Deferred.fromFuture(future)) == 42  # @future
        yield sleep(clock, 1)

    outer()
    clock.callLater(2, future.set_result, 42)
    for _ in range(4):
        clock.advance(1)
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@row({"[reactor];store;sleep": 2}, deferreds={"[reactor];store;sleep": 1, "[reactor];store": 1})
def what_asyncio_calls_is_under_the_reactor(clock: Clock) -> None:
    """Nobody waits for it, and no function returned the Deferred that it is a callback of."""
    loop = asyncio.new_event_loop()
    future = loop.create_future()

    def store(_):
        return sleep(clock, 2)

    Deferred.fromFuture(future).addCallback(store)
    future.set_result(42)
    loop.run_until_complete(asyncio.sleep(0))
    clock.pump([1] * 3)
    loop.close()


@row({"outer;sleep": 2}, outcomes={"success": 2})
def as_future(clock: Clock) -> None:
    loop = asyncio.new_event_loop()

    @inlineCallbacks
    def outer():
        yield sleep(clock, 2)
        return 42

    future = outer().asFuture(loop)
    clock.pump([1] * 3)
    assert loop.run_until_complete(future) == 42
    loop.close()


class Client(Protocol):
    """Answers come in the order of the requests."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[bytes]] = []

    def request(self):
        deferred: Deferred[bytes] = Deferred()
        self.waiting.append(deferred)
        return deferred

    def dataReceived(self, data: bytes) -> None:
        self.waiting.pop(0).callback(data)


@row({"outer;request": 1 + 2, "outer;sleep": 1, "other;request": 2})
def a_protocol_fires_stored_deferreds(clock: Clock) -> None:
    client = Client()

    @inlineCallbacks
    def outer():
        assert (yield client.request()) == b"a"
        yield sleep(clock, 1)
        assert (yield client.request()) == b"c"

    @inlineCallbacks
    def other():
        assert (yield client.request()) == b"b"

    outer()
    other()
    for seconds, data in ((1, b"a"), (2, b"b"), (4, b"c")):
        clock.callLater(seconds, client.dataReceived, data)
    clock.pump([1] * 5)


@row({"query;request": 1, "query;parse;sleep": 2})
def a_protocols_answer_is_parsed_where_it_was_asked_for(clock: Clock) -> None:
    client = Client()

    def parse(_):
        return sleep(clock, 2)

    def query():
        return client.request().addCallback(parse)

    query()
    clock.callLater(1, client.dataReceived, b"")
    clock.pump([1] * 4)


class VirtualReactor(ReactorBase):
    """A real reactor's dispatch, on a clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        super().__init__()

    def seconds(self) -> float:  # type: ignore[override]
        return self.clock.seconds()

    def installWaker(self) -> None:
        pass

    def wakeUp(self) -> None:
        pass

    def removeAll(self) -> list[Any]:
        return []

    def run(self, *_: Any, **__: Any) -> None:
        self._started, self._stopped = True, False
        while self.getDelayedCalls() and not self._stopped:
            self.clock.advance(1)
            self.runUntilCurrent()


@row({"[reactor];handle;sleep": 2}, deferreds={"[reactor];handle": 1, "[reactor];handle;sleep": 1})
def what_the_reactor_calls_is_under_the_reactor(clock: Clock) -> None:
    def handle():
        return sleep(clock, 2)

    reactor = VirtualReactor(clock)
    reactor.callLater(1, handle)
    clock.advance(1)
    reactor.runUntilCurrent()
    clock.pump([1] * 3)


@row({"[reactor];handle;sleep": 1, "[reactor];handle;worker;sleep": 2})
def call_from_thread_is_under_the_reactor(clock: Clock) -> None:
    @inlineCallbacks
    def worker():
        yield sleep(clock, 2)

    @inlineCallbacks
    def handle():
        yield sleep(clock, 1)
        yield worker()

    reactor = VirtualReactor(clock)
    reactor.callFromThread(handle)
    reactor.runUntilCurrent()
    clock.pump([1] * 4)


@row({"main;deferLater": 1, "main;helper;deferLater": 2})
def inside_a_reactor_that_runs(clock: Clock) -> None:
    """Resumed by the reactor again and again, it is where it was started."""
    reactor = VirtualReactor(clock)

    @inlineCallbacks
    def helper():
        yield deferLater(reactor, 2)

    @inlineCallbacks
    def main():
        yield deferLater(reactor, 1, lambda: None)
        yield helper()

    main()
    reactor.run()


@row({"react;main;deferLater": 1, "react;main;helper;deferLater": 2})
def the_readmes_example(clock: Clock) -> None:
    @inlineCallbacks
    def helper(reactor):
        yield deferLater(reactor, 2)

    @inlineCallbacks
    def main(reactor):
        yield deferLater(reactor, 1, lambda: None)
        yield helper(reactor)

    try:
        react(main, _reactor=VirtualReactor(clock))
    except SystemExit as leaving:
        assert leaving.code == 0


@row({"[reactor];started;sleep": 2})
def what_is_to_be_called_when_the_reactor_runs(clock: Clock) -> None:
    """Not below the frames of its start-up."""

    def started():
        return sleep(clock, 2)

    reactor = VirtualReactor(clock)
    reactor.callWhenRunning(started)
    reactor.fireSystemEvent("startup")
    clock.advance(2)


@row({"go;callWhenRunning;started;sleep": 2})
def a_reactor_that_runs_calls_at_once(clock: Clock) -> None:
    def started():
        return sleep(clock, 2)

    def go():
        reactor = VirtualReactor(clock)
        reactor._started = reactor.running = True  # as Twisted's versions call it
        reactor.callWhenRunning(started)

    go()
    clock.advance(2)


@row({"[reactor];before;sleep": 1, "[reactor];during;sleep": 2})
def system_events(clock: Clock) -> None:
    """The second phase waits for the first."""

    def before():
        return sleep(clock, 1)

    def during():
        return sleep(clock, 2)

    reactor = VirtualReactor(clock)
    reactor.addSystemEventTrigger("before", "tea", before)
    reactor.addSystemEventTrigger("during", "tea", during)
    reactor.fireSystemEvent("tea")
    clock.pump([1] * 3)
