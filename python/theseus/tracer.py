# SPDX-License-Identifier: ISC
"""Tracer: installs the hook, and returns the measurements."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import IO, Any

from twisted.internet.defer import Deferred

from . import hooks, machinery, selftest
from ._cffi import ffi, lib
from .calls import Calls
from .displaced import Displaced
from .errors import check
from .output import Target, check_binary
from .pending import Pending, tree
from .profile import Profile, new_handle
from .program import command

_MAX_RECURSION = 3  # with 8, jobs of ten kinds that start each other are on 100,000 stacks; with 3, on 3,500


class _Seconds:
    """Holds a clock's method for its tracer.

    The hook, which the interpreter keeps, refers to it weakly: a clock may refer to its tracer, and both may go.
    """

    __slots__ = ("seconds", "__weakref__")

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.seconds = seconds


def _nanoseconds(held: _Seconds) -> Callable[[], int]:
    reference: Any = weakref.ref(held)
    return lambda: max(0, math.floor(reference().seconds() * 1e9 + 0.5))


class Tracer:
    """Measures how long Deferreds pend, under the stacks that the programmer wrote.

    ::

        t = Tracer()
        t.install()
        ...
        with open("callgrind.out.theseus", "wb") as outfile:
            t.write_data(outfile)

    `reactor`: an object with seconds(), such as task.Clock, from which the time is read, taken to the nearest ns.
    Without one it is the monotonic clock, and no reactor is imported.

    `hook`: how the program is observed: "profile" (C, on CPython's profile hook), "monitoring" (C, on sys.monitoring,
    CPython 3.12 and later), "portable" (Python, on sys.setprofile, any interpreter); "auto" takes the fastest there is.
    All measure the same.

    `coroutines`: whether the coroutines that an operation awaits, `await self.show()`, are operations as well, with a
    count, percentiles and an outcome of their own.  (So are generators in its `yield from`.)

    `write_at_exit`: a file that the profile is written to when the process ends, however it ends.  Its name says the
    format, as for `theseus run -o`.  The tracer is kept until then.  An old file of that name stays, and the profile
    gets another name.  Forked children begin profiles of their own, which are added.

    `notifications`: functions, or their names, whose Deferreds only report that something is over, besides those of
    theseus.calls.NOTIFICATIONS, such as LoopingCall.start.  Their operations have no Wait, unless an operation waits
    for them.  "Pool.when_idle" stands for every function whose full name ends so.

    `rearm`: another profiler may take the hook's place (cProfile up to Python 3.11, yappi, sys.setprofile()).  A
    TheseusWarning and the files say so.  When that profiler has gone, the hook takes its place again, unless this is
    False.

    One thread is traced: that which calls install().  Ends of operations are noticed in every thread.  A tracer that is
    collected uninstalls itself.  As a context manager it is installed within the block.
    """

    def __init__(
        self,
        reactor: Any = None,
        hook: str = "auto",
        coroutines: bool = True,
        rearm: bool = True,
        write_at_exit: str | os.PathLike[str] | None = None,
        notifications: Iterable[Any] = (),
    ) -> None:
        if reactor is None:
            clock = None
        elif callable(getattr(reactor, "seconds", None)):
            now = reactor.seconds()
            if not isinstance(now, (int, float)) or not math.isfinite(now):
                raise TypeError(f"reactor.seconds() must give the time as a number, not {now!r}")
            self._seconds = _Seconds(reactor.seconds)
            clock = _nanoseconds(self._seconds)
        else:
            raise TypeError(
                f"reactor must have a method seconds(), as reactors and task.Clock have, not be {reactor!r}; "
                "leave it out for the monotonic clock"
            )
        self._core: Any = None
        self._is_wall = reactor is None
        self._thread = 0  # that which called install()
        self._began: tuple[int, int] | None = None  # since 1970, and on the monotonic clock
        self.hook = hooks.choose(hook)
        profile = new_handle(max_recursion=_MAX_RECURSION)
        self._calls = Calls(profile, notifications)
        self._core = hooks.core(self.hook, profile, clock, self._calls, coroutines)
        self._displaced = Displaced(self.hook, clock or time.monotonic_ns, rearm)
        self._core.notice = self._displaced.check
        if write_at_exit is not None:
            from .ends import Ends
            from .names import expanded
            from .recording import Recording

            recording = Recording(self, expanded(os.fspath(write_at_exit)))
            recording.start()
            ends = Ends(recording.finish)
            machinery.when_a_reactor_starts(lambda: ends.follow(machinery.reactor()))

    # ---- life ----

    def install(self) -> None:
        """Begins to observe the calling thread.

        A profile hook that is there already keeps being called.  After an uninstall() this resumes the same profile.
        If it is installed already, this only takes the hook's place again, if another profiler took it and has gone.
        RuntimeError: this Twisted lacks a name that Theseus needs, or is measured wrongly in a small test.
        """
        if self._core.installed:
            self._check(rearm=True)
        else:
            selftest.check(self.hook)
            self._core.install()
            self._thread = threading.get_ident()
            self._thread_name = threading.current_thread().name
            self._displaced.installed()
            if self._is_wall and not self._began:
                self._began = (time.time_ns(), time.monotonic_ns())

    def move(self) -> bool:
        """Goes on in the calling thread, if it is installed in another one; returns whether it was."""
        if not self._core.installed or self._thread == threading.get_ident():
            return False
        self.uninstall()
        self.install()
        return True

    def _check(self, rearm: bool | None = None) -> None:
        """Notices if another profiler has taken the hook's place, which only the traced thread can tell."""
        if self._core.installed and self._thread == threading.get_ident():
            self._displaced.check(self._core, rearm)

    @property
    def displaced(self) -> bool:
        """Whether another profiler has taken the hook's place, since install() or for a time."""
        self._check()
        return bool(self._displaced.gaps)

    def uninstall(self) -> None:
        """Puts back the hook that was there before.  A hook that came later is left alone.

        New operations are not noticed.  Open operations are timed until they end.
        """
        try:
            self._check(rearm=False)
        finally:
            if self._core.installed:
                self._core.uninstall()

    @property
    def installed(self) -> bool:
        return bool(self._core.installed)

    def __enter__(self) -> Tracer:
        self.install()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.uninstall()

    def __del__(self) -> None:
        core = getattr(self, "_core", None)
        if core is not None and core.installed:
            core.uninstall()

    # ---- what was measured ----

    def snapshot(self) -> Profile:
        """Returns a copy of the measurements up to now, open operations included.  O(size of the profile)."""
        self._check()
        profile = Profile()
        check(self._core.merge_into(int(ffi.cast("uintptr_t", profile._handle))), "snapshot")
        profile.set_origin("pid", str(os.getpid()))
        profile.set_origin("cmd", command())
        said = self._displaced.said() or self._nothing_seen(profile)
        if said:
            profile.set_origin("desc", said)
        if self._began:
            began, tick = self._began
            lib.theseus_profile_set_time(profile._handle, began, time.monotonic_ns() - tick)
        return profile

    def _nothing_seen(self, profile: Profile) -> str:
        """Why the profile holds nothing; empty, if it holds something."""
        if profile.has_operations():
            return ""
        if not self._thread:
            return "Hook: nothing was seen: install() was not called"
        return (
            f"Hook: nothing was seen: no function returned a Deferred in {self._thread_name}, the thread that called "
            "install()"
        )

    def write_data(self, outfile: IO[bytes]) -> None:
        """Writes callgrind to a binary file, which stays open.  TypeError for a file that takes text."""
        check_binary(outfile)
        self.snapshot().write(outfile)

    def write(self, target: Target, format: str = "callgrind", event: str | None = None, detail: str = "full") -> None:
        """snapshot().write(target, format, event, detail)."""
        self.snapshot().write(target, format, event, detail)

    def write_later(
        self, target: Target, format: str = "callgrind", event: str | None = None, detail: str = "full"
    ) -> Deferred[None]:
        """As write(), but only the snapshot is taken now: a thread of the reactor's pool renders and writes it.

        The Deferred fires when the file is in place, or fails with what write() would raise.
        """
        from twisted.internet.threads import deferToThread  # imports the reactor

        profile = self.snapshot()
        return deferToThread(profile.write, target, format, event, detail)

    def pending(self) -> list[Pending]:
        """The operations that are open, as trees, the oldest first."""
        return tree(self._core, self._calls)

    def clear(self) -> None:
        """Drops the measurements.  Open operations stay open.

        Their Wait starts again now.  Their latency, when they end, is whole.
        """
        self._core.clear()
        if self._began:
            self._began = (time.time_ns(), time.monotonic_ns())


# The start-up hook waits for this module if the program imports it before anything else has imported Twisted.
_hook = sys.modules.get("_theseus_start")
if _hook is not None:
    _hook.tracer_is_there()
