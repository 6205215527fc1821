# SPDX-License-Identifier: ISC
"""Runs a program plain, and the same program traced, and compares what it shows of itself."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Any

import theseus
from theseus import Profile

SLEEP = """
import os, signal, sys, time
from twisted.internet import defer, task

def nap(reactor, seconds=0.01):
    return task.deferLater(reactor, seconds, lambda: None)
"""


def environment(**more: str | None) -> dict[str, str]:
    """The tests' environment, without the hook but for what is asked for; None takes a variable out."""
    made = {key: value for key, value in os.environ.items() if not key.startswith("THESEUS")}
    made["PYTHONDONTWRITEBYTECODE"] = "1"
    for key, value in more.items():
        made.pop(key, None)
        if value is not None:
            made[key] = value
    return made


def start(
    folder: pathlib.Path, code: str, *arguments: str, flags: tuple[str, ...] = (), hook: str | None = None, **kinds: Any
) -> subprocess.Popen[bytes]:
    """Starts shop.py, which has the code, with THESEUS=hook."""
    (folder / "shop.py").write_text(code)
    kinds.setdefault("stdout", subprocess.PIPE)
    kinds.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen(
        [sys.executable, *flags, "shop.py", *arguments], cwd=folder, env=environment(THESEUS=hook), **kinds
    )


def run(folder: pathlib.Path, code: str, *arguments: str, **more: Any) -> tuple[int, bytes, bytes]:
    """The exit status, and what was printed."""
    with start(folder, code, *arguments, **more) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out or b"", err or b""


def same(folder: pathlib.Path, code: str, *arguments: str, **more: Any) -> tuple[int, bytes, bytes]:
    """Runs it plain and traced, into out.pb.gz, and checks that nothing differs."""
    plain = run(folder, code, *arguments, **more)
    assert profiles(folder) == []
    traced = run(folder, code, *arguments, hook="out.pb.gz", **more)
    assert traced == plain
    return plain


def profiles(folder: pathlib.Path) -> list[str]:
    """Everything in the folder but the program."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != "shop.py")


def profile(path: pathlib.Path) -> Profile:
    found = theseus.load(path)
    assert isinstance(found, Profile)
    return found


def counts(path: pathlib.Path) -> dict[str, int]:
    """How many operations each function of the program had."""
    found: dict[str, int] = {}
    for stack in profile(path):
        frame = stack.frames[-1] if stack.frames else None
        if stack.deferreds and frame and frame.file.endswith("shop.py"):
            name = frame.name.removeprefix("__main__.")
            found[name] = found.get(name, 0) + stack.deferreds
    return found
