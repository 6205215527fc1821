# SPDX-License-Identifier: ISC
"""A second reading of the contract: a tracer as plain as can be, slow, that shares nothing with the real one.

It watches a program through sys.setprofile, finds out who waits for what by looking, again and again, at everything
there is, and lets the brute-force model of spans do the sums in exact fractions.  It is for programs on a task.Clock
that hold no surprises for it: no other threads, no install in mid-flight.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
import weakref
from collections.abc import Iterator
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from spans_model import ABANDONED, ALL, CANCELLED, FAILURE, HELD, IN_LEG, SUCCESS, Model, Span

DEFER = defer.__file__
SHOWN = (defer.DeferredLock, defer.DeferredSemaphore, defer.DeferredQueue, defer.DeferredFilesystemLock)
GENERATOR_FLAGS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
DISPATCH = {"runUntilCurrent", "_doReadOrWrite"}

Stack = tuple[Any, ...]  # of code objects, and of texts for what is none


def codes_of(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes_of(constant)


def shown_codes() -> set[types.CodeType]:
    """The methods of locks and queues, which users wait on."""
    found: set[types.CodeType] = set()
    for kind in {base for shown in SHOWN for base in shown.__mro__ if base.__module__ == defer.__name__}:
        for member in vars(kind).values():
            function = getattr(member, "__wrapped__", member)
            if isinstance(function, types.FunctionType):
                found.update(codes_of(function.__code__))
    return found


IN_THE_OPEN = shown_codes()
CASTS = {typing.cast.__code__, Failure.throwExceptionIntoGenerator.__code__}
LOOP = Deferred._runCallbacks.__code__


def is_plumbing(code: types.CodeType) -> bool:
    return (code.co_filename == DEFER and code not in IN_THE_OPEN) or code in CASTS or code.co_filename == __file__


def generator_in(frame: types.FrameType) -> Any:
    """What _inlineCallbacks or _cancellableInlineCallbacks works for."""
    return frame.f_locals["gen"] if "gen" in frame.f_locals else frame.f_locals["g"]


def frame_of(generator: Any) -> types.FrameType | None:
    return getattr(generator, "gi_frame", None) or getattr(generator, "cr_frame", None)


def what_it_awaits(generator: Any) -> Any:
    return getattr(generator, "gi_yieldfrom", None) or getattr(generator, "cr_await", None)


class Operation:
    """One span, and what the model does not know of it."""

    def __init__(self, stack: Stack, parent: Operation | None, hold: Any, serial: int) -> None:
        self.stack, self.enclosing, self.hold, self.serial = stack, parent, hold, serial
        self.span: Span
        self.over_at_once = False  # in its first leg: what is in it belongs to the next one out
        self.generator: weakref.ref[Any] | None = None
        self.deferred: weakref.ref[Deferred[Any]] | None = None
        self.waits_on: weakref.ref[Deferred[Any]] | None = None

    def parent(self) -> Operation | None:
        outer = self.enclosing
        while outer is not None and outer.over_at_once:
            outer = outer.enclosing
        return outer


class Observer:
    """What stands in a Deferred's callback chain, where the Deferred was returned."""

    def __init__(self, reference: Reference, operation: Operation) -> None:
        self.reference, self.operation = reference, operation

    def __call__(self, result: Any) -> Any:
        loop = sys._getframe(1)
        assert loop.f_code is LOOP
        self.reference.passed[loop] = self.operation
        self.reference.fired(self.operation, result)
        return result


class Reference:
    """`with Reference(clock, program.__code__) as reference: program()`; then `reference.waits()` and its kin.

    `bottom`: where stacks begin, that frame left out.
    """

    def __init__(self, clock: Clock, bottom: types.CodeType) -> None:
        self.clock, self.bottom = clock, bottom
        self.model = Model()
        self.operations: list[Operation] = []  # open ones, and those that are over
        self.by_span: dict[int, Operation] = {}
        self.called: dict[types.FrameType, int] = {}  # plain functions that run -> operations begun before
        self.passed: dict[types.FrameType, Operation] = {}  # callback loops -> the last observer that they ran
        self.held: dict[types.FrameType, list[Operation]] = {}  # what ends with a function that a loop called

    def __enter__(self) -> Reference:
        sys.setprofile(self.profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        self.model.advance(self.now())

    def now(self) -> int:
        return round(self.clock.seconds() * 10**9)

    # -- events --------------------------------------------------------------------------------------------

    def profile(self, frame: types.FrameType, event: str, value: Any) -> None:
        code = frame.f_code
        if event == "call":
            if code.co_filename == DEFER and code.co_name == "_cancellableInlineCallbacks":
                self.generator_starts(frame)
            elif not code.co_flags & GENERATOR_FLAGS:
                self.called[frame] = len(self.operations)
        elif event == "return":
            if code.co_filename == DEFER and code.co_name == "_inlineCallbacks":
                self.leg_ends(frame)
            elif code.co_filename == DEFER and code.co_name == "_cancellableInlineCallbacks":
                self.generator_returned(frame, value)
            elif not is_plumbing(code) and not code.co_flags & GENERATOR_FLAGS:
                if isinstance(value, Deferred) and (vars(value).keys() & {"callbacks", "_callbacks"}):
                    self.function_returned(frame, value)
            self.called.pop(frame, None)
            self.passed.pop(frame, None)
            for operation in self.held.pop(frame, ()):
                if operation.span.open and operation.span.state == HELD and operation.hold is frame:
                    self.model.release(operation.span, self.now())

    def generator_starts(self, frame: types.FrameType) -> None:
        generator = generator_in(frame)
        running = frame_of(generator)
        assert running is not None and frame.f_back is not None
        stack, parent, hold = self.logical(frame.f_back, running.f_code)
        operation = self.begin((*stack, running.f_code), parent, hold, leg=True)
        operation.generator = weakref.ref(generator)

    def leg_ends(self, frame: types.FrameType) -> None:
        generator = generator_in(frame)
        operation = self.of_generator(generator)
        result = frame.f_locals["result"]
        if operation is None or not operation.span.open:
            return
        if frame_of(generator) is None:  # it is over, and waits for nothing more, though its Deferred may fire later
            if operation.span.state != IN_LEG:
                self.model.wait(operation.span, [], operation.span.place, operation.span.line, self.now())
            return
        if not isinstance(result, Deferred):
            return
        stack, line = self.suspended(operation)
        operation.waits_on = weakref.ref(result)
        self.model.wait(operation.span, self.children_on(operation, result), stack, line, self.now())

    def generator_returned(self, frame: types.FrameType, value: Any) -> None:
        operation = self.of_generator(generator_in(frame))
        if operation is None or not operation.span.open:
            return
        if not isinstance(value, Deferred):  # it raised
            self.over_at_once(operation, None)
        elif has_fired(value):
            self.over_at_once(operation, value.result)
        else:
            self.observe(operation, value)
            self.a_callback_returned(operation, frame)

    def function_returned(self, frame: types.FrameType, value: Deferred[Any]) -> None:
        assert frame.f_back is not None
        stack, parent, hold = self.logical(frame.f_back, frame.f_code)
        stack = (*stack, frame.f_code)
        if has_fired(value):
            figures = self.model.figures[stack]
            figures.deferreds += 1
            figures.outcomes[outcome_of(value.result)] += 1
            figures.latencies.append(0)
            return
        began_before = self.called.get(frame, 0)
        operation = self.begin(stack, parent, hold, leg=False)
        for other in self.operations[began_before:]:
            if other is not operation and other.span.open and other.parent() is operation.parent():
                self.model.adopt(other.span, operation.span, self.now())
                other.enclosing = operation
        known: list[Span] | None = self.children_on(operation, value)
        if not known and not any(
            other is not operation and other.span.open and carried(other) in reachable(value)
            for other in self.operations
        ):
            known = ALL
        operation.waits_on = weakref.ref(value)
        self.model.wait(operation.span, known, stack, frame.f_lineno, self.now())
        self.observe(operation, value)
        self.a_callback_returned(operation, frame)

    def a_callback_returned(self, operation: Operation, frame: types.FrameType) -> None:
        """If the callback loop called it, with nothing but plumbing between: who waits for that, waits for this."""
        caller = frame.f_back
        while caller is not None and caller.f_code is not LOOP and is_plumbing(caller.f_code):
            caller = caller.f_back
        parent = operation.parent()
        if caller is None or caller.f_code is not LOOP or parent is None or not parent.span.open:
            return
        awaited, current = parent.waits_on and parent.waits_on(), caller.f_locals["current"]
        if awaited and parent.span.state != IN_LEG and current in reachable(awaited):
            if self.goes_on_to(current, []) is parent:  # a list may have fired without it
                self.model.await_also(parent.span, operation.span, self.now())

    def fired(self, operation: Operation, result: Any) -> None:
        if operation.span.open:
            self.model.end(operation.span, outcome_of(result), self.now())

    # -- spans ---------------------------------------------------------------------------------------------

    def begin(self, stack: Stack, parent: Operation | None, hold: Any, leg: bool) -> Operation:
        operation = Operation(stack, parent, hold, len(self.operations))
        outer = operation.parent()
        open_parent = outer.span if outer is not None and outer.span.open else None
        detached = outer is not None and open_parent is None
        status, span = self.model.begin(stack, open_parent, self.now(), leg, detached, (), 0)  # type: ignore[arg-type]
        assert status == 0 and span is not None
        operation.span = span
        self.operations.append(operation)
        self.by_span[id(span)] = operation
        if isinstance(hold, types.FrameType):
            self.held.setdefault(hold, []).append(operation)
        return operation

    def over_at_once(self, operation: Operation, result: Any) -> None:
        """Its Deferred had fired when it was returned: it has no children, they are the next one's."""
        for child in operation.span.children:
            other = self.by_span[id(child)]
            other.hold = operation.hold
            if isinstance(other.hold, types.FrameType):
                self.held.setdefault(other.hold, []).append(other)
        operation.over_at_once = True
        self.model.end(operation.span, outcome_of(result), self.now())

    def observe(self, operation: Operation, deferred: Deferred[Any]) -> None:
        def collected(_: object) -> None:
            if operation.span.open:
                self.model.end(operation.span, ABANDONED, self.now())

        operation.deferred = weakref.ref(deferred, collected)
        entry = (Observer(self, operation), (), {})
        chain_of(deferred).append((entry, entry))

    def children_on(self, operation: Operation, deferred: Deferred[Any]) -> list[Span]:
        there = reachable(deferred)
        return [
            child
            for child in operation.span.children
            if child.state != IN_LEG and carried(self.by_span[id(child)]) in there
        ]

    def of_generator(self, generator: Any) -> Operation | None:
        return next(
            (one for one in self.operations if one.generator is not None and one.generator() is generator), None
        )

    def of_frame(self, frame: types.FrameType) -> Operation | None:
        for one in self.operations:
            generator = one.generator() if one.generator is not None else None
            if generator is not None and frame_of(generator) is frame:
                return one
        return None

    # -- the logical stack ---------------------------------------------------------------------------------

    def logical(self, frame: types.FrameType | None, leaf: types.CodeType) -> tuple[Stack, Operation | None, Any]:
        """The stack at a frame that calls `leaf`, the innermost operation around it, and what its hold ends with: the
        frame that a callback loop called, or None for a leg, which says itself what it waits for."""
        frames: list[Any] = []
        called = None  # what the frame that is looked at has called
        while frame is not None and frame.f_code is not self.bottom:
            code = frame.f_code
            operation = self.of_frame(frame) if code.co_flags & GENERATOR_FLAGS else None
            if operation is not None:
                return (*operation.stack, *reversed(frames)), operation, None
            if code is LOOP:
                found = self.continuation(frame)
                if found is not None:
                    stack, parent = found
                    function = frames[-1] if frames else leaf
                    if function in stack:
                        innermost = len(stack) - 1 - stack[::-1].index(function)
                        stack = stack[:innermost]
                    return (*stack, *reversed(frames)), parent, called or frame
            elif code.co_filename == DEFER and code.co_name == "_inlineCallbacks":
                generator = generator_in(frame)
                working = self.of_generator(generator)
                if working is not None and frame_of(generator) is not None:
                    stack, _ = self.suspended(working)
                    return (*stack, *reversed(frames)), working, None
            elif code.co_name in DISPATCH or (code.co_name == "_run" and code.co_filename.endswith("events.py")):
                return ("[reactor]", *reversed(frames)), None, None
            elif not is_plumbing(code):
                frames.append(code)
            called, frame = frame, frame.f_back
        return tuple(reversed(frames)), None, None

    def continuation(self, loop: types.FrameType) -> tuple[Stack, Operation | None] | None:
        operation = self.goes_on_to(loop.f_locals["current"], [])
        if operation is not None:
            return self.suspended(operation)[0], operation
        last = self.passed.get(loop)
        if last is not None:
            return last.stack[:-1], last.parent()
        return None

    def goes_on_to(self, deferred: Deferred[Any], seen: list[Deferred[Any]]) -> Operation | None:
        seen.append(deferred)
        for (callback, arguments, _), _ in chain_of(deferred):
            if isinstance(callback, Observer):
                if callback.reference is self and callback.operation.span.open:
                    return callback.operation
            elif getattr(callback, "__name__", "") in ("gotResult", "_gotResultInlineCallbacks"):
                generators = [cell.cell_contents for cell in callback.__closure__ or ()] + list(arguments or ())
                for candidate in generators:
                    operation = self.of_generator(candidate) if frame_of(candidate) is not None else None
                    if operation is not None:
                        return operation
        for entry in chain_of(deferred):
            for callback, arguments, _ in entry:
                fed = arguments[0] if callback is defer._CONTINUE else getattr(callback, "__self__", None)
                if getattr(callback, "__qualname__", "") == "race.<locals>.succeeded":
                    fed = inspect.getclosurevars(callback).nonlocals["final_result"]
                if isinstance(fed, Deferred) and not any(fed is one for one in seen):
                    operation = self.goes_on_to(fed, seen)
                    if operation is not None:
                        return operation
        return None

    def suspended(self, operation: Operation) -> tuple[Stack, int]:
        """Where an operation is suspended: its innermost frame, and the line there."""
        generator: Any = operation.generator() if operation.generator is not None else None
        if generator is None:
            return operation.stack, operation.span.line
        stack, frame = operation.stack, frame_of(generator)
        while True:
            generator = what_it_awaits(generator)
            inner = frame_of(generator) if generator is not None else None
            if inner is None:
                return stack, frame.f_lineno if frame else 0
            if not is_plumbing(inner.f_code):
                stack, frame = (*stack, inner.f_code), inner

    # -- what came out -------------------------------------------------------------------------------------

    def waits(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for (_, detached, stack, _), value in self.model.cells.items():
            key = text(stack, "[detached];" if detached else "")  # type: ignore[arg-type]
            found[key] = found.get(key, 0) + value
        return {key: value for key, value in found.items() if value}

    def lines(self) -> dict[tuple[str, int], Any]:
        """Wait by the innermost function and line, whoever the head was."""
        found: dict[tuple[str, int], Any] = {}
        for (_, _, stack, line), value in self.model.cells.items():
            key = text(stack), line  # type: ignore[arg-type]
            found[key] = found.get(key, 0) + value
        return {key: value for key, value in found.items() if value}

    def figures(self) -> dict[str, list[int]]:
        """Stack -> begun, success, failure, cancelled, abandoned, sum of latencies."""
        found: dict[str, list[int]] = {}
        for stack, figures in self.model.figures.items():
            row = [figures.deferreds, *figures.outcomes, sum(figures.latencies)]
            known = found.setdefault(text(stack), [0] * len(row))  # type: ignore[arg-type]
            known[:] = [a + b for a, b in zip(known, row, strict=True)]
        return {key: row for key, row in found.items() if any(row)}


def text(stack: Stack, prefix: str = "") -> str:
    return prefix + ";".join(code if isinstance(code, str) else code.co_name for code in stack)


def carried(operation: Operation) -> Any:
    return operation.deferred() if operation.deferred is not None else None


def reachable(deferred: Deferred[Any]) -> list[Any]:
    """The Deferreds that are waited for with this one: members, members' members, what one is chained to."""
    found: list[Any] = [deferred]
    for one in found:
        near: list[Any] = list(one._deferredList) if isinstance(one, DeferredList) else []
        canceller = one._canceller
        if getattr(canceller, "__qualname__", "") == "race.<locals>.cancel" and not one.called:
            near += inspect.getclosurevars(canceller).nonlocals["to_cancel"]
        if one._chainedTo is not None:  # a callback returned it, or it is chainDeferred()'s
            near.append(one._chainedTo)
        found.extend(other for other in near if not any(other is known for known in found))
    return found


def chain_of(deferred: Deferred[Any]) -> list[Any]:
    """The entries of its callback chain that have not run."""
    found: list[Any] = vars(deferred)["_callbacks" if "_callbacks" in vars(deferred) else "callbacks"]
    return found


def has_fired(deferred: Deferred[Any]) -> bool:
    return deferred.called and not deferred.paused and not chain_of(deferred) and not deferred._runningCallbacks


def outcome_of(result: Any) -> int:
    if not isinstance(result, Failure):
        return SUCCESS
    return CANCELLED if result.check(CancelledError) else FAILURE
