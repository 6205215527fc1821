# SPDX-License-Identifier: ISC
"""theseus diff --fail-if: conditions such as 'p95>+25%', 'get_user:p99>500ms', 'failed>0', 'wait/op>+20%'."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from .compare import Figures, verdict

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def _percentile_of(fraction: float) -> Callable[[Figures], float]:
    return lambda one: one.percentile(fraction)


METRICS: dict[str, Callable[[Figures], float]] = {
    **{name: _percentile_of(fraction) for name, fraction in PERCENTILES.items()},
    "max": lambda one: one.latency_max,
    "mean": lambda one: one.mean,
    "wait/op": lambda one: one.wait_per_op,
    "wait": lambda one: one.wait,
    "n": lambda one: one.n,
    "failed": lambda one: one.failed,
    "cancelled": lambda one: one.cancelled,
    "abandoned": lambda one: one.abandoned,
    "pending": lambda one: one.pending,
}
TIMES = (*PERCENTILES, "max", "mean", "wait/op", "wait")
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
LEAST_SHARE = 0.15  # of a percentile: a bucket is up to 12.5 % wide

_METRIC = "|".join(re.escape(name) for name in sorted(METRICS, key=len, reverse=True))
_FORM = re.compile(
    rf"(?:(?P<function>.+):)?(?P<metric>{_METRIC})(?P<sign>[<>])(?P<value>[+-]?\d+(?:\.\d+)?)(?P<unit>%|ns|us|ms|s|)"
)


class Condition(NamedTuple):
    text: str
    function: str  # "": any
    metric: str
    more: bool  # true if the value is greater; else if it is less
    value: float  # ns, a count, or a factor of the value before
    relative: bool

    def is_about(self, name: str, short: str) -> bool:
        return not self.function or self.function in (name, short) or name.endswith("." + self.function)

    def _holds(self, before: Figures, after: Figures) -> bool:
        value, bound = METRICS[self.metric](after), self.value
        if self.relative:
            bound *= METRICS[self.metric](before)
        return value > bound if self.more else value < bound

    def judged(self, before: Figures | None, after: Figures | None) -> str:
        """ "" if it does not hold, "true" if it does; "not enough" if it would, but is no proof."""
        if after is None or (self.relative and before is None):
            return ""
        known = before or Figures()
        if not self._holds(known, after):
            return ""
        if not self.relative or self.metric not in TIMES:
            return "true"
        why = verdict(known, after, PERCENTILES.get(self.metric))
        return {"": "true", "same": ""}.get(why, why)


def parsed(text: str) -> Condition:
    """Raises ValueError."""
    found = _FORM.fullmatch(text.replace(" ", ""))
    if not found:
        raise ValueError(f"{text!r} is no condition: write 'p95>+25%', 'get_user:p99>500ms' or 'failed>0'")
    metric, unit, value = found["metric"], found["unit"], float(found["value"])
    if unit == "%":
        if metric in PERCENTILES and abs(value) < 100 * LEAST_SHARE:
            raise ValueError(f"{text!r}: a bucket of latencies is up to 12.5 % wide: ask for a change of 15 % or more")
        return Condition(text, found["function"] or "", metric, found["sign"] == ">", 1 + value / 100, True)
    if (metric in TIMES) != bool(unit):
        wanted = "a time, such as 500ms, or a change, such as +25%" if metric in TIMES else "a number"
        raise ValueError(f"{text!r}: {metric} is compared with {wanted}")
    size = value * UNITS.get(unit, 1)
    return Condition(text, found["function"] or "", metric, found["sign"] == ">", size, False)
