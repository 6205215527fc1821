# SPDX-License-Identifier: ISC
"""What a Deferred waits for, and what feeds it."""

from __future__ import annotations

from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

from .. import machinery


class Node(NamedTuple):
    """A Deferred that is waited for."""

    deferred: Any
    above: int  # the index of the one that waits for it
    is_leaf: bool  # it has no members, and is chained to nothing


def near(deferred: Any) -> list[Any]:
    """What a Deferred waits for: its members, and what it is chained to."""
    found = [member for member in machinery.members_of(deferred) if machinery.is_a(member, Deferred)]
    if machinery.is_a(deferred._chainedTo, Deferred):
        found.append(deferred._chainedTo)
    return found


def reachable(deferred: Any) -> list[Node]:
    """A Deferred and all that it waits for, each once, before what it waits for itself."""
    found: list[Node] = []
    waiting = [(deferred, 0)]
    seen: set[int] = set()
    while waiting:
        deferred, above = waiting.pop()
        if id(deferred) in seen or machinery.callbacks_of(deferred) is None:
            continue
        seen.add(id(deferred))
        beyond = near(deferred)
        waiting.extend((one, len(found)) for one in reversed(beyond))
        found.append(Node(deferred, above, not beyond))
    return found


def feeds(source: Any, deferred: Any) -> bool:
    """Whether one Deferred feeds another: one step by hand, after any number of lists and chains."""
    waiting = [source]
    seen: set[int] = set()
    while waiting:
        source = waiting.pop()
        if id(source) in seen:
            continue
        seen.add(id(source))
        for entry in machinery.callbacks_of(source) or ():
            if any(fired is deferred for fired in machinery.fired_by(entry)):
                return True
            waiting.extend(fed for fed, by_hand in machinery.fed_by(entry, source) if not by_hand)
    return False
