# SPDX-License-Identifier: ISC
"""A failure means that a hook gives other figures for a small program than the table of scenarios, or than another
hook."""

from __future__ import annotations

import inspect
from collections import Counter

import pytest
from twisted.internet.task import Clock

import scenarios_callbacks  # noqa: F401  (each puts its rows into the table)
import scenarios_combinators  # noqa: F401
import scenarios_coroutines  # noqa: F401
import scenarios_generators  # noqa: F401
import scenarios_notifications  # noqa: F401
import scenarios_outcomes  # noqa: F401
import scenarios_taking  # noqa: F401
import scenarios_towers  # noqa: F401
import scenarios_twisted  # noqa: F401
from callgrind_parse import Callgrind, check_laws, parse
from scenarios import ROWS, SECOND, Row, in_ns
from theseus import Profile, Tracer
from tracing import HOOKS, WatchedClock, shortened, traced, written


def measure(row: Row, hook: str, clock: Clock, coroutines: bool | None = None) -> Profile:
    wanted = inspect.signature(row.program).parameters
    arguments = [Tracer] if "tracer" in wanted else []
    if coroutines is None:
        coroutines = row.coroutines
    return traced(row.program, hook, clock, *arguments, coroutines=coroutines)


def bottom(row: Row) -> str:
    return f"{row.program.__module__}.{row.program.__name__}"


def skip_unless_it_runs(row: Row) -> None:
    if row.refusal():
        pytest.skip(row.refusal())


every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@every_row
@pytest.mark.parametrize("hook", HOOKS)
def test_row(row: Row, hook: str) -> None:
    skip_unless_it_runs(row)
    profile = measure(row, hook, Clock())
    assert shortened(written(profile, "folded"), bottom(row)) == in_ns(row.waits)
    if row.latencies is not None:
        latencies = shortened(written(profile, "folded", "Latency"), bottom(row))
        assert latencies == in_ns(row.latencies)
    if row.deferreds is not None:
        assert shortened(written(profile, "folded", "Deferreds"), bottom(row)) == dict(row.deferreds)
    outcomes: Counter[str] = Counter()
    for stack in profile:
        outcomes.update({name: getattr(stack, name) for name in row.outcomes})
    assert outcomes == Counter(row.outcomes)

    file = parse(written(profile))
    check_laws(file)
    marks = row.marked_lines()
    for mark, seconds in row.lines.items():
        assert wait_at(file, row, marks[mark]) == round(seconds * SECOND), f"the line marked {mark}"


def wait_at(file: Callgrind, row: Row, line: int) -> int:
    column, name = file.column("Wait"), inspect.getsourcefile(row.program)
    return sum(costs[column] for ((at, _), number), costs in file.lines.items() if (at, number) == (name, line))


@every_row
@pytest.mark.parametrize("hook", HOOKS)
def test_self_waits_grow_at_the_number_of_heads(row: Row, hook: str) -> None:
    """At every move of the clock, as pending() tells it; asking it at all times changes nothing either."""
    skip_unless_it_runs(row)
    clock = WatchedClock()
    profile = measure(row, hook, clock)
    waits = shortened(written(profile, "folded"), bottom(row))
    assert waits == in_ns(row.waits)
    if row.name != "cleared_the_wait_of_what_is_open_starts_again":
        assert abs(sum(waits.values()) - clock.heads_time * SECOND) <= len(waits)


@every_row
def test_all_hooks_give_the_same_bytes(row: Row) -> None:
    skip_unless_it_runs(row)
    profiles = [measure(row, hook, Clock()) for hook in HOOKS]
    for event in ("Wait", "Latency", "Deferreds", "Failed", "Pending"):
        assert len({written(profile, "folded", event) for profile in profiles}) == 1
    assert len({written(profile) for profile in profiles}) == 1


def test_the_table_is_complete() -> None:
    assert len(ROWS) >= 80
    assert len({row.name for row in ROWS}) == len(ROWS)
    marked = [set(row.marked_lines()) for row in ROWS]
    assert [row.name for row, marks in zip(ROWS, marked, strict=True) if marks != set(row.lines)] == []
