# SPDX-License-Identifier: ISC
"""The generators and coroutines that Twisted drives, as data."""

from __future__ import annotations

import weakref
from typing import Any

from .. import machinery
from .spans import Place, Stop


class Operation:
    """A generator or coroutine that Twisted drives."""

    __slots__ = ("frame", "span", "stack", "parent", "stop", "starter", "place_stack", "line", "alive", "returned")

    frame: int  # id of the generator's frame
    span: int
    stack: int
    parent: int
    stop: Stop
    starter: int  # id of the frame of _cancellableInlineCallbacks while that runs
    place_stack: int  # where it was suspended last
    line: int
    alive: Any  # weak reference to the generator
    returned: bool  # its Deferred has been returned

    def __init__(self, span: int, place: Place, starter: int) -> None:
        self.span = span
        self.stack = self.place_stack = place.stack
        self.line = 0
        self.parent = place.parent
        self.stop = place.stop
        self.starter = starter
        self.returned = False


class Operations:
    """The operations whose generators live.  Ids of generators and frames are good only as long as those live."""

    def __init__(self) -> None:
        self.by_generator: dict[int, Operation] = {}
        self.by_frame: dict[int, Operation] = {}

    def add(self, generator: Any, operation: Operation) -> None:
        key = id(generator)
        operation.frame = id(machinery.frame_of(generator))
        table = weakref.ref(self)

        def collected(_: object) -> None:
            operations = table()
            if operations is not None:
                operations.forget(key, operation)

        operation.alive = weakref.ref(generator, collected)
        self.by_generator[key] = self.by_frame[operation.frame] = operation

    def forget(self, generator: int, operation: Operation) -> None:
        """A generator has finished, or was collected: from now on its id, and its frame's, may be another's."""
        if self.by_generator.get(generator) is operation:
            del self.by_generator[generator]
        if self.by_frame.get(operation.frame) is operation:
            del self.by_frame[operation.frame]

    def of(self, generator: Any) -> Operation | None:
        operation = self.by_generator.get(id(generator))
        return operation if operation is not None and operation.alive() is generator else None

    def at(self, frame: Any) -> Operation | None:
        """The operation whose generator's frame this is."""
        operation = self.by_frame.get(id(frame))
        return operation if operation is not None and machinery.frame_of(operation.alive()) is frame else None
