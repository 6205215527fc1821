# SPDX-License-Identifier: ISC
"""Who awaits whom: the spans on a Deferred, on those that it waits for, and on those that feed it.

A later span on a Deferred waits for all that the earlier ones wait for.  So it takes them:

    operation ──yields──> D <── get, yieldable     awaits yieldable, which awaits get
    operation ──yields──> [A, B] <── gathered      awaits gathered, which awaits the spans on A and on B
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from .._cffi import lib
from .links import feeds, reachable
from .observer import spans_on
from .spans import Begun, Spans


class Awaited:
    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        self.has_taken = False

    def take(self, taker: int, taken: int, now: int) -> None:
        self.has_taken = True
        lib.theseus_span_take(self.spans.profile, taker, taken, now)

    def begins(self, span: int, deferred: Any, begun: Iterable[Begun], now: int) -> tuple[list[int], bool]:
        """A span begins to wait for a Deferred.  Returns those of its children that it awaits, and whether spans of
        others are on what it waits for.  `begun` are those that it may hold: a held child may feed the Deferred."""
        nodes = reachable(deferred)
        own: list[list[int]] = []
        others = False
        for node in nodes:
            mine = []
            for other in spans_on(node.deferred, self.spans.profile):
                info = self.spans.info(other)
                if info is not None and info.operation == span:
                    mine.append(other)
                elif info is not None and other != span:
                    others = True
            own.append(mine)
        below: list[list[int]] = [[] for _ in nodes]
        held: list[tuple[int, Any]] | None = None
        for number, node in enumerate(nodes):
            if node.is_leaf and self._may_be_fed(own[number][:1], node.deferred):
                if held is None:
                    held = self._held(span, begun, [node.deferred for node in nodes])
                fed = [one for one in held if feeds(one[1], node.deferred)]
                held = [one for one in held if one not in fed]
                below[number] = [child for child, _deferred in fed]
        for number in range(len(nodes) - 1, 0, -1):
            found = self._tops(own[number], below[number], nodes[number].deferred, now)
            below[nodes[number].above] = found + below[nodes[number].above]
        return self._tops(own[0], below[0], deferred, now), others

    def _held(self, span: int, begun: Iterable[Begun], there: list[Any]) -> list[tuple[int, Any]]:
        """The held children of a span that are on Deferreds which it does not wait for, with these."""
        found = []
        for one in begun:
            deferred = one.deferred()
            if deferred is not None and not any(deferred is other for other in there):
                info = self.spans.info(one.span)
                if info is not None and info.operation == span and info.state == lib.THESEUS_HELD:
                    found.append((one.span, deferred))
        return found

    def _tops(self, mine: list[int], below: list[int], deferred: Any, now: int) -> list[int]:
        """Of spans on a Deferred, and those on what it waits for, those that no other one takes."""
        for earlier, later in pairwise(mine):
            self.take(later, earlier, now)
        if not mine:
            return below
        maker = self.maker(mine[0], deferred) if below else 0
        for one in below:
            self.take(maker, one, now)
        return mine[-1:]

    def maker(self, span: int, deferred: Any) -> int:
        """The earliest of the spans on a Deferred of which one took the other, this one the last."""
        there = spans_on(deferred, self.spans.profile)
        while True:
            for other in there:
                info = self.spans.info(other)
                if info is not None and info.parent == span and info.marks & lib.THESEUS_SPAN_IS_TAKEN:
                    span = other
                    break
            else:
                return span

    def _may_be_fed(self, last: list[int], deferred: Any) -> bool:
        """Whether nothing is known on a Deferred, or only its maker: a plain function's span, without a child."""
        if not last:
            return True
        info = self.spans.info(self.maker(last[0], deferred))
        return not (info.value or info.marks & lib.THESEUS_SPAN_HAS_CHILDREN)

    # -- what the run of a function had been handed --------------------------------------------------------

    def take_from_run(self, span: int, deferred: Any, handed: list[Begun], now: int) -> None:
        """A plain function returned the Deferred, and its caller had been handed these."""
        there = [one.span for one in handed if one.deferred() is deferred]
        if there:
            self.take(span, there[-1], now)
        beyond = reachable(deferred)[1:] if handed else []
        for one in handed:
            carried = one.deferred()
            if any(node.deferred is carried for node in beyond):
                self.take(span, one.span, now)

    def take_what_feeds(self, span: int, deferred: Any, handed: list[Begun], now: int) -> None:
        """… and now the span waits.  Those that it has not taken may feed the Deferred."""
        maker = 0
        for one in handed:
            carried = one.deferred()
            if carried is None or carried is deferred or not feeds(carried, deferred):
                continue
            if not maker:
                if len(reachable(deferred)) > 1 or not self._may_be_fed([span], deferred):
                    return
                maker = self.maker(span, deferred)
            self.take(maker, one.span, now)
