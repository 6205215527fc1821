# SPDX-License-Identifier: ISC
"""Speedscope's JSON: a profile of samples, each a stack and its weight.

The format: https://www.speedscope.app/file-format-schema.json
"""

from __future__ import annotations

import json
from typing import Any

from ._cffi import ffi, lib
from .errors import check
from .profile import Profile
from .stack import raw_frames

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope(profile: Profile, event: str | None = None) -> bytes:
    """The profile as a file for speedscope, one column of it: Wait, unless it is another's profile."""
    column = profile._event(profile._first_event() if event is None else event)
    if column < lib.THESEUS_EVENTS and column != lib.THESEUS_WAIT:
        raise ValueError(f"speedscope shows costs, such as Wait, and {event} counts operations")
    info = ffi.new("theseus_event_info *")
    info.size = ffi.sizeof(info[0])
    check(lib.theseus_event_get(profile._handle, column, info))
    numbers: dict[tuple[bytes, bytes, int], int] = {}
    sums: dict[tuple[int, ...], int] = {}
    stacks: dict[tuple[int, bool], tuple[int, ...]] = {}
    cell = ffi.new("theseus_cell_info *")
    cell.size = ffi.sizeof(cell[0])
    for number in range(lib.theseus_cell_count(profile._handle)):
        check(lib.theseus_cell_get(profile._handle, number, cell))
        if cell.event == column and cell.value:
            key = stacks.get((cell.stack, cell.detached))
            if key is None:
                frames = [frame[:3] for frame in raw_frames(profile._handle, cell.stack)] or [(b"(root)", b"", 0)]
                if cell.detached:
                    frames.insert(0, (b"[detached]", b"", 0))
                key = tuple(numbers.setdefault(frame, len(numbers)) for frame in frames)
                stacks[cell.stack, cell.detached] = key
            sums[key] = sums.get(key, 0) + (-int(cell.value) if cell.negative else int(cell.value))
    return _document(profile, _text(ffi.string(info.name)), list(numbers), sorted(sums.items()))


def _document(
    profile: Profile, event: str, frames: list[tuple[bytes, bytes, int]], samples: list[tuple[tuple[int, ...], int]]
) -> bytes:
    name = f"{profile.origin.get('cmd', 'theseus')}: {event}"
    weights = [weight for _stack, weight in samples]
    document: dict[str, Any] = {
        "$schema": SCHEMA,
        "exporter": f"theseus {_text(ffi.string(lib.theseus_version()))}",
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(*frame) for frame in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": name,
                "unit": "nanoseconds" if event in ("Wait", "Latency", "Run", "Sole", "Blame", "Delayed") else "none",
                "startValue": 0,
                "endValue": sum(weights),
                "samples": [list(stack) for stack, _weight in samples],
                "weights": weights,
            }
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _frame(name: bytes, file: bytes, line: int) -> dict[str, Any]:
    frame: dict[str, Any] = {"name": _text(name)}
    if file:
        frame["file"] = _text(file)
    if line:
        frame["line"] = line
    return frame


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
