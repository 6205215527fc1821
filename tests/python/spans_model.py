# SPDX-License-Identifier: ISC
"""A model of spans so plain that it can be believed: no virtual clocks, no lazy sums.

It keeps the set of open spans.  Whenever time passes it works out from scratch who is a head, hands each head's weight
down by exact fractions, and adds weight * time to the cells.  The library is compared with it, call by call.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

IN_LEG, HELD, AWAITED, ROOT, DETACHED, NOTIFICATION = range(6)
SUCCESS, FAILURE, CANCELLED, ABANDONED = range(4)
OK, EINVAL, ESTALE, ECYCLE = 0, -2, -3, -4
ALL = None  # in place of a list of children

CellKey = tuple[int, int, int, int]  # the head's stack, detached, stack, line


@dataclass(eq=False)
class Span:
    """One open operation.  What it awaits are those of its children that are in the state AWAITED."""

    stack: int
    place: int
    line: int
    parent: Span | None
    orphan: bool  # its enclosing operation has ended: without a parent it is detached, not a root
    state: int = IN_LEG  # never NOTIFICATION: see told_state()
    notification: bool = False  # until an operation awaits it
    began: int = 0
    awaits_all: bool = False
    runs: bool = False  # in a leg after the first one
    taken: int = 0  # how often: by its parent, by that one's parent before, …
    open: bool = True
    children: list[Span] = field(default_factory=list)

    def awaited(self) -> list[Span]:
        return [child for child in self.children if child.state == AWAITED]

    def is_quiet(self) -> bool:
        """A notification in place of a head, or awaited by one."""
        if self.notification and self.state == AWAITED:
            return self.parent is not None and self.parent.is_quiet()
        return self.notification and self.state in (ROOT, DETACHED)

    def told_state(self) -> int:
        if self.is_quiet():
            return NOTIFICATION
        if not self.notification and self.state == AWAITED and self.parent and self.parent.is_quiet():
            return DETACHED
        return self.state

    def depth(self) -> int:
        return 1 + (self.parent.depth() if self.parent else 0)

    def is_within(self, other: Span) -> bool:
        return self is other or (self.parent is not None and self.parent.is_within(other))


@dataclass
class Figures:
    """What is counted at one stack."""

    deferreds: int = 0
    outcomes: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    latencies: list[int] = field(default_factory=list)


class Model:
    """The spans of one profile, and what they add up to."""

    def __init__(self) -> None:
        self.now = 0
        self.reversals = 0
        self.spans: list[Span] = []
        self.cells: dict[CellKey, Fraction] = defaultdict(Fraction)
        self.figures: dict[int, Figures] = defaultdict(Figures)
        self.head_time = 0  # sum over time of the number of open heads

    # -- time ----------------------------------------------------------------------------------------------

    def advance(self, now: int) -> None:
        if now < self.now:
            self.reversals += 1
            return
        elapsed, self.now = now - self.now, now
        if elapsed == 0:
            return
        for head in self.spans:
            if head.told_state() not in (ROOT, DETACHED):
                continue
            self.head_time += elapsed
            parts = [(head, Fraction(1))]
            while parts:
                span, weight = parts.pop()
                below = span.awaited()
                if below:
                    parts.extend((child, weight / len(below)) for child in below)
                else:
                    self.cells[head.stack, int(head.told_state() == DETACHED), span.place, span.line] += (
                        weight * elapsed
                    )

    # -- the calls of theseus.h ----------------------------------------------------------------------------

    def begin(
        self,
        stack: int,
        parent: Span | None,
        now: int,
        leg: bool,
        detached: bool,
        place: int,
        line: int,
        notification: bool = False,
    ) -> tuple[int, Span | None]:
        if detached and parent is not None:
            return EINVAL, None
        if parent is not None and not parent.open:
            return ESTALE, None
        self.advance(now)
        span = Span(stack, place or stack, line, parent, orphan=detached, notification=notification)
        if parent is not None:
            parent.children.append(span)
        self.spans.append(span)
        if not leg:
            self._hand_out(span)
        return OK, span

    def wait(self, span: Span, children: list[Span] | None, place: int, line: int, now: int) -> int:
        """theseus_span_await; `await` is a keyword here."""
        if not span.open or any(not child.open for child in children or ()):
            return ESTALE
        if any(child.parent is not span or child.state == IN_LEG for child in children or ()):
            return EINVAL
        self.advance(now)
        if span.state == IN_LEG:
            self._hand_out(span)
        span.place, span.line = place or span.stack, line
        span.awaits_all, span.runs = children is ALL, False
        for child in span.children:
            if child.state != IN_LEG:
                child.state = DETACHED
            if child.state != IN_LEG and (not child.notification if children is ALL else child in children):
                self._give_weight(child)
        return OK

    def await_also(self, span: Span, child: Span, now: int) -> int:
        if not span.open or not child.open:
            return ESTALE
        if child.parent is not span or child.state == IN_LEG or span.state == IN_LEG:
            return EINVAL
        self.advance(now)
        self._await_known(span)
        self._give_weight(child)
        return OK

    def take(self, taker: Span, taken: Span, now: int) -> int:
        if not taker.open or not taken.open:
            return ESTALE
        if IN_LEG in (taker.state, taken.state):
            return EINVAL
        if taker.is_within(taken):
            return ECYCLE
        self.advance(now)
        self._await_known(taker)
        before = taken.taken if taken.parent is taker.parent else 0
        self._move(taken, taker)
        self._give_weight(taken)
        taken.taken = before + 1
        return OK

    def resume(self, span: Span, now: int) -> int:
        if not span.open:
            return ESTALE
        self.advance(now)
        span.runs = span.state != IN_LEG
        return OK

    def release(self, child: Span, now: int) -> int:
        if not child.open:
            return ESTALE
        self.advance(now)
        if child.state == HELD:
            assert child.parent is not None
            child.state = AWAITED if child.parent.awaits_all and not child.notification else DETACHED
        return OK

    def adopt(self, span: Span, parent: Span | None, now: int) -> int:
        if parent is None:
            return EINVAL if span.open else ESTALE
        if not span.open or not parent.open:
            return ESTALE
        if parent.is_within(span):
            return ECYCLE
        if span.parent is not parent:
            self.advance(now)
            self._move(span, parent)
        return OK

    def end(self, span: Span, outcome: int, now: int) -> int:
        if not span.open:
            return ESTALE
        if outcome not in range(4):
            return EINVAL
        self.advance(now)
        if span.state == IN_LEG:
            self.figures[span.stack].deferreds += 1
            self._remove(span, children_go_on=True)
            latency = 0
        else:
            self._remove(span, children_go_on=False)
            latency = self.now - span.began
        self.figures[span.stack].outcomes[outcome] += 1
        if outcome != ABANDONED:
            self.figures[span.stack].latencies.append(latency)
        return OK

    def discard(self, span: Span, now: int) -> int:
        if not span.open:
            return ESTALE
        if span.state != IN_LEG:
            return EINVAL
        self.advance(now)
        self._remove(span, children_go_on=True)
        return OK

    def clear(self) -> None:
        self.cells.clear()
        self.figures.clear()
        self.head_time = self.reversals = 0
        for span in self.spans:
            if span.state != IN_LEG:
                self.figures[span.stack].deferreds += 1

    # -- what the calls are made of ------------------------------------------------------------------------

    def _give_weight(self, child: Span) -> None:
        child.state = AWAITED
        assert child.parent is not None
        if not child.parent.notification:
            self._be_ordinary(child)

    def _be_ordinary(self, span: Span) -> None:
        """For good.  A notification that it awaits is waited for now, too."""
        if span.notification:
            span.notification = False
            for child in span.awaited():
                self._be_ordinary(child)

    def _hand_out(self, span: Span) -> None:
        """The promise is in somebody's hands: the time runs from now."""
        span.began = self.now
        span.state = HELD if span.parent else self._head_state(span)
        self.figures[span.stack].deferreds += 1

    @staticmethod
    def _head_state(span: Span) -> int:
        return DETACHED if span.orphan else ROOT

    @staticmethod
    def _await_known(span: Span) -> None:
        if span.awaits_all:  # now one is known: that one only
            span.awaits_all = False
            for other in span.awaited():
                other.state = DETACHED

    @staticmethod
    def _move(span: Span, parent: Span) -> None:
        if span.parent is not None:
            span.parent.children.remove(span)
        span.parent = parent
        parent.children.append(span)
        span.taken = 0
        if span.state != IN_LEG:
            span.state = HELD

    def _remove(self, span: Span, children_go_on: bool) -> None:
        parent = span.parent
        for child in list(span.children):
            if child.taken and parent is not None:
                before = child.taken
                self._move(child, parent)
                child.state = HELD if parent.runs or parent.state == IN_LEG else DETACHED
                child.taken = before - 1
                continue
            child.taken = 0
            if children_go_on and parent is not None:
                hold_is_over = child.state == DETACHED
                self._move(child, parent)
                child.state = DETACHED if hold_is_over else child.state
                continue
            child.parent = None
            child.orphan = span.orphan or not children_go_on
            if child.state != IN_LEG:
                child.state = self._head_state(child)
        if parent is not None:
            parent.children.remove(span)
        self.spans.remove(span)
        span.open = False
        span.children = []
