# SPDX-License-Identifier: ISC
"""A failure means that theseus-merge merges wrongly, refuses what it should take, takes what it should refuse, or
leaves an output that is neither whole nor as before."""

from __future__ import annotations

import gzip
import os
import pty
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from theseus import Profile, TheseusError
from theseus.graph import Graph, load, merge

HEADER = b"pid: 1\ncmd: app\nevent: Ir : Instructions\nevents: Ir\n"
FILE = HEADER + b"fl=/a.c\nfn=main\n3 10\ncfn=f\ncalls=2 9\n4 5\nfn=f\n9 5\n"
BROKEN = b"events: Ir\nfn=main\n3 1 2 3\n"


def find() -> str | None:
    """The command that was built, or the installed one beside this Python, or in the PATH."""
    built = [
        os.environ.get("THESEUS_MERGE", ""),
        os.path.join(os.environ.get("top_builddir", ""), "libtheseus/theseus-merge"),
    ]
    for path in [*built, str(Path(sys.executable).with_name("theseus-merge"))]:
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return os.path.abspath(path)
    return shutil.which("theseus-merge")


COMMAND = find()
pytestmark = pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")


def run(*arguments: str | Path, stdin: bytes = b"", **options: object) -> subprocess.CompletedProcess[bytes]:
    everything: dict[str, Any] = {"input": stdin, "capture_output": True, **options}
    return subprocess.run([str(COMMAND), *map(str, arguments)], **everything)


def merged(*arguments: str | Path, stdin: bytes = b"") -> bytes:
    done = run(*arguments, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """a and b, the same but for their pid; c is b gzipped; sub/d is a; a hidden file is no profile."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a").write_bytes(FILE)
    (tmp_path / "b").write_bytes(FILE.replace(b"pid: 1", b"pid: 2"))
    (tmp_path / "c").write_bytes(gzip.compress(FILE.replace(b"pid: 1", b"pid: 2")))
    (tmp_path / "sub" / "d").write_bytes(FILE)
    (tmp_path / ".hidden").write_bytes(b"no profile")
    return tmp_path


def totals(data: bytes) -> str:
    return data.decode().rpartition("\ntotals: ")[2].strip()


def test_one_is_as_it_was(files: Path) -> None:
    once = merged(files / "a")
    assert totals(once) == "15" and b"pid: 1\ncmd: app\n" in once and b"Source" not in once
    assert merged("-", stdin=once) == once


@pytest.mark.parametrize("jobs", ["1", "2", "7"])
def test_many(files: Path, jobs: str) -> None:
    out = merged("-j", jobs, files / "a", files / "b", files / "c")
    assert totals(out) == "45"
    assert b"pid:" not in out and b"cmd: app\n" in out
    assert [line for line in out.decode().splitlines() if "Source" in line] == [
        f"desc: Source: {files / name}" for name in "abc"
    ]
    assert b"\n3 30\n" in out and b"calls=6 9\n4 15\n" in out


def test_arguments(files: Path) -> None:
    assert totals(merged(files)) == "60"  # a, b, c and sub/d
    (files / "list").write_text(f"{files / 'a'}\r\n\n{files / 'b'}\n{files / 'a'}\n")
    assert totals(merged(f"@{files / 'list'}")) == "45"  # a file that is named twice counts twice
    assert totals(merged("@-", stdin=str(files / "a").encode())) == "15"
    assert totals(merged("-", stdin=gzip.compress(FILE) + gzip.compress(b"fn=f\n1 1\n"))) == "16"


def test_zstd(files: Path) -> None:
    zstd = shutil.which("zstd")
    if not zstd:
        pytest.skip("zstd is not installed")
    subprocess.run([zstd, "-q", str(files / "a"), "-o", str(files / "z")], check=True)
    assert merged(files / "z") == merged(files / "a")


def test_events(files: Path) -> None:
    (files / "e").write_bytes(b"event: Dr : reads [count]\nevents: Dr Ir\nfl=/a.c\nfn=main\n3 1 2\n")
    assert b"\nevents: Ir Dr\nsummary: 17 1\n" in merged(files / "a", files / "e")
    for _ in range(5):  # whichever thread is first
        assert b"\nevents: Dr Ir\nsummary: 1 32\n" in merged("-j4", files / "e", files / "a", files / "b")
    assert b"\nevents: Dr\nsummary: 1\n" in merged("--events=Dr", files / "a", files / "e")
    assert b"\nevents: Dr Ir\n" in merged("--events=Dr,Ir", files / "a", files / "e")
    done = run("--events=Dw", files / "a")
    assert (done.returncode, done.stderr) == (2, b"theseus-merge: no input has an event Dw\n")
    (files / "s").write_bytes(b"event: Dr : reads [bytes]\nevents: Dr\n")
    for jobs in ("-j1", "-j2"):
        done = run(jobs, files / "e", files / "s")
        assert done.returncode == 3 and b"unit" in done.stderr


def test_formats(files: Path, tmp_path: Path) -> None:
    empty = tmp_path / "p.pb.gz"
    Profile().write(empty, format="pprof")
    found = tmp_path / "both.pb.gz"
    assert run("--format=pprof", "-o", found, empty, empty).returncode == 0
    assert isinstance(load(found), Profile)
    assert merged("--format=folded", empty) == b""
    callgrind = Profile().encoded()
    assert merged(empty, empty) == callgrind
    mixed = merged(empty, files / "a")
    assert totals(mixed) == "0 0 0 0 0 15"
    for format in ("pprof", "folded"):
        done = run(f"--format={format}", empty, files / "a")
        assert done.returncode == 2 and b"callgrind files have no stacks" in done.stderr


@pytest.mark.parametrize(
    "first",
    [b"", b"\x48\x81\x80\x01", b"\x5a\x04\x08\x01\x10\x02", b"\x60\x80\x80\x20"],
    ids=["sample types", "time", "period type", "period"],
)
def test_pprof_whichever_field_is_first(first: bytes, tmp_path: Path) -> None:
    """Go's own files begin with the time, or with what a period is."""
    path = tmp_path / "p.pb"
    path.write_bytes(first + gzip.decompress(Profile().encoded("pprof")))
    assert isinstance(load(path), Profile)
    assert merged(path) == Profile().encoded()
    assert isinstance(merge([path]), Profile)


@pytest.mark.parametrize("data", [b"\x7fELF\2\1\1\0" + bytes(99), b"\xfd7zXZ\0\0\4", bytes(99), b"a\nb\0c"])
def test_bytes_that_are_no_text_are_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(data)
    done = run(path)
    assert done.returncode == 3 and done.stdout == b""
    assert done.stderr.startswith(f"theseus-merge: {path}: at byte ".encode()) and done.stderr.count(b"\n") == 1
    with pytest.raises(TheseusError):
        load(path)


def test_pprof_inputs_are_sources(files: Path) -> None:
    (files / "empty").write_bytes(Profile().encoded("pprof"))
    (files / "broken").write_bytes(b"\x0a\x05")

    def sources(*names: str) -> list[str]:
        out = run("--ignore-errors", *(files / name for name in names)).stdout.decode()
        return [Path(line.partition("desc: Source: ")[2]).name for line in out.splitlines() if "Source" in line]

    assert sources("empty", "a") == sources("a", "empty") == ["a", "empty"]
    os.link(files / "empty", files / "same")
    assert sources("same", "empty") == ["empty", "same"]
    assert sources("a", "broken", "empty") == ["a", "empty"]
    assert sources("empty") == []  # as of a callgrind file


def test_refused(files: Path) -> None:
    (files / "bad").write_bytes(BROKEN)
    out = files / "out"
    out.write_bytes(b"as before")
    done = run("-o", out, files / "a", files / "bad")
    assert done.returncode == 3
    assert done.stderr.decode() == f"theseus-merge: {files / 'bad'}:3:5: more costs than there are events\n"
    assert out.read_bytes() == b"as before"
    done = run("--ignore-errors", "-o", out, files / "a", files / "bad", files / "none")
    assert done.returncode == 1 and b"none: No such file" in done.stderr and b"3:5" in done.stderr
    assert totals(out.read_bytes()) == "15"
    assert run(files / "none").returncode == 3
    assert run("--ignore-errors", files / "bad").returncode == 3
    (files / "cut").write_bytes((files / "c").read_bytes()[:-10])
    done = run(files / "cut")
    assert done.returncode == 3 and b"the compressed data ends too early" in done.stderr
    assert not [path for path in files.iterdir() if path.name.startswith(".out")]


def test_strict(files: Path) -> None:
    (files / "odd").write_bytes(FILE + b"odd\n")
    done = run(files / "odd")
    where, what = f"theseus-merge: {files / 'odd'}:13:1: ", "a line that makes no sense is left out\n"
    assert (done.returncode, done.stderr.decode()) == (0, f"{where}warning: {what}")
    done = run("--strict", files / "odd")
    assert (done.returncode, done.stderr.decode(), done.stdout) == (3, where + what, b"")
    (files / "odd").write_bytes(FILE + b"odd\n" * 5 + b"1 1 1 1 1\n")  # of a file that is not read nothing else matters
    done = run(files / "odd")
    assert (done.returncode, done.stderr.count(b"\n")) == (3, 1) and b"18:" in done.stderr


def test_cut_short(files: Path) -> None:
    """A file of ours that is not all there is told from a whole one wherever it is cut."""
    whole = merged(files / "a", files / "b")
    body = whole.index(b"fn=")
    for end in range(whole.index(b"\n", body), whole.index(b"totals:")):
        (files / "cut").write_bytes(whole[:end])
        done = run(files / "cut")
        assert done.returncode == 3 or b": warning: the file ends before its `totals:` line" in done.stderr
        done = run("--strict", files / "cut")
        assert (done.returncode, done.stdout) == (3, b""), end
    (files / "cut").write_bytes(whole)
    done = run("--strict", files / "cut")
    assert (done.returncode, done.stderr) == (0, b"")


def test_output(files: Path) -> None:
    wanted = merged(files / "a", files / "b")
    out = files / "new"
    assert run("-o", out, files / "a", files / "b").returncode == 0
    assert out.read_bytes() == wanted
    done = run("-o", files / "a", files / "a", files / "b")
    assert done.returncode == 4 and b"--force" in done.stderr and (files / "a").read_bytes() == FILE
    os.link(files / "a", files / "other-name")
    assert run("-o", files / "other-name", files / "a").returncode == 4
    os.symlink("a", files / "link")
    os.chmod(files / "a", 0o640)
    assert run("--force", "-o", files / "link", files / "a", files / "b").returncode == 0
    assert (files / "a").read_bytes() == wanted and (files / "link").is_symlink()
    assert (files / "a").stat().st_mode & 0o777 == 0o640
    assert run("-o", files / "none" / "x", files / "b").returncode == 4
    assert run("-o", files, files / "b").returncode == 4
    assert run("-o", "/dev/null", files / "b").returncode == 0
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([str(COMMAND), str(files / "b")], stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 4 and b"No space left" in done.stderr


def test_closed_descriptors(files: Path) -> None:
    """A file of the command's own must not become standard error, or messages would go into it."""
    (files / "odd").write_bytes(FILE + b"odd\n")
    wanted = run(files / "odd").stdout
    for closed in ("2>&-", "0<&- 2>&-", "0<&- 1>&- 2>&-"):
        done = subprocess.run(["sh", "-c", f'exec "$0" -o out odd {closed}', str(COMMAND)], cwd=files)
        assert done.returncode == 0
        assert (files / "out").read_bytes().replace(b"Source: odd", b"") == wanted
    done = subprocess.run(["sh", "-c", 'exec "$0" odd 1>&-', str(COMMAND)], cwd=files, stderr=subprocess.PIPE)
    assert done.returncode == 4 and b"standard output: Bad file descriptor" in done.stderr


def test_disk_full(files: Path) -> None:
    """A limit on the size of files stands for a disk that is full."""
    big = files / "big"
    lines = b"".join(b"%d 1\n" % line for line in range(100000))
    big.write_bytes(b"events: Ir\nfl=/a.c\nfn=main\n" + lines)
    out = files / "out"
    out.write_bytes(b"as before")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

    done = subprocess.run([str(COMMAND), "-o", str(out), str(big)], preexec_fn=limit, capture_output=True)
    assert done.returncode == 4 and b"too large" in done.stderr
    assert out.read_bytes() == b"as before"
    assert sorted(path.name for path in files.iterdir() if "out" in path.name) == ["out"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_killed(files: Path, number: signal.Signals) -> None:
    """At any moment: the output is what it was, or whole."""
    big = files / "big"
    lines = b"".join(b"%d 1\n" % (line % 4000) for line in range(400000))
    big.write_bytes(b"events: Ir\nfl=/a.c\nfn=main\n" + lines)
    out = files / "out"
    out.write_bytes(b"as before")
    draw = random.Random(7)
    for _ in range(8):
        process = subprocess.Popen([str(COMMAND), "-j2", "-o", str(out), *[str(big)] * 10], stderr=subprocess.DEVNULL)
        time.sleep(draw.random() * 0.1)
        process.send_signal(number)
        process.wait()
        data = out.read_bytes()
        assert data == b"as before" or totals(data) == "4000000"
        left = [path for path in files.iterdir() if path.name.startswith(".out")]
        assert not left or number == signal.SIGKILL
        out.write_bytes(b"as before")


def test_vanishing(files: Path) -> None:
    """An input that is gone, or cannot be read, when its turn comes."""
    fifo = files / "fifo"
    os.mkfifo(fifo)
    late = files / "late"
    late.write_bytes(FILE)
    command = [str(COMMAND), "-j1", "--ignore-errors", str(fifo), str(late), str(files / "a")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with fifo.open("wb") as pipe:  # by now it knows of all of them
        late.unlink()
        pipe.write(FILE)
    out, said = process.communicate()
    assert process.returncode == 1 and totals(out) == "30"
    assert said.decode() == f"theseus-merge: {late}: No such file or directory\n"


def test_memory_limit(files: Path) -> None:
    big = files / "big"
    big.write_bytes(b"events: Ir\nfn=f\n" + b"".join(b"%d 1\n" % line for line in range(200000)))
    done = run("-j1", "--memory-limit=1M", big)
    assert done.returncode == 5 and b"memory limit" in done.stderr and done.stdout == b""
    assert run("-j1", "--memory-limit=100M", big).returncode == 0


def test_handed_over(files: Path) -> None:
    """Graphs that other threads hand over to the first one's, while that gives up a file in its middle."""
    fifo = files / "fifo"  # has no size, and so is the first thread's
    os.mkfifo(fifo)
    names = []
    for number in range(24):
        names.append(files / f"good{number}")
        names[-1].write_text("events: Ir\n" + "".join(f"fn=g{number}.{k}\n{k} 1\n" for k in range(3000)))
    noise = "".join(f"fn=h{k} {random.Random(k).random()}\n{k} 1\n" for k in range(9000))
    whole = gzip.compress(b"events: Ir\n" + noise.encode())
    command = [str(COMMAND), "-j3", "--ignore-errors", "--memory-limit=54M", str(names[0]), str(fifo)]
    process = subprocess.Popen([*command, *map(str, names[1:])], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with fifo.open("wb") as pipe:
        pipe.write(whole[: len(whole) * 3 // 4])
        pipe.flush()
        time.sleep(0.5)  # meanwhile the others have come to where they wait for the first one
    out, said = process.communicate()
    assert process.returncode == 1 and b"ends too early" in said, said
    assert totals(out) == "72000"


def test_memory_is_flat(files: Path) -> None:
    """Twenty times the input, the same memory."""
    block = b"".join(b"%d 1\n" % line for line in range(100000))
    peaks = []
    for times in (4, 80):
        big = files / "big"
        big.write_bytes(b"events: Ir\nfn=f\n" + block * times)
        done = run("-j1", "--stats", big)
        assert done.returncode == 0
        peaks.append(float(done.stderr.decode().rpartition("memory")[2].split()[0]))
    assert peaks[1] <= peaks[0] * 1.1


def test_ten_thousand(files: Path) -> None:
    many = files / "many"
    many.mkdir()
    for number in range(10000):
        (many / str(number)).write_bytes(b"events: Ir\nfn=f\n%d 1\n" % (number % 10))
    out = merged("-j2", many)
    assert totals(out) == "10000" and out.count(b"desc: Source: ") == 10000
    assert b"\n7 1000\n" in out


def test_usage(files: Path) -> None:
    for arguments in (
        [],
        ["--nonsense"],
        ["--format=xml", "x"],
        ["--jobs=0", "x"],
        ["--jobs=2x", "x"],
        ["--memory-limit=lots", "x"],
        ["--memory-limit=99999999999G", "x"],
        ["--progress=maybe", "x"],
        ["--events=", "x"],
        ["--events=Wait,,Pending", "x"],
        ["--events=Wait,", "x"],
        ["--format=pprof", "--events=Wait", "x"],
    ):
        done = run(*arguments)
        assert done.returncode == 2 and done.stderr and not done.stdout, arguments
    done = run("--help")
    assert done.returncode == 0 and done.stdout.startswith(b"Usage: theseus-merge ")
    assert run("--version").stdout.startswith(b"theseus-merge ")


def test_progress_and_stats(files: Path) -> None:
    done = run("--progress=always", files / "a", files / "b")
    assert b"of 2 files" in done.stderr or done.stderr == b""  # it may have been too quick
    done = run("--stats", files / "a", files / "b")
    assert b"2 merged, 0 skipped" in done.stderr and b"2 functions" in done.stderr
    assert totals(done.stdout) == "30"


def test_manual_and_help_agree() -> None:
    """Every option that --help lists is in the manual, and in both completions."""
    root = Path(__file__).resolve().parents[2] / "libtheseus" / "merge"
    if not (root / "theseus-merge.1").exists():
        pytest.skip("the sources are not here")
    options = {
        word.strip(",").partition("=")[0] for word in run("--help").stdout.decode().split() if word.startswith("--")
    }
    assert len(options) > 8
    manual = (root / "theseus-merge.1").read_text().replace("\\-", "-")
    for text in (manual, *((root / "completions" / name).read_text() for name in ("theseus-merge", "_theseus-merge"))):
        assert not {option for option in options if option not in text}


@pytest.mark.parametrize("typed, completed", [("@li", "@list-of-files"), ("oth", "other")])
def test_completion_in_zsh(typed: str, completed: str, tmp_path: Path) -> None:
    folder, zsh = Path(__file__).resolve().parents[2] / "libtheseus" / "merge" / "completions", shutil.which("zsh")
    if not zsh or not folder.exists():
        pytest.skip("zsh is not installed, or the sources are not here")
    for name in ("list-of-files", "other"):
        (tmp_path / name).touch()
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tmp_path)
        os.execve(zsh, ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb"})

    def said(mark: bytes) -> bytes:
        output, until = b"", time.monotonic() + 30
        while mark not in output and time.monotonic() < until:
            if select.select([terminal], [], [], 0.1)[0]:
                output += os.read(terminal, 4096)
        return output

    try:
        begin = f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u"
        os.write(terminal, f'{begin}; theseus-merge() print -r -- got "<$*>"; print rea""dy\n'.encode())
        assert b"ready\r\n" in said(b"ready\r\n")
        os.write(terminal, f"theseus-merge {typed}\t\n".encode())
        assert f"got <{completed}>".encode() in said(b">\r\n")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def test_random_order(files: Path) -> None:
    """The order of inputs, and how many threads there are, make no difference."""
    draw = random.Random(5)
    names = []
    for number in range(30):
        lines = [
            f"fl=/f{draw.randint(0, 3)}\nfn=g{draw.randint(0, 9)}\n{draw.randint(1, 9)} {number}" for _ in range(20)
        ]
        names.append(files / f"r{number}")
        names[-1].write_text("events: Ir\n" + "\n".join(lines) + "\n")
    wanted = merged("-j1", *names)
    graph = Graph()
    for name in names:
        graph.read(name)
    assert graph.encoded() == wanted
    for jobs in ("-j2", "-j5"):
        draw.shuffle(names)
        assert merged(jobs, *names) == wanted
