# SPDX-License-Identifier: ISC
"""The file that a profile goes to: its name, made from a pattern, and the format that the name asks for."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

from .program import name as program_name

DEFAULT = "theseus.out.%n.%p.pb.gz"

# The first that fits the name decides; any other name is callgrind's.
_ENDINGS = {
    ".pb.gz": "pprof",
    ".folded": "folded",
    ".speedscope.json": "speedscope",
    ".html": "html",
    ".json": "json",
}


def format_of(path: str) -> str:
    """The format that a file of this name has."""
    name = os.path.basename(path)
    if name.startswith("callgrind.out"):
        return "callgrind"
    return next((format for ending, format in _ENDINGS.items() if name.endswith(ending)), "callgrind")


def expanded(pattern: str, program: str = "", pid: int = 0) -> str:
    """The absolute path that a pattern stands for: %n is the program's name, %p the process, %h the host, %t the time
    (UTC), %% a percent sign, and %, a comma, which THESEUS= takes for the end of the name.  A folder stands for the
    default name in it."""
    if pattern.endswith(os.sep) or os.path.isdir(pattern):
        pattern = os.path.join(pattern, DEFAULT)
    meanings: dict[str, Callable[[], str]] = {
        "n": lambda: program or program_name(),
        "p": lambda: str(pid or os.getpid()),
        "h": lambda: os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "host"),
        "t": lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        "%": lambda: "%",
        ",": lambda: ",",
    }

    def meaning(match: re.Match[str]) -> str:
        made = meanings.get(match[1])
        return made().replace(os.sep, "_") if made else match[0]

    return os.path.abspath(re.sub("%(.)", meaning, pattern))


def protected(path: str) -> str:
    """The pattern that stands for just this path."""
    return path.replace("%", "%%").replace(",", "%,")


def numbered(path: str, number: int) -> str:
    """The path with a number in the name, before its ending."""
    folder, name = os.path.split(path)
    ending = next((ending for ending in (*_ENDINGS, ".callgrind", ".cg") if name.endswith(ending)), "")
    return os.path.join(folder, f"{name[: len(name) - len(ending)]}.{number}{ending}")
