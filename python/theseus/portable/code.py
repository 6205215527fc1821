# SPDX-License-Identifier: ISC
"""The program's functions, by code object: the kind of each, and its number in the profile."""

from __future__ import annotations

import weakref
from types import CodeType
from typing import Any, NamedTuple

from .._cffi import lib
from ..calls import Calls
from .spans import Spans


class Code(NamedTuple):
    """An entry of the table."""

    kind: int
    function: int
    notification: int  # as Calls.describe() says
    alive: Any  # weak reference, which drops the entry when the code is collected

    @property
    def flags(self) -> int:
        """With which an operation of this code begins."""
        return lib.THESEUS_SPAN_NOTIFICATION if self.notification else 0


class Codes:
    """The table of code objects.  An entry's key is an id, which is good while the code object lives."""

    def __init__(self, spans: Spans, calls: Calls) -> None:
        self.spans = spans
        self.calls = calls
        self.known: dict[int, Code] = {}

    def of(self, frame: Any) -> Code:
        code: CodeType = frame.f_code
        key = id(code)
        found = self.known.get(key)
        if found is None:
            kind, file, name, first_line, notification = self.calls.describe(code, frame.f_globals)
            known = self.known
            alive = weakref.ref(code, lambda _: known.pop(key, None))
            found = known[key] = Code(kind, self.spans.function(file, name, first_line), notification, alive)
        return found


def line_of(frame: Any) -> int:
    line: int = frame.f_lineno or 0
    return line
