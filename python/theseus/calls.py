# SPDX-License-Identifier: ISC
"""Calls that Theseus knows by name: whose Deferred is a notification, for which usually nobody waits.

A name matches a function whose full name is it, or ends with a dot and it: `Port.stopListening` matches
`twisted.internet.tcp.Port.stopListening`.  A class's attribute matches by what it refers to, too, whatever the function
calls itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType
from typing import Any

from . import machinery
from ._cffi import ffi, lib
from .functions import attribute_code, code_or_none, module_of, name_of

# Their Deferreds tell that something is over.
NOTIFICATIONS = (
    "LoopingCall.start",
    "CooperativeTask.whenDone",
    "Port.stopListening",  # an alias of loseConnection()
    "stopListening",
    "notifyFinish",  # of twisted.web's requests, and of what stands in for them
    "HTTPConnectionPool.closeCachedConnections",
    "whenClosed",
    "when_closed",
)

# What describe() says of a function.
ORDINARY, NOTIFICATION, LOOP_NOTIFICATION = range(3)


class Calls:
    """What one Tracer knows of functions, by their names; and of the loops whose ends are pending."""

    def __init__(self, profile: Any, notifications: Iterable[Any]) -> None:
        if isinstance(notifications, (str, bytes)):
            raise TypeError(f"notifications must be a list of names or functions, not {notifications!r}")
        self._profile = profile
        self._names = set(NOTIFICATIONS)
        self._codes = set()
        for one in notifications:
            code = code_or_none(one)
            if isinstance(one, str):
                self._names.add(one)
            elif code is not None:
                self._codes.add(code)
            else:
                raise TypeError(f'notifications: a name, such as "Pool.when_idle", or a function, not {one!r}')
        self._attributes = [name.split(".") for name in self._names if "." in name]
        self._looping: dict[int, str] = {}  # span -> the name of what the loop calls
        self._full = 64  # the length at which ended spans are dropped

    def describe(self, code: CodeType, variables: dict[str, Any]) -> tuple[int, bytes, bytes, int, int]:
        """(kind, file, name, first line, notification) of code that runs with these globals."""
        what = ORDINARY
        if self._is_notification(code, variables):
            is_loop = machinery.is_loop(code, module_of(code, variables))
            what = LOOP_NOTIFICATION if is_loop else NOTIFICATION
        return (*machinery.describe(code, variables), what)

    def _is_notification(self, code: CodeType, variables: dict[str, Any]) -> bool:
        if code in self._codes:
            return True
        module = module_of(code, variables)
        parts = name_of(code, module).split(".")
        if any(".".join(parts[start:]) in self._names for start in range(len(parts))):
            return True
        return any(
            attribute_code(variables.get(owner), name) is code
            for *path, owner, name in self._attributes
            if not path or f".{module}".endswith("." + ".".join(path))
        )

    # ---- loops ----

    def note(self, span: int, loop: object) -> None:
        """The Deferred of a LoopingCall's start() is pending: keeps the name of what the loop calls."""
        if len(self._looping) >= self._full:
            for ended in [span for span in self._looping if lib.theseus_span_get(self._profile, span, ffi.NULL)]:
                del self._looping[ended]
            self._full = max(64, 2 * len(self._looping))
        self._looping[span] = machinery.called_by_loop(loop)

    def looping(self, span: int) -> str:
        """The name of what a loop calls, whose start() this open span is of; else ""."""
        return self._looping.get(span, "")
