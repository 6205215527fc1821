# SPDX-License-Identifier: ISC
"""The runs of Deferred's callback loop, and the reports of the observers that they call."""

from __future__ import annotations

import operator
from typing import Any

from .. import generators, machinery
from .observer import Handed, Unbox
from .setprofile import Watch
from .stack import LogicalStacks
from .turn import Turn


class Loops:
    """Implements Reports."""

    def __init__(self, stacks: LogicalStacks, turn: Turn, watch: Watch) -> None:
        self.stacks = stacks
        self.turn = turn
        self.watch = watch
        self.boxed: dict[int, tuple[Any, machinery.Boxed]] = {}  # by id of the loop's frame

    @property
    def profile(self) -> Any:
        return self.turn.profile

    def end(self, span: int, outcome: int) -> None:
        self.turn.end(span, outcome)

    def fired(self, span: int, outcome: int, loop: Any) -> None:
        if self.watch.here() and not self.watch.listener.listening():
            self.watch.notice()
        if loop.f_code is machinery.LOOP_CODE and self.watch.listening():
            with self.turn.lock:
                self.stacks.pass_observer(span, loop)
        self.turn.end(span, outcome)

    def pass_deferred(self, result: Any, loop: Any) -> object:
        """Passes a Deferred on as a result.

        Since Twisted 24.7 a Deferred may be fired with one.  The loop takes it for a Deferred that a callback
        returned, and would wait for it.
        """
        current = generators.variable(loop, "current")
        entries = machinery.callbacks_of(current) if current is not None else None
        if entries is None:
            return result
        if entries and entries[0][0][0] is not machinery.CONTINUE:
            # The loop itself calls the next callback, so that no frame of ours is in a traceback.
            (callback, arguments, keywords), errback = entries[0]
            handed = Handed(current, result, callback)
            entries[0] = ((operator.methodcaller("call", *arguments, **keywords), (), {}), errback)
            return handed
        if not entries and not self.watch.listening():  # nobody will report that the loop is left
            return result
        boxed = machinery.Boxed(result)
        if entries:
            theirs = machinery.callbacks_of(entries[0][0][1][0])
            assert theirs is not None
            unbox: tuple[Unbox, tuple[()], dict[str, Any]] = (Unbox(self), (), {})
            theirs.insert(0, (unbox, unbox))
        else:
            self.boxed[id(loop)] = (current, boxed)
        return boxed

    def knows(self, frame: Any) -> bool:
        """Whether left() has anything to do."""
        return id(frame) in self.stacks.passed or id(frame) in self.boxed

    def left(self, frame: Any) -> None:
        """The frame of the loop returns."""
        self.stacks.passed.pop(id(frame), None)
        boxed = self.boxed.pop(id(frame), None)
        if boxed is not None and getattr(boxed[0], "result", None) is boxed[1]:
            boxed[0].result = boxed[1].deferred

    def let_go(self) -> None:
        self.stacks.passed.clear()
        self.boxed.clear()
