# SPDX-License-Identifier: ISC
"""What the portable hook leaves in the program: one entry in the list of callbacks of each pending Deferred."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from . import machinery
from ._cffi import lib

if TYPE_CHECKING:
    from .portable import PortableCore


class Observer:
    """The entry that a pending Deferred carries: passes its result on untouched and ends the span.

    Collected without having been called, it says that the Deferred was.
    """

    __slots__ = ("core", "span", "ended", "__weakref__")

    def __init__(self, core: PortableCore, span: int) -> None:
        self.core = core
        self.span = span
        self.ended = False

    def __call__(self, result: object) -> object:
        self.ended = True
        outcome = machinery.outcome_of(result)
        loop = sys._getframe(1)
        self.core.fired(self.span, outcome, loop)
        if machinery.is_a(result, Deferred):
            return self.core.pass_deferred(result, loop)
        return result

    def __del__(self) -> None:
        if not self.ended:
            self.core.end(self.span, lib.THESEUS_ABANDONED)


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

    __slots__ = ("core",)

    def __init__(self, core: PortableCore) -> None:
        self.core = core

    def __call__(self, boxed: machinery.Boxed) -> object:
        return self.core.pass_deferred(boxed.deferred, sys._getframe(1))
