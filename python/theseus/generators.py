# SPDX-License-Identifier: ISC
"""Frames, generators and coroutines: what Python says of them, Twisted's or not."""

from __future__ import annotations

import dis
import functools
import opcode
from types import CodeType
from typing import Any

from .machinery import PYPY


def variable(frame: Any, name: str) -> Any:
    """A local variable of a frame that is not the one of the present event; None if it has none of this name.

    Before 3.13 f_locals is a copy that the frame keeps, and with it all that was in it then: it is emptied again."""
    variables = frame.f_locals
    found = variables.get(name)
    if isinstance(variables, dict) and not PYPY:
        variables.clear()
    return found


def frame_of(generator: Any) -> Any:
    """The frame of a generator, coroutine or async generator; None when it has finished, or is something else."""
    for attribute in ("gi_frame", "cr_frame", "ag_frame"):
        if hasattr(type(generator), attribute):
            return getattr(generator, attribute)
    return None


def delegate_of(generator: Any) -> Any:
    """Returns the operand of the `yield from` or `await` in which it is suspended."""
    for attribute in ("gi_yieldfrom", "cr_await", "ag_await"):
        if hasattr(type(generator), attribute):
            return getattr(generator, attribute)
    return None


_RETURNS = {opcode.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opcode.opmap}


def is_running(generator: Any) -> bool:
    """Whether the frame of a generator or coroutine is on the stack."""
    return any(getattr(generator, attribute, False) for attribute in ("gi_running", "cr_running", "ag_running"))


@functools.lru_cache(1000)
def _first_resume(code: CodeType) -> int:
    """Where the last instruction is in a generator's frame that begins to run; -1: in those of older Pythons."""
    return next((place.offset for place in dis.get_instructions(code) if place.opname == "RESUME"), -1)


def is_beginning(frame: Any) -> bool:
    """Whether the frame of a generator runs for the first time.  (Only at its event `call`.)"""
    return bool(frame.f_lasti < 0 or frame.f_lasti == _first_resume(frame.f_code))


def is_at_return(frame: Any) -> bool:
    """Whether a frame that is left has returned, not raised."""
    return frame.f_code.co_code[frame.f_lasti] in _RETURNS
