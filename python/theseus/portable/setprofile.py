# SPDX-License-Identifier: ISC
"""The hook's place in the interpreter: sys.setprofile, and the thread that is observed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class SetProfile:
    """Installs a profile function.  A profile function that was there before is called first, and is put back.

    On CPython that one may be in C.  theseus._Hook, of the shim, does the same for both kinds.
    """

    def __init__(self, target: Callable[[FrameType, str, Any], None]) -> None:
        self.target: Callable[[FrameType, str, Any], None] | None = target
        self.previous: Any = None
        self._heard = 0  # events

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        self._heard += 1
        if self.previous is not None:
            self.previous(frame, event, argument)
        if self.target is not None:
            self.target(frame, event, argument)
        elif self.listening():  # uninstalled by another thread, which could not remove it from this one
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

    def heard(self) -> int:
        return self._heard

    @staticmethod
    def current() -> Any:
        """The profile function of the calling thread, or None."""
        return sys.getprofile()


class Watch:
    """Whether the program is observed, and in which thread."""

    def __init__(self) -> None:
        self.installed = False
        self.thread = 0
        self.listener: Any = None  # a SetProfile, or a theseus._Hook
        self.notice: Callable[[], object] = lambda: None  # called when an observer finds that it has lost its place

    def here(self) -> bool:
        """Whether the calling thread is observed."""
        return self.installed and threading.get_ident() == self.thread

    def listening(self) -> bool:
        """The same, and no other profile function has replaced ours."""
        return self.here() and bool(self.listener.listening())
