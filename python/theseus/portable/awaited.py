# SPDX-License-Identifier: ISC
"""The spans on a Deferred: on itself, on its members, and on the Deferreds that these are chained to."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from .. import machinery
from .observer import observes
from .spans import Spans


def on(spans: Spans, deferred: Any) -> list[int]:
    """The open spans on a Deferred."""
    found = []
    waiting = [deferred]
    seen: set[int] = set()
    while waiting:
        deferred = waiting.pop()
        entries = machinery.callbacks_of(deferred)
        if id(deferred) in seen or entries is None:
            continue
        seen.add(id(deferred))
        for entry in entries:
            observer = entry[0][0]
            if observes(observer, spans.profile):
                found.append(observer.span)
        waiting.extend(member for member in machinery.members_of(deferred) if machinery.is_a(member, Deferred))
        if deferred._chainedTo is not None:
            waiting.append(deferred._chainedTo)
    return found


def children_on(spans: Spans, span: int, deferred: Any) -> tuple[list[int], bool]:
    """The children of a span, or of coroutines that it awaits, that are on a Deferred; and whether others' are."""
    mine, others = [], False
    for other in on(spans, deferred):
        info = spans.info(other)
        if info is None or other == span:
            continue
        if info.operation == span:
            mine.append(other)
        else:
            others = True
    return mine, others
