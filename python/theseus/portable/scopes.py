# SPDX-License-Identifier: ISC
"""The spans that began under a function which is still running, and may yet adopt them."""

from __future__ import annotations

import weakref
from itertools import compress
from typing import Any

from .. import generators
from .._cffi import lib
from ..machinery import GENERATOR, PLAIN, PLUMBING, STARTER
from .code import Codes
from .operations import Operations
from .spans import Begun, Place, Scope, Spans, Stop
from .turn import Turn


class Scopes:
    def __init__(self, spans: Spans, turn: Turn, codes: Codes, operations: Operations) -> None:
        self.spans = spans
        self.turn = turn
        self.codes = codes
        self.operations = operations
        self.by_frame: dict[int, Scope] = {}  # by id of the frame under which they began
        self.runs: dict[int, int] = {}  # of generators, by id of the frame
        self.last_run = 0

    def take(self, frame: Any) -> Scope:
        """Removes the scope of a frame."""
        return self.by_frame.pop(id(frame), None) or Scope()

    def file(self, scope: Scope, begun: list[Begun]) -> None:
        scope.extend(begun)
        if len(scope) > scope.full:
            is_open = [self.spans.info(span.span) is not None for span in scope]
            scope.looked_at = sum(is_open[: scope.looked_at])
            scope[:] = compress(scope, is_open)
            scope.full = max(16, 2 * len(scope))

    def file_under(self, frame: Any, begun: list[Begun]) -> None:
        """Files spans under the frame that may adopt them next: the innermost ordinary one from `frame` on.

        Beyond the frame where its logical stack left the physical one, nobody can adopt a span.
        """
        while begun and frame is not None:
            key = id(frame)
            over = [span for span in begun if span.stop.frame == key]
            if over:
                begun = [span for span in begun if span.stop.frame != key]
                operation = self.operations.at(frame)
                if operation is not None:
                    # If it ends in its first leg, they belong to the next operation out.
                    self.file(operation.begun, over)
                for span in over:
                    if span.stop.is_callback:
                        lib.theseus_span_release(self.spans.profile, span.span, self.turn.now())
            if begun and self.codes.of(frame).kind == PLAIN:
                self.file(self.by_frame.setdefault(key, Scope()), begun)
                return
            frame = frame.f_back

    # -- runs of functions ---------------------------------------------------------------------------------

    def caller_of(self, frame: Any) -> Any:
        """The frame of the function that called this one, and is handed what it returns.  None: Twisted called it."""
        caller = frame.f_back
        while caller is not None:
            kind = self.codes.of(caller).kind
            if kind in (PLAIN, GENERATOR):
                return caller
            if kind not in (PLUMBING, STARTER):
                return None
            caller = caller.f_back
        return None

    def run_of(self, frame: Any) -> int:
        """A number for the run of a function that has this frame; 0: there is none.

        Frames that run have different ids.  A generator's frame may be collected unseen: see begins().
        """
        if frame is None or self.codes.of(frame).kind == PLAIN:
            return id(frame) if frame is not None else 0
        if id(frame) not in self.runs:
            self.last_run += 1
            self.runs[id(frame)] = -self.last_run
        return self.runs[id(frame)]

    def begins(self, frame: Any) -> None:
        """A frame of a generator whose id is that of a run begins to run, or goes on."""
        if generators.is_beginning(frame):
            del self.runs[id(frame)]

    def handed_to_caller(self, frame: Any, operation: int, stop: Stop) -> list[Begun]:
        """What the run of the function that called this one has been handed, and is open in the same operation."""
        caller = below = self.caller_of(frame)
        while below is not None and id(below) != stop.frame and self.codes.of(below).kind != PLAIN:
            below = below.f_back
        if caller is None or below is None:
            return []
        if id(below) == stop.frame:
            enclosing = self.operations.at(below)
            scope = enclosing.begun if enclosing is not None else Scope()
        else:
            scope = self.by_frame.get(id(below), Scope())
        run = self.run_of(caller) if scope else 0
        return [one for one in scope if one.run == run and self._is_in(one.span, operation)]

    def _is_in(self, span: int, operation: int) -> bool:
        info = self.spans.info(span)
        return info is not None and info.operation == operation

    def hand_back(self, frame: Any, span: int, deferred: Any, place: Place) -> None:
        """The frame is returning a Deferred with this span: to a callback loop, or to a function that may adopt it."""
        below = frame.f_back
        while below is not None and id(below) != place.stop.frame:
            if self.codes.of(below).kind in (PLAIN, GENERATOR):
                break
            below = below.f_back
        stop = place.stop
        if below is not None and id(below) == stop.frame and stop.is_callback and not stop.by_hand and place.parent:
            lib.theseus_span_await_also(self.spans.profile, place.parent, span, self.turn.now())
        else:
            run = self.run_of(self.caller_of(frame))
            self.file_under(frame.f_back, [Begun(span, place.operation, stop, weakref.ref(deferred), run)])

    def let_go(self, now: int) -> None:
        """The functions will return unseen."""
        for begun in self.by_frame.values():
            for span in begun:
                lib.theseus_span_release(self.spans.profile, span.span, now)
        self.by_frame.clear()
