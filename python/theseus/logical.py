# SPDX-License-Identifier: ISC
"""Logical stacks: where an operation belongs in the source, for the portable hook (python/shim/stack.c for the others).

The frames of a thread are walked from the leaf to where an enclosing operation takes over:

    frame ─> frame ─> [plumbing] ─> callback loop            what the Deferred that it runs goes on to: from where
                                        │                    that operation is suspended
                                        └─> frame ─> …       … if it goes on to nothing

An id of a frame or a generator is only good while that lives: whatever is kept under one is dropped with it.
"""

from __future__ import annotations

import weakref
from types import CodeType
from typing import Any, NamedTuple

from . import machinery
from ._cffi import ffi, lib
from .machinery import DRIVER, GENERATOR, LOOP, PLAIN, REACTOR
from .observer import Observer


class Code(NamedTuple):
    """What is known of a code object; `alive` drops the entry when it is collected."""

    kind: int
    function: int
    alive: Any


class Operation:
    """A generator or coroutine that Twisted drives."""

    __slots__ = ("frame", "span", "stack", "parent", "stop", "starter", "place_stack", "line", "alive", "returned")

    frame: int  # id of the generator's frame
    span: int
    stack: int
    parent: int
    stop: Stop  # where the walk that found its parent ended
    starter: int  # id of the frame of _cancellableInlineCallbacks while that runs
    place_stack: int
    line: int
    alive: Any  # weak reference to the generator
    returned: bool  # its Deferred has been handed out


class Stop(NamedTuple):
    """Where the walk of a logical stack ended, physically."""

    frame: int  # id of the frame at which it stopped; 0: there is no frame below
    is_callback: bool  # a callback loop, continued by the operation that waits for it
    by_hand: bool  # … to which it is linked by addCallback(d.callback)


class Place(NamedTuple):
    """Where a new operation belongs."""

    stack: int  # logical
    line: int  # the line that its innermost frame is at
    parent: int  # span, or 0
    detached: bool  # its enclosing operation has ended
    stop: Stop


_NOWHERE = Stop(0, False, False)


def line_of(frame: Any) -> int:
    line: int = frame.f_lineno or 0
    return line


class LogicalStacks:
    """What is known of code, of generators that are driven, and of the loops that run."""

    def __init__(self, profile: Any) -> None:
        self.profile = profile
        self.codes: dict[int, Code] = {}
        self.operations: dict[int, Operation] = {}  # by id of the generator
        self.by_frame: dict[int, Operation] = {}  # by id of the generator's frame
        self.passed: dict[int, tuple[int, int, int, bool]] = {}  # by id of the loop's frame: see PortableCore.fired()
        self._out_u32 = ffi.new("uint32_t *")
        self._span_info = ffi.new("theseus_span_info *")
        self._stack_info = ffi.new("theseus_stack_info *")
        for struct in (self._span_info, self._stack_info):
            struct.size = ffi.sizeof(struct[0])

    def forget(self, generator: int, operation: Operation) -> None:
        """A generator has finished, or was collected: from now on its id, and its frame's, may be another's."""
        if self.operations.get(generator) is operation:
            del self.operations[generator]
        if self.by_frame.get(operation.frame) is operation:
            del self.by_frame[operation.frame]

    # ---- names and stacks ----

    def code(self, frame: Any) -> Code:
        code: CodeType = frame.f_code
        key = id(code)
        known = self.codes.get(key)
        if known is None:
            kind, file, name, first_line = machinery.describe(code, frame.f_globals)
            codes = self.codes
            alive = weakref.ref(code, lambda _: codes.pop(key, None))
            known = codes[key] = Code(kind, self.function(file, name, first_line), alive)
        return known

    def function(self, file: bytes, name: bytes, first_line: int) -> int:
        lib.theseus_function_intern(self.profile, file, name, first_line, self._out_u32)
        return int(self._out_u32[0])

    def push(self, stack: int, function: int, line: int) -> int:
        lib.theseus_stack_push(self.profile, stack, function, line, self._out_u32)
        return int(self._out_u32[0])

    def stack_info(self, stack: int) -> Any:
        lib.theseus_stack_get(self.profile, stack, self._stack_info)
        return self._stack_info

    def span_info(self, span: int) -> Any:
        """None when the span has ended."""
        if lib.theseus_span_get(self.profile, span, self._span_info):
            return None
        return self._span_info

    # ---- the logical stack ----

    def locate(self, frame: Any, functions: list[tuple[int, int]]) -> Place:
        """The logical stack of a frame that is running, with `functions`, (function, line) pairs from the leaf, on top.

        Walks from the frame towards the root.  What is left out, and where it goes on elsewhere: README, "The stack".
        """
        while frame is not None:
            code = self.code(frame)
            if code.kind == PLAIN:
                functions.append((code.function, line_of(frame)))
            elif code.kind == GENERATOR:
                operation = self.operation_at(frame)
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
                    return self.build(*driven[:2], functions, driven[2], Stop(id(frame), False, False))
            elif code.kind == REACTOR:
                stack = self.push(lib.THESEUS_ROOT, self.function(b"", b"[reactor]", 0), 0)
                return self.build(stack, 0, functions, 0, Stop(id(frame), False, False))
            frame = frame.f_back
        return self.build(lib.THESEUS_ROOT, 0, functions, 0, _NOWHERE)

    def build(
        self, stack: int, line: int, functions: list[tuple[int, int]], parent: int, stop: Stop, detached: bool = False
    ) -> Place:
        for function, at in reversed(functions):
            stack = self.push(stack, function, line)
            line = at
        if parent and self.span_info(parent) is None:
            parent, detached = 0, True
        return Place(stack, line, parent, detached, stop)

    def continue_from(
        self, functions: list[tuple[int, int]], stack: int, line: int, parent: int, detached: bool, stop: Stop
    ) -> Place:
        """Across a continuation, what is called back may be on the stack already: then the stack is cut back to it."""
        if functions:
            called = functions[-1][0]
            below = stack
            while below != lib.THESEUS_ROOT:
                info = self.stack_info(below)
                if info.function == called:
                    stack, line = info.parent, info.call_line
                    break
                below = info.parent
        return self.build(stack, line, functions, parent, stop, detached)

    def continuation(self, loop: Any) -> tuple[int, int, int, bool, Stop] | None:
        """What the Deferred that a callback loop runs goes on to: (stack, line, parent, detached, stop)."""
        current = machinery.variable(loop, "current")
        waiting = [] if current is None else [(current, False)]
        seen: set[int] = set()
        while waiting:
            deferred, by_hand = waiting.pop()
            if id(deferred) in seen:
                continue
            seen.add(id(deferred))
            entries = machinery.callbacks_of(deferred) or ()
            for entry in entries:
                callback = entry[0][0]
                if type(callback) is Observer and callback.core is self:
                    info = self.span_info(callback.span)
                    if info is not None:
                        return info.place_stack, info.line, callback.span, False, Stop(id(loop), True, by_hand)
                    continue
                generator = machinery.resumed_generator(entry)
                operation = generator is not None and self.operation_of(generator)
                if operation:
                    return (
                        operation.place_stack,
                        operation.line,
                        operation.span,
                        False,
                        Stop(id(loop), True, by_hand),
                    )
            fed = [(d, by_hand or hand) for entry in entries for d, hand in machinery.fed_by(entry, deferred)]
            waiting.extend(reversed(fed))
        passed = self.passed.get(id(loop))
        if passed is not None:
            return (*passed, Stop(id(loop), True, True))
        return None

    def driven(self, driver: Any) -> tuple[int, int, int] | None:
        """A generator that its driver acts for while it is suspended: (stack, line, span)."""
        generator = machinery.variable(driver, "gen")
        operation = self.operation_of(generator)
        if operation is None or machinery.frame_of(generator) is None:
            return None
        return (*self.suspended(generator, operation), operation.span)

    def operation_of(self, generator: Any) -> Operation | None:
        operation = self.operations.get(id(generator))
        return operation if operation is not None and operation.alive() is generator else None

    def operation_at(self, frame: Any) -> Operation | None:
        """The operation whose generator's frame this is."""
        operation = self.by_frame.get(id(frame))
        return operation if operation is not None and machinery.frame_of(operation.alive()) is frame else None

    def suspended(self, generator: Any, operation: Operation) -> tuple[int, int]:
        """Where an operation is suspended: the innermost frame's stack, and its line."""
        stack = operation.stack
        frame = machinery.frame_of(generator)
        line = line_of(frame)
        while True:
            generator = machinery.delegate_of(generator)
            frame = machinery.frame_of(generator)
            if frame is None:
                return stack, line
            code = self.code(frame)
            if code.kind != GENERATOR:
                return stack, line
            stack = self.push(stack, code.function, line)
            line = line_of(frame)
