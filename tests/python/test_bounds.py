# SPDX-License-Identifier: ISC
"""A failure means that a program which goes on for ever makes a profile that grows for ever, exceeds the bounds of
depth and nesting, or breaks the laws of the contract there."""

from __future__ import annotations

import pytest
from twisted.internet.defer import ensureDeferred, inlineCallbacks
from twisted.internet.task import Clock

from callgrind_parse import check_laws, parse
from scenarios import SECOND, sleep
from tracing import HOOKS, shortened, traced, written

every_hook = pytest.mark.parametrize("hook", HOOKS)


def run(program, hook):
    """The folded Wait of a program, its law-abiding callgrind file, and how many stacks it took."""
    profile = traced(program, hook, Clock())
    file = parse(written(profile))
    check_laws(file)
    folded = written(profile, "folded")
    return shortened(folded, f"{program.__module__}.{program.__name__}"), file, sum(1 for _ in profile)


def poll_for_ever(clock):
    left = [1] * 3000

    def again(_):
        return poll() if left and left.pop() else None

    def poll():
        return sleep(clock, 1).addCallback(again)

    poll()
    clock.pump([1] * 3002)


def a_coroutine_that_restarts_itself(clock):
    """Each goes on from a callback of the one before, which waits for it."""
    left = [1] * 1000

    async def step():
        await sleep(clock, 1)

    def again(_):
        return ensureDeferred(step()).addCallback(again) if left and left.pop() else None

    ensureDeferred(step()).addCallback(again)
    clock.pump([1] * 1002)


def recursion_in_time(clock):
    @inlineCallbacks
    def dig():
        yield sleep(clock, 1)
        yield dig()

    dig()
    clock.pump([1] * 700)


def a_loop_in_one_generator(clock):
    @inlineCallbacks
    def outer():
        for _ in range(2000):
            yield sleep(clock, 1)

    outer()
    clock.pump([1] * 2001)


@every_hook
@pytest.mark.parametrize(
    ("program", "seconds", "most_stacks"),
    [
        (poll_for_ever, 3001, 40),
        (a_coroutine_that_restarts_itself, 1001, 40),
        (a_loop_in_one_generator, 2000, 40),
        (recursion_in_time, 700, 1100),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_goes_on_for_ever_is_bounded(hook, program, seconds, most_stacks):
    """One head all the time: the self waits are its latency, wherever the nesting bound has put them."""
    waits, file, stacks = run(program, hook)
    assert abs(sum(waits.values()) - seconds * SECOND) <= len(waits)
    assert not any(stack.startswith("[detached]") for stack in waits)
    assert stacks <= most_stacks


@every_hook
def test_recursion_in_time_is_folded(hook):
    waits, _, _ = run(recursion_in_time, hook)
    assert max(len(stack.split(";")) for stack in waits) == 4
