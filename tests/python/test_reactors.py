# SPDX-License-Identifier: ISC
"""A failure means that with a real reactor, in a process of its own, an operation is under the wrong function, has
the wrong count, or ended in another way. Times are not compared."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tracing import HOOKS

PROGRAM = """
import asyncio, json, sys
if sys.argv[2] == "asyncio":
    from twisted.internet import asyncioreactor
    asyncioreactor.install(asyncio.new_event_loop())
elif sys.argv[2] == "select":
    from twisted.internet import selectreactor
    selectreactor.install()
elif sys.argv[2] == "poll":
    from twisted.internet import pollreactor
    pollreactor.install()
import theseus
tracer = theseus.Tracer(hook=sys.argv[1])
assert sys.argv[2] != "default" or "twisted.internet.reactor" not in sys.modules
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults, inlineCallbacks
from twisted.internet.task import deferLater, react
from twisted.internet.threads import blockingCallFromThread, deferToThread


def work(reactor):
    return blockingCallFromThread(reactor, answer, reactor)


def answer(reactor):
    return deferLater(reactor, 0.01, lambda: 42)


def tick(reactor, done):
    deferLater(reactor, 0.01).chainDeferred(done)


async def through_a_future(reactor):
    loop = asyncio.get_event_loop_policy().get_event_loop() if sys.argv[2] != "asyncio" else reactor._asyncioEventloop
    return await Deferred.fromFuture(ensureDeferred(nap(reactor)).asFuture(loop))


async def nap(reactor):
    await deferLater(reactor, 0.01)


@inlineCallbacks
def main(reactor):
    assert (yield deferToThread(work, reactor)) == 42
    done = Deferred()
    reactor.callLater(0.01, tick, reactor, done)
    yield done
    yield gatherResults([deferLater(reactor, 0.01), ensureDeferred(nap(reactor))])
    if sys.argv[2] == "asyncio":
        yield ensureDeferred(through_a_future(reactor))
    fails = Deferred()
    reactor.callFromThread(fails.cancel)
    try:
        yield hand_over(fails)
    except Exception:
        pass


def hand_over(deferred):
    return deferred


tracer.install()
try:
    react(main, [])
except SystemExit as leaving:
    assert leaving.code == 0, leaving
tracer.uninstall()
assert tracer.pending() == []
found = {}
for stack in tracer.snapshot():
    if stack.deferreds:
        names = [frame.name for frame in stack.frames if not frame.name.endswith("<module>")]
        key = ";".join(name.rsplit(".", 1)[-1].split(":")[0] for name in names)
        found[key] = [stack.deferreds, stack.success, stack.failure, stack.cancelled, stack.abandoned]
print(json.dumps(found))
"""

ONCE = [1, 1, 0, 0, 0]
EXPECTED = {
    "react;main": ONCE,
    "react;main;deferToThread": ONCE,
    "react;main;deferToThread;deferToThreadPool": ONCE,
    "[reactor];_callFromThread;answer": ONCE,
    "[reactor];_callFromThread;answer;deferLater": ONCE,
    "[reactor];tick;deferLater": ONCE,
    "react;main;deferLater": ONCE,
    "react;main;nap": ONCE,
    "react;main;nap;deferLater": ONCE,
    "react;main;hand_over": [1, 0, 0, 1, 0],
}
WITH_FUTURES = {
    "react;main;through_a_future": ONCE,
    "react;main;through_a_future;nap": ONCE,
    "react;main;through_a_future;nap;deferLater": ONCE,
}


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("reactor", ["default", "select", "poll", "asyncio"])
def test_a_program_on_a_real_reactor(hook: str, reactor: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, hook, reactor], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    expected = EXPECTED | WITH_FUTURES if reactor == "asyncio" else EXPECTED
    assert json.loads(done.stdout) == expected, done.stderr
