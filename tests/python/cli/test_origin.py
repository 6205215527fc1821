# SPDX-License-Identifier: ISC
"""What a file says of its origin.  A failure means that a report names the wrong program, or shows its arguments."""

from __future__ import annotations

import io
import itertools
import pathlib
import subprocess
import sys

import pytest

import theseus
from theseus import Graph, Profile, TheseusError
from theseus.program import name_of

ORIGIN = {"pid": "4242", "cmd": "shop.py (2 arguments)", "part": "1", "thread": "2", "desc": "a\n\n c \nd"}
CLEAN = {**ORIGIN, "desc": "a\n\n\\x20c\\x20\nd"}  # a line of a file cannot end in a blank


def made(**origin: str) -> Profile:
    profile = Profile()
    for key, value in origin.items():
        profile.set_origin(key, value)
    return profile


def reread(profile: Profile, format: str) -> Profile | Graph:
    return theseus.load(io.BytesIO(profile.encoded(format)))


def test_it_is_in_the_profile_and_in_its_files() -> None:
    profile = made(**ORIGIN)
    assert profile.origin == CLEAN
    read = reread(profile, "pprof")
    assert isinstance(read, Profile) and read.origin == CLEAN
    lines = profile.encoded("callgrind").decode().splitlines()
    assert [line for line in lines if line.split(": ")[0] in ORIGIN] == [
        "pid: 4242",
        "cmd: shop.py (2 arguments)",
        "part: 1",
        "thread: 2",
        "desc: a",
        "desc: ",
        "desc: \\x20c\\x20",
        "desc: d",
    ]
    profile.set_origin("desc", None)
    assert "desc" not in profile.origin


def test_an_unknown_key() -> None:
    with pytest.raises(TheseusError):
        Profile().set_origin("host", "x")


def test_merging_keeps_what_is_equal_in_any_order() -> None:
    parts = [made(pid="1", cmd="a"), made(pid="2", cmd="a"), made(cmd="a", desc="x"), Profile()]
    for order in itertools.permutations(parts):
        whole = Profile()
        for part in order:
            whole.merge(part)
        assert whole.origin == {"cmd": "a"}
    one = Profile()
    one.merge(made(**ORIGIN))
    assert one.origin == CLEAN


def test_others_comments_are_not_taken_for_facts() -> None:
    """Of a pprof file by another producer: `theseus` wrote neither its samples nor its comments."""
    types = b"\x0a\x04\x08\x01\x10\x02"  # sample type: strings 1, 2
    texts = b"".join(b"\x32" + bytes([len(text)]) + text for text in (b"", b"cpu", b"count", b"pid: 7"))
    assert theseus.load(io.BytesIO(types + texts + b"\x68\x03")).origin == {}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("shop.py", "shop.py"),
        ("/srv/bin/twistd", "twistd"),
        ("/srv/buildbot/__main__.py", "buildbot"),
        ("__main__.py", "__main__.py"),
        ("folder/", "folder"),
        ("-c", "python"),
        ("-m", "python"),
        ("", "python"),
    ],
)
def test_the_name_of_a_program(argument: str, name: str) -> None:
    assert name_of(argument) == name


def test_arguments_are_in_no_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from theseus import Tracer\n"
        "with Tracer() as t: pass\n"
        "for format in ('callgrind', 'pprof', 'folded'): t.write(format, format=format)\n"
    )
    command = [sys.executable, "shop.py", "--password=sesame", "x"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    profile = theseus.load(tmp_path / "pprof")
    assert isinstance(profile, Profile) and profile.origin["cmd"] == "shop.py (2 arguments)"
    profile.write(tmp_path / "plain", format="callgrind")
    for path in tmp_path.iterdir():
        assert path.name == "shop.py" or b"sesame" not in path.read_bytes()
    assert b"cmd: shop.py (2 arguments)\n" in (tmp_path / "callgrind").read_bytes()
