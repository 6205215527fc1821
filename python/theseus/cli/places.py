# SPDX-License-Identifier: ISC
"""How reports name functions and places."""

from __future__ import annotations

import os
from collections.abc import Callable

from ..kinds import leaf_name
from ..text import printable

Place = Callable[[str, int], str]


def short_name(name: str, file: str) -> str:
    """The name without its module, which the place beside it tells; a call of Twisted's that programs wait on has its
    own short name."""
    leaf = leaf_name(name)
    if leaf:
        return printable(leaf)
    if name.startswith("__main__."):
        return printable(name[len("__main__.") :])
    stem = os.path.splitext(file)[0].removesuffix("/__init__")
    parts, prefix = name.split("."), ""
    for number, part in enumerate(parts[:-1]):
        prefix = f"{prefix}/{part}" if prefix else part
        if stem == prefix or stem.endswith("/" + prefix):
            return printable(".".join(parts[number + 1 :]))
    return printable(name)


def short_file(file: str, folder: str) -> str:
    """Relative to the working directory if it is below it, else the last two parts."""
    if folder and file.startswith(folder.rstrip("/") + "/"):
        return file[len(folder.rstrip("/")) + 1 :]
    return "/".join(file.split("/")[-2:])


def placer(full: bool) -> Place:
    """A function that says where something is: `shop.py:12`."""
    try:
        folder = os.getcwd()
    except OSError:
        folder = ""

    def place(file: str, line: int) -> str:
        if not file:
            return ""
        name = printable(file if full else short_file(file, folder))
        return f"{name}:{line}" if line else name

    return place


def place_of_function(name: str, file: str, first_line: int, place: Place) -> str:
    """`get_user (shop.py:20)`."""
    where = place(file, first_line)
    return f"{short_name(name, file)} ({where})" if where else printable(name)
