# SPDX-License-Identifier: ISC
"""The operations that are open at the moment: Tracer.pending()."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ._cffi import lib
from .kinds import PROGRAM, kind_of, patterns
from .stack import Frame, frames
from .table import seconds
from .text import printable

if TYPE_CHECKING:
    from .calls import Calls  # which needs Twisted

_STATES = {
    lib.THESEUS_IN_LEG: "running",
    lib.THESEUS_HELD: "held",
    lib.THESEUS_AWAITED: "awaited",
    lib.THESEUS_IS_ROOT: "root",
    lib.THESEUS_IS_DETACHED: "detached",
    lib.THESEUS_IS_NOTIFICATION: "notification",
}


_NO_PATTERN = patterns(())


@functools.lru_cache(maxsize=10_000)
def _is_program(name: str, file: str) -> bool:
    return kind_of(name, file, True, _NO_PATTERN, "") == PROGRAM


class Pending(NamedTuple):
    """An operation whose Deferred has not fired."""

    frames: tuple[Frame, ...]  # its logical stack, outermost first
    age: int  # ns since its Deferred was returned
    place: tuple[Frame, ...]  # where it is suspended: its own stack, or an awaited coroutine's on top of it
    line: int  # … and on which line of the innermost function
    # "root", "detached", "awaited" by its parent, "held" (begun in code that still runs), "running", "notification"
    state: str
    children: list[Pending]
    looping: str = ""  # of LoopingCall.start: the name of what the loop calls

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def at(self) -> str:
        """The place in the program: where it is suspended, or if that is in the machinery, the call that led there."""
        line = self.line
        for frame in reversed(self.place):
            if _is_program(frame.name, frame.file):
                own = frame is self.place[-1] and self.place == self.frames
                return f"{'' if own else f' in {frame.name}'} at {frame.file}:{line}"
            line = frame.call_line
        at = self.place[-1] if self.place else None
        return f" at {at.file}:{self.line}" if at and at.file else ""

    def lines(self) -> Iterator[str]:
        """One line for each operation, indented below its parent."""
        waiting = [(self, 0)]
        while waiting:
            pending, depth = waiting.pop()
            name = pending.frames[-1].name if pending.frames else "(root)"
            if pending.looping:
                name += f" of {pending.looping}"
            where = pending.at()
            yield f"{'  ' * depth}{seconds(pending.age)} {printable(name + where)} ({pending.state})"
            waiting.extend((child, depth + 1) for child in reversed(pending.children))


def tree(core: Any, calls: Calls) -> list[Pending]:
    now, spans = core.open_spans()
    spans.sort(key=lambda span: (span[2], span[0]))
    nodes = {}

    @functools.cache  # usually many operations are at one stack
    def frames_of(stack: int) -> tuple[Frame, ...]:
        return frames(core.frames(stack))

    for span, _parent, began, stack, place, line, state in spans:
        age, at = max(0, now - began), frames_of(place)
        nodes[span] = Pending(frames_of(stack), age, at, line, _STATES[state], [], calls.looping(span))
    roots: list[Pending] = []
    for span, parent, *_rest in spans:
        (nodes[parent].children if parent in nodes else roots).append(nodes[span])
    return roots
