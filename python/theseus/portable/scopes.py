# SPDX-License-Identifier: ISC
"""The spans that began under a function which is still running, and may yet adopt them."""

from __future__ import annotations

from typing import Any

from .._cffi import lib
from ..machinery import GENERATOR, PLAIN
from .code import Codes
from .operations import Operations
from .spans import Begun, Place, Spans
from .turn import Turn


class Scope(list[Begun]):
    """The spans that began under one frame."""

    full = 64  # the length at which those that have ended are dropped: a frame may stay, such as one that turns a clock


class Scopes:
    def __init__(self, spans: Spans, turn: Turn, codes: Codes, operations: Operations) -> None:
        self.spans = spans
        self.turn = turn
        self.codes = codes
        self.operations = operations
        self.by_frame: dict[int, Scope] = {}  # by id of the frame under which they began

    def take(self, frame: Any) -> Scope:
        """Removes the scope of a frame."""
        return self.by_frame.pop(id(frame), None) or Scope()

    def file(self, key: int, begun: list[Begun]) -> None:
        filed = self.by_frame.get(key)
        if filed is None:
            filed = self.by_frame[key] = Scope()
        filed.extend(begun)
        if len(filed) > filed.full:
            filed[:] = [span for span in filed if self.spans.info(span.span) is not None]
            filed.full = max(64, 2 * len(filed))

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
                if operation is not None and not operation.returned:
                    # If it ends in its first leg, they belong to the next operation out.
                    self.file(operation.starter, over)
                for span in over:
                    if span.stop.is_callback:
                        lib.theseus_span_release(self.spans.profile, span.span, self.turn.now())
            if begun and self.codes.of(frame).kind == PLAIN:
                self.file(key, begun)
                return
            frame = frame.f_back

    def hand_back(self, frame: Any, span: int, place: Place) -> None:
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
            self.file_under(frame.f_back, [Begun(span, place.operation, stop)])

    def let_go(self, now: int) -> None:
        """The functions will return unseen."""
        for begun in self.by_frame.values():
            for span in begun:
                lib.theseus_span_release(self.spans.profile, span.span, now)
        self.by_frame.clear()
