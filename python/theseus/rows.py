# SPDX-License-Identifier: ISC
"""The table by function, as libtheseus computes it."""

from __future__ import annotations

from typing import Any

from ._cffi import ffi, lib
from .errors import check


class Row:
    """What was measured of one function, at all its stacks.  Times are in ns."""

    def __init__(self, table: Any, number: int, row: Any) -> None:
        self._table, self._number = table, number
        self.name = _text(row.name)
        file = _text(row.file)
        self.file = "" if file == "(theseus)" else file
        self.first_line: int = row.first_line
        self.wait: int = row.own[lib.THESEUS_WAIT]
        self.inclusive: int = row.inclusive[lib.THESEUS_WAIT]
        self.latency: int = row.own[lib.THESEUS_LATENCY]
        self.deferreds: int = row.own[lib.THESEUS_OPERATIONS]
        self.success: int = row.success
        self.failure: int = row.failure
        self.cancelled: int = row.cancelled
        self.abandoned: int = row.abandoned
        self.pending: int = row.pending
        self.latency_min: int = row.latency_min_ns
        self.latency_max: int = row.latency_max_ns

    @property
    def fired(self) -> int:
        return self.success + self.failure + self.cancelled

    @property
    def mean(self) -> int:
        return self.latency // self.fired if self.fired else 0

    def _counts(self) -> Any:
        counts = ffi.new("uint64_t[]", lib.THESEUS_BUCKETS)
        check(lib.theseus_table_histogram(self._table, self._number, counts))
        return counts

    @property
    def histogram(self) -> dict[int, int]:
        """The number of latencies by bucket: see bucket_bounds()."""
        return {bucket: count for bucket, count in enumerate(self._counts()) if count}

    def percentile(self, fraction: float) -> int:
        """Of the latencies, in ns, off by at most 1/16."""
        return self.percentiles(fraction)[0]

    def percentiles(self, *fractions: float) -> list[int]:
        if not all(0 <= fraction <= 1 for fraction in fractions):
            raise ValueError(f"a fraction is from 0 to 1, not {fractions!r}")
        counts, out = self._counts(), ffi.new("uint64_t *")
        found = []
        for fraction in fractions:
            check(lib.theseus_histogram_percentile(counts, self.latency_min, self.latency_max, fraction, out))
            found.append(int(out[0]))
        return found


def _text(characters: Any) -> str:
    found: bytes = ffi.string(characters)
    return found.decode("utf-8", "surrogateescape")


def rows(handle: Any) -> list[Row]:
    """The rows of a theseus_profile *, the largest inclusive Wait first.

    A profile that has columns of somebody else's only has no rows.
    """
    out = ffi.new("theseus_table **")
    check(lib.theseus_profile_functions(handle, ffi.NULL, out), "table")
    table = ffi.gc(out[0], lib.theseus_table_free)
    first = ffi.new("theseus_event_info *")
    first.size = ffi.sizeof(first[0])
    check(lib.theseus_graph_event_get(lib.theseus_table_graph(table), 0, first), "table")
    if ffi.string(first.name) != b"Wait":
        return []
    row = ffi.new("theseus_table_row *")
    row.size = ffi.sizeof(row[0])
    found = []
    for number in range(lib.theseus_table_count(table)):
        check(lib.theseus_table_get(table, number, row), "table")
        found.append(Row(table, number, row))
    return found
