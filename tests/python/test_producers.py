# SPDX-License-Identifier: ISC
"""A failure means that a callgrind file of another program, made here and now, is read otherwise than by a parser
that is not ours, function by function and edge by edge."""

from __future__ import annotations

import cProfile
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import foreign_parse
from theseus.graph import Graph, load


def busy(n: int) -> int:
    """Something with recursion, a lambda, a comprehension and builtins in it."""

    def fib(k: int) -> int:
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    return fib(n) + len(json.dumps([list(map(lambda x: x * x, range(n))) for _ in range(n)]))


def compare(path: Path) -> Graph:
    """Reads the file, once alone and once added to itself."""
    graph = load(path)
    assert isinstance(graph, Graph)
    sums = foreign_parse.Sums()
    sums.read(path.read_text(encoding="utf-8", errors="replace"))
    assert sums.own and sums.calls
    assert foreign_parse.sums_of(graph) == sums
    graph.merge(graph)
    sums.read(path.read_text(encoding="utf-8", errors="replace"))
    assert foreign_parse.sums_of(graph) == sums
    again = path.with_suffix(".again")
    graph.write(again)
    found = load(again)
    assert isinstance(found, Graph)
    assert found.encoded() == graph.encoded() and foreign_parse.sums_of(found) == sums
    return graph


def test_yappi(tmp_path: Path) -> None:
    yappi = pytest.importorskip("yappi", reason="yappi is not installed")
    yappi.start()
    busy(12)
    yappi.stop()
    path = tmp_path / "callgrind.yappi"
    yappi.get_func_stats().save(str(path), type="callgrind")
    yappi.clear_stats()
    assert any("fib" in function.name for function in compare(path).functions())


def test_pyprof2calltree(tmp_path: Path) -> None:
    pyprof2calltree = pytest.importorskip("pyprof2calltree", reason="pyprof2calltree is not installed")
    profile = cProfile.Profile()
    try:
        profile.enable()
    except ValueError:
        pytest.skip("another profiler is on")
    busy(12)
    profile.disable()
    path = tmp_path / "callgrind.pyprof2calltree"
    with path.open("w", encoding="utf-8") as file:
        pyprof2calltree.CalltreeConverter(profile.getstats()).output(file)
    assert any("fib" in function.name for function in compare(path).functions())


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--dump-instr=yes", "--collect-jumps=yes"],
        ["--cache-sim=yes", "--branch-sim=yes", "--compress-pos=no"],
        ["--compress-strings=no", "--separate-recs=3", "--dump-line=no", "--dump-instr=yes"],
        ["--separate-threads=yes", "--combine-dumps=yes", "--dump-every-bb=20000", "--separate-callers=2"],
    ],
    ids=lambda options: " ".join(options) or "plain",
)
def test_valgrind(tmp_path: Path, options: list[str]) -> None:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        pytest.skip("valgrind is not installed")
    path = tmp_path / "callgrind.valgrind"
    program = shutil.which("true") or sys.executable
    command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={path}", *options, program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    paths = [found for found in tmp_path.iterdir() if found.stat().st_size]
    assert paths
    compare(max(paths, key=lambda found: found.stat().st_size))
