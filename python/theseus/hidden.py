# SPDX-License-Identifier: ISC
"""Threads that do not show: Interval calls something again and again, OnSignal when a signal comes.

The program does not see it in `threading`.  It is not there while the program forks: Python warns of a fork beside
threads, and what the thread had locked would stay locked in the child.  A child starts it again, if it wants to.
"""

from __future__ import annotations

import _thread
import contextlib
import functools
import os
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from ._cffi import lib


class Hidden:
    """A thread that runs `loop` until `interrupt` is called."""

    def __init__(self) -> None:
        self._wake = _thread.allocate_lock()
        self._done = _thread.allocate_lock()
        self._native = 0
        self._running = False
        self._forking: FrameType | None = None
        self._watching = not hasattr(os, "register_at_fork")
        self._again = self._start_later  # one object, which C is given the address of

    def start(self) -> None:
        if self._running:
            return
        if not self._watching:
            self._watch_forks()
        self._wake, self._done = _thread.allocate_lock(), _thread.allocate_lock()
        self._wake.acquire()
        self._done.acquire()
        with contextlib.suppress(RuntimeError):  # no more threads
            _thread.start_new_thread(self._run, (self._wake, self._done))
            self._running = True

    def stop(self) -> None:
        """Returns when the thread is gone."""
        if not self._running:
            return
        self._running = False
        self.interrupt(self._wake)
        self._done.acquire()
        for _ in range(100):  # it has run all its Python, but the system may still count it
            if not os.path.exists(f"/proc/self/task/{self._native}"):
                break
            time.sleep(0.0001)

    def _run(self, wake: Any, done: Any) -> None:
        self._native = _thread.get_native_id()
        try:
            self.loop(wake)
        finally:
            done.release()

    def loop(self, wake: Any) -> None:
        raise NotImplementedError

    def interrupt(self, wake: Any) -> None:
        wake.release()

    def _watch_forks(self) -> None:
        """os.fork() counts the threads once all functions like these have run: so the thread starts when the frame that
        forked goes on.  Nothing in Python may run before that, as a pending call would come then."""
        self._watching = True
        again: Callable[[], Any] = functools.partial(lib.shim_later, id(self._again))
        if sys.implementation.name != "cpython":
            again = self.start
        os.register_at_fork(before=self._pause, after_in_parent=again)

    def _pause(self) -> None:
        self._forking = sys._getframe(1)
        self.stop()

    def _start_later(self) -> None:
        frame: FrameType | None = sys._getframe(1)
        if frame is not self._forking:
            while frame is not None and frame is not self._forking:
                frame = frame.f_back
            if frame is not None and not lib.shim_later(id(self._again)):
                return  # another function of that kind runs
        self._forking = None
        self.start()


class Interval(Hidden):
    """Calls something at least each so many seconds."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        super().__init__()
        self._seconds = seconds
        self._call = call

    def loop(self, wake: Any) -> None:
        while not wake.acquire(timeout=self._seconds):
            self._call()


class OnSignal(Hidden):
    """Calls one of two functions when its signal comes, also while the main thread is busy or asleep."""

    def __init__(self, calls: list[tuple[int, Callable[[], None]]]) -> None:
        super().__init__()
        self._calls = [call for _number, call in calls]
        for which, (number, _call) in enumerate(calls):
            if lib.shim_signal_take(which, number):
                raise OSError(f"signal {number} cannot be taken here")

    def loop(self, wake: Any) -> None:
        while (which := lib.shim_signal_wait()) >= 0:
            with contextlib.suppress(Exception):
                self._calls[which]()

    def interrupt(self, wake: Any) -> None:
        lib.shim_signal_stop()
