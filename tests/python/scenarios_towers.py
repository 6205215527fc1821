# SPDX-License-Identifier: ISC
"""Scenarios: jobs that start the next job from within themselves, and what else comes back on a stack."""

from __future__ import annotations

from twisted.internet.defer import Deferred, ensureDeferred, inlineCallbacks
from twisted.internet.task import Clock

from scenarios import row, sleep, timer

JOBS = 9


@row(
    {
        "start;job;fetch;sleep": 1,
        "start;job;parse;sleep": 2,
        "[detached];start;job;start;job;fetch;sleep": 1,
        "[detached];start;job;start;job;parse;sleep": 2,
        "[detached];start;job;start;job;start;job;fetch;sleep": JOBS - 2,
        "[detached];start;job;start;job;start;job;parse;sleep": 2 * (JOBS - 2),
    },
    deferreds={
        f"{storey}{path}": count
        for storey, count in (
            ("start;job", 1),
            ("start;job;start;job", 1),
            ("start;job;start;job;start;job", JOBS - 2),
        )
        for path in ("", ";fetch", ";fetch;sleep", ";parse", ";parse;sleep")
    },
)
def a_pool_that_refills_itself(clock: Clock) -> None:
    """Scrapy's downloader: the third storey is that of all further jobs."""
    queue = [None] * JOBS

    def fetch():
        return sleep(clock, 1)

    def parse():
        return sleep(clock, 2)

    async def job():
        await fetch()
        await parse()
        start()

    def start():
        if queue:
            queue.pop()
            ensureDeferred(job())

    start()
    clock.pump([1] * 3 * JOBS)


@row(
    {
        "job;sleep": 1,
        "[detached];job;more;job;sleep": 1,
        "[detached];job;more;job;more;job;sleep": JOBS - 2,
    },
    latencies={
        "job": 1,
        "job;sleep": 1,
        "job;more": 1,
        "job;more;job": 1,
        "job;more;job;sleep": 1,
        "job;more;job;more": 1,
        "job;more;job;more;job": JOBS - 2,
        "job;more;job;more;job;sleep": JOBS - 2,
        "job;more;job;more;job;more": JOBS - 3,
    },
)
def a_job_whose_successor_is_returned_to_it(clock: Clock) -> None:
    """The span of the third more() is below that of the job that it began, which is that of the third storey."""
    queue = [None] * JOBS

    @inlineCallbacks
    def job():
        queue.pop()
        yield sleep(clock, 1)
        if queue:
            more()

    def more():
        return job()

    job()
    clock.pump([1] * JOBS)


@row({"walk;walk;walk;sleep": 1}, deferreds={"walk": 1, "walk;walk": 1, "walk;walk;walk": 4, "walk;walk;walk;sleep": 1})
def plain_recursion(clock: Clock) -> None:
    def walk(depth):
        return walk(depth - 1) if depth else sleep(clock, 1)

    walk(5)
    clock.advance(1)


@row({"walk;walk;walk": 3}, lines={"leaf": 3})
def recursion_of_awaited_coroutines(clock: Clock) -> None:
    """The Wait is on the line of the innermost."""

    async def walk(depth):
        if depth:
            await walk(depth - 1)
        else:
            await next(timer(clock, 3))  # @leaf

    ensureDeferred(walk(7))
    clock.advance(3)


@row({"even;odd;even;odd;even;sleep": 2})
def functions_that_call_each_other(clock: Clock) -> None:
    def even(depth):
        return odd(depth - 1) if depth else sleep(clock, 2)

    def odd(depth):
        return even(depth - 1)

    even(12)
    clock.advance(2)


@row({"poll;sleep": 1, "poll;again;poll;sleep": 8})
def a_poll_that_starts_itself_from_its_callback_is_cut_back_first(clock: Clock) -> None:
    turns = [None] * 8

    def poll():
        return sleep(clock, 1).addCallback(again)

    def again(result):
        if turns:
            turns.pop()
            return poll()

    kept: Deferred[None] = poll()
    clock.pump([1] * 9)
    assert kept.called
