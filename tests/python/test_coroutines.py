# SPDX-License-Identifier: ISC
"""A failure means that an awaited coroutine is no operation of its own, or that it changes the figures of others.

What each gives is in scenarios_coroutines.py.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults, inlineCallbacks
from twisted.internet.task import Clock

import scenarios_combinators  # noqa: F401  (each puts its rows into the table)
import scenarios_coroutines  # noqa: F401
import scenarios_generators  # noqa: F401
import scenarios_outcomes  # noqa: F401
from scenarios import ROWS, SECOND, Row, sleep
from test_scenarios import bottom, measure
from theseus import Pending, Tracer
from tracing import HOOKS, short, shortened, traced, written

every_hook = pytest.mark.parametrize("hook", HOOKS)


def within(frames: Any) -> list[str]:
    """Frames by the last part of their names."""
    return [short(frame.name) for frame in frames]


def drawn(pending: list[Pending], depth: int = 0) -> list[str]:
    """Open operations, one a line: function, place and state."""
    lines = []
    for one in pending:
        name, place = within(one.frames), within(one.place)
        lines.append(f"{'  ' * depth}{name[-1]} at {place[-1]} {one.state}")
        lines.extend(drawn(one.children, depth + 1))
    return lines


@pytest.mark.parametrize("row", [row for row in ROWS if not row.refusal()], ids=lambda row: row.name)
def test_they_change_no_wait_and_nobody_elses_figures(row: Row) -> None:
    """With and without them: only rows are added."""
    figures = []
    for coroutines in (True, False):
        profile = measure(row, HOOKS[-1], Clock(), coroutines)
        folded = {
            event: shortened(written(profile, "folded", event), bottom(row))
            for event in ("Wait", "Latency", "Deferreds")
        }
        stacks = {
            tuple((frame.name, frame.call_line) for frame in stack.frames): stack
            for stack in profile
            if stack.deferreds
        }
        figures.append((folded, stacks))
    (with_them, stacks), (without, others) = figures
    assert with_them["Wait"] == without["Wait"]
    for event in ("Latency", "Deferreds"):
        assert all(with_them[event].get(key, 0) >= value for key, value in without[event].items())
    for key, stack in others.items():
        assert stacks[key].deferreds >= stack.deferreds


@every_hook
def test_each_has_percentiles(hook: str) -> None:
    def program(clock: Clock) -> None:
        async def show(seconds):
            await sleep(clock, seconds)

        async def page():
            for seconds in range(1, 11):
                await show(seconds)

        ensureDeferred(page())
        clock.pump([1] * 56)

    profile = traced(program, hook, Clock())
    (show,) = [stack for stack in profile if within(stack.frames)[-1:] == ["show"] and stack.deferreds]
    assert (show.deferreds, show.success, show.latency) == (10, 10, 55 * SECOND)
    assert show.percentile(0) == SECOND and show.percentile(1) == 10 * SECOND
    assert show.percentile(0.5) == pytest.approx(5 * SECOND, rel=1 / 16)


@every_hook
def test_its_stack_has_the_lines_at_which_it_is_suspended(hook: str) -> None:
    def program(clock: Clock) -> None:
        async def show():
            await sleep(clock, 1)

        async def page():
            await show()
            await show()

        ensureDeferred(page())
        clock.pump([1] * 3)

    profile = traced(program, hook, Clock())
    shown = [stack for stack in profile if within(stack.frames)[-1:] == ["show"] and stack.deferreds]
    lines = sorted(stack.frames[-1].call_line for stack in shown)
    assert len(lines) == 2 and lines[1] == lines[0] + 1


@every_hook
def test_pending_shows_the_chain(hook: str) -> None:
    seen = []

    def program(clock: Clock, tracer: Tracer) -> None:
        async def show():
            await sleep(clock, 1).addCallback(lambda _: sleep(clock, 2))

        async def page():
            early = sleep(clock, 9)
            await show()
            await early

        ensureDeferred(page())
        for seconds in (1, 2, 6):
            seen.append(drawn(tracer.pending()))
            clock.advance(seconds)

    traced(program, hook, Clock(), Tracer)
    assert seen == [
        ["page at show root", "  sleep at sleep detached", "  show at show awaited", "    sleep at sleep awaited"],
        [
            "page at show root",
            "  sleep at sleep detached",
            "  show at show awaited",
            "    <lambda> at <lambda> awaited",
            "      sleep at sleep awaited",
        ],
        ["page at page root", "  sleep at sleep awaited"],
    ]


@every_hook
def test_the_chain_ends_at_the_bound_of_nesting(hook: str) -> None:
    """What is below it goes on as before: its Wait is where it was."""

    def program(clock: Clock) -> None:
        async def walk(number):
            if number:
                await walk(number - 1)
            else:
                await sleep(clock, 1)
                await gatherResults([sleep(clock, 2), sleep(clock, 2)])

        ensureDeferred(walk(400))
        clock.pump([1] * 4)

    profile = traced(program, hook, Clock())
    assert sum(sum(stack.lines.values()) for stack in profile) == 3 * SECOND
    sleeps = [stack for stack in profile if within(stack.frames)[-1:] == ["sleep"]]
    assert sum(sum(stack.lines.values()) for stack in sleeps) == 3 * SECOND
    assert 200 < sum(stack.deferreds for stack in profile) - 3 < 260


@every_hook
def test_a_coroutine_lives_no_longer_for_being_watched(hook: str) -> None:
    def program(clock: Clock, tracer: Tracer) -> None:
        died = []

        class Mark:
            def __del__(self) -> None:
                died.append(1)

        async def show():
            mark = Mark()  # noqa: F841
            await Deferred()

        async def page():
            await show()

        deferred = ensureDeferred(page())
        assert tracer._core.kept()["members"] == 1
        del deferred
        gc.collect()
        assert died
        kept = tracer._core.kept()
        assert (kept["members"], kept["operations"]) == (0, 0)

    traced(program, hook, Clock(), Tracer)


@every_hook
@pytest.mark.parametrize("make", [ensureDeferred, Deferred.fromCoroutine])
def test_many_legs_keep_nothing(hook: str, make: Callable[..., Any]) -> None:
    def program(clock: Clock, tracer: Tracer) -> None:
        async def step(number):
            await sleep(clock, 1)
            if number % 3 == 0:
                raise ZeroDivisionError

        def steps(number):
            try:
                yield from step(number).__await__()
            except ZeroDivisionError:
                pass
            yield sleep(clock, 1)

        async def page():
            for number in range(50):
                try:
                    await step(number)
                except ZeroDivisionError:
                    pass

        @inlineCallbacks
        def other():
            for number in range(50):
                yield from steps(number)

        make(page())
        other()
        for _ in range(100):
            clock.advance(1)
            assert tracer._core.kept()["members"] <= 3
        kept = tracer._core.kept()
        assert (kept["members"], kept["operations"]) == (0, 0)

    traced(program, hook, Clock(), Tracer)
