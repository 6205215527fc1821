# SPDX-License-Identifier: ISC
"""Two profiles side by side, by function or by path; and whether a difference is one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from .._cffi import lib
from ..graph import Graph
from ..profile import Profile
from ..rows import rows
from ..stack import percentile
from ..tree import Tree
from .faults import Fault
from .places import short_name

LEAST = 20  # operations on both sides, below which a change is no change
SURE = 0.01  # the probability that two halves of one program differ as much

Key = tuple[str, ...]


class Figures:
    """What one profile has of one function or path.  Times are in ns."""

    def __init__(self) -> None:
        self.n = self.fired = self.failed = self.cancelled = self.abandoned = self.pending = 0
        self.wait = self.latency = self.latency_min = self.latency_max = 0
        self.histogram: dict[int, int] = {}
        self.parts: dict[str, int] = {}  # the wait of what it called, by name; its own under ""

    def percentile(self, fraction: float) -> int:
        return percentile(self.histogram, self.latency_min, self.latency_max, fraction)

    @property
    def mean(self) -> float:
        return self.latency / self.fired if self.fired else 0

    @property
    def wait_per_op(self) -> float:
        return self.wait / self.n if self.n else 0


class Side(NamedTuple):
    name: str
    outermost: int
    duration: int
    figures: dict[Key, Figures]
    places: dict[Key, tuple[str, str, int]]  # name, file, first line


def _figures(one: object, histogram: dict[int, int], counts: int) -> Figures:
    found = Figures()
    found.n = counts
    found.fired = getattr(one, "fired")  # noqa: B009
    found.failed = getattr(one, "failure")  # noqa: B009
    for name in ("cancelled", "abandoned", "pending", "latency", "latency_min", "latency_max"):
        setattr(found, name, getattr(one, name))
    found.histogram = histogram
    if found.fired and not histogram:
        raise Fault("its latencies have no buckets, so that percentiles cannot be compared: write it with all detail")
    return found


def side(name: str, found: Profile | Graph, by: str, machinery: Iterable[str]) -> Side:
    """Raises Fault for what cannot be compared."""
    if isinstance(found, Graph):
        raise Fault(f"{name}: a callgrind file has no percentiles to compare: write the profile as pprof")
    if found.is_foreign():
        raise Fault(f"{name}: this is no profile of Theseus")
    totals = found.totals()
    folded, _hidden = found.folded(machinery)
    tree = Tree(folded._handle, machinery)
    try:
        figures, places = _by_path(tree) if by == "path" else _by_function(folded, tree)
    except Fault as fault:
        raise Fault(f"{name}: {fault.message}") from None
    return Side(name, totals.outermost, found.duration, figures, places)


def _histogram(tree: Tree, number: int) -> dict[int, int]:
    return {bucket: count for bucket, count in enumerate(tree.histogram(number)) if count}


Found = tuple[dict[Key, Figures], dict[Key, tuple[str, str, int]]]


def _by_path(tree: Tree) -> Found:
    figures: dict[Key, Figures] = {}
    places: dict[Key, tuple[str, str, int]] = {}
    keys: dict[int, Key] = {0: ()}
    for number in range(1, len(tree)):
        node = tree[number]
        function = tree.function(node)
        key = keys[number] = (*keys[node.parent], function.name)
        one = _figures(node, _histogram(tree, number) if node.fired else {}, node.operations)
        if key in figures:  # a call that programs wait on, from another line
            _add(figures[key], one)
        else:
            figures[key] = one
        one = figures[key]
        one.wait += node.inclusive
        one.parts[""] = one.parts.get("", 0) + node.own
        above = figures.get(keys[node.parent])
        if above:
            short = short_name(function.name, function.file)
            above.parts[short] = above.parts.get(short, 0) + node.inclusive
        places.setdefault(key, (function.name, function.file, function.first_line))
    return figures, places


def _add(to: Figures, one: Figures) -> None:
    least = [side.latency_min for side in (to, one) if side.fired]
    for name in ("n", "fired", "failed", "cancelled", "abandoned", "pending", "latency"):
        setattr(to, name, getattr(to, name) + getattr(one, name))
    to.latency_min, to.latency_max = min(least, default=0), max(to.latency_max, one.latency_max)
    for bucket, count in one.histogram.items():
        to.histogram[bucket] = to.histogram.get(bucket, 0) + count


def _by_function(profile: Profile, tree: Tree) -> Found:
    figures: dict[Key, Figures] = {}
    places: dict[Key, tuple[str, str, int]] = {}
    for row in rows(profile._handle):
        one = _figures(row, row.histogram, row.deferreds)
        if (row.name,) in figures:
            _add(figures[row.name,], one)
        else:
            figures[row.name,] = one
        figures[row.name,].wait += row.inclusive
        places.setdefault((row.name,), (row.name, row.file, row.first_line))
    for number in range(1, len(tree)):
        node = tree[number]
        function, caller = tree.function(node), tree.function(tree[node.parent])
        mine, above = figures.get((function.name,)), figures.get((caller.name,))
        if mine:
            mine.parts[""] = mine.parts.get("", 0) + node.own
        if above and caller.name != function.name:
            short = short_name(function.name, function.file)
            above.parts[short] = above.parts.get(short, 0) + node.inclusive
    return figures, places


# ---- is it a difference? ----


def differ(before: dict[int, int], after: dict[int, int]) -> bool:
    """The two-sample test of Kolmogorov and Smirnov, over buckets, which makes it cautious."""
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        return False
    gap = low = high = 0.0
    for bucket in sorted({*before, *after}):
        low += before.get(bucket, 0) / n
        high += after.get(bucket, 0) / m
        gap = max(gap, abs(low - high))
    root = math.sqrt(n * m / (n + m))
    size = (root + 0.12 + 0.11 / root) * gap
    if size < 0.2:
        return False  # the series converges too slowly, to 1
    chance: float = 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * size * size) for k in range(1, 101))
    return chance < SURE


def buckets_apart(before: float, after: float) -> int:
    first, second = (int(lib.theseus_latency_bucket(int(ns))) for ns in (before, after))
    return abs(first - second)


def verdict(before: Figures, after: Figures, fraction: float | None = None) -> str:
    """ "" if they differ; else why that is not known.  `fraction`: of the percentile that is compared, if one is."""
    if before.n < LEAST or after.n < LEAST or not before.fired or not after.fired:
        return "not enough"
    if not differ(before.histogram, after.histogram):
        return "same"
    if fraction is not None and buckets_apart(before.percentile(fraction), after.percentile(fraction)) < 2:
        return "same"
    return ""
