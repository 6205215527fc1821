# SPDX-License-Identifier: ISC
"""Does something when this process ends, however it ends.

    returns, sys.exit, an exception, SIGINT     atexit
    SIGTERM with its default action             a handler, which kills the process by the same signal afterwards
    os._exit                                    a function of the same name, which calls it afterwards
    a signal that stopped the reactor           the last trigger of its shutdown: twistd kills itself after that

Processes that are forked end in these ways too; multiprocessing's by os._exit.  Nobody is left after SIGKILL, or after
an exit from C.
"""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from . import machinery


class Ends:
    """Calls `finish` at each end that it notices, which may be more than one of a process."""

    def __init__(self, finish: Callable[[], None]) -> None:
        self._finish = finish
        self._exit = os._exit
        self._reactors: list[Any] = []
        atexit.register(finish)
        self._replace_exit()
        self._take_sigterm()

    def _replace_exit(self) -> None:
        leave, finish = self._exit, self._finish

        def _exit(status: int) -> None:
            try:
                finish()
            finally:
                leave(status)

        _exit.__doc__, _exit.__module__, _exit.__qualname__ = leave.__doc__, leave.__module__, leave.__qualname__
        os._exit = _exit  # type: ignore[assignment]

    def _take_sigterm(self) -> None:
        try:
            if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
                signal.signal(signal.SIGTERM, self._terminated)
        except ValueError:  # this is not the main thread
            pass

    def _terminated(self, number: int, _frame: FrameType | None) -> None:
        try:
            self._finish()
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    # ---- the reactor

    def follow(self, reactor: Any) -> None:
        """Finishes after the shutdown of this reactor, if a signal stops it."""
        if reactor is None or any(one is reactor for one in self._reactors):
            return
        self._reactors.append(reactor)

        def last() -> None:
            if machinery.stopped_by_signal(reactor):
                self._finish()

        def late() -> None:
            reactor.addSystemEventTrigger("after", "shutdown", last)  # behind those that are there by now

        reactor.addSystemEventTrigger("after", "shutdown", late)
