# SPDX-License-Identifier: ISC
"""Profiles of other tools, merged to pprof.

A failure means that a merge changes or loses what such a profile says, or adds what cannot be added, without a word.
"""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pprof_parse import Parsed, message, parse
from test_merge_command import COMMAND, run, totals
from theseus import TheseusError, TheseusWarning, load, merge

pytestmark = pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")
needs_go = pytest.mark.skipif(not shutil.which("go"), reason="go is not here")

Sample = tuple[list[str], list[int], list[tuple[str, Any, str]]]  # the leaf first; values; labels
ONE: list[Sample] = [(["leaf", "main"], [1, 10], []), (["main"], [2, 5], [])]


def foreign(
    samples: list[Sample] = ONE,
    types: tuple[tuple[str, str], ...] = (("samples", "count"), ("cpu", "nanoseconds")),
    period: tuple[str, str, int] | None = ("cpu", "nanoseconds", 100),
    default: str = "",
    comments: tuple[str, ...] = (),
    frames: tuple[str, str] = ("", ""),
    build_id: str = "",
    start: int = 0,
) -> bytes:
    """A profile as another tool writes it."""
    strings = [""]

    def text(value: str) -> int:
        if value not in strings:
            strings.append(value)
        return strings.index(value)

    def label(key: str, value: Any, unit: str) -> bytes:
        what = (2, text(value)) if isinstance(value, str) else (3, value)
        return message((1, text(key)), what, (4, text(unit)))

    names = sorted({name for stack, _, _ in samples for name in stack})
    parts: list[tuple[int, Any]] = [(1, message((1, text(name)), (2, text(unit)))) for name, unit in types]
    for stack, values, labels in samples:
        ids = [names.index(name) + 1 for name in stack]
        parts.append((2, message((1, ids), (2, values), *((3, label(*each)) for each in labels))))
    parts.append(
        (3, message((1, 1), (2, start), (3, start and start + 4096), (5, text("/bin/app")), (6, text(build_id))))
    )
    for number, name in enumerate(names, 1):
        parts.append((4, message((1, number), (2, 1), (4, message((1, number), (2, 7))))))
        parts.append((5, message((1, number), (2, text(name)), (3, text(name)), (4, text("/src/a.c")), (5, 3))))
    parts += [(7, text(frames[0])), (8, text(frames[1])), (13, [text(comment) for comment in comments])]
    if period:
        parts += [(11, message((1, text(period[0])), (2, text(period[1])))), (12, period[2])]
    parts.append((14, text(default)))
    return message(*parts, *((6, value.encode()) for value in strings))


def save(tmp_path: Path, *files: bytes) -> list[Path]:
    paths = [tmp_path / f"{number}.pb.gz" for number in range(len(files))]
    for path, data in zip(paths, files):
        path.write_bytes(gzip.compress(data))
    return paths


def sums(found: Parsed) -> Counter[Any]:
    """What the samples add up to, by names of the stack, labels and type."""
    out: Counter[Any] = Counter()
    for ((stack, labels), number), value in found.samples.items():
        names = tuple(frame[0] for location in stack for frame in location)
        out[names, labels, found.types[number]] += value - (1 << 64) if value >> 63 else value
    return Counter({key: value for key, value in out.items() if value})


def merged(*paths: Path, said: str = "") -> Parsed:
    """By the command, with one thread and with two, and by Python: all the same."""
    done = run("--format=pprof", "-j1", *paths)
    assert done.returncode == 0 and said in done.stderr.decode() and (said or not done.stderr), done.stderr
    two = run("--format=pprof", "-j2", *paths)
    assert (two.returncode, two.stdout) == (0, done.stdout)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        profile = merge(list(paths))
    data: bytes = gzip.decompress(done.stdout)
    assert gzip.decompress(profile.encoded("pprof")) == data  # type: ignore[union-attr]
    assert [warning.category for warning in caught] == [TheseusWarning] * bool(said)
    return parse(data)


def test_it_has_its_own_columns_only(tmp_path: Path) -> None:
    found = merged(*save(tmp_path, foreign(), foreign()))
    assert found.types == [("samples", "count"), ("cpu", "nanoseconds")]
    assert sums(found) == Counter({key: 2 * value for key, value in sums(parse(foreign())).items()})


def test_names_that_no_event_can_have_are_as_they_were(tmp_path: Path) -> None:
    found = merged(*save(tmp_path, foreign(types=(("alloc-space", "bytes"), ("4 kB", "pages")))))
    assert found.types == [("alloc-space", "bytes"), ("4 kB", "pages")] and not found.comments


def test_labels_tell_samples_apart(tmp_path: Path) -> None:
    labels = [("thread", "a", ""), ("thread", "b", ""), ("bytes", 1024, "bytes"), ("outcome", "purple", "")]
    samples: list[Sample] = [(["main"], [1, 5], labels), (["main"], [1, 6], labels[2:]), (["main"], [1, 7], [])]
    found = merged(*save(tmp_path, foreign(samples), foreign(samples)))
    assert sums(found) == Counter({key: 2 * value for key, value in sums(parse(foreign(samples))).items()})
    assert len(found.keys) == 3
    assert totals(run(*save(tmp_path, foreign(samples))).stdout) == "3 18"


def test_what_the_inputs_agree_about_is_kept(tmp_path: Path) -> None:
    said: dict[str, Any] = {
        "default": "cpu",
        "comments": ("zebra", "ant"),
        "frames": ("drop.*", "keep"),
        "build_id": "ab",
    }
    one, two = save(tmp_path, foreign(**said, start=4096), foreign(**said, start=4096))
    found = merged(one, two)
    assert (found.default, found.period) == ("cpu", ("cpu", "nanoseconds", 100))
    assert found.comments == ["ant", "zebra"] and found.mappings == ["/bin/app"]
    raw = gzip.decompress(run("--format=pprof", one, two).stdout)
    assert {"drop.*", "keep", "ab"} <= set(parse(raw).strings)
    # One that says nothing agrees with all.
    silent = save(tmp_path / "..", foreign(period=None))[0]
    assert merged(silent, one).default == merged(one, silent).default == "cpu"


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        ({"period": ("cpu", "nanoseconds", 5)}, {}, "different periods"),
        ({"default": "cpu"}, {"default": "samples"}, "default sample types"),
        ({"frames": ("a", "")}, {"frames": ("b", "")}, "drop_frames"),
        ({"frames": ("a", "b")}, {"frames": ("a", "c")}, "keep_frames"),
        ({"build_id": "a"}, {"build_id": "b"}, "build ids"),
    ],
)
def test_what_they_do_not_agree_about_is_said(
    one: dict[str, Any], two: dict[str, Any], said: str, tmp_path: Path
) -> None:
    paths = save(tmp_path, foreign(**one), foreign(**two))
    found = merged(*paths, said=said)
    assert found.default == "" and found.period == ("cpu", "nanoseconds", 100)
    assert sums(merged(*paths[::-1], said=said)) == sums(found)
    strict = run("--format=pprof", "--strict", *paths)
    assert strict.returncode == 3 and said.encode() in strict.stderr and b"warning" not in strict.stderr
    assert not run("--strict", *paths).stderr  # callgrind has no place for it


def test_profiles_that_sample_different_things_are_not_added(tmp_path: Path) -> None:
    heap = foreign(types=(("space", "bytes"),), samples=[(["main"], [9], [])], period=("space", "bytes", 1))
    cpu, other = save(tmp_path, foreign(), heap)
    for jobs in ("-j1", "-j2"):
        for format in ("--format=pprof", "--format=callgrind", "--format=folded"):
            done = run(jobs, format, cpu, other)
            assert (done.returncode, done.stdout) == (3, b"")
            assert b"samples space/bytes" in done.stderr or b"samples cpu/nanoseconds" in done.stderr
    done = run("-j1", "--ignore-errors", "--format=pprof", cpu, other)
    assert done.returncode == 1 and done.stdout == run("--format=pprof", cpu).stdout
    with pytest.raises(TheseusError, match="period types differ"):
        merge([cpu, other])


DIFFERENCE: list[Sample] = [
    (["leaf", "main"], [1, -10], []),
    (["main"], [2, 5], []),
    (["main"], [1, 3], [("a", "b", "")]),
]


def test_differences_are_added(tmp_path: Path) -> None:
    paths = save(tmp_path, foreign(DIFFERENCE), foreign(DIFFERENCE), foreign())
    found = sums(merged(*paths))
    assert found[("leaf", "main"), (), ("cpu", "nanoseconds")] == -10
    assert found[("leaf", "main"), (), ("samples", "count")] == 3
    assert "-10" in str(load(paths[0]))


@pytest.mark.parametrize("format", ["callgrind", "folded"])
def test_formats_that_hold_no_negative_value_name_the_column(format: str, tmp_path: Path) -> None:
    (path,) = save(tmp_path, foreign(DIFFERENCE))
    done = run(f"--format={format}", "--events=cpu", path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"the event cpu has negative values" in done.stderr and b"--events" in done.stderr
    done = run(f"--format={format}", "--events=samples", path)
    assert (done.returncode, done.stderr) == (0, b"") and b"cpu" not in done.stdout
    with pytest.raises(TheseusError, match="negative"):
        load(path).encoded(format, *(["cpu"] if format == "folded" else []))  # type: ignore[union-attr]
    # What is negative in one file, and not in the sum, is no difference any more.
    more: list[Sample] = [(["leaf", "main"], [0, 30], [])]
    both = save(tmp_path, foreign(DIFFERENCE), foreign(more))
    done = run(f"--format={format}", "--events=cpu", *both)
    assert (done.returncode, done.stderr) == (0, b"") and b"20" in done.stdout


def random_foreign(seed: int) -> bytes:
    pick = random.Random(seed)

    def sample() -> Sample:
        stack = [f"f{pick.randrange(4)}" for _ in range(pick.randrange(1, 5))]
        labels = [
            (pick.choice("kl"), pick.choice(["x", "y", pick.randrange(1, 5)]), "") for _ in range(pick.randrange(3))
        ]
        units = [(key, value, "bytes" if isinstance(value, int) else "") for key, value, _ in labels]
        return stack, [pick.randrange(-50, 50), pick.randrange(1 << 40)], sorted(units, key=str)

    comments = tuple(f"comment {pick.randrange(4)}" for _ in range(pick.randrange(3)))
    return foreign([sample() for _ in range(pick.randrange(1, 40))], comments=comments)


@needs_go
@pytest.mark.parametrize("seed", range(4))
def test_go_adds_them_in_the_same_way(seed: int, tmp_path: Path) -> None:
    paths = save(tmp_path, *(random_foreign(3 * seed + number) for number in range(3)))
    theirs = tmp_path / "go.pb.gz"
    subprocess.run(
        ["go", "tool", "pprof", "-proto", f"-output={theirs}", *map(str, paths)], capture_output=True, check=True
    )
    a, b = parse(gzip.decompress(theirs.read_bytes())), merged(*paths)
    assert sums(a) == sums(b)
    assert (a.types, a.period, sorted(a.comments)) == (b.types, b.period, b.comments)
