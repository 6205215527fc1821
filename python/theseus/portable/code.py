# SPDX-License-Identifier: ISC
"""The program's functions, by code object: of which kind each is, and its number in the profile."""

from __future__ import annotations

import weakref
from types import CodeType
from typing import Any, NamedTuple

from .. import machinery
from .spans import Spans


class Code(NamedTuple):
    """What is known of a code object."""

    kind: int
    function: int
    alive: Any  # weak reference, which drops the entry when the code is collected


class Codes:
    """The table of code objects.  An entry's key is an id, which is good while the code object lives."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        self.known: dict[int, Code] = {}

    def of(self, frame: Any) -> Code:
        code: CodeType = frame.f_code
        key = id(code)
        found = self.known.get(key)
        if found is None:
            kind, file, name, first_line = machinery.describe(code, frame.f_globals)
            known = self.known
            alive = weakref.ref(code, lambda _: known.pop(key, None))
            found = known[key] = Code(kind, self.spans.function(file, name, first_line), alive)
        return found


def line_of(frame: Any) -> int:
    line: int = frame.f_lineno or 0
    return line
