# SPDX-License-Identifier: ISC
"""Files of programs that have not ended, or were killed: what a report adds to them, and says of them."""

from __future__ import annotations

from typing import Any

from .. import kin
from ..errors import TheseusError
from ..graph import load
from ..profile import Profile

# What theseus.recording sets as "desc", which imports of Twisted keep out of commands.
UNFINISHED = ("Trigger: start", "Trigger: interval")


def with_parts(names: list[str]) -> tuple[list[str], list[str]]:
    """The files, each with the parts that nobody has added up; and lines that say so."""
    found: list[str] = []
    said: list[str] = []
    for name in names:
        parts = [] if name == "-" else kin.parts_of(name)
        own = _origin(name).get("pid") if parts else None
        if not any(kin.owner(part).partition("-")[0] == own for part in parts):
            found.append(name)  # else a part has what the file has
        found.extend(parts)
        if parts:
            said.append(f"{name}: with {len(parts)} part{'s' * (len(parts) != 1)} of {kin.folder_of(name)}")
    return found, said


def unfinished(names: list[str]) -> list[str]:
    """Lines about the files whose processes had not ended when they were written."""
    said = []
    for name in names:
        origin = {} if name == "-" else _origin(name)
        lines = set(origin.get("desc", "").splitlines()) & set(UNFINISHED)
        if lines and origin.get("pid", "").isdigit():
            said.append(_unfinished(name, min(lines), int(origin["pid"])))
    return said


def _unfinished(name: str, desc: str, pid: int) -> str:
    if kin.is_alive(kin.identity(pid)):
        return f"{name}: process {pid} runs; this is what it had measured at its {desc.rpartition(' ')[2]}"
    lost = "all that it measured is lost" if desc.endswith("start") else "what came after the last interval is lost"
    return f"{name}: process {pid} was killed, or left without a word: {lost} (theseus run --every SECONDS saves more)"


def _origin(name: str) -> dict[str, str]:
    """What the file says of its origin; nothing if it cannot be read: whoever reads it complains."""
    try:
        with open(name, "rb") as file:
            is_compressed = file.read(2) == b"\x1f\x8b"
        found: Any = load(name) if is_compressed else None
    except (OSError, TheseusError, MemoryError, ValueError, EOFError):
        return {}
    return found.origin if isinstance(found, Profile) else {}
