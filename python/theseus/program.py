# SPDX-License-Identifier: ISC
"""The program that runs, as files and reports name it."""

from __future__ import annotations

import os
import sys


def name_of(argument: str) -> str:
    """The name of the program whose sys.argv[0] is `argument`: that of its file, or of the package that was run."""
    folder, name = os.path.split(argument.rstrip("/"))
    if name == "__main__.py" and folder:
        name = os.path.basename(folder)
    return "python" if name in ("", "-c", "-m") else name


def name() -> str:
    return name_of((getattr(sys, "argv", None) or [""])[0])


def command(whole: bool = False) -> str:
    """The name and the number of the arguments.  The arguments themselves, which may hold secrets, are there only if
    `whole` asks for them."""
    if whole:
        return " ".join(sys.orig_argv)
    count = max(0, len(getattr(sys, "argv", ())) - 1)
    return f"{name()} ({count} argument{'s' * (count != 1)})"
