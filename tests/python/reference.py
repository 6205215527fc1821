# SPDX-License-Identifier: ISC
"""A second reading of the contract: a tracer as plain as can be, slow, that shares nothing with the real one.

It watches a program through sys.setprofile, finds out who waits for what by looking, again and again, at everything
there is, and lets reference_spans.py do the sums in exact fractions.  It is for programs on a task.Clock that hold no
surprises for it: no other threads, no install in mid-flight.

What it knows of Deferreds (who is on whom, who feeds whom) is in reference_deferreds.py.
"""

from __future__ import annotations

import dis
import functools
import itertools
import sys
import types
import weakref
from collections.abc import Iterator
from typing import Any

from twisted.internet import base
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, LoopingCall

from reference_deferreds import (
    DEFER,
    GENERATOR_FLAGS,
    LOOP,
    chain_of,
    feeds,
    fired_by_hand,
    frame_of,
    generator_in,
    has_fired,
    is_leaf,
    is_plumbing,
    near,
    outcome_of,
    reachable,
    resumed_by,
    what_it_awaits,
    what_it_continues,
)
from reference_spans import ABANDONED, ALL, FAILURE, HELD, IN_LEG, SUCCESS, Span, Spans, Stack

DISPATCH = {"runUntilCurrent", "_doReadOrWrite"}
SYSTEM_EVENTS = {"fireEvent", "_continueFiring"}
NOTIFICATIONS = {"notifyFinish", "stopListening", "whenClosed", "when_closed"}
ONE_DEFERRED, LISTS, FED, COROUTINES, TOWERS, NOTIFIES, DETAILS = RULES = (
    "one deferred",
    "lists",
    "fed by hand",
    "coroutines",
    "towers",
    "notifications",
    "details",
)
MAX_RECURSION = 3
HANDED = 8  # so many of the spans that a run was handed last may turn out to feed what comes after them

Function = tuple[str, str, str, int]


def function(code: types.CodeType) -> Function:
    return code.co_filename, code.co_name, getattr(code, "co_qualname", ""), code.co_firstlineno


@functools.cache
def beginnings(code: types.CodeType) -> set[int]:
    """Where the last instruction is, in a frame that begins to run."""
    resumes = [found.offset for found in dis.get_instructions(code) if found.opname == "RESUME"]
    return {-1, *resumes[:1]}


@functools.cache
def instructions(code: types.CodeType) -> dict[int, str]:
    return {found.offset: found.opname for found in dis.get_instructions(code)}


class Part:
    """An awaited coroutine, or a generator below a `yield from`: one of an operation's chain."""

    def __init__(self, generator: Any, stack: Stack, began: int) -> None:
        self.generator, self.stack, self.began = weakref.ref(generator), stack, began
        self.last_event_returned = True


class Operation:
    """One span, and what the model does not know of it."""

    def __init__(self, outer: Operation | None, hold: Any) -> None:
        self.outer, self.hold = outer, hold  # outer: its parent, which may have ended
        self.span: Span
        self.over_at_once = False  # in its first leg: what is in it belongs to the next one out
        self.generator: weakref.ref[Any] | None = None
        self.deferred: weakref.ref[Deferred[Any]] | None = None
        self.waits_on: weakref.ref[Deferred[Any]] | None = None
        self.parts: list[Part] = []

    def parent(self) -> Operation | None:
        while self.outer is not None and self.outer.over_at_once:
            self.outer = self.outer.outer
        return self.outer

    def carries(self) -> Deferred[Any] | None:
        return self.deferred() if self.deferred is not None else None

    def runs(self) -> Any:
        return self.generator() if self.generator is not None else None


class Observer:
    """What stands in a Deferred's callback chain, where the Deferred was returned."""

    def __init__(self, reference: Reference, operation: Operation) -> None:
        self.reference, self.operation = reference, operation

    def __call__(self, result: Any) -> Any:
        loop = sys._getframe(1)
        assert loop.f_code is LOOP
        self.reference.passed[loop] = self.operation
        self.reference.fired(self.operation, outcome_of(result, DETAILS in self.reference.rules))
        return result


class Reference:
    """`with Reference(clock, program.__code__) as reference: program()`; then `reference.waits()` and its kin.

    `bottom`: where stacks begin, that frame left out.  `rules`: those of section 3b that hold.
    """

    def __init__(self, clock: Clock, bottom: types.CodeType, rules: tuple[str, ...] = RULES) -> None:
        self.clock, self.bottom, self.rules = clock, bottom, frozenset(rules)
        self.model = Spans()
        self.begun = 0
        self.open: list[Operation] = []  # in the order in which they began
        self.serials: dict[Span, Operation] = {}
        self.called: dict[types.FrameType, int] = {}  # plain functions that run -> operations begun before
        self.passed: dict[types.FrameType, Operation] = {}  # callback loops -> the last observer that they ran
        self.held: dict[types.FrameType, list[Operation]] = {}  # what ends with a function that a loop called
        self.handed: dict[int, list[Operation]] = {}  # id of a frame that runs -> what its calls returned
        self.broke: list[BaseException] = []  # what else Twisted would take for a failure of the program
        self.legs: list[Any] = []  # generators for which an _inlineCallbacks is on the stack

    def __enter__(self) -> Reference:
        sys.setprofile(self.guarded)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        self.turn()
        if self.broke:
            raise self.broke[0]

    def turn(self) -> int:
        """Brings the model to the present."""
        now = round(self.clock.seconds() * 10**9)
        self.model.advance(now)
        return self.model.now

    # -- events --------------------------------------------------------------------------------------------

    def guarded(self, frame: types.FrameType, event: str, value: Any) -> None:
        try:
            self.profile(frame, event, value)
        except BaseException as error:
            self.broke.append(error)

    def profile(self, frame: types.FrameType, event: str, value: Any) -> None:
        code = frame.f_code
        self.turn()
        if event == "call":
            if frame.f_lasti in beginnings(code):
                self.handed.pop(id(frame), None)
            if code.co_filename == DEFER and code.co_name == "_cancellableInlineCallbacks":
                self.generator_starts(frame)
            elif code.co_filename == DEFER and code.co_name == "_inlineCallbacks":
                self.legs.append(generator_in(frame))
            if not code.co_flags & GENERATOR_FLAGS:
                self.called[frame] = self.begun
        elif event == "return":
            if code.co_filename == DEFER and code.co_name == "_inlineCallbacks":
                self.leg_ends(frame)
                self.legs.pop()
            elif code.co_filename == DEFER and code.co_name == "_cancellableInlineCallbacks":
                self.generator_returned(frame, value)
            elif code.co_flags & GENERATOR_FLAGS:
                self.part_returned(frame)
            elif not is_plumbing(code):
                if isinstance(value, Deferred) and (vars(value).keys() & {"callbacks", "_callbacks"}):
                    self.function_returned(frame, value)
            self.called.pop(frame, None)
            self.passed.pop(frame, None)
            for operation in self.held.pop(frame, ()):
                if operation.span.open and operation.span.state == HELD and operation.hold is frame:
                    self.model.release(operation.span)

    def generator_starts(self, frame: types.FrameType) -> None:
        generator = generator_in(frame)
        running = frame_of(generator)
        assert running is not None and frame.f_back is not None
        stack, parent, hold = self.logical(frame.f_back, function(running.f_code))
        stack = self.push(stack, function(running.f_code))
        operation = self.begin(stack, running.f_code, parent, hold, leg=True)
        operation.generator = weakref.ref(generator)

    def leg_ends(self, frame: types.FrameType) -> None:
        generator = generator_in(frame)
        operation = self.of_generator(generator)
        result = frame.f_locals["result"]
        if operation is None:
            return
        if operation.span.state != IN_LEG:
            self.chain_is(operation)
        if frame_of(generator) is None:  # it is over, and waits for nothing more, though its Deferred may fire later
            if operation.span.state != IN_LEG:
                self.model.wait(operation.span, [], operation.span.place, operation.span.line)
            return
        if not isinstance(result, Deferred):
            return
        stack, line = self.suspended(operation)
        operation.waits_on = weakref.ref(result)
        self.model.wait(operation.span, self.awaited_on(operation, result), stack, line)

    def generator_returned(self, frame: types.FrameType, value: Any) -> None:
        operation = self.of_generator(generator_in(frame))
        if operation is None:
            return
        if not isinstance(value, Deferred):  # it raised
            self.ends_at_once(operation, SUCCESS)
        elif has_fired(value):
            self.ends_at_once(operation, outcome_of(value.result, DETAILS in self.rules))
        else:
            self.chain_is(operation)
            self.observe(operation, value)
            self.a_callback_returned(operation, frame)
            self.hand(operation, frame)

    def function_returned(self, frame: types.FrameType, value: Deferred[Any]) -> None:
        assert frame.f_back is not None
        stack, parent, hold = self.logical(frame.f_back, function(frame.f_code))
        stack = self.push(stack, function(frame.f_code))
        if has_fired(value):
            figures = self.model.figures[stack]
            figures.begun += 1
            figures.outcomes[outcome_of(value.result, DETAILS in self.rules)] += 1
            figures.latencies.append(0)
            return
        began_before = self.called.get(frame, 0)
        operation = self.begin(stack, frame.f_code, parent, hold, leg=False)
        for other in list(self.open):
            if other.span.serial >= began_before and other is not operation and self.is_below(other, operation):
                self.model.adopt(other.span, operation.span)
                other.outer = operation
        operation.waits_on = weakref.ref(value)
        there = reachable(value)
        carried = [other for other in self.open if any(other.carries() is one for one in there)]
        self.take_from_the_run(operation, frame, value)
        known: list[Span] | None = self.awaited_on(operation, value)
        self.model.wait(operation.span, known if known or carried else ALL, stack, frame.f_lineno)
        self.observe(operation, value)
        self.take_what_feeds(operation, frame, value)
        self.a_callback_returned(operation, frame)
        self.hand(operation, frame)

    def a_callback_returned(self, operation: Operation, frame: types.FrameType) -> None:
        """If the callback loop called it, with nothing but plumbing between: who waits for that, waits for this."""
        caller = frame.f_back
        while caller is not None and caller.f_code is not LOOP and is_plumbing(caller.f_code):
            caller = caller.f_back
        parent = operation.parent()
        if caller is None or caller.f_code is not LOOP or parent is None or not parent.span.open:
            return
        awaited, current = parent.waits_on and parent.waits_on(), caller.f_locals["current"]
        if awaited and parent.span.state != IN_LEG and any(current is one for one in reachable(awaited)):
            if self.goes_on_to(current) is parent:  # a list may have fired without it
                self.model.await_also(parent.span, operation.span)

    def fired(self, operation: Operation, outcome: int) -> None:
        if not operation.span.open:
            return
        self.turn()
        parent = operation.parent()
        working = parent.runs() if parent is not None else None
        for child in operation.span.children:
            if child in operation.span.took:
                if parent is not None and parent.span.open:  # else its parent has ended
                    self.serials[child].outer = parent
                self.serials[child].hold = None
        self.finish(operation, 0, outcome)
        self.model.end(operation.span, outcome, any(one is working for one in self.legs if one is not None))
        self.open.remove(operation)

    # -- who takes, and who is awaited ---------------------------------------------------------------------

    def siblings(self, one: Operation, other: Operation) -> bool:
        """Open, and of the same parent."""
        return one.span.open and one.parent() is other.parent()

    def is_below(self, other: Operation, operation: Operation) -> bool:
        """Whether it is of the same parent, and in a callback, if at all, that runs still: what other callbacks began,
        which have a logical stack of their own, is not what this function began."""
        runs = other.hold is None or other.hold in self.called
        return runs and self.siblings(other, operation)

    def runner(self, frame: types.FrameType) -> types.FrameType | None:
        """The function that called `frame`, and so is handed what it returns."""
        caller = frame.f_back
        while caller is not None and is_plumbing(caller.f_code):
            if caller.f_code is LOOP or caller.f_code.co_name == "_inlineCallbacks":
                return None
            caller = caller.f_back
        return caller

    def hand(self, operation: Operation, frame: types.FrameType) -> None:
        run = self.runner(frame)
        if run is not None:
            self.handed.setdefault(id(run), []).append(operation)

    def was_handed(self, operation: Operation, frame: types.FrameType) -> list[Operation]:
        """What the run of `frame`'s caller was handed, and is a sibling of `operation` still."""
        run = self.runner(frame)
        return [one for one in self.handed.get(id(run), ()) if one is not operation and self.siblings(one, operation)]

    def take(self, taker: Operation, taken: Span) -> None:
        self.serials[taken].outer = taker
        self.model.take(taker.span, taken)

    def take_from_the_run(self, operation: Operation, frame: types.FrameType, deferred: Deferred[Any]) -> None:
        """Of what the run of its caller had been handed: what is on the Deferred, and on what it waits for."""
        handed = self.was_handed(operation, frame)
        there = [one for one in handed if one.carries() is deferred]
        if ONE_DEFERRED in self.rules and there:
            self.take(operation, there[-1].span)
        if LISTS in self.rules:
            beyond = reachable(deferred)[1:]
            for one in handed:
                if any(one.carries() is other for other in beyond):
                    self.take(operation, one.span)

    def take_what_feeds(self, operation: Operation, frame: types.FrameType, deferred: Deferred[Any]) -> None:
        if FED not in self.rules or not is_leaf(deferred):
            return
        maker = self.maker(operation, deferred)
        if maker.generator is None and not maker.span.children:
            for one in self.was_handed(operation, frame)[-HANDED:]:
                carried = one.carries()
                if carried is not None and carried is not deferred and feeds(carried, deferred):
                    self.take(maker, one.span)

    def maker(self, operation: Operation, deferred: Deferred[Any]) -> Operation:
        """The earliest of the spans on the Deferred that one took after the other."""
        while True:
            for child in operation.span.children:
                if child in operation.span.took and self.serials[child].carries() is deferred:
                    operation = self.serials[child]
                    break
            else:
                return operation

    def awaited_on(self, operation: Operation, deferred: Deferred[Any]) -> list[Span]:
        """What it awaits, once those have taken the others that wait for them."""
        children = [self.serials[child] for child in operation.span.children if child.state != IN_LEG]
        children.sort(key=lambda one: one.span.serial)
        there = reachable(deferred)
        held = [
            child for child in children if child.span.state == HELD and not any(child.carries() is one for one in there)
        ]
        return [one.span for one in self.collect(deferred, children, held, [])]

    def collect(
        self, deferred: Deferred[Any], children: list[Operation], held: list[Operation], seen: list[Deferred[Any]]
    ) -> list[Operation]:
        seen.append(deferred)
        on_it = [child for child in children if child.carries() is deferred]
        below: list[Operation] = []
        for other in near(deferred):
            if not any(other is one for one in seen):
                below += self.collect(other, children, held, seen)
        if FED in self.rules and is_leaf(deferred):
            maker = self.maker(on_it[0], deferred) if on_it else None
            if maker is None or (maker.generator is None and not maker.span.children):
                for child in list(held):
                    carried = child.carries()
                    if carried is not None and feeds(carried, deferred):
                        held.remove(child)
                        below.append(child)
        if ONE_DEFERRED in self.rules:
            for earlier, later in zip(on_it, on_it[1:]):
                self.take(later, earlier.span)
            if LISTS in self.rules and on_it:
                maker = self.maker(on_it[0], deferred)
                for one in below:
                    self.take(maker, one.span)
                below = []
            on_it = on_it[-1:]
        return on_it + below

    # -- spans ---------------------------------------------------------------------------------------------

    def begin(self, stack: Stack, code: types.CodeType, parent: Operation | None, hold: Any, leg: bool) -> Operation:
        operation = Operation(parent, hold)
        outer = operation.parent()
        open_parent = outer.span if outer is not None and outer.span.open else None
        detached = outer is not None and open_parent is None
        notifies = NOTIFIES in self.rules and (code is LoopingCall.start.__code__ or code.co_name in NOTIFICATIONS)
        operation.span = self.model.begin(stack, open_parent, detached, leg, notifies)
        self.begun = self.model.begun
        self.open.append(operation)
        self.serials[operation.span] = operation
        if isinstance(hold, types.FrameType):
            self.held.setdefault(hold, []).append(operation)
        return operation

    def ends_at_once(self, operation: Operation, outcome: int) -> None:
        """Its Deferred had fired when it was returned: it has no children, they are the next one's."""
        for child in operation.span.children:
            other = self.serials[child]
            other.hold = operation.hold
            if isinstance(other.hold, types.FrameType):
                self.held.setdefault(other.hold, []).append(other)
        operation.over_at_once = True
        self.model.end(operation.span, outcome, False)
        self.open.remove(operation)

    def observe(self, operation: Operation, deferred: Deferred[Any]) -> None:
        def collected(_: object) -> None:
            self.fired(operation, ABANDONED)

        operation.deferred = weakref.ref(deferred, collected)
        entry = (Observer(self, operation), (), {})
        chain_of(deferred).append((entry, entry))

    def of_generator(self, generator: Any) -> Operation | None:
        if generator is None:
            return None
        return next((one for one in self.open if one.runs() is generator), None)

    def of_frame(self, frame: types.FrameType) -> Operation | None:
        return next((one for one in self.open if (run := one.runs()) is not None and frame_of(run) is frame), None)

    # -- awaited coroutines --------------------------------------------------------------------------------

    def suspended_in(self, operation: Operation) -> Iterator[Any]:
        """The coroutines and generators that its own is suspended in, outermost first."""
        generator = operation.runs()
        while (generator := what_it_awaits(generator)) is not None:
            frame = frame_of(generator)
            if frame is None or is_plumbing(frame.f_code):
                return
            yield generator

    def chain_is(self, operation: Operation) -> None:
        """A leg has ended: some have finished, some have begun."""
        if COROUTINES not in self.rules:
            return
        others = [part for one in self.open if one is not operation for part in one.parts]
        now = [one for one in self.suspended_in(operation) if not any(part.generator() is one for part in others)]
        same = 0
        while same < min(len(now), len(operation.parts)) and operation.parts[same].generator() is now[same]:
            same += 1
        self.finish(operation, same, SUCCESS)
        stack = operation.span.stack
        for generator in self.suspended_in(operation):
            frame = frame_of(generator)
            assert frame is not None
            stack = self.push(stack, function(frame.f_code))
            if any(generator is one for one in now[same:]):
                operation.parts.append(Part(generator, stack, self.model.now))
                self.model.figures[stack].begun += 1

    def finish(self, operation: Operation, first: int, outcome: int) -> None:
        for part in operation.parts[first:]:
            figures = self.model.figures[part.stack]
            if outcome == ABANDONED:
                figures.outcomes[ABANDONED] += 1
            else:
                figures.outcomes[SUCCESS if part.last_event_returned else FAILURE] += 1
                figures.latencies.append(self.model.now - part.began)
        del operation.parts[first:]

    def part_returned(self, frame: types.FrameType) -> None:
        for operation in self.open:
            for part in operation.parts:
                generator = part.generator()
                if generator is not None and frame_of(generator) is frame:
                    name = instructions(frame.f_code)[frame.f_lasti]
                    part.last_event_returned = name in ("RETURN_VALUE", "RETURN_CONST")

    # -- the logical stack ---------------------------------------------------------------------------------

    def push(self, stack: Stack, *functions: Any) -> Stack:
        for one in functions:
            if TOWERS in self.rules and stack.count(one) >= MAX_RECURSION:
                stack = stack[: len(stack) - stack[::-1].index(one)]
            else:
                stack = (*stack, one)
        return stack

    def logical(self, frame: types.FrameType | None, leaf: Function) -> tuple[Stack, Operation | None, Any]:
        """The stack at a frame that calls `leaf`, the innermost operation around it, and what its hold ends with: the
        frame that a callback loop called, or None for a leg, which says itself what it waits for."""
        frames: list[Any] = []
        called = None  # what the frame that is looked at has called
        while frame is not None and frame.f_code is not self.bottom:
            code = frame.f_code
            operation = self.of_frame(frame) if code.co_flags & GENERATOR_FLAGS else None
            if operation is not None:
                return self.push(operation.span.stack, *reversed(frames)), operation, None
            if code is LOOP:
                found = self.continuation(frame)
                if found is not None:
                    stack, parent = found
                    first = frames[-1] if frames else leaf
                    if first in stack:
                        stack = stack[: len(stack) - 1 - stack[::-1].index(first)]
                    return self.push(stack, *reversed(frames)), parent, called or frame
            elif code.co_filename == DEFER and code.co_name == "_inlineCallbacks":
                generator = generator_in(frame)
                working = self.of_generator(generator)
                if working is not None and frame_of(generator) is not None:
                    return self.push(self.suspended(working)[0], *reversed(frames)), working, None
            elif self.dispatches(code):
                return self.push(("[reactor]",), *reversed(frames)), None, called or frame
            elif not is_plumbing(code):
                frames.append(function(code))
            called, frame = frame, frame.f_back
        return self.push((), *reversed(frames)), None, None

    def dispatches(self, code: types.CodeType) -> bool:
        if DETAILS in self.rules and code.co_name in SYSTEM_EVENTS and code.co_filename == base.__file__:
            return True
        return code.co_name in DISPATCH or (code.co_name == "_run" and code.co_filename.endswith("events.py"))

    def continuation(self, loop: types.FrameType) -> tuple[Stack, Operation | None] | None:
        operation = self.goes_on_to(loop.f_locals["current"])
        if operation is not None:
            return self.suspended(operation)[0], operation
        last = self.passed.get(loop)
        if last is not None:
            return last.span.stack[:-1], last.parent()
        return None

    def goes_on_to(self, deferred: Deferred[Any]) -> Operation | None:
        """The operation that its result comes to: along it, what it feeds, and last of all what its entries fire."""
        seen: list[Deferred[Any]] = []
        found = self.follow(deferred, seen)
        if found is None and FED in self.rules:
            for one in list(seen):
                for fed in fired_by_hand(one):
                    found = found or self.follow(fed, seen)
        return found

    def follow(self, deferred: Deferred[Any], seen: list[Deferred[Any]]) -> Operation | None:
        if any(deferred is one for one in seen):
            return None
        seen.append(deferred)
        for (callback, arguments, _), _ in chain_of(deferred):
            if isinstance(callback, Observer):
                if callback.reference is self and callback.operation.span.open:
                    return callback.operation
            else:
                for candidate in resumed_by(callback, arguments):
                    operation = self.of_generator(candidate) if frame_of(candidate) is not None else None
                    if operation is not None:
                        return operation
        for fed in what_it_continues(deferred):
            operation = self.follow(fed, seen)
            if operation is not None:
                return operation
        return None

    def suspended(self, operation: Operation) -> tuple[Stack, int]:
        """Where an operation is suspended: its innermost frame, and the line there."""
        generator: Any = operation.runs()
        if generator is None:
            return operation.span.stack, operation.span.line
        stack, frame = operation.span.stack, frame_of(generator)
        while True:
            generator = what_it_awaits(generator)
            inner = frame_of(generator) if generator is not None else None
            if inner is None:
                return stack, frame.f_lineno if frame else 0
            if not is_plumbing(inner.f_code):
                stack, frame = self.push(stack, function(inner.f_code)), inner

    # -- what came out -------------------------------------------------------------------------------------

    def waits(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for (_, detached, stack, _), value in self.model.cells.items():
            key = text(stack, "[detached];" if detached else "")
            found[key] = found.get(key, 0) + value
        return {key: value for key, value in found.items() if value}

    def lines(self) -> dict[tuple[str, int], Any]:
        """Wait by the innermost function and line, whoever the head was."""
        found: dict[tuple[str, int], Any] = {}
        for (_, _, stack, line), value in self.model.cells.items():
            key = text(stack), line
            found[key] = found.get(key, 0) + value
        return {key: value for key, value in found.items() if value}

    def edges(self) -> dict[tuple[str, str], Any]:
        """(Caller, callee) -> inclusive Wait, as callgrind has it: what is on the stack already adds nothing."""
        found: dict[tuple[str, str], Any] = {}
        for (head, detached, stack, _), value in self.model.cells.items():
            path = self.below_detached(head, stack) if detached else stack
            for place, (caller, callee) in enumerate(itertools.pairwise(path)):
                if callee not in path[: place + 1]:
                    key = text((caller,)), text((callee,))
                    found[key] = found.get(key, 0) + value
        return {key: value for key, value in found.items() if value}

    def below_detached(self, head: Stack, stack: Stack) -> Stack:
        """Where the Wait of a detached head hangs that was suspended at a stack."""
        if stack[: len(head)] == head:
            return ("[detached]", *head[-1:], *stack[len(head) :])
        above = 0  # of frames that are the same, the last of either left out
        while above < min(len(head), len(stack)) - 1 and head[above] == stack[above]:
            above += 1
        frames = stack[above:]
        if TOWERS in self.rules and above and stack[:above].count(stack[above - 1]) >= MAX_RECURSION:
            frames = stack[above - 1 :]
        return ("[detached]", *head[-1:], *frames)

    def figures(self) -> dict[str, list[int]]:
        """Stack -> begun, success, failure, cancelled, abandoned, sum of latencies."""
        found: dict[str, list[int]] = {}
        for stack, figures in self.model.figures.items():
            row = [figures.begun, *figures.outcomes, sum(figures.latencies)]
            known = found.setdefault(text(stack), [0] * len(row))
            known[:] = [a + b for a, b in zip(known, row, strict=True)]
        return {key: row for key, row in found.items() if any(row)}


def text(stack: Stack, prefix: str = "") -> str:
    return prefix + ";".join(one if isinstance(one, str) else one[1] for one in stack)
