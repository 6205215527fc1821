# SPDX-License-Identifier: ISC
"""theseus diff.  A failure means that a build breaks, or passes, for a change that there is not, or is."""

from __future__ import annotations

import json
import math
import pathlib
import random
import subprocess
import sys
from collections.abc import Sequence

import pytest
from theseus._cffi import ffi, lib

from theseus import Profile
from theseus.cli.compare import differ
from theseus.cli.conditions import parsed
from theseus.profile import new_handle

MS = 10**6


def profile(latencies: Sequence[int], failed: int = 0, rest: Sequence[int] = (), duration: int = 5 * 10**9) -> Profile:
    """main > get (its latencies in ns) > deferLater, and main > put."""
    handle, out = new_handle(), ffi.new("uint32_t *")

    def push(parent: int, name: str, file: str, line: int) -> int:
        assert not lib.theseus_function_intern(handle, file.encode(), name.encode(), line, out)
        assert not lib.theseus_stack_push(handle, parent, out[0], line + 1, out)
        return int(out[0])

    main = push(0, "shop.main", "/srv/shop.py", 1)
    get = push(main, "shop.get", "/srv/shop.py", 10)
    put = push(main, "shop.put", "/srv/shop.py", 20)
    for number, latency in enumerate(latencies):
        assert not lib.theseus_record(handle, get, 12, latency, number < failed)
    for latency in rest:
        assert not lib.theseus_record(handle, put, 22, latency, 0)
    lib.theseus_profile_set_time(handle, 1, duration)
    return Profile(handle)


def diff(folder: pathlib.Path, before: Profile, after: Profile, *arguments: str) -> tuple[int, str]:
    before.write(folder / "before.pb.gz", format="pprof")
    after.write(folder / "after.pb.gz", format="pprof")
    command = [sys.executable, "-m", "theseus", "diff", *arguments, "before.pb.gz", "after.pb.gz"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def drawn(mean: float, n: int = 200, seed: int = 1) -> list[int]:
    chance = random.Random(seed)
    return [int(chance.gauss(mean, mean / 10)) for _ in range(n)]


def test_load_is_not_speed(tmp_path: pathlib.Path) -> None:
    status, text = diff(tmp_path, profile(drawn(100 * MS, 100)), profile(drawn(100 * MS, 200, 2)))
    assert status == 0
    assert text.splitlines()[0] == ("before.pb.gz: 100 roots/5.000s, after.pb.gz: 200 roots/5.000s: load x 2.0")
    assert "get" not in text  # the same p95 and wait per operation, but for chance
    assert "get" in diff(tmp_path, profile(drawn(100 * MS, 100)), profile(drawn(100 * MS, 200, 2)), "--per=total")[1]


def test_a_change(tmp_path: pathlib.Path) -> None:
    status, text = diff(tmp_path, profile(drawn(100 * MS)), profile(drawn(200 * MS)))
    line = next(line for line in text.splitlines() if "get" in line)
    assert "+100%" in line or "+10" in line or "+9" in line
    assert line.endswith("shop.py:10") or "shop.py:10" in line
    assert status == 0


@pytest.mark.parametrize(
    ("after", "condition", "status"),
    [
        (drawn(200 * MS), "p95>+25%", 1),
        (drawn(200 * MS), "get:p95>+25%", 1),
        (drawn(200 * MS), "shop.get:p95>+25%", 1),
        (drawn(200 * MS), "put:p95>+25%", 0),
        (drawn(200 * MS), "p95>+150%", 0),
        (drawn(200 * MS), "p50<-20%", 0),
        (drawn(50 * MS), "p50<-20%", 1),
        (drawn(100 * MS, seed=9), "p95>+15%", 0),  # chance
        (drawn(200 * MS), "get:p99>150ms", 1),
        (drawn(100 * MS), "get:p99>500ms", 0),
        (drawn(200 * MS), "wait/op>+20%", 1),
        (drawn(100 * MS, seed=9), "wait/op>+20%", 0),
        (drawn(100 * MS), "failed>0", 0),
        (drawn(200 * MS), "max>0.1s", 1),
        (drawn(200 * MS), "n>+10%", 0),
        (drawn(100 * MS, n=300), "n>+10%", 1),
    ],
)
def test_conditions(tmp_path: pathlib.Path, after: list[int], condition: str, status: int) -> None:
    rest = drawn(30 * MS, 50)
    found, text = diff(tmp_path, profile(drawn(100 * MS), rest=rest), profile(after, rest=rest), "--fail-if", condition)
    assert found == status, text
    assert (f"failed: {condition}" in text) == bool(status)


def test_failed(tmp_path: pathlib.Path) -> None:
    assert diff(tmp_path, profile([MS]), profile([MS], failed=1), "--fail-if", "failed>0")[0] == 1


def test_too_few_operations_prove_nothing(tmp_path: pathlib.Path) -> None:
    few, slow = profile(drawn(100 * MS, 19)), profile(drawn(300 * MS, 19))
    status, text = diff(tmp_path, few, slow, "--fail-if", "p95>+25%")
    assert status == 0 and "not enough: p95>+25%: get" in text
    assert diff(tmp_path, few, slow, "--fail-if", "p95>+25%", "--strict")[0] == 1
    assert "not enough" in diff(tmp_path, few, slow)[1]


@pytest.mark.parametrize("text", ["p95>+10%", "p95>-5%", "p95>3", "failed>3ms", "p95", "nonsense>3", "p95>=3ms"])
def test_conditions_that_make_no_sense(tmp_path: pathlib.Path, text: str) -> None:
    with pytest.raises(ValueError):
        parsed(text)
    assert diff(tmp_path, profile([MS]), profile([MS]), "--fail-if", text)[0] == 2


def test_what_cannot_be_compared(tmp_path: pathlib.Path) -> None:
    one = profile(drawn(MS))
    assert diff(tmp_path, one, one, "--fail-if", "nobody:p95>+25%")[0] == 3
    one.write(tmp_path / "x.callgrind")
    one.write(tmp_path / "few.pb.gz", format="pprof", detail="no-buckets")
    for name, said in (("x.callgrind", "callgrind"), ("few.pb.gz", "no buckets"), ("none.pb.gz", "No such file")):
        command = [sys.executable, "-m", "theseus", "diff", name, "before.pb.gz"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 3 and said in done.stderr and name in done.stderr


def test_by_path_and_json(tmp_path: pathlib.Path) -> None:
    status, text = diff(tmp_path, profile(drawn(100 * MS)), profile(drawn(200 * MS)), "--by=path", "--json")
    found = json.loads(text)
    assert status == 0 and found["version"] == 1
    row = next(row for row in found["rows"] if row["path"] == ["shop.main", "shop.get"])
    assert row["before"]["operations"] == row["after"]["operations"] == 200
    assert row["verdict"] == "differs"
    assert row["after"]["wait_ns"] == sum(drawn(200 * MS))
    assert "main > get" in diff(tmp_path, profile(drawn(100 * MS)), profile(drawn(200 * MS)), "--by=path")[1]


def test_the_test_of_kolmogorov_and_smirnov() -> None:
    """Halves of one distribution differ rarely; what differs in its mean by a third of its deviation, mostly."""
    chance = random.Random(4)

    def histogram(mean: float, n: int = 1000) -> dict[int, int]:
        found: dict[int, int] = {}
        for _ in range(n):
            bucket = lib.theseus_latency_bucket(int(math.exp(chance.gauss(mean, 1)) * MS))
            found[bucket] = found.get(bucket, 0) + 1
        return found

    assert sum(differ(histogram(3), histogram(3)) for _ in range(200)) <= 6
    assert sum(differ(histogram(3), histogram(3.33)) for _ in range(50)) >= 48
    assert not differ({}, {3: 4})
    assert not differ({3: 1000}, {3: 30})
    assert differ({3: 1000}, {4: 30})
