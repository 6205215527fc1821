# SPDX-License-Identifier: ISC
"""The printed table of a profile, in the manner of pstats."""

from __future__ import annotations

from collections.abc import Sequence

from .rows import Row
from .text import printable
from .views import Totals

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


def seconds(ns: int) -> str:
    """Four figures, and a unit that needs no zeros."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= 0.99995 * size:  # a value that would be rounded up to the unit is shown in it
            value = ns / size
            return f"{value:.{3 if value < 9.9995 else 2 if value < 99.995 else 1}f}{unit}"
    return f"{ns}ns" if ns else "0"


def _cells(row: Row) -> list[str]:
    figures = [str(row.deferreds) if row.deferreds else "", seconds(row.wait), seconds(row.inclusive)]
    if row.fired:
        figures += [seconds(ns) for ns in (row.mean, *row.percentiles(0.5, 0.95, 0.99), row.latency_max)]
    else:
        figures += [""] * 5
    figures += [str(count) if count else "" for count in (row.failure, row.cancelled, row.abandoned, row.pending)]
    place = f"{row.name} ({row.file}:{row.first_line})" if row.file else row.name
    return [*figures, place]


def printed(rows: Sequence[Row], totals: Totals, hidden: int, notes: Sequence[str] = ()) -> str:
    """A summary of the whole profile, notes, the headings, and a line for each function."""
    outcomes = ("success", "failure", "cancelled", "abandoned", "pending")
    counts = {name: getattr(totals, name) for name in outcomes}
    lines = [
        f"{totals.deferreds} Deferred{'s' * (totals.deferreds != 1)}, {seconds(totals.wait)} of wait",
        ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing was measured",
        *map(printable, notes),
        "",
        columns(list(_HEADINGS), [_cells(row) for row in rows]),
    ]
    if hidden:
        lines += ["", f"[{hidden} frame{'s' * (hidden != 1)} hidden]"]
    return "\n".join(lines)


def printed_rows(rows: Sequence[Row], places: Sequence[str]) -> list[str]:
    """The headings, and a line for each function, without the columns that are empty for all."""
    cells = [[*_cells(row)[:-1], place] for row, place in zip(rows, places)]
    kept = [number for number in range(len(_HEADINGS)) if any(line[number] for line in cells)]
    heads = [_HEADINGS[number] for number in kept] or [_HEADINGS[-1]]
    return columns(heads, [[line[number] for number in kept] for line in cells]).split("\n")


def columns(headings: list[str], rows: list[list[str]]) -> str:
    """Lines of figures, and of a place at the end of each."""
    cells = [headings, *([*row[:-1], printable(row[-1])] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings) - 1)]
    return "\n".join(
        "  ".join([*(figure.rjust(width) for figure, width in zip(line, widths)), line[-1]]) for line in cells
    )
