# SPDX-License-Identifier: ISC
"""Running a program under a Tracer, on any hook, and reading what came out."""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from theseus import Pending, Profile, Tracer


def hooks_here() -> list[str]:
    found = []
    for hook in ("portable", "profile", "monitoring"):
        try:
            Tracer(hook=hook)
        except ValueError:
            continue
        found.append(hook)
    return found


HOOKS = hooks_here()


def count_heads(pending: list[Pending]) -> int:
    heads, todo = 0, list(pending)
    while todo:
        one = todo.pop()
        heads += one.state in ("root", "detached")
        todo.extend(one.children)
    return heads


class WatchedClock(Clock):
    """Whenever it moves, it first counts the heads: self waits must grow at that number."""

    def __init__(self) -> None:
        super().__init__()
        self.tracer: Any = None
        self.now = self.latest = self.heads_time = 0.0

    @property
    def rightNow(self) -> float:  # type: ignore[override]
        return self.now

    @rightNow.setter
    def rightNow(self, value: float) -> None:
        if self.tracer is not None and value > self.latest:
            self.heads_time += (value - self.latest) * count_heads(self.tracer.pending())
        self.now, self.latest = value, max(value, self.latest)


def traced(program: Callable[..., None], hook: str, clock: Clock, *arguments: Any, coroutines: bool = True) -> Profile:
    """What `program(clock, *arguments)` gives; an argument that is the class Tracer stands for the tracer itself.

    What is left of earlier programs is collected first, and nothing while it runs: a run depends on itself alone.
    """
    gc.collect()
    gc.disable()
    tracer = Tracer(reactor=clock, hook=hook, coroutines=coroutines)
    tracer.install()
    try:
        if isinstance(clock, WatchedClock):
            clock.tracer = tracer
        program(clock, *(tracer if argument is Tracer else argument for argument in arguments))
    finally:
        tracer.uninstall()
        gc.enable()
    return tracer.snapshot()


def written(profile: Profile, format: str = "callgrind", event: str = "Wait") -> bytes:
    target = io.BytesIO()
    profile.write(target, format=format, event=event)
    return target.getvalue()


def short(frame: str) -> str:
    """`app.Client.get.<locals>.parse` -> `parse`; `app.<lambda>:12` -> `<lambda>`."""
    return frame.rsplit(".", 1)[-1].split(":")[0]


def above(frames: list[str], bottom: str) -> str:
    """A stack in short: the frames above that of the program, by the last part of their names."""
    if bottom in frames:
        special = [frame for frame in frames[:1] if frame == "[detached]"]
        frames = special + frames[frames.index(bottom) + 1 :]
    return ";".join(short(frame) for frame in frames)


def shortened(folded: bytes, bottom: str) -> dict[str, int]:
    """Folded text, each stack in short."""
    found: dict[str, int] = {}
    for line in folded.decode().splitlines():
        stack, value = line.rsplit(" ", 1)
        key = above(stack.split(";"), bottom)
        found[key] = found.get(key, 0) + int(value)
    return found


def quietly(unraisable: Any) -> None:
    """In place of sys.unraisablehook: a coroutine that is dropped may await something in its `finally`."""
    if unraisable.exc_type is not RuntimeError:
        sys.__unraisablehook__(unraisable)
