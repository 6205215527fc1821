# SPDX-License-Identifier: ISC
"""A failure means that the house has lost its shape: an arrow runs up, rooms form a circle, or a file is too long.

A room is a .c file with its header, or a module.  An arrow runs from a room to what it includes, imports or calls.
"""

import ast
import graphlib
import os
import re
import subprocess
import sysconfig
from pathlib import Path

BUILD = Path(os.environ["top_builddir"]).resolve()
os.chdir(os.environ["srcdir"])
BELOW = {"theseus": "", "base": "", "profile": "base", "why": "base profile", "graph": "base profile why", "merge": ""}
BELOW |= {"pprof": BELOW["graph"], "callgrind": BELOW["graph"] + " graph"}
INCLUDE = sysconfig.get_path("include")  # without Python.h the shim's calls are not seen
COMPILE = [*os.environ["CC"].split(), "-c", "-Ilibtheseus", f"-I{INCLUDE}"]
SHIM = Path("python/shim").glob("*.[ch]" if Path(INCLUDE, "Python.h").exists() else "*.h")
C = [*Path("libtheseus").rglob("*.[ch]"), *SHIM]
PYTHON = [*Path("python").rglob("*.py")]
graph, defined, called, faults = {str(path.with_suffix("")): set() for path in C + PYTHON}, {}, [], []


def arrow(room: str, names: list[str], why: str) -> None:
    for to in [name for name in names if name in graph and name != room][:1]:
        wing, other = room.split("/")[1], to.split("/")[1]
        graph[room].add(to)
        if room.startswith("libtheseus") and other not in (wing, "theseus", *BELOW[wing].split()):
            faults.append(f"an arrow runs up: {room} {why} {to}")


for path in C:
    room, wing = str(path.with_suffix("")), path.parent.name
    for name in re.findall(r'^#include "(.+)\.h"', path.read_text(), re.M):
        arrow(room, [str(path.parent / name), f"libtheseus/{name}"], "includes")
    made = BUILD / path.parent / f"{'theseus_merge' if wing == 'merge' else 'libtheseus_core_la'}-{path.stem}.o"
    if wing == "shim" and path.suffix == ".c":  # which pip compiles elsewhere
        made = BUILD / "tests/shim.o"
        subprocess.run([*COMPILE, path, "-o", made], check=True)
    for line in subprocess.check_output(["nm", "-gP", made], text=True).splitlines() if path.suffix == ".c" else ():
        defined.update((name, room) for name in re.findall(r"^(\w+) [^U]", line))
        called += [(room, name) for name in re.findall(r"^(\w+) U", line) if wing != "merge" or name[:8] != "theseus_"]
for room, name in called:
    arrow(room, [defined.get(name, "")], f"calls {name} of")
for path in PYTHON:
    for node in ast.walk(ast.parse(path.read_text())):
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            module = Path(path.parents[node.level - 1] if node.level else "python", *(node.module or "").split("."))
            arrow(str(path.with_suffix("")), [str(module / name) for name in (alias.name, "", "__init__")], "imports")
try:
    graphlib.TopologicalSorter(graph).prepare()
except graphlib.CycleError as error:
    faults.append(f"a circle: {' <- '.join(error.args[1])}")
for path in [*C, *PYTHON, *Path("tests").glob("*/*.[chp]*")]:
    if len(path.read_text().splitlines()) > (800 if path.parts[0] == "tests" else 400) and path.name != "theseus.h":
        faults.append(f"{path} is too long")
print("not ok" if faults else "ok", "1 - what the rooms include, import and call\n1..1\n#", "\n# ".join(faults))
