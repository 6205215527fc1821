# SPDX-License-Identifier: ISC
"""Logical stacks: where an operation belongs in the source.

The frames of a thread are walked from the leaf to where an enclosing operation takes over:

    frame ─> frame ─> [plumbing] ─> callback loop            what the Deferred that it runs goes on to: from where
                                        │                    that operation is suspended
                                        └─> frame ─> …       … if it goes on to nothing

An id of a frame is only good while the frame lives: whatever is kept under one is dropped with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import generators, machinery
from .._cffi import lib
from ..calls import Calls
from ..machinery import DRIVER, GENERATOR, LOOP, PLAIN, REACTOR
from .code import Codes, line_of
from .observer import observes
from .operations import Operation, Operations
from .spans import NOWHERE, Place, Spans, Stop


class LogicalStacks:
    def __init__(self, spans: Spans, calls: Calls) -> None:
        self.spans = spans
        self.codes = Codes(spans, calls)
        self.operations = Operations()
        # By id of the frame of a callback loop that has called an observer: see pass_observer().
        self.passed: dict[int, tuple[int, int, int, bool]] = {}

    def locate(self, frame: Any, functions: list[tuple[int, int]]) -> Place:
        """The logical stack of a frame that is running, with `functions`, (function, line) pairs from the leaf, on top.

        Walks from the frame towards the root.  What is left out, and where it goes on elsewhere: README, "The stack".
        """
        while frame is not None:
            code = self.codes.of(frame)
            if code.kind == PLAIN:
                functions.append((code.function, line_of(frame)))
            elif code.kind == GENERATOR:
                operation = self.operations.at(frame)
                if operation is not None:
                    stop = Stop(id(frame), False, False)
                    return self.build(operation.stack, line_of(frame), functions, operation.span, stop)
                functions.append((code.function, line_of(frame)))
            elif code.kind == LOOP:
                found = self.continuation(frame)
                if found is not None:
                    return self.continue_from(functions, *found)
            elif code.kind == DRIVER:
                driven = self.driven(frame)
                if driven is not None:
                    stack, line, span = driven
                    return self.build(stack, line, functions, span, Stop(id(frame), False, False))
            elif code.kind == REACTOR:
                stack = self.spans.push(lib.THESEUS_ROOT, self.spans.function(b"", b"[reactor]", 0), 0)
                return self.build(stack, 0, functions, 0, Stop(id(frame), False, False))
            frame = frame.f_back
        return self.build(lib.THESEUS_ROOT, 0, functions, 0, NOWHERE)

    def build(
        self,
        stack: int,
        line: int,
        functions: list[tuple[int, int]],
        parent: int,
        stop: Stop,
        detached: bool = False,
        operation: int = 0,
    ) -> Place:
        for function, at in reversed(functions):
            stack = self.spans.push(stack, function, line)
            line = at
        if parent and self.spans.info(parent) is None:
            parent, operation, detached = 0, 0, True
        return Place(stack, line, parent, operation or parent, detached, stop)

    def continue_from(
        self,
        functions: list[tuple[int, int]],
        stack: int,
        line: int,
        parent: int,
        operation: int,
        detached: bool,
        stop: Stop,
    ) -> Place:
        """Continues a stack.  If it has the function that is called already, cuts it back to that first."""
        if functions:
            called = functions[-1][0]
            below = stack
            while below != lib.THESEUS_ROOT:
                info = self.spans.stack_info(below)
                if info.function == called:
                    stack, line = info.parent, info.call_line
                    break
                below = info.parent
        return self.build(stack, line, functions, parent, stop, detached, operation)

    def continuation(self, loop: Any) -> tuple[int, int, int, int, bool, Stop] | None:
        """What the Deferred that a callback loop runs goes on to: (stack, line, parent, operation, detached, stop)."""
        current = generators.variable(loop, "current")
        seen: dict[int, Any] = {}
        if current is not None:
            found = self._goes_on_to(current, False, id(loop), seen)
            # The last thing that is tried: functions that fire a Deferred.
            fired = [one for deferred in seen.values() for one in self._fired_by(deferred)] if found is None else []
            for deferred in fired:
                found = found or self._goes_on_to(deferred, True, id(loop), seen)
            if found is not None:
                return found
        passed = self.passed.get(id(loop))
        if passed is not None:
            stack, line, parent, detached = passed
            return stack, line, parent, parent, detached, Stop(id(loop), True, True)
        return None

    def _goes_on_to(
        self, deferred: Any, by_hand: bool, loop: int, seen: dict[int, Any]
    ) -> tuple[int, int, int, int, bool, Stop] | None:
        """Searches a Deferred, and those that it feeds, depth first, in order, but those that were seen."""
        waiting = [(deferred, by_hand)]
        while waiting:
            deferred, by_hand = waiting.pop()
            if id(deferred) in seen:
                continue
            seen[id(deferred)] = deferred
            entries = machinery.callbacks_of(deferred) or ()
            for entry in entries:
                callback = entry[0][0]
                stop = Stop(loop, True, by_hand)
                if observes(callback, self.spans.profile):
                    info = self.spans.info(callback.span)
                    if info is not None:
                        return info.place_stack, info.line, callback.span, callback.span, False, stop
                    continue
                generator = machinery.resumed_generator(entry)
                operation = generator is not None and self.operations.of(generator)
                if operation:
                    return operation.place_stack, operation.line, operation.innermost, operation.span, False, stop
            fed = [(d, by_hand or hand) for entry in entries for d, hand in machinery.fed_by(entry, deferred)]
            waiting.extend(reversed(fed))
        return None

    @staticmethod
    def _fired_by(deferred: Any) -> list[Any]:
        return [one for entry in machinery.callbacks_of(deferred) or () for one in machinery.fired_by(entry)]

    def pass_observer(self, span: int, loop: Any) -> None:
        """The loop of this frame has called the observer of a span.

        Its further callbacks belong where that span's function was called.
        """
        info = self.spans.info(span)
        if info is not None:
            parent, detached = info.operation, bool(info.marks & lib.THESEUS_SPAN_HAD_PARENT) and not info.parent
            stack = self.spans.stack_info(info.stack)
            self.passed[id(loop)] = (stack.parent, stack.call_line, parent, detached)

    def driven(self, driver: Any) -> tuple[int, int, int] | None:
        """A generator that its driver acts for while it is suspended: (stack, line, span)."""
        generator = generators.variable(driver, "gen")
        operation = self.operations.of(generator)
        if operation is None or generators.frame_of(generator) is None:
            return None
        return (*self.suspended(generator, operation), operation.span)

    def places(self, generator: Any, operation: Operation) -> Iterator[tuple[Any, int, int]]:
        """Where an operation is suspended: (generator, stack, line) of its own frame and of those that it awaits."""
        stack, line = operation.stack, line_of(generators.frame_of(generator))
        while True:
            yield generator, stack, line
            generator = generators.delegate_of(generator)
            frame = generators.frame_of(generator)
            if frame is None:
                return
            code = self.codes.of(frame)
            if code.kind != GENERATOR:
                return
            stack, line = self.spans.push(stack, code.function, line), line_of(frame)

    def suspended(self, generator: Any, operation: Operation) -> tuple[int, int]:
        """Where an operation is suspended: the innermost frame's stack, and its line."""
        *_, (_generator, stack, line) = self.places(generator, operation)
        return stack, line
