# SPDX-License-Identifier: ISC
"""PortableCore: brings what the hook sees to a few events, and has the methods that the Tracer calls.

start          a generator or coroutine is about to be driven: _cancellableInlineCallbacks was called with it
started        … and returned the Deferred of the operation
leg ended      _inlineCallbacks returned: its generator is suspended on a Deferred, or has finished
returned       a plain function returned a Deferred
left           a frame under which spans had begun was left otherwise
stepped        the frame of an awaited coroutine was left: suspended, or finished
loop left      a run of Deferred's callback loop is over
fired          a Deferred's result reached the point where the Deferred had been returned (Observer)
collected      a Deferred was collected before that (Observer), or a generator (its weak reference)
"""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.internet.defer import Deferred

from .. import machinery
from .._cffi import ffi, lib
from ..calls import Calls
from ..machinery import PLAIN
from ..stack import raw_frames
from .awaited import Awaited
from .chain import Chains
from .legs import Legs
from .loop import Loops
from .returns import Returns
from .scopes import Scopes
from .setprofile import Watch
from .spans import Spans
from .stack import LogicalStacks
from .turn import Turn


def _notice(reference: weakref.ref[PortableCore]) -> None:
    core = reference()
    if core is not None and core.notice is not None:
        with contextlib.suppress(Exception):  # a warning that is raised as an error is not for the program's callback
            core.notice(core)


class PortableCore:
    """Makes spans of what the hook sees.  The Tracer uses it as it does theseus._Core, of the shim."""

    def __init__(self, profile: Any, clock: Callable[[], int], hook_type: Any, calls: Calls, coroutines: bool) -> None:
        self.profile = profile
        self.hook_type = hook_type
        self.notice: Callable[[PortableCore], object] | None = (
            None  # called when another profiler has replaced the hook
        )
        self.watch = Watch()
        self.spans = Spans(profile)
        self.turn = Turn(self.spans, clock, self.watch)
        self.stacks = LogicalStacks(self.spans, calls)
        self.codes = self.stacks.codes
        self.scopes = Scopes(self.spans, self.turn, self.codes, self.stacks.operations)
        self.loops = Loops(self.stacks, self.turn, self.watch)
        self.awaited = Awaited(self.spans)
        self.returns = Returns(self.stacks, self.turn, self.scopes, self.awaited, self.loops)
        self.chains = Chains(self.spans, self.stacks.operations, coroutines)
        self.legs = Legs(self.stacks, self.turn, self.scopes, self.awaited, self.chains, self.loops)
        self.turn.before_end = self.legs.gives_back

    @property
    def installed(self) -> bool:
        return self.watch.installed

    def install(self) -> None:
        self.watch.thread = threading.get_ident()
        self.watch.listener = self.hook_type(self.hook)
        self.watch.notice = functools.partial(_notice, weakref.ref(self))
        self.watch.installed = True
        try:
            self.watch.listener.install()
        except BaseException as error:
            self.watch.installed = False
            if isinstance(error, Exception):  # on PyPy, while cProfile is enabled
                raise RuntimeError(f"sys.setprofile() refuses the hook: {error}") from error
            raise

    def uninstall(self) -> None:
        self.watch.installed = False
        self.watch.listener.uninstall()
        self.turn.when_idle(self.let_go)

    def rearm(self) -> None:
        """Takes the hook's place again, which another profiler has left."""
        self.turn.when_idle(self.let_go)
        self.watch.listener.install()

    def listening(self) -> bool:
        return bool(self.watch.listener.listening())

    def heard(self) -> int:
        """The number of events since install()."""
        return int(self.watch.listener.heard())

    def let_go(self, now: int) -> None:
        """Lets go of functions and operations that are under way: they will return unseen."""
        self.legs.let_go(now)
        self.scopes.let_go(now)
        self.loops.let_go()

    def merge_into(self, address: int) -> int:
        into = ffi.cast("theseus_profile *", address)
        return int(self.turn.locked(lambda now: lib.theseus_profile_merge(into, self.profile)))

    def clear(self) -> None:
        self.turn.locked(lambda now: lib.theseus_profile_clear(self.profile))

    def open_spans(self) -> tuple[int, list[tuple[int, int, int, int, int, int, int]]]:
        """The time, and (span, parent, began, stack, place, line, state) of each open span."""
        found: tuple[int, list[tuple[int, int, int, int, int, int, int]]]
        found = self.turn.locked(lambda now: (now, self.spans.open()))
        return found

    def frames(self, stack: int) -> list[tuple[bytes, bytes, int, int]]:
        """(name, file, first line, call line) of each frame, outermost first."""
        with self.turn.lock:  # no settling, which takes its time for each open span
            return raw_frames(self.profile, stack)

    def kept(self) -> dict[str, int]:
        """The sizes of the tables, for tests that nothing is kept."""
        return {
            "operations": len(self.stacks.operations.by_generator),
            "members": len(self.stacks.operations.members),
            "starting": len(self.legs.starting),
            "begun": len(self.scopes.by_frame),
            "passed": len(self.stacks.passed),
            "boxed": len(self.loops.boxed),
            "late": len(self.turn.late),
        }

    def hook(self, frame: FrameType, event: str, argument: Any) -> None:
        if not self.watch.here():
            return
        code = frame.f_code
        if event == "call":
            if code is machinery.STARTER_CODE:
                self.turn.event(self.legs.start, frame)
            elif id(frame) in self.scopes.runs:
                self.turn.event(self.scopes.begins, frame)
        elif event == "return":
            if code is machinery.DRIVER_CODE:
                self.turn.event(self.legs.ended, frame)
            elif code is machinery.STARTER_CODE:
                self.turn.event(self.legs.started, frame, argument)
            elif code is machinery.LOOP_CODE:
                if self.loops.knows(frame):
                    self.turn.event(self.loops.left, frame)
            elif (
                issubclass(type(argument), Deferred) and self.codes.of(frame).kind == PLAIN
            ):  # by type: asks it nothing
                self.turn.event(self.returns.returned, frame, argument)
            elif id(frame) in self.scopes.by_frame and self.codes.of(frame).kind == PLAIN:
                self.turn.event(self.returns.left, frame)
            elif id(frame) in self.stacks.operations.members:
                self.turn.event(self.chains.stepped, frame, argument)
