# SPDX-License-Identifier: ISC
"""What is printed when a traced program has ended: at most eight lines."""

from __future__ import annotations

import os

from .kinds import PROGRAM, kind_of, leaf_name, patterns
from .profile import Profile
from .settings import Settings, parsed
from .stack import Frame
from .stderr import Stderr
from .table import seconds

LONGEST = 4


def is_wanted(settings: Settings, stderr: Stderr) -> bool:
    return settings.summary and not settings.quiet and (settings.verbose or stderr.isatty())


def lines(profile: Profile, path: str) -> list[str]:
    """The summary; nothing for a profile in which nothing was seen."""
    totals = profile.totals()
    if not totals.deferreds:
        return []
    program = profile.origin.get("cmd", "").partition(" (")[0]
    found = [f"{program + ': ' if program else ''}{totals.deferreds} operations, {seconds(totals.wait)} of wait"]
    for (what, place), wait in _longest(profile):
        found.append(f"{seconds(wait):>9} {100 * wait / totals.wait:3.0f}%  {what}  {place}")
    return [*found, f"to read on:  theseus report {_relative(path) if os.path.exists(_relative(path)) else path}"]


def _longest(profile: Profile) -> list[tuple[tuple[str, str], int]]:
    """The largest waits: what was waited for, in which function of the program, where."""
    shown = profile.folded()[0]
    sums: dict[tuple[str, str], int] = {}
    for stack in shown:
        if stack.wait and stack.frames:
            key = _described(stack.frames, stack.lines)
            sums[key] = sums.get(key, 0) + stack.wait
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:LONGEST]


def _described(frames: tuple[Frame, ...], lines: dict[int, int]) -> tuple[str, str]:
    leaf = frames[-1]
    if len(frames) > 1 and frames[-2].file and kind_of(leaf.name, leaf.file, True, patterns(()), "") != PROGRAM:
        caller = frames[-2]
        name = leaf_name(leaf.name) or _short(leaf.name)
        return f"{name} in {_short(caller.name)}", f"{_relative(caller.file)}:{leaf.call_line}"
    line = max(lines, key=lambda line: (lines[line], -line), default=leaf.first_line)
    return _short(leaf.name), f"{_relative(leaf.file)}:{line}" if leaf.file else ""


def _short(name: str) -> str:
    """The name without its module: what follows it begins with a capital letter, or is the last part."""
    parts = name.replace(".<locals>", "").split(".")
    first = next((number for number, part in enumerate(parts[:-1]) if part[:1].isupper()), len(parts) - 1)
    return ".".join(parts[first:])


def _relative(path: str) -> str:
    """Relative to the working directory if it is below that; else the last two parts."""
    try:
        found = os.path.relpath(path)
    except (OSError, ValueError):
        found = os.pardir
    return os.sep.join(path.split(os.sep)[-2:]) if found.startswith(os.pardir) else found


def never_begun(text: str) -> None:
    """Says why there is no file at all."""
    stderr = Stderr()
    if is_wanted(parsed(text), stderr):
        stderr.write(["there is no profile: the program never imported twisted.internet.defer"])
