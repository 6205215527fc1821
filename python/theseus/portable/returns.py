# SPDX-License-Identifier: ISC
"""The event that a plain function returns a Deferred, or returns otherwise after spans have begun under it."""

from __future__ import annotations

from typing import Any

from .. import machinery
from .._cffi import lib
from ..calls import LOOP_NOTIFICATION
from .awaited import Awaited
from .observer import Reports, observe
from .scopes import Scopes
from .stack import LogicalStacks
from .turn import Turn

_HANDED = 8  # of the spans that a run was handed, only the last ones may feed what a function returns to it


class Returns:
    def __init__(self, stacks: LogicalStacks, turn: Turn, scopes: Scopes, awaited: Awaited, reports: Reports) -> None:
        self.stacks = stacks
        self.spans = stacks.spans
        self.awaited = awaited
        self.turn = turn
        self.scopes = scopes
        self.reports = reports

    def returned(self, frame: Any, deferred: Any) -> None:
        """The frame returns a Deferred."""
        begun = self.scopes.take(frame)
        if machinery.callbacks_of(deferred) is None:  # only half built
            self.scopes.file_under(frame.f_back, begun)
            return
        place = self.stacks.locate(frame, [])
        now = self.turn.now()
        profile = self.spans.profile
        if machinery.has_fired(deferred):
            lib.theseus_record(profile, place.stack, place.line, 0, machinery.outcome_of(deferred.result))
            self.scopes.file_under(frame.f_back, begun)
            return
        code = self.stacks.codes.of(frame)
        span = self.spans.begin(place, code.flags, now)
        if code.notification == LOOP_NOTIFICATION:
            self.stacks.codes.calls.note(span, frame.f_locals["self"])
        left = []
        for other in begun:
            if other.operation != place.operation:
                left.append(other)
            elif not self._is_taken(other.span):  # else its taker is among them
                lib.theseus_span_adopt(profile, other.span, span, now)
        handed = self.scopes.handed_to_caller(frame, place.operation, place.stop)
        self.awaited.take_from_run(span, deferred, handed, now)
        children, others = self.awaited.begins(span, deferred, begun, now)
        self.spans.wait(span, children if children or others else None, place.stack, place.line, now)
        observe(deferred, self.reports, span)
        self.spans.loose = 0
        if handed:
            handed = self.scopes.handed_to_caller(frame, place.operation, place.stop)[-_HANDED:]
            self.awaited.take_what_feeds(span, deferred, handed, now)
        self.scopes.hand_back(frame, span, deferred, place)
        self.scopes.file_under(frame.f_back, left)

    def _is_taken(self, span: int) -> bool:
        info = self.spans.info(span)
        return info is not None and bool(info.marks & lib.THESEUS_SPAN_IS_TAKEN)

    def left(self, frame: Any) -> None:
        """The frame returns something else, or raises."""
        self.scopes.file_under(frame.f_back, self.scopes.take(frame))
