# SPDX-License-Identifier: ISC
"""Inputs that are odd, foreign or hostile, read by theseus-merge and by theseus.load() and merge().

A failure means that one such input stops a merge that it should not stop, is read as something that it is not without a
word, or takes more memory than it may.
"""

from __future__ import annotations

import codecs
import gzip
import itertools
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from test_merge_command import COMMAND, FILE, run, totals
from theseus import Profile, TheseusError, TheseusWarning, load, merge
from theseus.graph import Graph

pytestmark = pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")

TEXT = "events: A\nfl=/a\nfn=f\n1 1\n"
HEAP = b"heap profile: 1: 2 [3: 4] @ heap/1048576\n1: 2 [3: 4] @ 0x10 0x20\n"
CPU = b"".join(word.to_bytes(8, "little") for word in (0, 3, 0, 10000, 0, 1, 1, 4096, 0, 1, 0))

Refused = Callable[[Path], str]


def by_command(path: Path) -> str:
    done = run(path)
    assert (done.returncode, done.stdout) == (3, b"") and done.stderr.count(b"\n") == 1
    return done.stderr.decode()


def by_load(path: Path) -> str:
    with pytest.raises(TheseusError) as caught:
        load(path)
    return str(caught.value)


@pytest.fixture(params=[by_command, by_load], ids=["command", "load"])
def refused(request: pytest.FixtureRequest) -> Refused:
    """Reads a file that must be refused, and returns the message."""
    how: Refused = request.param
    return how


# ---- files that are something else ----


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (TEXT.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (("# callgrind format\n" + TEXT).encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-32"), "UTF-32"),
        (HEAP, "legacy profile"),
        (b"heap_v2/524288\n  t*: 1: 2 [0: 0]\n", "legacy profile"),
        (b"--- heapz 1 ---\nformat = java\n", "legacy profile"),
        (b"--- contentionz 1 ---\ncycles/second = 1\n", "legacy profile"),
        (b"goroutine profile: total 7\n1 @ 0x1 0x2\n", "legacy profile"),
        (CPU, "legacy profile"),
        (b"--- symbol\nbinary=/bin/a\n0x1 f\n---\n--- profile\n" + CPU, "legacy profile"),
        (b'{"shared": {"frames": []}}', "JSON"),
        (b"<!DOCTYPE html>\n<p>404</p>\n", "HTML"),
        (b"{)\x03\xda\x01f\xe9\x01\0\0\0\xda\x01g", "cProfile"),
        (b"\x7fELF\2\1\1\0" + bytes(99), "ELF"),
        (b"\xfd7zXZ\0\0\4" + bytes(9), "xz"),
    ],
)
def test_named_for_what_it_is(data: bytes, named: str, refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "odd"
    for content in (data, gzip.compress(data)):
        path.write_bytes(content)
        said = refused(path)
        assert str(path) in said and named in said


@pytest.mark.parametrize(
    "start", [b"fl=/a\x01b\n", b"\n\nob=\x02\n", b"  fn=\x1bf\n", b"\xef\xbb\xbfversion: 1\ncmd: a\x07\n"]
)
def test_a_control_character_early_is_callgrind_all_the_same(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "early"
    path.write_bytes(start + b"events: Ir\nfn=f\n1 5\n")
    assert load(path).totals() == {"Ir": 5}  # type: ignore[union-attr]
    done = run(path)
    assert (done.returncode, done.stderr, totals(done.stdout)) == (0, b"", "5")


# ---- empty files ----


def test_separate_threads(tmp_path: Path) -> None:
    """The man page's own example: valgrind leaves an empty file beside those of the threads."""
    (tmp_path / "callgrind.out.7").write_bytes(b"")
    (tmp_path / "callgrind.out.7-01").write_bytes(FILE)
    (tmp_path / "callgrind.out.7-02").write_bytes(FILE)
    names = sorted(tmp_path.iterdir())
    done = run("-o", tmp_path / "all", *names)
    assert done.returncode == 0
    assert done.stderr.decode() == f"theseus-merge: {names[0]}: warning: the file is empty\n"
    assert (tmp_path / "all").read_bytes() == run(*names[1:]).stdout
    done = run("--strict", *names)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode() == f"theseus-merge: {names[0]}: the file is empty\n"
    done = run("--strict", "--ignore-errors", *names)
    assert (done.returncode, totals(done.stdout)) == (1, "30")
    with pytest.warns(TheseusWarning, match="callgrind.out.7: the file is empty"):
        assert merge(names).encoded() == (tmp_path / "all").read_bytes()


def test_nothing_but_empty_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    done = run(empty, empty)
    assert (done.returncode, done.stdout) == (3, b"") and done.stderr.endswith(b"no input could be merged\n")
    with pytest.raises(TheseusError, match="empty"):
        load(empty)
    with pytest.raises(ValueError, match="nothing to merge"), pytest.warns(TheseusWarning):
        merge([empty, empty])


def test_an_empty_file_among_pprof(tmp_path: Path) -> None:
    """It does not make callgrind of them."""
    empty, profile = tmp_path / "empty.gz", tmp_path / "p.pb.gz"
    empty.write_bytes(gzip.compress(b""))
    profile.write_bytes(Profile().encoded("pprof"))
    done = run("--format=pprof", empty, profile)
    assert done.returncode == 0 and b"empty.gz: warning: the file is empty" in done.stderr
    with pytest.warns(TheseusWarning):
        assert isinstance(merge([empty, profile]), Profile)


# ---- negative costs ----

NEGATIVE = """version: 1
creator: xdebug 2.9.6
events: Time_(10ns) Memory_(bytes)
fl=(1) /n.php
fn=(1) unset
5 4 -392
fn=(2) {main}
1 10 1000
cfn=(1)
calls=1 0 0
5 4 -392
"""


def test_negative_costs_are_refused_by_column(tmp_path: Path) -> None:
    path = tmp_path / "negative"
    path.write_text(NEGATIVE)
    for events in ([], ["--events=Memory_(bytes)"], ["--events=Time,Memory"]):
        done = run(*events, path)
        assert (done.returncode, done.stdout) == (3, b"")
        assert (
            b":6:5: a cost that is negative, of the event Memory_(bytes)" in done.stderr and b"--events" in done.stderr
        )
    with pytest.raises(TheseusError, match=r"of the event Memory_\(bytes\).*events="):
        load(path)


@pytest.mark.parametrize("name", ["Time", "Time_(10ns)"])
def test_the_other_columns_can_be_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "negative"
    path.write_text(NEGATIVE)
    done = run(f"--events={name}", path, path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\nevents: Time_(10ns)\nsummary: 28\n" in done.stdout and b"\n5 8\n" in done.stdout
    graph = load(path, events=[name])
    assert isinstance(graph, Graph) and graph.totals()["Time_(10ns)"] == 14


def test_what_is_no_number_is_refused_in_any_column(tmp_path: Path) -> None:
    path = tmp_path / "bad"
    for bad in ("-", "x", "5x", "--5", "-5-"):
        path.write_text(f"events: A B\nfn=f\n1 1 {bad}\n")
        done = run("--events=A", path)
        assert (done.returncode, done.stdout) == (3, b""), bad


# ---- formulas ----


@pytest.mark.parametrize("jobs", ["-j1", "-j2", "-j4"])
def test_formulas_that_disagree_in_any_order(jobs: str, tmp_path: Path) -> None:
    texts = ["A + B", "A - B : less", "A+B : both", "A + B"]
    for number, formula in enumerate(texts):
        (tmp_path / str(number)).write_text(f"event: Sum = {formula}\nevents: A B\nfl=/a\nfn=f\n1 1 2\n")
    outputs = set()
    for order in itertools.permutations(range(4)):
        done = run(jobs, *(tmp_path / str(number) for number in order))
        assert done.returncode == 0
        assert (
            done.stderr == b"theseus-merge: warning: inputs have different formulas of the event Sum: it is left out\n"
        )
        outputs.add(done.stdout)
        done = run(jobs, *(tmp_path / str(number) for number in order if number != 1))
        assert (done.returncode, done.stderr) == (0, b"") and b"\nevent: Sum = A+B : both\n" in done.stdout.replace(
            b"Sum=", b"Sum = "
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert b"Sum" in merge([tmp_path / str(number) for number in order if number != 1]).encoded()
        with pytest.warns(TheseusWarning, match="formulas of the event Sum"):
            assert b"Sum" not in merge([tmp_path / str(number) for number in order]).encoded()
    assert len(outputs) == 1 and b"Sum" not in outputs.pop()
    done = run("--strict", tmp_path / "0", tmp_path / "1")
    assert (done.returncode, done.stdout) == (3, b"") and b"formulas" in done.stderr


def test_a_number_that_is_defined_again_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "yappi"
    path.write_text("events: Ticks\nfl=(1) /a\nfn=(1) main\n1 1\nfn=(1) other\n2 2\n")
    with pytest.warns(TheseusWarning, match=r"yappi:5:4: warning: this number of a name had another text before"):
        graph = load(path)
    assert isinstance(graph, Graph) and {function.name for function in graph.functions()} == {"main", "other"}
    assert run(path).stderr.count(b"warning") == 1 and run("--strict", path).returncode == 3


# ---- pprof: stacks that are too deep ----


def message(*fields: tuple[int, int | bytes]) -> bytes:
    """A message of protobuf: fields with numbers, or with bytes."""
    return b"".join(
        number(field << 3) + number(value)
        if isinstance(value, int)
        else number(field << 3 | 2) + number(len(value)) + value
        for field, value in fields
    )


def number(value: int) -> bytes:
    value &= 2**64 - 1
    return bytes([value & 127 | 128]) + number(value >> 7) if value > 127 else bytes([value])


def pprof(
    samples: list[tuple[list[int], list[int]]], types: tuple[str, ...] = ("cpu",), *more: tuple[int, int | bytes]
) -> bytes:
    """A profile with a location and a function f1, f2, … for each number; a stack names them with the leaf first."""
    count = max((max(stack, default=0) for stack, _ in samples), default=0)
    strings = ["", "count", *types, *(f"f{n}" for n in range(1, count + 1))]
    fields: list[tuple[int, int | bytes]] = [(1, message((1, 2 + n), (2, 1))) for n in range(len(types))]
    for stack, values in samples:
        fields.append((2, message((1, b"".join(map(number, stack))), (2, b"".join(map(number, values))))))
    for n in range(1, count + 1):
        fields.append((4, message((1, n), (4, message((1, n), (2, n))))))
        fields.append((5, message((1, n), (2, 1 + len(types) + n), (3, 1 + len(types) + n))))
    return message(*fields, *((6, text.encode()) for text in strings), *more)


def folded(path: Path, *options: str) -> dict[str, int]:
    done = run("--format=folded", *options, path)
    assert done.returncode == 0
    return {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in done.stdout.decode().splitlines()}


def test_a_stack_that_is_too_deep_keeps_its_leaf(tmp_path: Path) -> None:
    path = tmp_path / "deep.pb"
    deep = list(range(700, 0, -1))
    path.write_bytes(pprof([(deep, [10]), ([3, 2, 1], [5]), (deep, [1]), (deep[1:], [7]), ([3, 2, 1], [2])]))
    stacks = {tuple(name.split(";")): value for name, value in folded(path).items()}
    assert stacks == {
        tuple(f"f{n}" for n in range(189, 701)): 11,
        tuple(f"f{n}" for n in range(188, 700)): 7,
        ("f1", "f2", "f3"): 7,
    }
    said = f"{path}: warning: stacks are deeper than --max-depth: 563 frames at their callers' end are left out\n"
    assert run(path).stderr.decode() == f"theseus-merge: {said}"
    assert run("--strict", path).returncode == 3
    assert folded(path, "--max-depth=2") == {"f2;f3": 7, "f698;f699": 7, "f699;f700": 11}
    done = run("--strict", "--max-depth=700", "--format=folded", path)
    assert (done.returncode, done.stderr) == (0, b"") and b"f1;f2" in done.stdout
    for wrong in ("0", "65536", "x", ""):
        assert run(f"--max-depth={wrong}", path).returncode == 2
    with pytest.warns(TheseusWarning, match="563 frames at their callers' end"):
        cut = load(path)
    whole = load(path, max_depth=700)
    assert isinstance(cut, Profile) and isinstance(whole, Profile)
    small = Profile()
    small.merge(whole)
    assert small.encoded("folded", "cpu") == cut.encoded("folded", "cpu") == run("--format=folded", path).stdout


def test_inlined_frames_are_cut_as_others(tmp_path: Path) -> None:
    """A location of 600 frames, of which the innermost ones stay."""
    lines = [(4, message((1, n), (2, n))) for n in range(600, 0, -1)]
    functions = [(5, message((1, n), (2, 2 + n))) for n in range(1, 601)]
    texts = [(6, text.encode()) for text in ("", "count", "cpu", *(f"f{n}" for n in range(1, 601)))]
    fields = [
        (1, message((1, 2), (2, 1))),
        (2, message((1, 7), (2, 3))),
        (4, message((1, 7), *lines)),
        *functions,
        *texts,
    ]
    path = tmp_path / "inlined.pb"
    path.write_bytes(message(*fields))
    assert folded(path) == {";".join(f"f{n}" for n in range(89, 601)): 3}
    assert folded(path, "--max-depth=1") == {"f600": 3}


def test_two_profiles_in_one_file_are_named(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "concatenated"
    once = pprof([([1], [1])])
    for data in (once * 2, gzip.compress(once) * 2, once + pprof([([2, 1], [4])]), once * 3):
        path.write_bytes(data)
        assert "two profiles, one after the other" in refused(path)


# ---- pprof: the columns that there are ----


def test_the_first_column_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "two.pb"
    path.write_bytes(pprof([([2, 1], [3, 40]), ([1], [0, 5])], ("samples", "cpu")))
    assert folded(path) == {"f1;f2": 3} and folded(path, "--events=cpu") == {"f1;f2": 40, "f1": 5}
    profile = load(path)
    assert isinstance(profile, Profile) and profile.encoded("folded") == b"f1;f2 3\n"
    assert str(profile).splitlines() == [
        "samples  incl.samples  cpu  incl.cpu  function",
        "      0             3    5        45  f1",
        "      3             3   40        40  f2",
    ]
    assert "nothing was measured" in str(Profile()) and Profile().encoded("folded") == b""


# ---- files that unpack to much more ----


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gzip of 600 kB that unpacks to 600 MB: a field of pprof that is to be passed over."""
    path = tmp_path_factory.mktemp("bomb") / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=6) as file:
        size = 600 << 20
        file.write(
            b"\x0a\x04\x08\x01\x10\x02\x7a" + bytes((size >> 7 * i) & 127 | (128 if i < 4 else 0) for i in range(5))
        )
        for _ in range(600):
            file.write(bytes(1 << 20))
    return path


def peak(script: str, *arguments: str | Path) -> tuple[int, int, str]:
    """The exit code of a command, the most memory that it had in MB, and what it said."""
    program = "import resource,subprocess,sys; d=subprocess.run(sys.argv[1:],capture_output=True,text=True);"
    program += "print(d.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss//1024, d.stderr)"
    python = shutil.which("python3") or "python3"
    done = subprocess.run([python, "-c", program, script, *map(str, arguments)], capture_output=True, text=True)
    code, memory, said = done.stdout.split(" ", 2)
    return int(code), int(memory), said


def test_a_file_that_unpacks_to_too_much_is_refused(bomb: Path, tmp_path: Path) -> None:
    assert bomb.stat().st_size < 1 << 20
    code, memory, said = peak(str(COMMAND), bomb)
    assert code == 5 and memory < 900 and "512 MB" in said and "--memory-limit" in said and said.count("\n") == 2
    good = tmp_path / "good.pb.gz"
    good.write_bytes(Profile().encoded("pprof"))
    done = run("--ignore-errors", "-j1", bomb, good)
    assert done.returncode == 1 and done.stdout == run(good).stdout
    done = run("--memory-limit=100M", "-j1", bomb)
    assert done.returncode == 5 and b"memory limit" in done.stderr
    with pytest.raises(TheseusError, match="512 MB: allow more with memory_limit"):
        load(bomb)
    with pytest.raises(TheseusError, match="1 MB: allow more with memory_limit"):
        load(bomb, memory_limit=1 << 20)


def test_a_graph_that_takes_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lines.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"events: A\nfn=f\n" + b"+1 1\n" * 1000000)
    with pytest.raises(TheseusError, match="memory_limit"):
        load(path, memory_limit=10 << 20)
    assert load(path, memory_limit=1 << 30).totals() == {"A": 1000000}  # type: ignore[union-attr]
    done = run("-j1", "--memory-limit=10M", path)
    assert done.returncode == 5 and b"--memory-limit" in done.stderr
    done = run("-j1", path)
    assert (done.returncode, totals(done.stdout)) == (0, "1000000")


# ---- the output's name says the format ----


def test_the_name_of_the_output_says_the_format(tmp_path: Path) -> None:
    profile = tmp_path / "p.pb.gz"
    profile.write_bytes(Profile().encoded("pprof"))

    def first(name: str, *options: str) -> bytes:
        done = run(*options, "-o", tmp_path / name, profile)
        assert done.returncode == 0, done.stderr
        return (tmp_path / name).read_bytes()[:2]

    assert first("x.pb.gz") == b"\x1f\x8b"
    assert first("x.folded") == b""
    assert first("x") == first("x.pb.gz.txt") == first("callgrind.out.pb.gz") == b"# "
    assert first("y.pb.gz", "--format=callgrind") == b"# " and first("y", "--format=pprof") == b"\x1f\x8b"
    (tmp_path / "a").write_bytes(FILE)
    done = run("-o", tmp_path / "z.pb.gz", tmp_path / "a")
    assert done.returncode == 2 and b"callgrind files have no stacks" in done.stderr
    assert not (tmp_path / "z.pb.gz").exists()
    assert re.search(r"default: pprof if FILE ends in .pb.gz", run("--help").stdout.decode())
