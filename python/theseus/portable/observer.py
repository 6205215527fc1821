# SPDX-License-Identifier: ISC
"""The observer: the entry of the portable hook in the list of callbacks of each pending Deferred."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from .. import machinery
from .._cffi import lib


class Reports(Protocol):
    """The receiver of an observer's reports."""

    @property
    def profile(self) -> Any:
        """The theseus_profile that its span is in."""

    def end(self, span: int, outcome: int) -> None:
        """Its Deferred was collected."""

    def fired(self, span: int, outcome: int, loop: Any) -> None:
        """The callback loop of this frame called it, or something else did."""

    def pass_deferred(self, result: Any, loop: Any) -> object:
        """Returns the object that the observer returns to the loop for its result, a Deferred."""


class Observer:
    """Passes the result of its Deferred on untouched, and ends the span.

    If it is collected without having been called, so was its Deferred.
    """

    __slots__ = ("reports", "span", "ended", "__weakref__")

    def __init__(self, reports: Reports, span: int) -> None:
        self.reports = reports
        self.span = span
        self.ended = False

    def __call__(self, result: object) -> object:
        self.ended = True
        outcome = machinery.outcome_of(result)
        loop = sys._getframe(1)
        self.reports.fired(self.span, outcome, loop)
        if machinery.is_a(result, Deferred):
            return self.reports.pass_deferred(result, loop)
        return result

    def __del__(self) -> None:
        if not self.ended:
            self.reports.end(self.span, lib.THESEUS_ABANDONED)


def observes(callback: Any, profile: Any) -> bool:
    """Whether a callback is an observer of a span in this profile."""
    return type(callback) is Observer and callback.reports.profile is profile


def spans_on(deferred: Any, profile: Any) -> list[int]:
    """The spans that a Deferred carries itself, in the order in which it was returned for them."""
    entries = machinery.callbacks_of(deferred) or ()
    return [entry[0][0].span for entry in entries if observes(entry[0][0], profile)]


def observe(deferred: Any, reports: Reports, span: int) -> None:
    """Appends an observer to the callbacks of a pending Deferred."""
    observer = Observer(reports, span)
    entries = machinery.callbacks_of(deferred)
    assert entries is not None
    entries.append(((observer, (), {}), (observer, (), {})))


class Handed:
    """Stands for a Deferred as the result of `current`, on its way to the callback that gets it: call() is that."""

    __slots__ = ("current", "deferred", "callback")

    def __init__(self, current: Any, deferred: Any, callback: Callable[..., object]) -> None:
        self.current = current
        self.deferred = deferred
        self.callback = callback

    @property
    def call(self) -> Callable[..., object]:
        if self.current.result is self:
            self.current.result = self.deferred
        return functools.partial(self.callback, self.deferred)


class Unbox:
    """Stands in a list of callbacks before those that are to get a boxed Deferred."""

    __slots__ = ("reports",)

    def __init__(self, reports: Reports) -> None:
        self.reports = reports

    def __call__(self, boxed: machinery.Boxed) -> object:
        return self.reports.pass_deferred(boxed.deferred, sys._getframe(1))
