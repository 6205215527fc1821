# SPDX-License-Identifier: ISC
"""The stacks of a profile: their frames, the figures of each, and percentiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ._cffi import ffi, lib
from .errors import check


class Frame(NamedTuple):
    """One function in a stack, and the line of its caller on which it was called."""

    name: str
    file: str
    first_line: int
    call_line: int


class Stack(NamedTuple):
    """The figures of one stack.  Times are in ns.  The outermost frame is the first."""

    frames: tuple[Frame, ...]
    deferreds: int
    success: int
    failure: int
    cancelled: int
    abandoned: int
    pending: int
    wait: int  # self, whoever the head was
    lines: dict[int, int]  # wait by line
    latency: int  # sum over those that fired
    latency_min: int
    latency_max: int
    histogram: dict[int, int]  # count by bucket, see bucket_bounds()

    @property
    def fired(self) -> int:
        return self.success + self.failure + self.cancelled

    def percentile(self, fraction: float) -> int:
        """The latency that this fraction (0 to 1) of the operations did not exceed, in ns, off by at most 1/16."""
        return percentile(self.histogram, self.latency_min, self.latency_max, fraction)


def bucket_bounds(bucket: int) -> tuple[int, int]:
    """The lowest and the highest latency, in ns, that a bucket of a histogram holds."""
    low, high = ffi.new("uint64_t *"), ffi.new("uint64_t *")
    check(lib.theseus_bucket_bounds(bucket, low, high), "bucket_bounds")
    return int(low[0]), int(high[0])


def percentile(histogram: dict[int, int], least: int, most: int, fraction: float) -> int:
    """As theseus_percentile(), over a histogram that may be a sum of several."""
    if not 0 <= fraction <= 1:
        raise ValueError(f"a fraction is from 0 to 1, not {fraction!r}")
    count = sum(histogram.values())
    if not count:
        return 0
    rank = min(max(1, -int(-fraction * count // 1)), count)
    if rank == 1 and fraction < 1:
        return least
    if rank == count:
        return most
    for bucket in sorted(histogram):
        rank -= histogram[bucket]
        if rank <= 0:
            low, high = bucket_bounds(bucket)
            return min(max(low + (high - low) // 2, least), most)
    raise AssertionError("unreachable")


def raw_frames(handle: Any, stack: int) -> list[tuple[bytes, bytes, int, int]]:
    """(name, file, first line, call line) of each frame of a stack, outermost first."""
    found = []
    info, function = ffi.new("theseus_stack_info *"), ffi.new("theseus_function_info *")
    info.size, function.size = ffi.sizeof(info[0]), ffi.sizeof(function[0])
    while stack != lib.THESEUS_ROOT:
        check(lib.theseus_stack_get(handle, stack, info))
        check(lib.theseus_function_get(handle, info.function, function))
        found.append((ffi.string(function.name), ffi.string(function.file), function.first_line, info.call_line))
        stack = info.parent
    return found[::-1]


def frames(raw: Iterable[tuple[bytes, bytes, int, int]]) -> tuple[Frame, ...]:
    return tuple(
        Frame(name.decode("utf-8", "surrogateescape"), file.decode("utf-8", "surrogateescape"), *lines)
        for name, file, *lines in raw
    )
