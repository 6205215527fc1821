# SPDX-License-Identifier: ISC
"""The generators and coroutines that Twisted drives, as data."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from .. import generators
from .spans import Place, Scope, Spans, Stop


class Member:
    """A coroutine that an operation awaits, or a generator that it yields from: see chain.py."""

    __slots__ = ("frame", "span", "alive", "failed")

    frame: int  # its id
    span: int
    alive: Any  # weak reference to the coroutine
    failed: bool  # an exception left it

    def __init__(self, coroutine: Any) -> None:
        self.frame = id(generators.frame_of(coroutine))
        self.span = 0
        self.alive = weakref.ref(coroutine)
        self.failed = False


class Operation:
    """A generator or coroutine that Twisted drives."""

    __slots__ = (
        *("frame", "span", "stack", "parent", "enclosing", "stop", "starter", "place_stack", "line", "alive"),
        *("returned", "chain", "innermost", "begun"),
    )

    frame: int  # id of the generator's frame
    span: int
    stack: int
    parent: int
    enclosing: int  # the operation of `parent`: see Place
    stop: Stop
    starter: int  # id of the frame of _cancellableInlineCallbacks while that runs
    place_stack: int  # where it was suspended last
    line: int
    alive: Any  # weak reference to the generator
    returned: bool  # its Deferred has been returned
    chain: list[Member]
    innermost: int  # the span that waits: of the last one in the chain; of the operation, if it has none
    begun: Scope  # what began in it, unless a function below it has adopted that

    def __init__(self, span: int, place: Place, starter: int) -> None:
        self.span = self.innermost = span
        self.stack = self.place_stack = place.stack
        self.line = 0
        self.parent = place.parent
        self.enclosing = place.operation
        self.stop = place.stop
        self.starter = starter
        self.returned = False
        self.chain = []
        self.begun = Scope()

    def forget_ended(self, spans: Spans) -> None:
        """A leg has ended.  What begins in the next one is asked then."""
        while self.begun and spans.info(self.begun[0].span) is None:
            del self.begun[0]
        self.begun.looked_at = len(self.begun)


class Operations:
    """The operations whose generators live.  Ids of generators and frames are good only as long as those live."""

    def __init__(self) -> None:
        self.by_generator: dict[int, Operation] = {}
        self.by_frame: dict[int, Operation] = {}
        self.by_span: dict[int, Operation] = {}
        self.members: dict[int, Member] = {}  # of all chains, by id of the frame
        # Called if a generator was collected, and no event has told that its Deferred was returned.
        self.lost: Callable[[Operation], object] = lambda operation: None

    def add(self, generator: Any, operation: Operation) -> None:
        key = id(generator)
        operation.frame = id(generators.frame_of(generator))
        table = weakref.ref(self)

        def collected(_: object) -> None:
            operations = table()
            if operations is None:
                return
            if operations.by_generator.get(key) is operation and not operation.returned:
                operations.lost(operation)
            operations.forget(key, operation)

        operation.alive = weakref.ref(generator, collected)
        if key in self.by_generator:  # it is driven twice, and is the later operation's
            self.forget_chain(self.by_generator[key], 0)
        self.by_generator[key] = self.by_frame[operation.frame] = self.by_span[operation.span] = operation

    def forget(self, generator: int, operation: Operation) -> None:
        """A generator has finished, or was collected: from now on its id, and its frame's, may be another's."""
        if self.by_generator.get(generator) is operation:
            del self.by_generator[generator]
        if self.by_frame.get(operation.frame) is operation:
            del self.by_frame[operation.frame]
        self.by_span.pop(operation.span, None)
        self.forget_chain(operation, 0)

    def forget_chain(self, operation: Operation, first: int) -> None:
        """From the one with this number on, none is in the chain any more."""
        for member in operation.chain[first:]:
            if self.members.get(member.frame) is member:
                del self.members[member.frame]
        del operation.chain[first:]

    def member_at(self, frame: Any) -> Member | None:
        """The member of a chain whose frame this is."""
        member = self.members.get(id(frame))
        return member if member is not None and generators.frame_of(member.alive()) is frame else None

    def of(self, generator: Any) -> Operation | None:
        operation = self.by_generator.get(id(generator))
        return operation if operation is not None and operation.alive() is generator else None

    def at(self, frame: Any) -> Operation | None:
        """The operation whose generator's frame this is."""
        operation = self.by_frame.get(id(frame))
        return operation if operation is not None and generators.frame_of(operation.alive()) is frame else None
