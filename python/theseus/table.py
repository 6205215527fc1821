# SPDX-License-Identifier: ISC
"""The printed table of a profile, in the manner of pstats."""

from __future__ import annotations

from collections.abc import Sequence

from .stack import Stack, percentile
from .text import printable

_HEADINGS = (
    "deferreds",
    "wait",
    "incl.wait",
    "mean",
    "p50",
    "p95",
    "p99",
    "max",
    "failed",
    "cancel",
    "aband",
    "pend",
    "function",
)


class Row:
    """What was measured of one function, at all its stacks.  Times are in ns."""

    def __init__(self, name: str, file: str, first_line: int) -> None:
        self.name = name
        self.file = file
        self.first_line = first_line
        self.deferreds = self.success = self.failure = self.cancelled = self.abandoned = self.pending = 0
        self.wait = self.inclusive = 0
        self.latency = self.latency_min = self.latency_max = 0
        self.histogram: dict[int, int] = {}

    def add(self, stack: Stack) -> None:
        if stack.fired:
            self.latency_min = min(self.latency_min, stack.latency_min) if self.fired else stack.latency_min
            self.latency_max = max(self.latency_max, stack.latency_max)
        for name in ("deferreds", "success", "failure", "cancelled", "abandoned", "pending", "wait", "latency"):
            setattr(self, name, getattr(self, name) + getattr(stack, name))
        for bucket, count in stack.histogram.items():
            self.histogram[bucket] = self.histogram.get(bucket, 0) + count

    @property
    def fired(self) -> int:
        return self.success + self.failure + self.cancelled

    @property
    def mean(self) -> int:
        return self.latency // self.fired if self.fired else 0

    def percentile(self, fraction: float) -> int:
        """Of the latencies, in ns, off by at most 1/16."""
        return percentile(self.histogram, self.latency_min, self.latency_max, fraction)


def seconds(ns: int) -> str:
    """Four figures, and a unit that needs no zeros."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= 0.99995 * size:  # what would be rounded up to it is shown in it
            value = ns / size
            return f"{value:.{3 if value < 9.9995 else 2 if value < 99.995 else 1}f}{unit}"
    return f"{ns}ns" if ns else "0"


def _cells(row: Row) -> list[str]:
    figures = [str(row.deferreds) if row.deferreds else "", seconds(row.wait), seconds(row.inclusive)]
    if row.fired:
        figures += [seconds(ns) for ns in (row.mean, *map(row.percentile, (0.5, 0.95, 0.99)), row.latency_max)]
    else:
        figures += [""] * 5
    figures += [str(count) if count else "" for count in (row.failure, row.cancelled, row.abandoned, row.pending)]
    place = f"{row.name} ({row.file}:{row.first_line})" if row.file else row.name
    return [*figures, place]


def printed(rows: Sequence[Row]) -> str:
    """A summary, the headings, and a line for each function."""
    counts = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("deferreds", "success", "failure", "cancelled", "abandoned", "pending")
    }
    wait = sum(row.wait for row in rows)
    summary = [
        f"{counts['deferreds']} Deferred{'s' * (counts['deferreds'] != 1)}, {seconds(wait)} of wait",
        ", ".join(f"{counts[name]} {name}" for name in list(counts)[1:] if counts[name]) or "nothing was measured",
    ]
    return "\n".join([*summary, "", columns(list(_HEADINGS), [_cells(row) for row in rows])])


def columns(headings: list[str], rows: list[list[str]]) -> str:
    """Lines of figures, and of a place at the end of each."""
    cells = [headings, *([*row[:-1], printable(row[-1])] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings) - 1)]
    return "\n".join(
        "  ".join([*(figure.rjust(width) for figure, width in zip(line, widths)), line[-1]]) for line in cells
    )
