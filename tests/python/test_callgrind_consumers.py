# SPDX-License-Identifier: ISC
"""A failure means that a program with which people read callgrind files reads what Theseus writes otherwise than it is
meant."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from theseus._cffi import ffi, lib

from histories import check, new_profile, sized

EVENTS = ["Wait", "Latency", "Operations", "Failed", "Pending"]

# What main() waits 100 for is fetch()'s, on line 45; what it forgot takes 900; and recursion, three calls deep.
INCLUSIVE = {"(root)": 1070, "[detached]": 900, "app.main": 170, "app.fetch": 100, "app.forgotten": 900, "app.fact": 70}
SELF = {"app.fetch": 100, "app.forgotten": 900, "app.fact": 70}
CALLS = {
    ("(root)", "[detached]"): 900,
    ("(root)", "app.main"): 170,
    ("[detached]", "app.forgotten"): 900,
    ("app.main", "app.fetch"): 100,
    ("app.main", "app.fact"): 70,
}


def push(profile: Any, parent: int, name: str, first_line: int, call_line: int) -> int:
    out = ffi.new("uint32_t *")
    check(lib.theseus_function_intern(profile, b"/srv/app.py", name.encode(), first_line, out))
    check(lib.theseus_stack_push(profile, parent, out[0], call_line, out))
    return int(out[0])


@pytest.fixture
def written(tmp_path: Path) -> Path:
    profile = new_profile()
    main = push(profile, 0, "app.main", 10, 0)
    fetch = push(profile, main, "app.fetch", 42, 12)
    check(lib.theseus_record(profile, fetch, 45, 100, lib.THESEUS_SUCCESS))
    fact = main
    for depth in range(3):
        fact = push(profile, fact, "app.fact", 60, 62 if depth else 13)
    check(lib.theseus_record(profile, fact, 61, 70, lib.THESEUS_FAILURE))
    forgotten = push(profile, main, "app.forgotten", 80, 14)
    span = ffi.new("uint64_t *")
    options = sized("theseus_span_options", stack=forgotten, flags=lib.THESEUS_SPAN_DETACHED, now_ns=5, line=81)
    check(lib.theseus_span_begin(profile, options, span))
    lib.theseus_settle(profile, 905)

    graph = ffi.new("theseus_graph **")
    check(lib.theseus_graph_from_profile(profile, ffi.NULL, graph))
    pieces = []

    @ffi.callback("int(void *, const void *, size_t)")
    def write(_opaque: Any, data: Any, size: int) -> int:
        pieces.append(ffi.buffer(data, size)[:])
        return 0

    check(lib.theseus_callgrind_write(graph[0], ffi.new("theseus_sink *", {"write": write})))
    lib.theseus_graph_free(graph[0])
    path = tmp_path / "callgrind.out.1"
    path.write_bytes(b"".join(pieces))
    return path


def annotate(path: Path, *options: str) -> tuple[dict[str, list[int]], list[int]]:
    """What callgrind_annotate shows: costs by function, and the totals."""
    program = shutil.which("callgrind_annotate")
    if program is None:
        pytest.skip("callgrind_annotate (valgrind) is not installed")
    command = [program, "--show-percs=no", "--threshold=100", "--auto=no", *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "WARNING" not in done.stderr and "Line" not in done.stderr, done.stderr
    rows: dict[str, list[int]] = {}
    for line in done.stdout.splitlines():
        found = re.match(r"\s*((?:[\d,]+\s+){5})(\S.*)$", line)
        if found:
            name = found[2].removesuffix(" [").split(":")[-1]
            rows[name] = [int(cost.replace(",", "")) for cost in found[1].split()]
    return rows, rows.pop("PROGRAM TOTALS" if "PROGRAM TOTALS" in rows else "  PROGRAM TOTALS")


def test_annotate_inclusive(written: Path) -> None:
    rows, totals = annotate(written, "--inclusive=yes")
    assert totals == [1070, 170, 3, 1, 1]
    assert {name: costs[0] for name, costs in rows.items()} == INCLUSIVE
    assert rows["app.main"] == [170, 170, 3, 1, 1]


def test_annotate_self(written: Path) -> None:
    rows, totals = annotate(written)
    assert totals == [1070, 170, 3, 1, 1]
    assert {name: costs[0] for name, costs in rows.items() if costs[0]} == SELF
    assert rows["app.fact"] == [70, 70, 1, 1, 0]


def test_gprof2dot(written: Path) -> None:
    gprof2dot = pytest.importorskip("gprof2dot", reason="gprof2dot is not installed")
    with written.open(encoding="utf-8") as file:
        profile = gprof2dot.CallgrindParser(file).parse()
    functions = {function.name: function for function in profile.functions.values()}
    total = profile[gprof2dot.SAMPLES]
    assert total == 1070
    assert {name: f[gprof2dot.SAMPLES] for name, f in functions.items() if f[gprof2dot.SAMPLES]} == SELF
    inclusive = {name: round(f[gprof2dot.TOTAL_TIME_RATIO] * total) for name, f in functions.items()}
    assert inclusive == INCLUSIVE
    names = {function_id: function.name for function_id, function in profile.functions.items()}
    calls = {
        (function.name, names[call.callee_id]): call[gprof2dot.SAMPLES2]
        for function in functions.values()
        for call in function.calls.values()
        if call[gprof2dot.SAMPLES2]
    }
    assert calls == CALLS


def test_lines(written: Path) -> None:
    """The waits are on the lines that yield, and the edges on those that call."""
    text = written.read_text()
    assert re.search(r"^45 100 0 0 0 0$", text, re.M)
    assert re.search(r"^12 100 100 1 0 0$", text, re.M)
    assert text.splitlines()[0] == "# callgrind format"
    assert "\nevents: " + " ".join(EVENTS) + "\n" in text
