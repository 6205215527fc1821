# SPDX-License-Identifier: ISC
"""How programs end.  A failure means that the profile is lost at that end, or that the program ends otherwise than it
would without us."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from programs import SLEEP, counts, environment, profile, profiles, run, same, start

import theseus

MAIN = (
    SLEEP
    + """
@defer.inlineCallbacks
def main(reactor):
    yield nap(reactor)
    print("napped", flush=True)
    yield end(reactor)
"""
)
REACT = MAIN + "\ntask.react(main)\n"
RUN = (
    MAIN
    + """
from twisted.internet import reactor
reactor.callWhenRunning(main, reactor)
reactor.run()
print("after", flush=True)
"""
)
NO_REACTOR = "def end(reactor): pass\n" + MAIN + "clock = task.Clock()\nmain(clock)\nclock.advance(1)\n"
FOUND = {"main": 1, "nap": 1}

ENDS = {
    "returns": "def end(reactor): pass\n" + REACT,
    "sys.exit": "def end(reactor): sys.exit(7)\n" + REACT,
    "exception": "def end(reactor): raise KeyError('x')\n" + REACT,
    "uncaught": "def end(reactor): reactor.stop()\n" + RUN + "raise KeyError('y')\n",
    "reactor.stop": "def end(reactor): reactor.stop()\n" + RUN,
    "os._exit": "def end(reactor): os._exit(5)\n" + REACT,
    "atexit": "def end(reactor): import atexit; atexit.register(print, 'bye')\n" + REACT,
    "an exit from a thread": "import threading as t\ndef end(reactor): t.Thread(target=os._exit, args=(4,)).start()\n"
    + REACT.replace("yield end(reactor)", "yield end(reactor)\n    time.sleep(9)"),
    "SIGTERM, reactor": "def end(reactor): os.kill(os.getpid(), signal.SIGTERM)\n" + RUN,
    "SIGINT, reactor": "def end(reactor): os.kill(os.getpid(), signal.SIGINT)\n" + RUN,
    "SIGTERM, no reactor": NO_REACTOR + "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(9)\n",
    "SIGINT, no reactor": NO_REACTOR + "os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n",
    "SIGTERM, no handlers": "def end(reactor): os.kill(os.getpid(), signal.SIGTERM)\n"
    + RUN.replace("run()", "run(installSignalHandlers=False)"),
    "killed as twistd does": "def end(reactor): os.kill(os.getpid(), signal.SIGTERM)\n"
    + RUN
    + "signal.signal(signal.SIGTERM, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIGTERM)\n",
    "handlers of its own": "def bye(*a):\n    print('bye', flush=True)\n    sys.exit(3)\nimport signal, sys\n"
    + "signal.signal(signal.SIGTERM, bye)\ndef end(reactor): reactor.stop()\n"
    + RUN
    + "signal.signal(signal.SIGTERM, bye)\nos.kill(os.getpid(), signal.SIGTERM)\n",
    "SIGTERM ignored": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ndef end(reactor): pass\n"
    + MAIN
    + "task.react(main)\n",
}


@pytest.mark.parametrize("end", ENDS)
def test_an_end(tmp_path: pathlib.Path, end: str) -> None:
    status, out, err = same(tmp_path, ENDS[end])
    assert b"napped" in out, err
    assert counts(tmp_path / "out.pb.gz") == FOUND
    assert profiles(tmp_path) == ["out.pb.gz"]
    assert profile(tmp_path / "out.pb.gz").origin["desc"].splitlines()[0] == "Trigger: Program termination"


def test_the_ends_are_what_they_say(tmp_path: pathlib.Path) -> None:
    wanted = {"returns": 0, "sys.exit": 7, "exception": 1, "os._exit": 5, "an exit from a thread": 4}
    wanted |= {
        "SIGTERM, no reactor": -15,
        "SIGINT, no reactor": -2,
        "killed as twistd does": -15,
        "handlers of its own": 3,
    }
    assert {end: run(tmp_path, ENDS[end])[0] for end in wanted} == wanted


def test_a_valid_file_from_the_start(tmp_path: pathlib.Path) -> None:
    """Killed by SIGKILL, the program leaves the file of its start, or of the last interval; it says which."""
    forever = "def end(reactor): return defer.Deferred()\n" + REACT
    for hook, found in ("out.pb.gz", {}), ("out.pb.gz,every=0.05", FOUND):
        with start(tmp_path, forever, hook=hook) as process:
            assert process.stdout is not None and process.stdout.readline() == b"napped\n"
            for _ in range(400):
                if {**counts(tmp_path / "out.pb.gz"), "end": 1} == {**found, "end": 1}:
                    break
                time.sleep(0.05)
            assert f"process {process.pid} runs" in report(tmp_path / "out.pb.gz")[1][0]
            process.kill()
            assert process.wait(60) == -9
        assert {name: number for name, number in counts(tmp_path / "out.pb.gz").items() if name in FOUND} == found
        status, (note,) = report(tmp_path / "out.pb.gz")
        assert status == 0 and f"process {process.pid} was killed" in note
        said = profile(tmp_path / "out.pb.gz").origin["desc"].splitlines()[0]
        assert said == ("Trigger: interval" if found else "Trigger: start")
        (tmp_path / "out.pb.gz").unlink()
        assert profiles(tmp_path) == []


@pytest.mark.parametrize("name", ["callgrind.out.x", "out.folded", "out.cg", "out"])
def test_formats(tmp_path: pathlib.Path, name: str) -> None:
    assert run(tmp_path, ENDS["returns"], hook=name) == run(tmp_path, ENDS["returns"])
    data = (tmp_path / name).read_bytes()
    assert b"main" in data and data.startswith(b"# callgrind format") == (name != "out.folded")


def test_write_at_exit(tmp_path: pathlib.Path) -> None:
    for name in ("out.pb.gz", "callgrind.out.1"):
        code = f"from theseus import Tracer\nTracer(write_at_exit={name!r}).install()\n" + ENDS["killed as twistd does"]
        assert run(tmp_path, code)[0] == -15
    assert counts(tmp_path / "out.pb.gz") == FOUND
    assert (tmp_path / "callgrind.out.1").read_bytes().startswith(b"# callgrind format")


# ---- bad days


def test_a_file_that_exists(tmp_path: pathlib.Path) -> None:
    """It stays, and the profile has another name."""
    (tmp_path / "out.pb.gz").write_bytes(b"mine")
    plain = run(tmp_path, ENDS["sys.exit"])
    with start(tmp_path, ENDS["sys.exit"], hook="out.pb.gz") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == plain[:2]
    assert (tmp_path / "out.pb.gz").read_bytes() == b"mine"
    other = tmp_path / f"out.{process.pid}.pb.gz"
    assert counts(other) == FOUND
    assert err.decode() == f"theseus: the file was there already: the profile is in {other}\n"


def test_two_processes_with_one_name(tmp_path: pathlib.Path) -> None:
    both = [start(tmp_path, ENDS["returns"], hook="out.pb.gz") for _ in range(2)]
    for process in both:
        process.communicate(timeout=60)
    found = profiles(tmp_path)
    assert len(found) == 2 and "out.pb.gz" in found
    assert all(counts(tmp_path / name) == FOUND for name in found)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/full", b"No space left on device"),
        ("missing/out.pb.gz", b"No such file or directory"),
        ("shop.py/out.pb.gz", b"Not a directory"),
        ("/proc/out.pb.gz", b"No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_written(tmp_path: pathlib.Path, path: str, reason: bytes) -> None:
    """The reason is told, and the profile goes to the temporary folder."""
    if path.startswith("/") and not os.path.exists(os.path.dirname(path)):
        pytest.skip(f"no {path} here")
    away = tmp_path / "tmp"
    away.mkdir()
    plain = run(tmp_path, ENDS["exception"])
    env = environment(THESEUS=path, TMPDIR=str(away))
    done = subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, env=env, capture_output=True, timeout=60)
    (rescued,) = away.iterdir()
    assert (done.returncode, done.stdout) == plain[:2]
    assert done.stderr.startswith(plain[2])
    said = done.stderr[len(plain[2]) :]
    assert reason in said and str(rescued).encode() in said and said.count(b"\n") == 1
    assert counts(rescued) == FOUND


def test_nowhere_to_write(tmp_path: pathlib.Path) -> None:
    (tmp_path / "shop.py").write_text(ENDS["sys.exit"])
    code = "import tempfile\ndef fail(**k): raise OSError('no')\ntempfile.mkstemp = fail\n" + ENDS["sys.exit"]
    status, out, err = run(tmp_path, code, hook="/dev/full")
    assert (status, out) == (7, b"napped\n")
    assert err.endswith(b"the profile is lost\n") and err.count(b"\n") == 1


def test_a_program_that_changes_its_folder(tmp_path: pathlib.Path) -> None:
    code = SLEEP + "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n" + ENDS["returns"]
    assert same(tmp_path, code)[0] == 0
    assert counts(tmp_path / "out.pb.gz") == FOUND


def test_a_home_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    (tmp_path / "shop.py").write_text(ENDS["returns"])
    env = environment(THESEUS="out.pb.gz", HOME="/proc", TMPDIR="/proc", XDG_RUNTIME_DIR=None)
    done = subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, env=env, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"napped\n", b"")
    assert counts(tmp_path / "out.pb.gz") == FOUND


CLOSES = """
def end(reactor):
    os.closerange(0, 256) if "late" in sys.argv else None
    other = os.open("other", os.O_RDWR | os.O_CREAT)  # gets a number that was ours
    for number in range(3, 8):
        os.dup2(other, number) if number != other and "late" in sys.argv else None
    os._exit(6)
"""


def test_a_program_that_closes_all_descriptors(tmp_path: pathlib.Path) -> None:
    """Nothing is written into a file that has got the number of the standard error."""
    (tmp_path / "x").write_bytes(b"")
    status, out, _err = run(tmp_path, CLOSES + REACT, "late", hook="/dev/full")
    assert (status, out) == (6, b"napped\n")
    assert (tmp_path / "other").read_bytes() == b""
    (tmp_path / "other").unlink()
    assert run(tmp_path, CLOSES + REACT, "late", hook="out.pb.gz")[0] == 6
    assert counts(tmp_path / "out.pb.gz") == FOUND


def report(path: pathlib.Path) -> tuple[int, list[str]]:
    """The exit status, and what is noted beside the report."""
    done = subprocess.run([sys.executable, "-m", "theseus", "report", path], capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode().splitlines()


# ---- children


FORKS = (
    SLEEP
    + """
@defer.inlineCallbacks
def child(reactor, *a):
    yield nap(reactor)
    yield nap(reactor)

@defer.inlineCallbacks
def main(reactor, *a):
    yield nap(reactor)

def saved(pattern):
    # Returns when a file has been replaced so often that it has all that happened before.
    import glob
    seen = set()
    for _ in range(1200):
        seen |= {os.stat(path).st_mtime_ns for path in glob.glob(pattern)}
        if len(seen) > 2:
            return
        time.sleep(0.01)

def react(f):
    try:
        task.react(f)
    except SystemExit:
        pass
"""
)
BEFORE = FORKS + "pid = os.fork()\nreact(main if pid else child)\n" + "if pid: os.waitpid(pid, 0)\n"
WORKER = (
    FORKS
    + """
react(main)
pid = os.fork()
if not pid:
    from twisted.internet.task import Clock
    for i in range(3):
        clock = Clock()
        d = child(clock)
        clock.pump([0.1] * 4)
    os._exit(0)
print(os.waitpid(pid, 0)[1])
"""
)


@pytest.mark.parametrize("name", ["out.pb.gz", "callgrind.out.1", "out.folded"])
def test_children_are_added(tmp_path: pathlib.Path, name: str) -> None:
    assert run(tmp_path, BEFORE, hook=name) == run(tmp_path, BEFORE)
    assert profiles(tmp_path) == [name]
    if name.endswith("gz"):
        assert counts(tmp_path / name) == {"main": 1, "child": 1, "nap": 3}
    else:
        data = (tmp_path / name).read_bytes()
        assert b"main" in data and b"child" in data


def test_a_child_begins_a_profile_of_its_own(tmp_path: pathlib.Path) -> None:
    assert same(tmp_path, WORKER) == (0, b"0\n", b"")
    assert counts(tmp_path / "out.pb.gz") == {"main": 1, "child": 3, "nap": 7}
    assert profiles(tmp_path) == ["out.pb.gz"]


def test_parts_are_kept_if_somebody_wants_them(tmp_path: pathlib.Path) -> None:
    assert run(tmp_path, WORKER, hook="out.pb.gz,parts")[0] == 0
    parts = sorted((tmp_path / "out.pb.gz.parts").glob("*.pb.gz"))
    assert sorted(counts(part).get("child", 0) for part in parts) == [0, 3]
    assert report(tmp_path / "out.pb.gz") == (0, [])
    whole = theseus.merge(parts)
    assert isinstance(whole, theseus.Profile) and len(list(whole)) == len(list(profile(tmp_path / "out.pb.gz")))


def test_children_are_left_alone_if_somebody_wants_that(tmp_path: pathlib.Path) -> None:
    assert run(tmp_path, WORKER, hook="out.pb.gz,children=0") == run(tmp_path, WORKER)
    assert counts(tmp_path / "out.pb.gz") == {"main": 1, "nap": 1}
    assert profiles(tmp_path) == ["out.pb.gz"]


def test_a_child_that_outlives_its_parent(tmp_path: pathlib.Path) -> None:
    code = FORKS + "pid = os.fork()\nif not pid: time.sleep(0.7)\nreact(main if pid else child)\n"
    with open(tmp_path / "shop.out", "wb") as out:
        assert run(tmp_path, code, hook="out.pb.gz", stdout=out, stderr=out)[0] == 0
    for _ in range(200):
        if counts(tmp_path / "out.pb.gz").get("child"):
            break
        time.sleep(0.05)
    time.sleep(0.1)
    assert counts(tmp_path / "out.pb.gz") == {"main": 1, "child": 1, "nap": 3}
    assert profiles(tmp_path) == ["out.pb.gz", "shop.out"]


DAEMON = (
    FORKS
    + """
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.closerange(0, 64)
for number in range(3):
    os.open(os.devnull, os.O_RDWR)
react(main)
"""
)


def test_a_daemon(tmp_path: pathlib.Path) -> None:
    assert run(tmp_path, DAEMON, hook="out.pb.gz") == (0, b"", b"")
    for _ in range(200):
        if counts(tmp_path / "out.pb.gz"):
            break
        time.sleep(0.05)
    assert counts(tmp_path / "out.pb.gz") == {"main": 1, "nap": 1}


POOL = (
    FORKS
    + """
import multiprocessing

def work(number):
    react(child)
    return number

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    react(main)
    processes = [context.Process(target=work, args=(i,)) for i in range(2)]
    for process in processes: process.start()
    for process in processes: process.join()
    print([process.exitcode for process in processes])
"""
)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(tmp_path: pathlib.Path, method: str) -> None:
    code = POOL.replace("    react(main)\n", "") if method == "fork" else POOL  # a reactor runs once
    assert same(tmp_path, code, method)[:2] == (0, b"[0, 0]\n")
    found = {name.removeprefix("__mp_main__."): n for name, n in counts(tmp_path / "out.pb.gz").items() if n > 1}
    assert found == {"child": 2, "nap": 4}
    assert profiles(tmp_path) == ["out.pb.gz"]


SPAWNS = (
    SLEEP
    + """
from twisted.internet import error, protocol

class Ended(protocol.ProcessProtocol):
    def __init__(self): self.d = defer.Deferred()
    def processEnded(self, reason): self.d.callback(reason.value.exitCode)

@defer.inlineCallbacks
def main(reactor, *a):
    yield nap(reactor)
    if not a:
        ended = Ended()
        reactor.spawnProcess(ended, sys.executable, [sys.executable, "shop.py", "child"], env=None)
        print((yield ended.d))

task.react(main, sys.argv[1:])
"""
)


def test_processes_that_twisted_spawns(tmp_path: pathlib.Path) -> None:
    assert same(tmp_path, SPAWNS)[:2] == (0, b"0\n")
    assert counts(tmp_path / "out.pb.gz") == {"main": 2, "nap": 2}
    assert profiles(tmp_path) == ["out.pb.gz"]


def test_a_child_that_is_killed(tmp_path: pathlib.Path) -> None:
    """What it had written is added."""
    code = WORKER.replace("os._exit(0)", "saved(f'*.parts/{os.getpid()}-*'); os.kill(os.getpid(), 9)")
    assert run(tmp_path, code, hook="out.pb.gz,every=0.05") == (0, b"9\n", b"")
    assert counts(tmp_path / "out.pb.gz") == {"main": 1, "child": 3, "nap": 7}
    assert profiles(tmp_path) == ["out.pb.gz"]


def test_a_root_that_is_killed(tmp_path: pathlib.Path) -> None:
    """The child that ends last adds up what there is."""
    code = (
        FORKS
        + """
react(main)
from twisted.internet.task import Clock
saved("out.pb.gz")
root = os.getpid()
if os.fork():
    os.kill(os.getpid(), signal.SIGKILL)
while os.getppid() == root:
    time.sleep(0.01)
clock = Clock()
child(clock)
clock.pump([0.1] * 4)
"""
    )
    with open(tmp_path / "shop.out", "wb") as out:
        assert run(tmp_path, code, hook="out.pb.gz,every=0.05", stdout=out, stderr=out)[0] == -9
    for _ in range(200):
        if counts(tmp_path / "out.pb.gz").get("child"):
            break
        time.sleep(0.05)
    assert counts(tmp_path / "out.pb.gz") == {"main": 1, "child": 1, "nap": 3}


def test_no_thread_is_seen_and_no_warning_of_a_fork(tmp_path: pathlib.Path) -> None:
    code = WORKER + "import threading\nprint(threading.active_count())\n"
    plain = run(tmp_path, code, flags=("-W", "always::DeprecationWarning"))
    assert run(tmp_path, code, flags=("-W", "always::DeprecationWarning"), hook="out.pb.gz,every=0.01") == plain


TERMINATES = """
import multiprocessing

if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    react(main)
    process.terminate()
    process.join()
    print(process.exitcode)
"""


def test_sigterm_while_a_child_runs(tmp_path: pathlib.Path) -> None:
    code = FORKS + TERMINATES
    assert same(tmp_path, code)[:2] == (0, b"%d\n" % -signal.SIGTERM)
    assert counts(tmp_path / "out.pb.gz") == {"main": 1, "nap": 1}
    assert profiles(tmp_path) == ["out.pb.gz"]


def test_all_are_killed(tmp_path: pathlib.Path) -> None:
    """Nobody adds the parts up: the report does."""
    code = WORKER.replace("os._exit(0)", "saved(f'*.parts/{os.getpid()}-*'); os.kill(root, 9); os.kill(os.getpid(), 9)")
    code = code.replace("react(main)\n", "react(main)\nsaved('out.pb.gz')\nroot = os.getpid()\n")
    assert run(tmp_path, code, hook="out.pb.gz,every=0.05")[0] == -9
    assert "out.pb.gz.parts" in profiles(tmp_path)
    status, notes = report(tmp_path / "out.pb.gz")
    assert status == 0 and "with 1 part of" in notes[0] and sum("was killed" in note for note in notes) == 2
