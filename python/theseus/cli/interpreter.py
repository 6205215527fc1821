# SPDX-License-Identifier: ISC
"""Which Python runs a program, and whether Theseus is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import NamedTuple

from ..program import name_of

_PYTHON = re.compile(r"(python|pypy)[0-9.]*(t|d)?(\.exe)?$")
_SHELL_TRICK = re.compile(rb"\A#!/bin/sh\n'''exec' (.+?) \"\$0\"")  # what pip writes for long paths


class Program(NamedTuple):
    """What is executed: a file, and the arguments that it gets, its own name first.  `python`: how to start the same
    interpreter for something else.  `name`: of the program, in file names."""

    file: str
    arguments: list[str]
    python: list[str]
    name: str


class NoProgram(Exception):
    """There is no such program: exit status 127."""


class NoPython(Exception):
    """It is none of Python's."""


def found(words: list[str]) -> Program:
    """The program of a command line."""
    name, *arguments = words
    here = [sys.executable]
    if name.endswith((".py", ".pyc", ".pyz", ".pyw")) or os.path.isdir(name):
        if not os.path.exists(name):
            raise NoProgram(f"{name}: there is no such file")
        if os.path.isdir(name) and not os.path.exists(os.path.join(name, "__main__.py")):
            raise NoPython(f"{name}: the folder has no __main__.py")
        return Program(sys.executable, [*here, *words], here, name_of(os.path.join(name, "")[:-1]))
    path = shutil.which(name)
    if path is None and os.sep not in name:  # of an environment that is not activated
        path = shutil.which(name, path=os.path.dirname(sys.executable))
    if path is None:
        if os.path.isfile(name):  # a script without an interpreter line, or that is not executable
            return Program(sys.executable, [*here, *words], here, name_of(name))
        raise NoProgram(f"{name}: there is no such program")
    if _PYTHON.match(os.path.basename(path)):
        return Program(path, words, [path], _name_for_python(arguments))
    return Program(path, words, _interpreter(path), name_of(name))


def _name_for_python(arguments: list[str]) -> str:
    """The name of what `python ARGUMENTS` runs."""
    skip = False
    for number, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument == "-m":
            return (arguments[number + 1 : number + 2] or ["python"])[0]
        elif argument == "-c":
            return "python"
        elif not argument.startswith("-"):
            return name_of(argument)
        else:
            skip = argument in ("-X", "-W", "--check-hash-based-pycs")
    return "python"


def _interpreter(path: str) -> list[str]:
    """The interpreter that a script's first line names, and its flags."""
    with open(path, "rb") as file:
        start = file.read(1024)
    trick = _SHELL_TRICK.match(start)
    if trick:
        words = shlex.split(os.fsdecode(trick[1]))
    elif start.startswith(b"#!"):
        words = os.fsdecode(start[2:].split(b"\n")[0]).split()
        if words and os.path.basename(words[0]) == "env":
            words = [word for word in words[1:] if word != "-S" and "=" not in word]
            words[:1] = [shutil.which(word) or word for word in words[:1]]
    else:
        words = []
    if not words or not _PYTHON.match(os.path.basename(words[0])):
        raise NoPython(f"{path} is no Python program: its first line names no Python")
    return words


def trouble(python: list[str]) -> str:
    """Why the start-up hook would not work with this interpreter; "" if it will."""
    code = "import sys; sys.exit('_theseus_start' not in sys.modules)"
    environment = {**os.environ, "THESEUS": "1"}
    try:
        done = subprocess.run([*python, "-c", code], env=environment, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{python[0]} does not run: {getattr(error, 'strerror', None) or error}"
    if not done.returncode:
        return ""
    if "-S" in python[1:]:
        return f"{shlex.join(python)} starts without site, and so without Theseus"
    code = "import theseus"
    if subprocess.run([*python, "-c", code], capture_output=True, timeout=60).returncode:
        return f"Theseus is not installed for {python[0]}: run  {python[0]} -m pip install 'twisted-theseus>=1'"
    return (
        f"theseus.pth is not in a site-packages folder of {python[0]}, so that nothing starts it there: "
        "install Theseus by pip, not by a path"
    )
