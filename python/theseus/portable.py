# SPDX-License-Identifier: ISC
"""The portable hook: a plain sys.setprofile callback, in Python, that feeds libtheseus.

It runs wherever there is sys.setprofile, PyPy included, and it is the reference: python/shim/tracer.c is the same
algorithm, name by name, and every test runs on both.

What happens to Twisted code is brought to a few events:

    start          a generator or coroutine is about to be driven: _cancellableInlineCallbacks was called with it
    started        … and returned the Deferred of the operation
    leg ended      _inlineCallbacks returned: its generator is suspended on a Deferred, or has finished
    returned       a plain function returned a Deferred
    left           a frame that spans had begun under was left otherwise
    loop left      a run of Deferred's callback loop is over
    fired          a Deferred's result reached the point where the Deferred had been returned (Observer)
    collected      a Deferred was collected before that (Observer), or a generator (its weak reference)
"""

from __future__ import annotations

import operator
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

from . import machinery
from ._cffi import ffi, lib
from .logical import LogicalStacks, Operation, Place, Stop
from .machinery import GENERATOR, PLAIN
from .observer import Handed, Observer, Unbox
from .profile import owned, raw_frames


class Begun(NamedTuple):
    """A span that began under a frame that is still running: the frame's function may yet adopt it."""

    span: int
    parent: int
    stop: Stop


class Scope(list[Begun]):
    """The spans that began under one frame."""

    full = 64  # the length at which those that have ended are dropped: a frame may stay, such as one that turns a clock


class SetProfile:
    """sys.setprofile with a hook that was there before: it keeps being called, first, and is put back.

    Where there is a profile hook in C to be kept, that is on CPython, theseus._Hook does the same.
    """

    def __init__(self, target: Callable[[FrameType, str, Any], None]) -> None:
        self.target: Callable[[FrameType, str, Any], None] | None = target
        self.previous: Any = None

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if self.previous is not None:
            self.previous(frame, event, argument)
        if self.target is not None:
            self.target(frame, event, argument)
        elif self.listening():  # uninstalled on another thread, where it could not be taken out
            sys.setprofile(self.previous)

    def install(self) -> None:
        if not self.listening():
            self.previous = sys.getprofile()
            sys.setprofile(self)

    def uninstall(self) -> None:
        self.target = None
        if self.listening():
            sys.setprofile(self.previous)
            self.previous = None

    def listening(self) -> bool:
        return sys.getprofile() is self


class PortableCore(LogicalStacks):
    """Makes spans of what a hook sees, and says who awaits them, and where (README, "What is measured")."""

    def __init__(self, profile: Any, clock: Callable[[], int], hook_type: Any) -> None:
        super().__init__(profile)
        self.owned = owned(profile)
        self.clock = clock
        self.latest = 0
        self.lock = threading.RLock()
        self.thread = 0
        self.busy = 0  # the thread that is in the middle of an event, or at the profile
        self.asking: set[int] = set()  # the threads that are asking for the time
        self.leaving = False  # uninstalled in the middle of an event: let_go() is yet to come
        self.late: deque[tuple[int, int, int]] = deque()  # ends that came while busy, or on another thread
        self.starting: dict[int, Operation] = {}  # by id of the frame of _cancellableInlineCallbacks
        self.begun: dict[int, Scope] = {}  # by id of the frame under which they began
        self.boxed: dict[int, tuple[Any, machinery.Boxed]] = {}  # by id of the loop's frame
        self.hook_type = hook_type
        self.listener: Any = None
        self.installed = False
        self._out_u64 = ffi.new("uint64_t *")
        self._options = ffi.new("theseus_span_options *")
        self._options.size = ffi.sizeof(self._options[0])

    # ---- install and uninstall ----

    def install(self) -> None:
        self.thread = threading.get_ident()
        self.listener = self.hook_type(self.hook)
        self.installed = True
        self.listener.install()

    def uninstall(self) -> None:
        self.installed = False
        self.listener.uninstall()
        if self.busy == threading.get_ident():
            self.leaving = True
        else:
            self.locked(self.let_go)

    def let_go(self, now: int) -> None:
        """What is under way goes on without us."""
        self.leaving = False
        for generator, operation in list(self.operations.items()):
            if not operation.returned:
                # Its Deferred will be returned without us.  It may wait already, when its clock uninstalls us.
                if lib.theseus_span_discard(self.profile, operation.span, now):
                    lib.theseus_span_end(self.profile, operation.span, lib.THESEUS_ABANDONED, now)
                self.forget(generator, operation)
        for begun in self.begun.values():
            for span in begun:
                lib.theseus_span_release(self.profile, span.span, now)
        self.starting.clear()
        self.begun.clear()
        self.passed.clear()
        self.boxed.clear()

    # ---- what the Tracer asks for ----

    def now(self) -> int:
        thread = threading.get_ident()
        if thread in self.asking:  # a clock of the program's own, that works with Deferreds itself
            return self.latest
        self.asking.add(thread)
        try:
            self.latest = self.clock()
        except Exception:  # for the library, one that fails has stood still
            pass
        finally:
            self.asking.discard(thread)
        return self.latest

    def locked(self, action: Callable[[int], Any]) -> Any:
        """Does something to the profile, after bringing it up to now, with nobody else at it.  It may come in the
        middle of an event, from a finalizer or a signal handler, and then leaves that as it was."""
        thread = threading.get_ident()
        with self.lock:
            now = self.now()
            nested = self.busy == thread
            if not nested:
                self.drain()
            self.busy = thread
            try:
                lib.theseus_settle(self.profile, now)
                return action(now)
            finally:
                if not nested:
                    self.idle()

    def idle(self) -> None:
        """Nobody is at it any more."""
        self.busy = 0
        if self.leaving:
            self.let_go(self.now())
        self.drain()

    def merge_into(self, address: int) -> int:
        into = ffi.cast("theseus_profile *", address)
        return int(self.locked(lambda now: lib.theseus_profile_merge(into, self.profile)))

    def clear(self) -> None:
        self.locked(lambda now: lib.theseus_profile_clear(self.profile))

    def open_spans(self) -> tuple[int, list[tuple[int, int, int, int, int, int, int]]]:
        """The time, and (span, parent, began, stack, place, line, state) of each open span."""

        def collect(now: int) -> tuple[int, list[tuple[int, int, int, int, int, int, int]]]:
            spans = []
            info = ffi.new("theseus_span_info *")
            info.size = ffi.sizeof(info[0])
            for number in range(lib.theseus_open_span_count(self.profile)):
                lib.theseus_open_span_get(self.profile, number, info)
                spans.append(
                    (info.span, info.parent, info.began_ns, info.stack, info.place_stack, info.line, info.state)
                )
            return now, spans

        found: tuple[int, list[tuple[int, int, int, int, int, int, int]]] = self.locked(collect)
        return found

    def frames(self, stack: int) -> list[tuple[bytes, bytes, int, int]]:
        """(name, file, first line, call line) of each frame, outermost first."""
        found: list[tuple[bytes, bytes, int, int]] = self.locked(lambda now: raw_frames(self.profile, stack))
        return found

    def kept(self) -> dict[str, int]:
        """How much the tables hold."""
        return {
            name: len(getattr(self, name)) for name in ("operations", "starting", "begun", "passed", "boxed", "late")
        }

    # ---- the hook ----

    def hook(self, frame: FrameType, event: str, argument: Any) -> None:
        if not self.installed or threading.get_ident() != self.thread:
            return
        code = frame.f_code
        if event == "call":
            if code is machinery.STARTER_CODE:
                self.guard(self.start, frame)
        elif event == "return":
            if code is machinery.DRIVER_CODE:
                self.guard(self.leg_ended, frame)
            elif code is machinery.STARTER_CODE:
                self.guard(self.started, frame, argument)
            elif code is machinery.LOOP_CODE:
                if id(frame) in self.passed or id(frame) in self.boxed:
                    self.guard(self.loop_left, frame)
            elif issubclass(type(argument), Deferred) and self.code(frame).kind == PLAIN:  # by type: asks it nothing
                self.guard(self.returned, frame, argument)
            elif id(frame) in self.begun and self.code(frame).kind == PLAIN:
                self.guard(self.left, frame)

    def guard(self, handler: Callable[..., None], *arguments: Any) -> None:
        """A hook must never change the program, whatever happens in it."""
        thread = threading.get_ident()
        if self.busy == thread or thread in self.asking:
            return
        with self.lock:
            self.drain()  # what ended on other threads ended before this
            self.busy = thread
            try:
                handler(*arguments)
            except Exception:
                if sys.flags.dev_mode:
                    raise
            finally:
                self.idle()

    def drain(self) -> None:
        while self.late:
            span, outcome, now = self.late.popleft()
            lib.theseus_span_end(self.profile, span, outcome, now)

    # ---- spans ----

    def begin(self, place: Place, flags: int, now: int) -> int:
        options = self._options
        options.stack = options.place_stack = place.stack
        options.line = place.line
        options.parent = place.parent
        options.flags = flags | (lib.THESEUS_SPAN_DETACHED if place.detached else 0)
        options.now_ns = now
        if lib.theseus_span_begin(self.profile, options, self._out_u64):
            raise MemoryError
        return int(self._out_u64[0])

    def observed(self, deferred: Any) -> list[int]:
        """The open spans that are on a Deferred, on its members and theirs, and on what they are chained to."""
        spans = []
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
                if type(observer) is Observer and observer.core is self:
                    spans.append(observer.span)
            waiting.extend(member for member in machinery.members_of(deferred) if machinery.is_a(member, Deferred))
            if deferred._chainedTo is not None:
                waiting.append(deferred._chainedTo)
        return spans

    def children_on(self, span: int, deferred: Any) -> tuple[list[int], bool]:
        """A span's own children that are on a Deferred, and whether others' spans are."""
        mine, others = [], False
        for other in self.observed(deferred):
            info = self.span_info(other)
            if info is None or other == span:
                continue
            if info.parent == span:
                mine.append(other)
            else:
                others = True
        return mine, others

    def observe(self, deferred: Any, span: int) -> None:
        observer = Observer(self, span)
        entries = machinery.callbacks_of(deferred)
        assert entries is not None
        entries.append(((observer, (), {}), (observer, (), {})))

    def under(self, frame: Any, begun: list[Begun]) -> None:
        """Files spans under the frame that may adopt them next: the innermost ordinary one from `frame` on.  Where
        their logical stack left the physical one, nobody else can."""
        while begun and frame is not None:
            key = id(frame)
            over = [span for span in begun if span.stop.frame == key]
            if over:
                begun = [span for span in begun if span.stop.frame != key]
                operation = self.operation_at(frame)
                if operation is not None and not operation.returned:
                    # Should it be over in its first leg, they belong to the next operation out.
                    self.file(operation.starter, over)
                for span in over:
                    if span.stop.is_callback:
                        lib.theseus_span_release(self.profile, span.span, self.now())
            if begun and self.code(frame).kind == PLAIN:
                self.file(key, begun)
                return
            frame = frame.f_back

    def file(self, key: int, begun: list[Begun]) -> None:
        filed = self.begun.get(key)
        if filed is None:
            filed = self.begun[key] = Scope()
        filed.extend(begun)
        if len(filed) > filed.full:
            filed[:] = [span for span in filed if self.span_info(span.span) is not None]
            filed.full = max(64, 2 * len(filed))

    def hand_back(self, frame: Any, span: int, place: Place) -> None:
        """`span` is that of a Deferred which the frame is returning: to a callback loop, or to a function that may
        adopt it."""
        below = frame.f_back
        while below is not None and id(below) != place.stop.frame:
            if self.code(below).kind in (PLAIN, GENERATOR):
                break
            below = below.f_back
        stop = place.stop
        if below is not None and id(below) == stop.frame and stop.is_callback and not stop.by_hand and place.parent:
            lib.theseus_span_await_also(self.profile, place.parent, span, self.now())
        else:
            self.under(frame.f_back, [Begun(span, place.parent, stop)])

    # ---- events ----

    def start(self, frame: Any) -> None:
        variables = frame.f_locals
        generator = variables.get("gen")
        generator_frame = machinery.frame_of(generator)
        if generator_frame is None:
            return
        function = self.code(generator_frame).function
        place = self.locate(frame, [(function, 0)])
        operation = Operation()
        operation.span = self.begin(place, lib.THESEUS_SPAN_LEG, self.now())
        operation.stack = operation.place_stack = place.stack
        operation.line = 0
        operation.parent = place.parent
        operation.stop = place.stop
        operation.starter = id(frame)
        operation.returned = False
        key = id(generator)
        operation.frame = id(generator_frame)
        core = weakref.ref(self)

        def collected(_: object) -> None:
            tracing = core()
            if tracing is not None:
                tracing.forget(key, operation)

        operation.alive = weakref.ref(generator, collected)
        self.operations[key] = self.by_frame[operation.frame] = operation
        self.starting[id(frame)] = operation

    def started(self, frame: Any, deferred: Any) -> None:
        operation = self.starting.pop(id(frame), None)
        begun = self.begun.pop(id(frame), Scope())
        if operation is None:
            return
        operation.returned = True
        now = self.now()
        if not issubclass(type(deferred), Deferred):
            lib.theseus_span_discard(self.profile, operation.span, now)
        elif machinery.has_fired(deferred):
            lib.theseus_span_end(self.profile, operation.span, machinery.outcome_of(deferred.result), now)
        else:
            self.observe(deferred, operation.span)
            place = Place(operation.stack, 0, operation.parent, False, operation.stop)
            self.hand_back(frame, operation.span, place)
            return
        # What began in its only leg belongs to the next operation out.
        self.under(frame.f_back, [Begun(span.span, operation.parent, operation.stop) for span in begun])

    def leg_ended(self, frame: Any) -> None:
        variables = frame.f_locals
        generator = variables.get("gen")
        operation = self.operation_of(generator)
        if operation is None:
            return
        if machinery.frame_of(generator) is None:
            self.finished(generator, operation)
            return
        deferred = variables.get("result")
        if not issubclass(type(deferred), Deferred):
            return
        operation.place_stack, operation.line = self.suspended(generator, operation)
        children, _others = self.children_on(operation.span, deferred)
        lib.theseus_span_await(
            self.profile,
            operation.span,
            children,
            len(children),
            operation.place_stack,
            operation.line,
            self.now(),
        )

    def finished(self, generator: Any, operation: Operation) -> None:
        self.forget(id(generator), operation)
        if operation.returned and self.span_info(operation.span) is not None:
            # Its Deferred has not come as far as our observer: nothing that is known is waited for.
            lib.theseus_span_await(
                self.profile, operation.span, ffi.NULL, 0, operation.place_stack, operation.line, self.now()
            )

    def returned(self, frame: Any, deferred: Any) -> None:
        begun = self.begun.pop(id(frame), Scope())
        if machinery.callbacks_of(deferred) is None:  # only half built
            self.under(frame.f_back, begun)
            return
        place = self.locate(frame, [])
        now = self.now()
        if machinery.has_fired(deferred):
            lib.theseus_record(self.profile, place.stack, place.line, 0, machinery.outcome_of(deferred.result))
            self.under(frame.f_back, begun)
            return
        span = self.begin(place, 0, now)
        left = []
        for other in begun:
            if other.parent == place.parent:
                lib.theseus_span_adopt(self.profile, other.span, span, now)
            else:
                left.append(other)
        children, others = self.children_on(span, deferred)
        count = len(children) if children or others else lib.THESEUS_ALL
        lib.theseus_span_await(self.profile, span, children or ffi.NULL, count, place.stack, place.line, now)
        self.observe(deferred, span)
        self.hand_back(frame, span, place)
        self.under(frame.f_back, left)

    def left(self, frame: Any) -> None:
        self.under(frame.f_back, self.begun.pop(id(frame)))

    def loop_left(self, frame: Any) -> None:
        self.passed.pop(id(frame), None)
        boxed = self.boxed.pop(id(frame), None)
        if boxed is not None and getattr(boxed[0], "result", None) is boxed[1]:
            boxed[0].result = boxed[1].deferred

    # ---- what observers report ----

    def end(self, span: int, outcome: int) -> None:
        self.late.append((span, outcome, self.now()))
        thread = threading.get_ident()
        if self.busy != thread and thread == self.thread and self.lock.acquire(blocking=False):
            try:
                self.drain()
            finally:
                self.lock.release()

    def fired(self, span: int, outcome: int, loop: Any) -> None:
        if (
            self.installed
            and threading.get_ident() == self.thread
            and loop.f_code is machinery.LOOP_CODE
            and self.listener.listening()
        ):
            # For what this run of the loop calls yet: the place where the function of the span was called.
            with self.lock:
                info = self.span_info(span)
                if info is not None:
                    parent, detached = info.parent, info.state == lib.THESEUS_IS_DETACHED and not info.parent
                    stack = self.stack_info(info.stack)
                    self.passed[id(loop)] = (stack.parent, stack.call_line, parent, detached)
        self.end(span, outcome)

    def pass_deferred(self, result: Any, loop: Any) -> object:
        """Passes a Deferred on as a result, without the loop's waiting for it as it does for what callbacks return."""
        current = machinery.variable(loop, "current")
        entries = machinery.callbacks_of(current) if current is not None else None
        if entries is None:
            return result
        if entries and entries[0][0][0] is not machinery.CONTINUE:
            # The loop itself calls what comes next, so that no frame of ours is in a traceback.
            (callback, arguments, keywords), errback = entries[0]
            handed = Handed(current, result, callback)
            entries[0] = ((operator.methodcaller("call", *arguments, **keywords), (), {}), errback)
            return handed
        here = self.installed and threading.get_ident() == self.thread and self.listener.listening()
        if not entries and not here:  # nobody will tell when the loop is left
            return result
        boxed = machinery.Boxed(result)
        if entries:
            theirs = machinery.callbacks_of(entries[0][0][1][0])
            assert theirs is not None
            unbox: tuple[Unbox, tuple[()], dict[str, Any]] = (Unbox(self), (), {})
            theirs.insert(0, (unbox, unbox))
        else:
            self.boxed[id(loop)] = (current, boxed)
        return boxed
