# SPDX-License-Identifier: ISC
"""theseus export.  A failure means that another tool is shown other figures than ours."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
from twisted.internet.task import Clock, deferLater

import theseus
from theseus import Profile, Tracer


@pytest.fixture
def source(tmp_path: pathlib.Path) -> pathlib.Path:
    clock = Clock()
    tracer = Tracer(clock)

    def nap(seconds: int) -> object:
        return deferLater(clock, seconds, lambda: None)

    with tracer:
        for seconds in 1, 2:
            nap(seconds)
            clock.advance(3)
    path = tmp_path / "in.pb.gz"
    tracer.write(path, format="pprof")
    return path


def export(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "theseus", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=120)


def loaded(path: pathlib.Path) -> Profile:
    found = theseus.load(path)
    assert isinstance(found, Profile)
    return found


@pytest.mark.parametrize(
    ("format", "name"), [("callgrind", "out.cg"), ("pprof", "out.pb.gz"), ("folded", "out.folded")]
)
def test_formats(source: pathlib.Path, tmp_path: pathlib.Path, format: str, name: str) -> None:
    done = export(source, "-o", tmp_path / name)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / name).read_bytes() == loaded(source).encoded(format)
    assert export(source, "-f", format).stdout == loaded(source).encoded(format)


def test_fold(source: pathlib.Path) -> None:
    done = export("--fold", "-f", "folded", source)
    assert done.stdout == loaded(source).folded()[0].encoded("folded")
    assert done.stdout != export("-f", "folded", source).stdout


def test_speedscope(source: pathlib.Path, tmp_path: pathlib.Path) -> None:
    assert export(source, "-o", tmp_path / "out.speedscope.json").returncode == 0
    found = json.loads((tmp_path / "out.speedscope.json").read_text())
    (profile,) = found["profiles"]
    frames = found["shared"]["frames"]
    assert profile["type"] == "sampled" and profile["unit"] == "nanoseconds"
    assert sum(profile["weights"]) == profile["endValue"] == 6 * 10**9
    folded = {}
    for stack, weight in zip(profile["samples"], profile["weights"]):
        text = ";".join(frames[number]["name"] for number in stack)
        folded[text] = folded.get(text, 0) + weight
    lines = loaded(source).encoded("folded").decode().splitlines()
    assert folded == {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines}
    assert all(frame["line"] > 0 and frame["file"] for frame in frames if frame["name"].startswith("test_export"))


def test_what_cannot_be_done(source: pathlib.Path, tmp_path: pathlib.Path) -> None:
    graph = tmp_path / "out.cg"
    export(source, "-o", graph)
    for arguments, status in [
        ([graph, "-f", "folded"], 3),
        ([graph, "-f", "speedscope"], 3),
        ([source, "-f", "speedscope", "--event", "Deferreds"], 3),
        ([graph, "--fold"], 3),
        ([source, "-f", "folded", "--event", "Nothing"], 3),
        ([source, "-o", tmp_path / "missing" / "x.cg"], 3),
        ([source, "-o", tmp_path / "x.html"], 2),
        ([], 2),
    ]:
        done = export(*arguments)
        assert done.returncode == status and done.stderr and b"Traceback" not in done.stderr, arguments
