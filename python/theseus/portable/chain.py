# SPDX-License-Identifier: ISC
"""The coroutines that an operation awaits, one in the other, and the generators that it yields from.

    async def show():           the operation ──awaits──> page ──awaits──> show ──awaits──> get
        await get()
    async def page():           The chain is [page, show]: what the generator of the operation is suspended in.
        await show()            Each member is a part of the one before it (THESEUS_SPAN_PART).

Chains are looked at when a leg ends.  A coroutine that is over by then was never waited for, and is no operation.
"""

from __future__ import annotations

from typing import Any

from .. import generators
from .._cffi import lib
from .operations import Member, Operation, Operations
from .spans import Spans


class Chains:
    def __init__(self, spans: Spans, operations: Operations, coroutines: bool) -> None:
        self.spans = spans
        self.operations = operations
        self.coroutines = coroutines  # if not, all chains are empty

    def wait(self, operation: Operation, places: list[tuple[Any, int, int]], children: list[int], now: int) -> None:
        """A leg has ended.  The operation is suspended at these places, the outermost first, and awaits `children`,
        its own or its chain's.  No places: its generator has finished."""
        if self.spans.info(operation.span) is None:
            self.operations.forget_chain(operation, 0)
            return
        chain = operation.chain
        kept = self._follow(operation, places, now)
        operation.innermost = innermost = chain[-1].span if chain else operation.span
        if chain:
            for child in children:
                lib.theseus_span_adopt(self.spans.profile, child, innermost, now)
        self.spans.wait(innermost, children, operation.place_stack, operation.line, now)
        # The others await the next member.  New ones have done so since they began.
        for above in [member.span for member in reversed(chain[:kept])] + [operation.span]:
            if above != innermost:
                self.spans.wait(above, [], operation.place_stack, operation.line, now)

    def _follow(self, operation: Operation, places: list[tuple[Any, int, int]], now: int) -> int:
        """Brings the chain up to date.  Returns the number of those that stay."""
        chain = operation.chain
        kept, same = 0, True
        for coroutine, stack, _line in places[1:] if self.coroutines else ():
            if same and kept < len(chain) and chain[kept].alive() is coroutine:
                kept += 1
            elif not self._is_elsewhere(coroutine, operation):
                if same:
                    self._finish(operation, kept, now)
                    same = False
                if not self._begin(operation, coroutine, stack, now):
                    break
        if same:
            self._finish(operation, kept, now)
        return kept

    def _is_elsewhere(self, coroutine: Any, operation: Operation) -> bool:
        """Whether it is in the chain of another operation: a generator that two use."""
        member = self.operations.member_at(generators.frame_of(coroutine))
        return member is not None and member not in operation.chain and self.spans.info(member.span) is not None

    def _begin(self, operation: Operation, coroutine: Any, stack: int, now: int) -> bool:
        """Appends a coroutine to the chain.  False: the chain ends before it."""
        above = operation.chain[-1].span if operation.chain else operation.span
        try:
            member = Member(coroutine)
        except TypeError:  # it has no weak references: not CPython's, nor Cython's
            return False
        member.span = self.spans.begin_part(above, stack, operation.place_stack, operation.line, now)
        if not member.span:
            return False
        operation.chain.append(member)
        self.operations.members[member.frame] = member
        return True

    def _finish(self, operation: Operation, first: int, now: int) -> None:
        """From the one with this number on, all have finished."""
        if first < len(operation.chain):
            outermost = operation.chain[first]
            outcome = lib.THESEUS_FAILURE if outermost.failed else lib.THESEUS_SUCCESS
            lib.theseus_span_end(self.spans.profile, outermost.span, outcome, now)  # the others end with it
            self.operations.forget_chain(operation, first)

    def stepped(self, frame: Any, result: Any) -> None:
        """The frame of a coroutine in a chain is left.  None: by an exception, or its value is None."""
        member = self.operations.member_at(frame)
        if member is not None:
            member.failed = result is None and not generators.is_at_return(frame)
            outcome = lib.THESEUS_FAILURE if member.failed else lib.THESEUS_SUCCESS
            lib.theseus_span_set_outcome(self.spans.profile, member.span, outcome)
