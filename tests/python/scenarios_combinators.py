# SPDX-License-Identifier: ISC
"""Scenarios: gatherResults, DeferredList, race; locks, semaphores and queues."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import (
    CancelledError,
    Deferred,
    DeferredFilesystemLock,
    DeferredList,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    FirstError,
    ensureDeferred,
    gatherResults,
    inlineCallbacks,
    succeed,
)
from twisted.internet.task import Clock
from twisted.python.lockfile import FilesystemLock

from scenarios import boom, row, sleep, timer


@row({"outer;left": 0.5, "outer;right": 2.5}, latencies={"outer": 3, "outer;left": 1, "outer;right": 3})
def gather_shares_equally_and_then_the_rest(clock: Clock) -> None:
    def left():
        return next(timer(clock, 1))

    def right():
        return next(timer(clock, 3))

    @inlineCallbacks
    def outer():
        yield gatherResults([left(), right()])

    outer()
    clock.pump([1] * 4)


@row({"both;left": 0.5, "both;right": 2.5})
def a_plain_function_returns_a_gather(clock: Clock) -> None:
    def left():
        return next(timer(clock, 1))

    def right():
        return next(timer(clock, 3))

    def both():
        return gatherResults([left(), right()])

    both()
    clock.pump([1] * 4)


@row({"outer;a": 1, "outer;b": 1, "outer;c": 1})
def members_of_members_count_alike(clock: Clock) -> None:
    def a():
        return next(timer(clock, 3))

    def b():
        return next(timer(clock, 3))

    def c():
        return next(timer(clock, 3))

    @inlineCallbacks
    def outer():
        yield gatherResults([gatherResults([a(), b()]), c()])

    outer()
    clock.pump([1] * 4)


@row({"outer;a": 1, "outer;b": 1})
def a_member_named_twice_counts_once(clock: Clock) -> None:
    def a():
        return next(timer(clock, 2))

    def b():
        return next(timer(clock, 2))

    @inlineCallbacks
    def outer():
        twice = a()
        yield gatherResults([twice, b(), twice])

    outer()
    clock.pump([1] * 3)


@row({"outer;worker;sleep": 1 / 2 + 1 / 2, "outer;other;sleep": 1 / 2 + 1 / 2, "outer;sleep": 1})
def gather_of_generators_and_coroutines(clock: Clock) -> None:
    @inlineCallbacks
    def worker():
        yield sleep(clock, 1)
        yield sleep(clock, 1)

    async def other():
        await sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield gatherResults([worker(), ensureDeferred(other())])
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row({"outer;a": 1.5, "outer;parse;sleep": 1, "outer;b": 1.5 + 1})
def a_callback_on_a_member_of_a_gather(clock: Clock) -> None:
    """a: 0..3, then what parse returns: 3..5; b: 0..5."""

    def a():
        return next(timer(clock, 3))

    def b():
        return next(timer(clock, 5))

    def parse(_):
        return sleep(clock, 2)

    @inlineCallbacks
    def outer():
        yield gatherResults([a().addCallback(parse), b()])

    outer()
    clock.pump([1] * 6)


@row({"outer;a": 1, "outer;b": 1, "outer;parse;sleep": 3})
def a_callback_on_a_gather(clock: Clock) -> None:
    def a():
        return next(timer(clock, 2))

    def b():
        return next(timer(clock, 2))

    def parse(results):
        assert results == [None, None]
        return sleep(clock, 3)

    @inlineCallbacks
    def outer():
        yield gatherResults([a(), b()]).addCallback(parse)

    outer()
    clock.pump([1] * 6)


@row({"outer;a": 0.5, "outer;b": 0.5, "outer;sleep": 1, "[detached];outer;b": 3})
def a_list_that_fires_on_one_callback(clock: Clock) -> None:
    def a():
        return next(timer(clock, 1))

    def b():
        return next(timer(clock, 4))

    @inlineCallbacks
    def outer():
        assert (yield DeferredList([a(), b()], fireOnOneCallback=True)) == (None, 0)
        yield sleep(clock, 1)

    outer()
    clock.pump([1] * 5)


@row({"outer;boom": 0.5, "outer;b": 0.5, "[detached];outer;b": 2}, outcomes={"failure": 1, "success": 2})
def a_list_that_fires_on_one_errback(clock: Clock) -> None:
    def b():
        return next(timer(clock, 3))

    @inlineCallbacks
    def outer():
        try:
            yield DeferredList([b(), boom(clock, 1)], fireOnOneErrback=True, consumeErrors=True)
        except FirstError as error:
            error.subFailure.trap(ZeroDivisionError)

    outer()
    clock.pump([1] * 4)


@row({"outer;boom": 0.5, "outer;b": 2.5}, outcomes={"failure": 1, "success": 2})
def a_list_that_waits_for_all_whatever_they_do(clock: Clock) -> None:
    def b():
        return next(timer(clock, 3))

    @inlineCallbacks
    def outer():
        results = yield DeferredList([b(), boom(clock, 1)], consumeErrors=True)
        assert [ok for ok, _ in results] == [True, False]

    outer()
    clock.pump([1] * 4)


@row({"outer;boom": 0.5, "outer;b": 0.5, "outer;sleep": 1, "[detached];outer;b": 2})
def a_gather_with_a_failure(clock: Clock) -> None:
    def b():
        return next(timer(clock, 3))

    @inlineCallbacks
    def outer():
        try:
            yield gatherResults([b(), boom(clock, 1)], consumeErrors=True)
        except FirstError:
            yield sleep(clock, 1)

    outer()
    clock.pump([1] * 4)


@row(
    {"both;a": 1, "both;b": 1}, latencies={"both": 2, "both;a": 2, "both;b": 2}, outcomes={"cancelled": 2, "failure": 1}
)
def a_cancelled_gather_cancels_its_members(clock: Clock) -> None:
    def a():
        return next(timer(clock, 5))

    def b():
        return next(timer(clock, 6))

    def both():
        return gatherResults([a(), b()], consumeErrors=True)

    deferred = both()
    deferred.addErrback(lambda failure: failure.trap(FirstError))
    clock.pump([1] * 2)
    deferred.cancel()
    clock.pump([1] * 5)


@row(
    {"outer;a": 0.5, "outer;b": 0.5, "outer;sleep": 2},
    outcomes={"cancelled": 1, "success": 3},
    latencies={"outer": 3, "outer;a": 1, "outer;b": 1, "outer;sleep": 2},
    twisted=(24, 3),
)
def a_race_cancels_the_losers(clock: Clock) -> None:
    def a():
        return next(timer(clock, 1, "won"))

    def b():
        return next(timer(clock, 9))

    @inlineCallbacks
    def outer():
        assert (yield defer.race([a(), b()])) == (0, "won")
        yield sleep(clock, 2)

    outer()
    clock.pump([1] * 10)


@row({"outer;sleep": 1}, deferreds={"outer": 1, "outer;sleep": 1, "outer;ready": 1})
def a_gather_of_one_that_has_fired_and_one_that_has_not(clock: Clock) -> None:
    def ready():
        return succeed(1)

    @inlineCallbacks
    def outer():
        yield gatherResults([ready(), sleep(clock, 1)])

    outer()
    clock.pump([1] * 2)


# -- locks ------------------------------------------------------------------------------------------------------


@row(
    {"first;sleep": 2, "second;acquire": 2, "second;sleep": 2, "third;acquire": 4, "third;sleep": 2},
    deferreds={name + rest: 1 for name in ("first", "second", "third") for rest in ("", ";acquire", ";sleep")},
)
def a_contended_lock(clock: Clock) -> None:
    lock = DeferredLock()

    @inlineCallbacks
    def first():
        yield lock.acquire()
        yield sleep(clock, 2)
        lock.release()

    @inlineCallbacks
    def second():
        yield lock.acquire()
        yield sleep(clock, 2)
        lock.release()

    @inlineCallbacks
    def third():
        yield lock.acquire()
        yield sleep(clock, 2)
        lock.release()

    first()
    second()
    third()
    clock.pump([1] * 7)


@row({"work;run;execute;sleep": 2, "again;run;acquire": 2, "again;run;execute;sleep": 1})
def a_contended_locks_run(clock: Clock) -> None:
    lock = DeferredLock()

    @inlineCallbacks
    def work():
        yield lock.run(sleep, clock, 2)

    @inlineCallbacks
    def again():
        yield lock.run(sleep, clock, 1)

    work()
    again()
    clock.pump([1] * 4)


@row({"first;sleep": 2, "second;__aenter__;acquire": 2, "second;sleep": 1})
def a_contended_lock_in_async_with(clock: Clock) -> None:
    lock = DeferredLock()

    async def first():
        async with lock:
            await sleep(clock, 2)

    async def second():
        async with lock:
            await sleep(clock, 1)

    ensureDeferred(first())
    ensureDeferred(second())
    clock.pump([1] * 4)


@row({"worker;sleep": 2 + 2 + 1, "worker;acquire": 2}, deferreds={"worker": 3, "worker;acquire": 3, "worker;sleep": 3})
def a_contended_semaphore(clock: Clock) -> None:
    semaphore = DeferredSemaphore(2)

    @inlineCallbacks
    def worker(seconds):
        yield semaphore.acquire()
        try:
            yield sleep(clock, seconds)
        finally:
            semaphore.release()

    worker(2)
    worker(2)
    worker(1)
    clock.pump([1] * 4)


@row({"worker;sleep": 4, "worker;__aenter__;acquire": 2})
def a_semaphore_in_async_with(clock: Clock) -> None:
    semaphore = DeferredSemaphore(1)

    async def worker():
        async with semaphore:
            await sleep(clock, 2)

    ensureDeferred(worker())
    ensureDeferred(worker())
    clock.pump([1] * 5)


@row({"consumer;get": 2 + 3}, outcomes={"success": 4}, deferreds={"consumer": 1, "consumer;get": 3})
def a_queue(clock: Clock) -> None:
    queue: DeferredQueue[Any] = DeferredQueue()

    @inlineCallbacks
    def consumer():
        assert (yield queue.get()) == "a"
        assert (yield queue.get()) == "b"
        assert (yield queue.get()) == "c"

    consumer()
    clock.callLater(2, queue.put, "a")
    clock.callLater(5, queue.put, "b")
    clock.callLater(5, queue.put, "c")
    clock.pump([1] * 6)


@row({"outer;deferUntilLocked": 3, "outer;sleep": 1})
def a_filesystem_lock_that_somebody_holds(clock: Clock) -> None:
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "lock")
        holder = FilesystemLock(name)
        assert holder.lock()

        @inlineCallbacks
        def outer():
            lock = DeferredFilesystemLock(name, scheduler=clock)
            yield lock.deferUntilLocked()
            yield sleep(clock, 1)
            lock.unlock()

        outer()
        clock.pump([0.5] * 5)
        holder.unlock()
        clock.pump([0.5] * 4)


@row({"holder;sleep": 3, "waiter;acquire": 1}, outcomes={"cancelled": 2, "success": 3})
def waiting_for_a_lock_is_cancelled(clock: Clock) -> None:
    lock = DeferredLock()

    @inlineCallbacks
    def holder():
        yield lock.acquire()
        yield sleep(clock, 3)
        lock.release()

    @inlineCallbacks
    def waiter():
        yield lock.acquire()

    holder()
    waiting: Deferred[None] = waiter()
    waiting.addErrback(lambda failure: failure.trap(CancelledError))
    clock.advance(1)
    waiting.cancel()
    clock.pump([1] * 3)
    assert not lock.waiting and not lock.locked
