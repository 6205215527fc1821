# SPDX-License-Identifier: ISC
"""The events of generators and coroutines.  A leg is a run of the driver, from one wait to the next."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from .. import generators, machinery
from .._cffi import lib
from .awaited import Awaited
from .chain import Chains
from .observer import Reports, observe
from .operations import Operation
from .scopes import Scopes
from .spans import Begun, Place
from .stack import LogicalStacks
from .turn import Turn


class Legs:
    def __init__(
        self,
        stacks: LogicalStacks,
        turn: Turn,
        scopes: Scopes,
        awaited: Awaited,
        chains: Chains,
        reports: Reports,
    ) -> None:
        self.stacks = stacks
        self.spans = stacks.spans
        self.operations = stacks.operations
        self.turn = turn
        self.scopes = scopes
        self.awaited = awaited
        self.chains = chains
        self.reports = reports
        self.starting: dict[int, Operation] = {}  # by id of the starter's frame
        self.operations.lost = lambda operation: turn.end(operation.span, lib.THESEUS_ABANDONED)

    def start(self, frame: Any) -> None:
        """The starter's frame begins: a generator is about to be driven for the first time."""
        generator = frame.f_locals.get("gen")
        generator_frame = generators.frame_of(generator)
        if generator_frame is None:
            return
        code = self.stacks.codes.of(generator_frame)
        place = self.stacks.locate(frame, [(code.function, 0)])
        span = self.spans.begin(place, lib.THESEUS_SPAN_LEG | code.flags, self.turn.now(), is_driven=True)
        operation = self.starting[id(frame)] = Operation(span, place, id(frame))
        self.operations.add(generator, operation)
        self.spans.loose = 0

    def started(self, frame: Any, deferred: Any) -> None:
        """… and returns this; None: it raised."""
        operation = self.starting.pop(id(frame), None)
        if operation is None:
            return
        operation.returned = True
        self.spans.loose = operation.span
        now = self.turn.now()
        profile = self.spans.profile
        if not machinery.is_a(deferred, Deferred):
            lib.theseus_span_discard(profile, operation.span, now)
        elif machinery.has_fired(deferred):
            lib.theseus_span_end(profile, operation.span, machinery.outcome_of(deferred.result), now)
        else:
            observe(deferred, self.reports, operation.span)
            self.spans.loose = 0
            place = Place(operation.stack, 0, operation.parent, operation.enclosing, False, operation.stop)
            self.scopes.hand_back(frame, operation.span, deferred, place)
            return
        self.spans.loose = 0
        # What began in its only leg belongs to the next operation out.
        left = [Begun(one.span, operation.enclosing, operation.stop, one.deferred, 0) for one in operation.begun]
        self.scopes.file_under(frame.f_back, left)

    def ended(self, frame: Any) -> None:
        """The driver's frame returns, perhaps with its generator suspended."""
        variables = frame.f_locals
        generator = variables.get("gen")
        operation = self.operations.of(generator)
        if operation is None:
            return
        if operation.line and not operation.returned:  # a second leg: its Deferred was returned, but unseen
            self._lost(id(generator), operation)
            return
        if generators.frame_of(generator) is None:
            self._finished(generator, operation)
            return
        deferred = variables.get("result")
        if not machinery.is_a(deferred, Deferred):
            return
        places = list(self.stacks.places(generator, operation))
        _generator, operation.place_stack, operation.line = places[-1]
        now = self.turn.now()
        begun = operation.begun[operation.begun.looked_at :]
        children, _others = self.awaited.begins(operation.span, deferred, begun, now)
        self.chains.wait(operation, places, children, now)
        operation.forget_ended(self.spans)

    def _finished(self, generator: Any, operation: Operation) -> None:
        if operation.returned and self.spans.info(operation.span) is not None:
            # The result has not come as far as our observer.  Nothing is known that it waits for.
            self.chains.wait(operation, [], [], self.turn.now())
        self.operations.forget(id(generator), operation)

    def _lost(self, generator: int, operation: Operation) -> None:
        """The recursion limit was met where an event should have come."""
        self.spans.drop(operation.span, self.turn.now())
        if self.starting.get(operation.starter) is operation:
            del self.starting[operation.starter]
        self.operations.forget(generator, operation)

    def gives_back(self, span: int, now: int) -> None:
        """A span is about to end.  What it took goes back to the operation, and is held if that runs."""
        info = self.spans.info(span) if self.awaited.has_taken else None
        if info is not None and info.marks & lib.THESEUS_SPAN_HAS_CHILDREN:
            operation = self.operations.by_span.get(info.operation)
            if operation is not None and generators.is_running(operation.alive()):
                lib.theseus_span_resume(self.spans.profile, operation.span, now)
                operation.begun.looked_at = 0

    def let_go(self, now: int) -> None:
        """The Deferreds of those in their first leg will be returned unseen."""
        for generator, operation in list(self.operations.by_generator.items()):
            if not operation.returned:
                for one in operation.begun:
                    lib.theseus_span_release(self.spans.profile, one.span, now)
                self.spans.drop(operation.span, now)  # it waits already, if its clock uninstalls us
                self.operations.forget(generator, operation)
        self.starting.clear()
