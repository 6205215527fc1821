# SPDX-License-Identifier: ISC
"""One event at a time: on the observed thread, and not what happens inside an event.

An end that comes otherwise is late: it waits until the core is idle.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from .._cffi import lib
from .setprofile import Watch
from .spans import Spans


class Turn:
    """Lets one thread at a time use the profile, and reads the clock."""

    def __init__(self, spans: Spans, clock: Callable[[], int], watch: Watch) -> None:
        self.spans = spans
        self.profile = spans.profile
        self.clock = clock
        self.watch = watch
        self.latest = 0
        self.lock = threading.RLock()
        self.busy = 0  # the thread that is in the middle of an event, or at the profile
        self.asking: set[int] = set()  # the threads that are asking for the time
        self.afterwards: Callable[[int], None] | None = None  # called when the core is idle
        self.late: deque[tuple[int, int, int]] = deque()  # (span, outcome, now)
        self.before_end: Callable[[int, int], None] = lambda span, now: None

    def now(self) -> int:
        thread = threading.get_ident()
        if thread in self.asking:  # a clock of the program's own, that works with Deferreds itself
            return self.latest
        self.asking.add(thread)
        try:
            self.latest = self.clock()
        except Exception:  # a clock that fails stands still
            pass
        finally:
            self.asking.discard(thread)
        return self.latest

    def event(self, handler: Callable[..., None], *arguments: Any) -> None:
        """Handles an event.  A hook must never change the program, whatever happens in it."""
        thread = threading.get_ident()
        if self.busy == thread or thread in self.asking:
            return
        with self.lock:
            self.drain()  # what ended on other threads ended before this
            self.busy = thread
            try:
                handler(*arguments)
            except Exception:  # such as a RecursionError
                self.spans.drop_loose(self.latest)
                if sys.flags.dev_mode:
                    raise
            finally:
                self.idle()

    def locked(self, action: Callable[[int], Any]) -> Any:
        """Brings the profile up to now, and calls action(now), with no other thread at the profile.

        A finalizer or a signal handler may call this in the middle of an event, which it leaves as it was.
        """
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

    def when_idle(self, action: Callable[[int], None]) -> None:
        """Calls action(now): at the end of the event in the middle of which this thread is, or at once."""
        if self.busy == threading.get_ident():
            self.afterwards = action
        else:
            self.locked(action)

    def idle(self) -> None:
        self.busy = 0
        action, self.afterwards = self.afterwards, None
        if action is not None:
            action(self.now())
        self.drain()

    def end(self, span: int, outcome: int) -> None:
        """Ends a span, now or late.  On any thread."""
        self.late.append((span, outcome, self.now()))
        thread = threading.get_ident()
        if self.busy != thread and thread == self.watch.thread and self.lock.acquire(blocking=False):
            try:
                self.drain()
            finally:
                self.lock.release()

    def drain(self) -> None:
        while self.late:
            span, outcome, now = self.late.popleft()
            self.before_end(span, now)
            lib.theseus_span_end(self.profile, span, outcome, now)
