# SPDX-License-Identifier: ISC
"""The spans of the reference: who is a head, who awaits whom, who took whom, and what it adds up to, in fractions.

Nothing here is lazy or clever.  Whenever time passes, the weights are handed down anew from the heads.  It knows no
Deferreds: reference.py says what happens, and in which order.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

IN_LEG, HELD, AWAITED, LOOSE = "in its first leg", "held", "awaited", "loose"
SUCCESS, FAILURE, CANCELLED, ABANDONED = range(4)
ALL = None  # in place of a list of children: all of them, later ones too

Stack = tuple[Any, ...]


class Figures:
    """What is counted at one stack."""

    def __init__(self) -> None:
        self.begun = 0
        self.outcomes = [0, 0, 0, 0]
        self.latencies: list[int] = []


class Span:
    """One operation.  `parent` is the span that it is below now: the enclosing one, or one that took it."""

    def __init__(self, stack: Stack, parent: Span | None, orphan: bool, notifies: bool, serial: int) -> None:
        self.stack, self.parent, self.orphan, self.serial = stack, parent, orphan, serial
        self.weightless = notifies  # until somebody awaits it
        self.open, self.state, self.began = True, IN_LEG, 0
        self.children: list[Span] = []
        self.took: list[Span] = []
        self.awaits_all = False
        self.place, self.line = stack, 0

    def awaited(self) -> list[Span]:
        return [child for child in self.children if child.state == AWAITED]

    def is_quiet(self) -> bool:
        """A notification that nobody waits for: in place of a head, or awaited by another one."""
        if not self.weightless:
            return False
        return self.state == LOOSE or (self.state == AWAITED and self.parent is not None and self.parent.is_quiet())

    def is_head(self) -> bool:
        if self.weightless:
            return False
        return self.state == LOOSE or (self.state == AWAITED and self.parent is not None and self.parent.is_quiet())

    def is_detached(self) -> bool:
        return self.parent is not None or self.orphan


class Spans:
    """The open spans, and the sums of all."""

    def __init__(self) -> None:
        self.now = self.begun = 0
        self.open: list[Span] = []
        self.figures: dict[Stack, Figures] = defaultdict(Figures)
        self.cells: dict[tuple[Stack, bool, Stack, int], Fraction] = defaultdict(Fraction)
        self.heads_time = 0

    def advance(self, now: int) -> None:
        elapsed, self.now = max(0, now - self.now), max(self.now, now)
        if not elapsed:
            return
        for head in self.open:
            if not head.is_head():
                continue
            self.heads_time += elapsed
            parts = [(head, Fraction(1))]
            for span, weight in parts:
                below = span.awaited()
                parts += [(child, weight / len(below)) for child in below]
                if not below:
                    self.cells[head.stack, head.is_detached(), span.place, span.line] += weight * elapsed

    # -- from the beginning to the end ---------------------------------------------------------------------

    def begin(self, stack: Stack, parent: Span | None, orphan: bool, leg: bool, notifies: bool = False) -> Span:
        span = Span(stack, parent, orphan, notifies, self.begun)
        self.begun += 1
        self.open.append(span)
        if parent is not None:
            parent.children.append(span)
        if not leg:
            self.handed_out(span)
        return span

    def handed_out(self, span: Span) -> None:
        """Its Deferred is in somebody's hands."""
        span.began = self.now
        span.state = HELD if span.parent else LOOSE
        self.figures[span.stack].begun += 1

    def end(self, span: Span, outcome: int, leg_runs: bool) -> None:
        """`leg_runs`: that of the span above."""
        figures = self.figures[span.stack]
        figures.outcomes[outcome] += 1
        if span.state == IN_LEG:
            figures.begun += 1
        if outcome != ABANDONED:
            figures.latencies.append(0 if span.state == IN_LEG else self.now - span.began)
        above = span.parent
        for child in list(span.children):
            if span.state == IN_LEG:  # what began under it belongs to the next one out
                self.move(child, above)
                if above is None:
                    child.orphan = span.orphan
                    if child.state in (HELD, AWAITED):
                        child.state = LOOSE
                elif child.state == AWAITED:
                    child.state = HELD
            elif child in span.took and above is not None:
                self.move(child, above)
                child.state = HELD if leg_runs else LOOSE
            else:
                child.orphan = True
                self.move(child, None)
                if child.state != IN_LEG:
                    child.state = LOOSE
        self.move(span, None)
        self.open.remove(span)
        span.open = False
        span.parent = above  # as it was when it ended

    def move(self, span: Span, parent: Span | None) -> None:
        if span.parent is not None:
            span.parent.children.remove(span)
        span.parent = parent
        if parent is not None:
            parent.children.append(span)

    # -- who waits for whom --------------------------------------------------------------------------------

    def adopt(self, span: Span, parent: Span) -> None:
        self.move(span, parent)
        if span.state != IN_LEG:
            span.state = HELD

    def take(self, taker: Span, span: Span) -> None:
        self.move(span, taker)
        taker.took.append(span)
        self.await_also(taker, span)

    def wait(self, span: Span, children: list[Span] | None, place: Stack, line: int) -> None:
        if span.state == IN_LEG:
            self.handed_out(span)
        span.place, span.line, span.awaits_all = place, line, children is ALL
        for child in span.children:
            if child.state != IN_LEG:
                self.let_await(child, not child.weightless if children is ALL else child in children)

    def await_also(self, span: Span, child: Span) -> None:
        if span.awaits_all:  # one is known now
            span.awaits_all = False
            for other in span.awaited():
                other.state = LOOSE
        self.let_await(child, True)

    def release(self, span: Span) -> None:
        if span.state == HELD and span.parent is not None:
            self.let_await(span, span.parent.awaits_all and not span.weightless)

    def let_await(self, child: Span, awaited: bool) -> None:
        child.state = AWAITED if awaited else LOOSE
        if awaited and child.parent is not None and not child.parent.weightless:
            self.gets_weight(child)

    def gets_weight(self, span: Span) -> None:
        """For good; and so do the notifications that it waits for."""
        if span.weightless:
            span.weightless = False
            for child in span.awaited():
                self.gets_weight(child)
