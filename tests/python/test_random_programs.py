# SPDX-License-Identifier: ISC
"""A failure means that the hooks disagree about a random Twisted program, that a law of the contract does not hold
in it, or that an independent reading of the contract, in exact fractions, gives other figures.

THESEUS_PROGRAMS is the number of programs; every other has the idioms of real programs.  A failure prints the program.
Either a hook or the reference reads the contract wrongly.
"""

from __future__ import annotations

import gc
import inspect
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.task import Clock

import random_idioms
import random_programs
import test_scenarios
from callgrind_parse import Callgrind, check_laws, parse
from reference import COROUTINES, DETAILS, FED, LISTS, NOTIFIES, ONE_DEFERRED, TOWERS, Reference
from scenarios import ROWS, SECOND, Row, in_ns
from theseus import Profile
from tracing import HOOKS, WatchedClock, above, quietly, short, shortened, traced, written

PROGRAMS = int(os.environ.get("THESEUS_PROGRAMS", "120"))
BATCHES = 10
LANDED: tuple[str, ...] = (ONE_DEFERRED, LISTS, FED, COROUTINES, NOTIFIES, TOWERS, DETAILS)  # of RULES
assert len(ROWS) and test_scenarios  # the rows are in the table because the other module brought them there

SURPRISES = {
    "fired_with_a_deferred_the_callback_sees_the_deferred",  # the reference is seen
}


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Failures that nobody handles are part of these programs."""
    monkeypatch.setattr(sys, "unraisablehook", quietly)
    yield
    gc.collect()  # what Twisted prints of them, it prints here, where pytest listens


def text(seed: int) -> str:
    return random_idioms.program(seed) if seed % 2 else random_programs.program(seed)


def load(seed: int) -> Any:
    return random_idioms.load(seed) if seed % 2 else random_programs.load(seed)


def run(seed: int, hook: str, clock: Clock) -> Profile:
    names = load(seed)
    return traced(names["program"], hook, clock, [])


def reference(program: Any, *arguments: Any, rules: tuple[str, ...] = LANDED) -> Reference:
    gc.collect()
    gc.disable()
    try:
        clock = Clock()
        with Reference(clock, program.__code__, rules) as found:
            program(clock, *arguments)
        return found
    finally:
        gc.enable()


def lines_of(profile: Profile, bottom: str) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for stack in profile:
        key = above([frame.name for frame in stack.frames], bottom)
        for line, wait in stack.lines.items():
            found[key, line] = found.get((key, line), 0) + wait
    return {key: value for key, value in found.items() if value}


def figures_of(profile: Profile, bottom: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for stack in profile:
        row = [stack.deferreds, stack.success, stack.failure, stack.cancelled, stack.abandoned, stack.latency]
        if any(row):
            known = found.setdefault(above([frame.name for frame in stack.frames], bottom), [0] * len(row))
            known[:] = [a + b for a, b in zip(known, row, strict=True)]
    return found


def edges_of(file: Callgrind) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for ((_, caller), _, (_, callee)), (_, costs) in file.edges.items():
        key = short(caller), short(callee)
        found[key] = found.get(key, 0) + costs[file.column("Wait")]
    return {key: value for key, value in found.items() if value}


def near(theirs: dict[Any, int], ours: dict[Any, Any], cells: int) -> bool:
    """Equal, but that the one is a sum of cells that were rounded."""
    return all(abs(theirs.get(key, 0) - ours.get(key, 0)) * 2 <= cells for key in theirs.keys() | ours.keys())


def compare(seed: int, hook: str, profile: Profile, expected: Reference) -> None:
    cells, bottom, where = len(expected.model.cells), f"random_{seed}.program", f"{hook}, program {seed}\n{text(seed)}"
    waits = shortened(written(profile, "folded"), bottom)
    assert near(waits, expected.waits(), cells), f"{where}\n{waits}\n{expected.waits()}"
    assert near(lines_of(profile, bottom), expected.lines(), cells), f"lines, {where}"
    edges = edges_of(parse(written(profile)))
    ours = expected.edges()
    shared = {key: value for key, value in edges.items() if key in ours}
    assert near(shared, ours, cells), f"edges, {where}"
    assert figures_of(profile, bottom) == expected.figures(), f"figures, {where}"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_programs_against_the_reference(batch: int) -> None:
    for seed in range(batch, PROGRAMS, BATCHES):
        try:
            expected = reference(load(seed)["program"], [])
        except RecursionError:  # cancelling a race, or a list, that cancels the one that cancels it
            continue
        files = set()
        for hook in HOOKS:
            profile = run(seed, hook, Clock())
            files.add(written(profile))
            compare(seed, hook, profile, expected)
        assert len(files) == 1, f"the hooks differ\n{text(seed)}"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_programs_keep_the_laws_on_every_hook_alike(batch: int) -> None:
    """On every third of them: to ask for all that is pending, whenever the clock moves, is slow."""
    for seed in range(3 * batch, PROGRAMS, 3 * BATCHES):
        files = set()
        for hook in HOOKS:
            clock = WatchedClock()
            try:
                profile = run(seed, hook, clock)
            except RecursionError:
                continue
            files.add(written(profile))
            check_laws(parse(written(profile)))
            waits = shortened(written(profile, "folded"), "")
            cells = sum(len(stack.lines) for stack in profile)
            assert abs(sum(waits.values()) - clock.heads_time * SECOND) <= 2 * cells, text(seed)
        assert len(files) <= 1, f"the hooks differ\n{text(seed)}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_reference_gives_the_table_too(row: Row) -> None:
    """So the two readings, and what was worked out by hand, are one."""
    if row.refusal() or "tracer" in inspect.signature(row.program).parameters or row.name in SURPRISES:
        pytest.skip(row.refusal() or "the reference does not know that")
    expected = reference(row.program, rules=tuple(rule for rule in LANDED if rule != COROUTINES or row.coroutines))
    assert {key: round(value) for key, value in expected.waits().items()} == in_ns(row.waits)
    figures = expected.figures()
    if row.deferreds is not None:
        assert {key: row[0] for key, row in figures.items() if row[0]} == dict(row.deferreds)
    if row.latencies is not None:
        assert {key: row[5] for key, row in figures.items() if row[5]} == in_ns(row.latencies)
