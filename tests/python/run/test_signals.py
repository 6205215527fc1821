# SPDX-License-Identifier: ISC
"""theseus run --signal.  A failure means that a hanging program cannot be asked what it waits for, or that it notices
that we listen."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from programs import SLEEP, counts, environment

HANGS = (
    SLEEP
    + """
@defer.inlineCallbacks
def main(reactor):
    yield nap(reactor)
    yield hang(reactor)

def up():
    print("up", flush=True)

def hang(reactor):
    reactor.callLater(0, up)  # when all that is to be pending is
    return defer.Deferred()

if "chained" in sys.argv:
    signal.signal(signal.SIGUSR1, lambda *a: print("its own", flush=True))
if "busy" in sys.argv:
    def hang(reactor):
        up()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
task.react(main)
"""
)


class Running:
    """A program under theseus run."""

    def __init__(self, folder: pathlib.Path, *options: str, arguments: tuple[str, ...] = (), code: str = HANGS) -> None:
        (folder / "shop.py").write_text(code)
        command = [sys.executable, "-m", "theseus", "run", "-o", "out.pb.gz", *options, "shop.py", *arguments]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.pid = self.process.pid
        self.watchdog = threading.Timer(60, self.process.kill)
        self.watchdog.start()
        assert self.process.stdout is not None and self.process.stderr is not None
        self.out, self.err = self.process.stdout, self.process.stderr
        assert self.out.readline() == b"up\n" or "up" not in code

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def said(self, lines: int) -> str:
        return "".join(self.err.readline().decode() for _ in range(lines))

    def end(self) -> int:
        self.watchdog.cancel()
        self.process.kill()
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[list[Running]]:
    found: list[Running] = []
    yield found
    for one in found:
        one.end()


def test_what_is_pending(tmp_path: pathlib.Path, running: list[Running]) -> None:
    shop = Running(tmp_path, "--signal", "USR1")
    running.append(shop)
    for _ in range(2):
        shop.send(signal.SIGUSR1)
        said = shop.said(3)
        assert f"theseus: shop.py {shop.pid}: 2 operations pending; the oldest " in said
        assert "main at " in said and "hang at " in said and "shop.py:" in said
    shop.send(signal.SIGTERM)
    assert shop.process.wait(60) == 0 or shop.process.returncode == 1  # as the reactor ends
    assert counts(tmp_path / "out.pb.gz")["hang"] == 1


def test_a_busy_reactor(tmp_path: pathlib.Path, running: list[Running]) -> None:
    shop = Running(tmp_path, "--signal", "USR1", arguments=("busy",))
    running.append(shop)
    shop.send(signal.SIGUSR1)
    assert "1 operations pending" in shop.said(2).splitlines()[0]


def test_the_second_writes(tmp_path: pathlib.Path, running: list[Running]) -> None:
    shop = Running(tmp_path, "--signal", "SIGUSR1,USR2")
    running.append(shop)
    assert counts(tmp_path / "out.pb.gz") == {}
    shop.send(signal.SIGUSR2)
    assert f"written to {tmp_path / 'out.pb.gz'}" in shop.said(1)
    assert counts(tmp_path / "out.pb.gz")["main"] == 1


def test_off(tmp_path: pathlib.Path, running: list[Running]) -> None:
    code = HANGS.replace("    yield hang(reactor)\n", "    up()\n    while True:\n        yield nap(reactor, 0.01)\n")
    shop = Running(tmp_path, "--off", "--signal", "USR1,USR2", code=code)
    running.append(shop)
    shop.send(signal.SIGUSR2)
    assert "traced from now on" in shop.said(1)
    time.sleep(0.2)
    shop.send(signal.SIGUSR2)
    assert "written to" in shop.said(1)
    assert counts(tmp_path / "out.pb.gz")["nap"] >= 1


def test_the_handler_of_the_program_is_called(tmp_path: pathlib.Path, running: list[Running]) -> None:
    """One that was set later takes the place of ours, as it would take that of any other."""
    shop = Running(tmp_path, "--signal", "USR1", arguments=("chained",))
    running.append(shop)
    shop.send(signal.SIGUSR1)
    assert shop.out.readline() == b"its own\n"


def test_a_program_does_not_see_it(tmp_path: pathlib.Path, running: list[Running]) -> None:
    seen = "print(signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL, threading.active_count(), flush=True)"
    code = HANGS.replace("def up():\n", "def up():\n    import threading\n").replace(
        "flush=True)\n", f"flush=True); {seen}\n", 1
    )
    shop = Running(tmp_path, "--signal", "USR1", code=code)
    running.append(shop)
    assert shop.out.readline() == b"True 1\n"


def test_without_it_signals_are_the_programs(tmp_path: pathlib.Path, running: list[Running]) -> None:
    shop = Running(tmp_path)
    running.append(shop)
    shop.send(signal.SIGUSR1)
    assert shop.process.wait(60) == -signal.SIGUSR1


@pytest.mark.parametrize("options", [["--signal", "KILL"], ["--signal", "USR1,USR2,HUP"], ["--signal", "x"], ["--off"]])
def test_misuse(tmp_path: pathlib.Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "theseus", "run", *options, "-c", "print(1)"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, timeout=60)
    assert done.returncode == 2 and done.stdout == b"" and b"Error: " in done.stderr


def test_a_child_answers_too(tmp_path: pathlib.Path, running: list[Running]) -> None:
    code = (
        SLEEP
        + """
import threading
from twisted.internet.task import Clock
child = os.fork()
if not child:
    d = nap(Clock(), 9)
    print("up", flush=True)
    time.sleep(60)
os.waitpid(child, 0)
"""
    )
    shop = Running(tmp_path, "--signal", "USR1", code=code)
    running.append(shop)
    (child,) = (int(pid) for pid in pathlib.Path(f"/proc/{shop.pid}/task/{shop.pid}/children").read_text().split())
    os.kill(child, signal.SIGUSR1)
    try:
        assert f"shop.py {child}: 2 operations pending" in shop.said(3)
    finally:
        os.kill(child, signal.SIGKILL)
