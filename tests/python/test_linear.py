# SPDX-License-Identifier: ISC
"""A failure means that a public call takes more than linear time in the number of operations: it blocks the reactor of
a program that has many.

Calls of functions, in Python and in C, are counted at three sizes.  Time is not measured.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.task import Clock

import theseus
from shared import every_hook
from theseus import Profile, Tracer
from theseus.portable import core as portable_core
from unnoticed import pending

SIZES = (40, 80, 160)
pytestmark = pytest.mark.usefixtures("as_it_was")


def calls_of(action: Callable[[], object]) -> int:
    count = 0

    def counts(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counts)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def nested(depth: int) -> Any:
    return pending() if depth == 0 else nested(depth - 1)


def with_pending(hook: str, size: int) -> tuple[Tracer, list[Any]]:
    """Many operations at one place, and as many at places of their own."""
    tracer = Tracer(Clock(), hook)
    lines = "\n".join(f"    kept.append(get())  # {number}" for number in range(size))
    names: dict[str, Any] = {"get": pending, "kept": []}
    exec(compile(f"def places():\n{lines}\n", "places.py", "exec"), names)
    with tracer:
        names["places"]()
        names["kept"].extend(pending() for _ in range(size))
    return tracer, names["kept"]


def written(tracer: Tracer, format: str) -> None:
    tracer.write(io.BytesIO(), format)


def merged(tracer: Tracer) -> None:
    profile = Profile()
    profile.merge(tracer.snapshot())
    profile.merge(tracer.snapshot())


def loaded(tracer: Tracer, format: str) -> None:
    file = io.BytesIO()
    tracer.write(file, format)
    file.seek(0)
    theseus.load(file)


CALLS: dict[str, Callable[[Tracer], object]] = {
    "pending": lambda tracer: tracer.pending(),
    "print pending": lambda tracer: [str(one) for one in tracer.pending()],
    "snapshot": lambda tracer: tracer.snapshot(),
    "callgrind": lambda tracer: written(tracer, "callgrind"),
    "pprof": lambda tracer: written(tracer, "pprof"),
    "folded": lambda tracer: written(tracer, "folded"),
    "print": lambda tracer: str(tracer.snapshot()),
    "iterate": lambda tracer: list(tracer.snapshot()),
    "merge": merged,
    "load callgrind": lambda tracer: loaded(tracer, "callgrind"),
    "load pprof": lambda tracer: loaded(tracer, "pprof"),
    "clear": lambda tracer: tracer.clear(),
}


@every_hook
@pytest.mark.parametrize("call", CALLS)
def test_calls_grow_in_step_with_the_operations(hook: str, call: str) -> None:
    counts = []
    for size in SIZES:
        tracer, kept = with_pending(hook, size)
        CALLS[call](tracer)  # once for what is done only once
        counts.append(calls_of(lambda: CALLS[call](tracer)))  # noqa: B023
        del kept
    small, middle, large = counts
    assert large - middle <= 2.2 * (middle - small) + 20, counts


def test_settling_which_looks_at_every_operation_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tracer, kept = with_pending("portable", 50)
    settled = 0
    locked = portable_core.Turn.locked

    def counted(self: Any, action: Any) -> Any:
        nonlocal settled
        settled += 1
        return locked(self, action)

    monkeypatch.setattr(portable_core.Turn, "locked", counted)
    assert len(tracer.pending()) == len(kept) == 100
    assert settled == 1
