# SPDX-License-Identifier: ISC
"""What a traced program does when one of the signals comes that its user named.

The first prints what is pending.  The second writes the profile; with `off` it begins to trace, and when it comes again
it stops and writes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from ._cffi import lib
from .hidden import OnSignal
from .program import name
from .recording import INTERVAL, Recording
from .table import seconds

LINES = 200  # of a tree; the rest is counted


def numbers(text: str) -> list[int]:
    """The signals that a text such as "USR1,USR2" names.  ValueError if it names none, or too many."""
    found = []
    for word in text.split(","):
        label = word.strip().upper().removeprefix("SIG")
        number = int(label) if label.isdigit() else int(getattr(signal, f"SIG{label}", 0))
        if number not in signal.valid_signals() or number in (signal.SIGKILL, signal.SIGSTOP):
            raise ValueError(f"signal: there is no signal {word!r} that a program can take")
        found.append(number)
    if len(found) > 2:
        raise ValueError("signal: at most two: one to print what is pending, one to write")
    return found


class Signals:
    """Takes the signals, for one recording."""

    def __init__(self, recording: Recording, text: str, off: bool) -> None:
        self._recording = recording
        self._off = off
        self._switch = self._toggle  # one object, which C is given the address of
        calls: list[Callable[[], None]] = [self.print_pending, self._switch_later if off else self.write]
        self._thread = OnSignal(list(zip(numbers(text), calls)))
        self._thread.start()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        if not self._recording.mute:
            self._thread.start()

    def print_pending(self) -> None:
        roots = self._recording.tracer.pending()
        lines = [line for root in roots for line in root.lines()]
        age = f"; the oldest {seconds(max(root.age for root in roots))}" if roots else ""
        found = [f"{name()} {os.getpid()}: {len(lines)} operations pending{age}", *lines[:LINES]]
        if len(lines) > LINES:
            found.append(f"and {len(lines) - LINES} more")
        self._recording.stderr.write(found)

    def write(self) -> None:
        self._recording.save(INTERVAL)
        self._recording.stderr.write([f"{name()} {os.getpid()}: written to {self._recording.place()}"])

    def _switch_later(self) -> None:
        """In the main thread, as a Tracer observes the thread that installs it."""
        if lib.shim_later(id(self._switch)):
            self._recording.stderr.write(["tracing cannot be switched here"])

    def _toggle(self) -> None:
        tracer = self._recording.tracer
        if tracer.installed:
            tracer.uninstall()
            self.write()
        else:
            tracer.install()
            self._recording.stderr.write([f"{name()} {os.getpid()}: traced from now on"])
