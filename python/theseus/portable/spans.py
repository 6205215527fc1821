# SPDX-License-Identifier: ISC
"""Spans of libtheseus, where they belong in the program, and the calls that the hook makes for them."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._cffi import ffi, lib
from ..profile import owned


class Stop(NamedTuple):
    """The physical frame at which the walk of a logical stack ended."""

    frame: int  # its id; 0: the walk reached the outermost frame
    is_callback: bool  # a callback loop, continued by the operation that waits for its Deferred
    by_hand: bool  # … to which that Deferred is linked by addCallback(d.callback)


NOWHERE = Stop(0, False, False)


class Place(NamedTuple):
    """Where a new span belongs."""

    stack: int  # logical
    line: int  # the line that its innermost frame is at
    parent: int  # span, or 0
    operation: int  # `parent`; if that is of an awaited coroutine, its operation's
    detached: bool  # its enclosing operation has ended
    stop: Stop


class Begun(NamedTuple):
    """A span that began under a frame which is still running.  The frame's function may adopt it."""

    span: int
    operation: int  # that it began in
    stop: Stop
    deferred: Any  # weak reference
    run: int  # the run of a function that the Deferred was handed to: see Scopes.run_of()


class Scope(list[Begun]):
    """The spans that began under one frame, or in one operation."""

    full = 16  # the length at which those that have ended are dropped: a frame may stay, such as one that turns a clock
    looked_at = 0  # the number of those that the legs before have asked whether they feed what was awaited


class Spans:
    """A theseus_profile, owned, as the rooms of the hook use it."""

    def __init__(self, profile: Any) -> None:
        self.profile = profile
        self._owned = owned(profile)
        self.loose = 0  # a span that nothing in the program ends yet
        self._out_u32 = ffi.new("uint32_t *")
        self._out_u64 = ffi.new("uint64_t *")
        self._options = ffi.new("theseus_span_options *")
        self._span_info = ffi.new("theseus_span_info *")
        self._stack_info = ffi.new("theseus_stack_info *")
        for struct in (self._options, self._span_info, self._stack_info):
            struct.size = ffi.sizeof(struct[0])

    def function(self, file: bytes, name: bytes, first_line: int) -> int:
        lib.theseus_function_intern(self.profile, file, name, first_line, self._out_u32)
        return int(self._out_u32[0])

    def push(self, stack: int, function: int, line: int) -> int:
        lib.theseus_stack_push(self.profile, stack, function, line, self._out_u32)
        return int(self._out_u32[0])

    def stack_info(self, stack: int) -> Any:
        """Good until the next call."""
        lib.theseus_stack_get(self.profile, stack, self._stack_info)
        return self._stack_info

    def info(self, span: int) -> Any:
        """Good until the next call.  None: the span has ended."""
        if lib.theseus_span_get(self.profile, span, self._span_info):
            return None
        return self._span_info

    def begin(self, place: Place, flags: int, now: int, is_driven: bool = False) -> int:
        """`is_driven`: it is of a generator, not of a plain function.  This is the value of the span."""
        options = self._options
        options.stack = options.place_stack = place.stack
        options.line = place.line
        options.parent = place.parent
        options.flags = flags | (lib.THESEUS_SPAN_DETACHED if place.detached else 0)
        options.now_ns = now
        options.value = is_driven
        if lib.theseus_span_begin(self.profile, options, self._out_u64):
            raise MemoryError
        self.loose = int(self._out_u64[0])
        return self.loose

    def drop_loose(self, now: int) -> None:
        """Ends a span that an event has left without an end, as the event failed."""
        if self.loose:
            self.drop(self.loose, now)
            self.loose = 0

    def drop(self, span: int, now: int) -> None:
        """Ends a span whose Deferred is returned unseen.  It may wait already, and then counts as abandoned."""
        if lib.theseus_span_discard(self.profile, span, now):
            lib.theseus_span_end(self.profile, span, lib.THESEUS_ABANDONED, now)

    def begin_part(self, parent: int, stack: int, place_stack: int, line: int, now: int) -> int:
        """Begins a part of a span.  0: it would be beyond the bound of nesting."""
        options = self._options
        options.stack, options.place_stack, options.line = stack, place_stack, line
        options.parent, options.flags, options.now_ns = parent, lib.THESEUS_SPAN_PART, now
        options.value = True
        if lib.theseus_span_begin(self.profile, options, self._out_u64):
            return 0
        return int(self._out_u64[0])

    def wait(self, span: int, children: list[int] | None, stack: int, line: int, now: int) -> None:
        """The span begins to wait for these children, at this place.  None: for all its children."""
        count = lib.THESEUS_ALL if children is None else len(children)
        lib.theseus_span_await(self.profile, span, children or ffi.NULL, count, stack, line, now)

    def open(self) -> list[tuple[int, int, int, int, int, int, int]]:
        """(span, parent, began, stack, place, line, state) of each open span."""
        found = []
        info = ffi.new("theseus_span_info *")
        info.size = ffi.sizeof(info[0])
        for number in range(lib.theseus_open_span_count(self.profile)):
            lib.theseus_open_span_get(self.profile, number, info)
            found.append((info.span, info.parent, info.began_ns, info.stack, info.place_stack, info.line, info.state))
        return found
