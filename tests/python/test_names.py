# SPDX-License-Identifier: ISC
"""A failure means that files whose operations have different names are not added up in one column, or that a name
depends on the order, the format or the threads."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from theseus._cffi import ffi, lib

from test_merge_command import COMMAND, merged
from theseus import Profile
from theseus.graph import Graph, load, merge
from theseus.profile import new_handle

DEFERREDS = b"""\
event: Wait : Deferred wait [ns]
event: Latency : Deferred latency [ns]
event: Deferreds : Operations (Deferreds returned, coroutines awaited) [count]
event: Failed : Deferreds failed [count]
event: Pending : Deferreds still pending [count]
events: Wait Latency Deferreds Failed Pending
"""
OPERATIONS = b"""\
event: Wait : Operation wait [ns]
event: Latency : Operation latency [ns]
event: Operations : Operations begun [count]
event: Failed : Operations failed [count]
event: Pending : Operations still pending [count]
events: Wait Latency Operations Failed Pending
"""


def profile(named: bool, latency: int) -> Profile:
    made = Profile(new_handle(named))
    function, stack = ffi.new("uint32_t *"), ffi.new("uint32_t *")
    assert not lib.theseus_function_intern(made._handle, b"/a.py", b"main", 1, function)
    assert not lib.theseus_stack_push(made._handle, lib.THESEUS_ROOT, function[0], 0, stack)
    assert not lib.theseus_record(made._handle, stack[0], 2, latency, lib.THESEUS_SUCCESS)
    return made


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Files of Twisted's names (d) and of the neutral ones (o), and one of somebody else's events."""
    found = {"foreign.cg": tmp_path / "foreign.cg"}
    for name, named, latency in (("d1", True, 1), ("d2", True, 10), ("o1", False, 100), ("o2", False, 1000)):
        for end, format in (("cg", "callgrind"), ("pb", "pprof")):
            found[f"{name}.{end}"] = tmp_path / f"{name}.{end}"
            profile(named, latency).write(found[f"{name}.{end}"], format=format)
    found["foreign.cg"].write_bytes(b"events: Ir\nfn=f\n1 5\n")
    return found


def test_a_tracers_files_have_twisteds_names(files: dict[str, Path]) -> None:
    assert DEFERREDS in files["d1.cg"].read_bytes()
    assert OPERATIONS in files["o1.cg"].read_bytes()
    assert DEFERREDS in load(files["d1.pb"]).encoded()
    assert OPERATIONS in load(files["o1.pb"]).encoded()
    assert DEFERREDS in Profile().encoded()


@pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")
@pytest.mark.parametrize("jobs", ["-j1", "-j3"])
def test_files_of_one_name_keep_it(files: dict[str, Path], jobs: str) -> None:
    for name, header in (("d", DEFERREDS), ("o", OPERATIONS)):
        for ends in itertools.product(("cg", "pb"), repeat=2):
            chosen = [files[f"{name}{number}.{end}"] for number, end in enumerate(ends, 1)]
            assert header in merged(jobs, *chosen)
            assert header.replace(b" Pending\n", b" Pending Ir\n") in merged(jobs, *chosen, files["foreign.cg"])


@pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")
@pytest.mark.parametrize("jobs", ["-j1", "-j3"])
def test_files_of_both_names_are_one_column(files: dict[str, Path], jobs: str) -> None:
    for ends in itertools.product(("cg", "pb"), repeat=3):
        chosen = [files[f"{name}.{end}"] for name, end in zip(("d1", "d2", "o1"), ends)]
        for order in itertools.permutations(chosen):
            data = merged(jobs, *order)
            assert b"\nevents: Wait Latency Operations Failed Pending\nsummary: 111 111 3 0 0\n" in data
            assert b"event: Operations : Operations begun [count]\n" in data
            assert b"Deferreds : " not in data
            found = merge(order)
            assert found.events() == ["Wait", "Latency", "Operations", "Failed", "Pending"]


@pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")
@pytest.mark.parametrize("jobs", ["-j1", "-j3"])
def test_a_merge_of_pprof_files_has_the_neutral_names(files: dict[str, Path], jobs: str) -> None:
    for order in itertools.permutations(("d1.pb", "d2.pb", "o1.pb")):
        assert OPERATIONS in merged(jobs, *(files[name] for name in order))
        found = merged(jobs, "--format=pprof", *(files[name] for name in order))
        (files["d1.pb"].parent / "out").write_bytes(found)
        assert OPERATIONS in load(files["d1.pb"].parent / "out").encoded()


@pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")
def test_either_name_chooses_the_column(files: dict[str, Path]) -> None:
    for name in ("Deferreds", "Operations"):
        for file in ("d1.pb", "o1.pb"):
            assert merged("--format=folded", f"--events={name}", files[file]) == b"main 1\n"
        assert b"\nsummary: 2\n" in merged(f"--events={name}", files["d1.cg"], files["o1.pb"])
    twice = subprocess.run([str(COMMAND), "--events=Deferreds,Operations", files["d1.cg"]], capture_output=True)
    assert twice.returncode == 2 and b"named twice" in twice.stderr


def test_a_profile_that_is_merged_with_itself_keeps_its_names() -> None:
    for named, header in ((True, DEFERREDS), (False, OPERATIONS)):
        doubled = profile(named, 5)
        doubled.merge(doubled)
        assert header in doubled.encoded()


def test_graphs_add_both_names_up() -> None:
    graph = Graph()
    graph.merge(profile(True, 5))
    assert graph.totals()["Deferreds"] == 1
    graph.merge(profile(False, 5))
    assert graph.totals() == {"Wait": 10, "Latency": 10, "Operations": 2, "Failed": 0, "Pending": 0}
