# SPDX-License-Identifier: ISC
"""theseus-merge on a machine that fails: every call that it makes fails once, or a signal arrives there.

A failure means that the output file was lost, partial or wrong, that a temporary file stayed, or that the command
crashed, hung, or ended without an error message.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.internet import task

from test_merge_command import COMMAND, FILE
from theseus import Tracer

NO_THREAD = b"theseus-merge: no thread could be started: Resource temporarily unavailable\n"
FAULTS = Path(__file__).resolve().parents[1] / "hostile" / "faults.c"
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = [
    pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built"),
    pytest.mark.skipif(not COMPILER or not FAULTS.exists(), reason="the faults cannot be compiled here"),
    pytest.mark.skipif(sys.platform != "linux", reason="the faults are for glibc on Linux"),
]


def measured() -> bytes:
    """A pprof file in which something was measured."""
    clock = task.Clock()
    with Tracer(clock) as tracer:
        task.deferLater(clock, 2, lambda: None)
        clock.advance(2)
    return tracer.snapshot().encoded("pprof")


class Done:
    """One run with a fault."""

    def __init__(self, process: subprocess.CompletedProcess[bytes], reached: bool) -> None:
        self.status, self.said, self.written, self.reached = process.returncode, process.stderr, process.stdout, reached


Run = Callable[..., Done]


def program() -> tuple[str, dict[str, str]]:
    """The command, and what it needs in the environment: without libtool's wrapper, which takes most of the time."""
    built = Path(str(COMMAND)).parent / ".libs"
    if (built / "theseus-merge").exists():
        return str(built / "theseus-merge"), {"LD_LIBRARY_PATH": str(built)}
    return str(COMMAND), {}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "faults.so"
    command = [str(COMPILER), "-std=gnu11", "-shared", "-fPIC", "-o", str(path), str(FAULTS), "-ldl"]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("the faults cannot be compiled here")
    tried = subprocess.run(
        [str(COMMAND), "--version"], env={**os.environ, "LD_PRELOAD": str(path)}, capture_output=True
    )
    if tried.returncode:
        pytest.skip("this theseus-merge cannot be preloaded (a sanitizer)")
    return path


@pytest.fixture
def run(library: Path, tmp_path: Path) -> Run:
    """Runs the command in a folder that has inputs of all kinds."""
    (tmp_path / "a").write_bytes(FILE)
    (tmp_path / "b").write_bytes(FILE.replace(b"pid: 1", b"pid: 2"))
    (tmp_path / "c.gz").write_bytes(gzip.compress(FILE))
    (tmp_path / "p.pb.gz").write_bytes(measured())
    (tmp_path / "list").write_text("a\nb\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(FILE)
    reached = tmp_path / "reached"
    command, needed = program()

    def runs(fault: str, *arguments: str) -> Done:
        reached.unlink(missing_ok=True)
        (tmp_path / "out").write_bytes(b"as before")
        process = subprocess.run(
            [command, *arguments],
            cwd=tmp_path,
            env={**os.environ, **needed, "LD_PRELOAD": str(library), "FAULT": fault, "FAULT_REACHED": str(reached)},
            capture_output=True,
            timeout=600,
        )
        return Done(process, reached.exists())

    return runs


def each(run: Run, fault: str, *arguments: str) -> Iterator[tuple[int, Done]]:
    """The runs in which the first call has the fault, then the second, and so on, as long as there is such a call."""
    for number in range(1, 10000):
        done = run(fault.format(number), *arguments)
        if not done.reached:
            assert done.status == 0, done.said
            assert number > 1, f"{fault}: there is no such call"
            return
        yield number, done


def check_output(folder: Path, allowed: tuple[bytes, ...]) -> None:
    assert (folder / "out").read_bytes() in allowed
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")], "a temporary file stayed"


def wanted(run: Run, folder: Path, *arguments: str) -> bytes:
    done = run("", *arguments)
    assert done.status == 0, done.said
    return (folder / "out").read_bytes()


MERGES = {
    "callgrind": ("-o", "out", "-j1", "a", "b", "c.gz"),
    "two threads": ("-o", "out", "-j2", "a", "b", "c.gz"),
    "a list": ("-o", "out", "-j1", "@list"),
    "a folder": ("-o", "out", "-j1", "folder"),
    "pprof": ("-o", "out", "-j1", "--format=pprof", "p.pb.gz", "p.pb.gz"),
    "pprof, two threads": ("-o", "out", "-j2", "--format=pprof", "p.pb.gz", "p.pb.gz"),
    "folded": ("-o", "out", "-j1", "--format=folded", "p.pb.gz"),
    "both": ("-o", "out", "-j1", "--ignore-errors", "p.pb.gz", "a", "b"),
    "events": ("-o", "out", "-j1", "--events=Ir", "a"),
}
merges = pytest.mark.parametrize("arguments", MERGES.values(), ids=MERGES.keys())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["open", "read", "write", "close", "fsync", "fchmod", "mkstemp", "rename", "signals"])
def test_signal_at_every_call(run: Run, call: str, when: str, number: signal.Signals, tmp_path: Path) -> None:
    """The program ends by the signal, and leaves no temporary file, wherever the signal arrives."""
    arguments = MERGES["two threads"]
    whole = wanted(run, tmp_path, *arguments)
    for _, done in each(run, f"{call} {{}} {when} {number:d}", *arguments):
        assert done.status == -number
        check_output(tmp_path, (b"as before", whole))


@pytest.fixture(autouse=True)
def signals_end_a_program() -> Iterator[None]:
    """Started under nohup, or in the background of a shell, the tests ignore some: so would the command."""
    ignored = [number for number in ENDING if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM, signal.SIGUSR1, signal.SIGXCPU])
def test_other_signals_that_end_a_program(run: Run, number: signal.Signals, tmp_path: Path) -> None:
    for call in ("mkstemp 1 after", "write 1 before", "rename 1 before"):
        done = run(f"{call} {number:d}", *MERGES["callgrind"])
        assert done.reached and done.status == -number
        check_output(tmp_path, (b"as before", wanted(run, tmp_path, *MERGES["callgrind"])))


@pytest.mark.parametrize("kind", ["two threads", "pprof", "both"])
def test_signal_at_every_allocation(run: Run, kind: str, tmp_path: Path) -> None:
    whole = wanted(run, tmp_path, *MERGES[kind])
    for _, done in each(run, f"alloc {{}} before {signal.SIGINT:d}", *MERGES[kind]):
        assert done.status == -signal.SIGINT
        check_output(tmp_path, (b"as before", whole))


@merges
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_every_write_fails(run: Run, arguments: tuple[str, ...], error: int, tmp_path: Path) -> None:
    for number, done in each(run, f"write {{}} error {error}", *arguments):
        assert done.status == 4, number
        assert done.said == f"theseus-merge: out: {os.strerror(error)}\n".encode()
        check_output(tmp_path, (b"as before",))


@merges
@pytest.mark.parametrize(
    "fault", ["write 1+ short", "read 1+ short", "write 1 error 4", "read 1 error 4", "close 1 error 4"]
)
def test_calls_that_take_less_or_are_interrupted(
    run: Run, arguments: tuple[str, ...], fault: str, tmp_path: Path
) -> None:
    whole = wanted(run, tmp_path, *arguments)
    done = run(fault, *arguments)
    assert done.reached and done.status == 0
    check_output(tmp_path, (whole,))


def test_standard_output_fails(run: Run) -> None:
    for error in (errno.ENOSPC, errno.EIO, errno.EPIPE):
        for _, done in each(run, f"write {{}} error {error}", "-j1", "a"):
            assert (done.status, done.said.count(b"\n")) == (4, 1)
            assert f"standard output: {os.strerror(error)}".encode() in done.said
    whole = run("", "-j1", "a").written
    assert run("write 1+ short", "-j1", "a").written == whole
    assert run(f"write 1 error {errno.EAGAIN}", "-j1", "a").written == whole


@pytest.mark.parametrize("call", ["mkstemp", "fsync", "rename"])
def test_the_file_cannot_be_made_or_completed(run: Run, call: str, tmp_path: Path) -> None:
    for _, done in each(run, f"{call} {{}} error {errno.EIO}", *MERGES["callgrind"]):
        assert (done.status, done.said) == (4, f"theseus-merge: out: {os.strerror(errno.EIO)}\n".encode())
        check_output(tmp_path, (b"as before",))


def test_closing_fails(run: Run, tmp_path: Path) -> None:
    """Of the output it is an error; of an input it is none."""
    whole = wanted(run, tmp_path, *MERGES["callgrind"])
    statuses = []
    for _, done in each(run, f"close {{}} error {errno.EIO}", *MERGES["callgrind"]):
        statuses.append(done.status)
        check_output(tmp_path, (whole,) if done.status == 0 else (b"as before",))
    assert statuses == [0, 0, 0, 4]


def test_every_read_fails(run: Run, tmp_path: Path) -> None:
    for _, done in each(run, f"read {{}} error {errno.EIO}", *MERGES["callgrind"]):
        assert done.status == 3 and os.strerror(errno.EIO).encode() in done.said
        check_output(tmp_path, (b"as before",))
    for _, done in each(run, f"read {{}} error {errno.EIO}", "--ignore-errors", *MERGES["callgrind"]):
        assert done.status == 1 and done.said.count(b"\n") == 1


@merges
@pytest.mark.parametrize("onwards", ["", "+"], ids=["one", "all from there"])
def test_every_allocation_fails(run: Run, arguments: tuple[str, ...], onwards: str, tmp_path: Path) -> None:
    """The program ends with a message, or manages without: then nothing is missing."""
    whole = wanted(run, tmp_path, *arguments)
    for number, done in each(run, f"alloc {{}}{onwards} error {errno.ENOMEM}", *arguments):
        assert done.status in (0, 5), (number, done.status, done.said)
        assert done.status == 0 or b"memory" in done.said or b"thread" in done.said, number
        check_output(tmp_path, (whole,) if done.status == 0 else (b"as before",))


def test_what_cannot_be_read_again_is_saved_in_the_temporary_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe was an input, and the output fails: the sum is in a file that the message names."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    os.mkfifo(tmp_path / "pipe")

    def with_pipe(fault: str, *arguments: str) -> Done:
        with subprocess.Popen(["sh", "-c", "cat p.pb.gz >pipe"], cwd=tmp_path):
            return run(fault, "-o", "out", *arguments, "pipe", "p.pb.gz")

    for format in ("callgrind", "pprof", "folded"):
        assert with_pipe("", f"--format={format}").status == 0
        whole = (tmp_path / "out").read_bytes()
        for fault in (f"write 1 error {errno.ENOSPC}", f"fsync 1 error {errno.EIO}", f"rename 1 error {errno.EACCES}"):
            done = with_pipe(fault, f"--format={format}")
            first, second = done.said.decode().splitlines()
            assert done.status == 4 and first.startswith("theseus-merge: out: ")
            before, _, saved = second.partition(" is in ")
            assert before == "theseus-merge: the merged profile"
            assert Path(saved).parent == folder and Path(saved).read_bytes() == whole
            Path(saved).unlink()
            check_output(tmp_path, (b"as before",))
            assert not list(folder.iterdir())
    done = run(f"write 1 error {errno.ENOSPC}", *MERGES["callgrind"])  # these inputs can be read again
    assert done.said.count(b"\n") == 1 and not list(folder.iterdir())


def test_threads_cannot_be_started(run: Run, tmp_path: Path) -> None:
    whole = wanted(run, tmp_path, *MERGES["two threads"])
    assert run(f"thread 2 error {errno.EAGAIN}", *MERGES["two threads"]).status == 0
    check_output(tmp_path, (whole,))
    done = run(f"thread 1 error {errno.EAGAIN}", *MERGES["two threads"])
    assert (done.status, done.said) == (
        5,
        b"theseus-merge: no thread could be started: Resource temporarily unavailable\n",
    )
    check_output(tmp_path, (b"as before",))
