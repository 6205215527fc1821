# SPDX-License-Identifier: ISC
"""Lines for the person who started the program."""

from __future__ import annotations

import contextlib
import os
import sys

from .text import printable


class Stderr:
    """The standard error as it was when the program started.  A daemon has closed it, or uses its number for a file of
    its own: then nothing is printed."""

    def __init__(self) -> None:
        self._first = self._state()

    @staticmethod
    def _state() -> tuple[int, int, int] | None:
        try:
            found = os.fstat(2)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_rdev

    def isatty(self) -> bool:
        return self._first is not None and os.isatty(2)

    def write(self, lines: list[str]) -> None:
        if self._first is None or self._state() != self._first:
            return
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        text = "".join(f"theseus: {printable(line)}\n" for line in lines)
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "backslashreplace"))
