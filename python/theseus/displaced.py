# SPDX-License-Identifier: ISC
"""Measuring does not end in silence: notices that another profiler has replaced the hook, says so, takes it again."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from . import hooks
from .errors import TheseusWarning

_SHOWN = 4  # gaps in a file; further ones are counted


class Gap(NamedTuple):
    """A time in which nothing was noticed, in ns since install()."""

    by: str
    began: int
    ended: int | None


def _name(other: Any) -> str:
    if other is None:
        return "a profiler that has gone"
    if other is True:
        return "a profiler in C"
    named = other if hasattr(other, "__qualname__") else type(other)
    return f"{named.__module__}.{named.__qualname__}"


def _nothing() -> None:
    """A call, which every profile hook notices."""


class Displaced:
    """The gaps of one tracer.  Its methods are called in the traced thread."""

    def __init__(self, hook: str, clock: Callable[[], int], rearm: bool) -> None:
        self.hook = hook
        self.clock = clock
        self.rearm = rearm
        self.gaps: list[Gap] = []
        self._installed = self._latest = 0
        self._is_checking = False
        self._has_warned = False

    def installed(self) -> None:
        self._installed = self._now()

    def elapsed(self) -> int:
        """ns since install()."""
        return max(0, self._now() - self._installed)

    def _now(self) -> int:
        with contextlib.suppress(Exception):  # a clock that fails stands still
            self._latest = self.clock()
        return self._latest

    def check(self, core: Any, rearm: bool | None = None) -> None:
        """Notes a gap, or the end of one.

        Called whenever an observer fires while the hook is not in its place, and before snapshots and the like.
        """
        if self._is_checking:  # the clock, or what shows warnings, uses the tracer
            return
        self._is_checking = True
        try:
            self._check(core, self.rearm if rearm is None else rearm)
        finally:
            self._is_checking = False
        if self.gaps and not self._has_warned:
            warnings.warn(f"{self.said()}. {self._advice(core)}", TheseusWarning, stacklevel=3)
            self._has_warned = True  # not, if the warning was raised as an error where nobody could get it

    def _check(self, core: Any, rearm: bool) -> None:
        is_open = bool(self.gaps) and self.gaps[-1].ended is None
        if core.listening() or _is_called(core):
            if is_open:
                self.gaps[-1] = self.gaps[-1]._replace(ended=self.elapsed())
            return
        other = hooks.current() if self.hook != "monitoring" else None
        if not is_open:
            by = _name(other) if self.hook != "monitoring" else "another tool of sys.monitoring"
            self.gaps.append(Gap(by, self.elapsed(), None))
        if other is None and rearm:
            try:
                core.rearm()
            except RuntimeError:  # the ids of sys.monitoring are all taken
                return
            self.gaps[-1] = self.gaps[-1]._replace(ended=self.elapsed())

    def said(self) -> str:
        """The gaps, for a file.  Empty: there are none."""
        parts = []
        for gap in self.gaps[:_SHOWN]:
            again = "" if gap.ended is None else f", taken again after {gap.ended / 1e9:.1f} s"
            parts.append(f"replaced by {gap.by} after {gap.began / 1e9:.1f} s{again}")
        if len(self.gaps) > _SHOWN:
            parts.append(f"and {len(self.gaps) - _SHOWN} more times")
        return "Hook: " + "; ".join(parts) if parts else ""

    def _advice(self, core: Any) -> str:
        if self.gaps[-1].ended is not None:
            return "Operations that began in between are missing."
        then = "until that profiler stops" if self.rearm else "until install() is called after that profiler stops"
        return f"New operations are not noticed {then}."


def _is_called(core: Any) -> bool:
    """Whether a later hook calls ours."""
    before = core.heard()
    _nothing()
    return bool(core.heard() != before)
