# SPDX-License-Identifier: ISC
"""theseus report --lines: a function's source, with the wait of each line."""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterator
from typing import NamedTuple

from ..profile import Profile
from ..table import seconds
from ..text import printable
from .faults import Fault
from .places import Place, short_name


class Found(NamedTuple):
    name: str
    file: str
    first_line: int
    wait: dict[int, int]  # by line
    counts: dict[int, int]  # operations begun by what the line calls


def find(profile: Profile, wanted: str) -> list[Found]:
    """The functions that `wanted` names: `[FILE:]FUNCTION`, the name's end or all of it."""
    file_wanted, _colon, name_wanted = wanted.rpartition(":")
    found: dict[tuple[str, str], Found] = {}

    def at(name: str, file: str, first_line: int) -> Found | None:
        if name != name_wanted and not name.endswith("." + name_wanted):
            return None
        if file_wanted and file != file_wanted and not file.endswith("/" + file_wanted):
            return None
        return found.setdefault((name, file), Found(name, file, first_line, {}, {}))

    for stack in profile:
        if not stack.frames:
            continue
        last = stack.frames[-1]
        one = at(last.name, last.file, last.first_line)
        for line, wait in stack.lines.items() if one else ():
            one.wait[line] = one.wait.get(line, 0) + wait  # type: ignore[union-attr]
        for caller, callee in zip(stack.frames, stack.frames[1:]):
            one = at(caller.name, caller.file, caller.first_line)
            if one is None:
                continue
            one.wait[callee.call_line] = one.wait.get(callee.call_line, 0) + stack.wait
            if callee is last:
                one.counts[callee.call_line] = one.counts.get(callee.call_line, 0) + stack.deferreds
    if not found:
        raise Fault(f"--lines: no function of the profile is called {wanted}; --table --show-all lists them")
    return sorted(found.values(), key=lambda one: -sum(one.wait.values()))


def _is_unchanged(file: str, began_ns: int) -> bool:
    """The text still is what was run, as far as the file's date tells."""
    try:
        return not began_ns or os.stat(file).st_mtime_ns <= began_ns
    except OSError:
        return False


def _last_line(one: Found) -> int:
    return max([one.first_line, *one.wait, *one.counts])


def rendered(profile: Profile, wanted: str, place: Place) -> Iterator[str]:
    began = profile.began
    for number, one in enumerate(find(profile, wanted)):
        if number:
            yield ""
        yield f"{short_name(one.name, one.file)}  {place(one.file, one.first_line)}"
        yield f"{'wait':>8}  {'n':>5}  {'line':>5}"
        has_text = _is_unchanged(one.file, began)
        numbers = range(one.first_line, _last_line(one) + 1) if has_text else sorted({*one.wait, *one.counts})
        for line in numbers:
            wait, count = one.wait.get(line, 0), one.counts.get(line, 0)
            text = printable(linecache.getline(one.file, line).rstrip("\n").expandtabs()) if has_text else ""
            yield f"{seconds(wait) if wait else '':>8}  {count or '':>5}  {line:>5}  {text}"
        if not has_text:
            yield f"The source is not shown: {printable(one.file)} is not there, or has changed since."
