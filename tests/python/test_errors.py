# SPDX-License-Identifier: ISC
"""A failure means that a mistake of a user is not answered by an error that says what to do, or that it costs what was
measured."""

from __future__ import annotations

import io
import os
import pathlib
import sys
from typing import Any

import pytest
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import Clock, deferLater

from theseus import Profile, Tracer
from theseus.hooks import available
from unnoticed import HOOKS, pending

every_hook = pytest.mark.parametrize("hook", HOOKS)
every_format = pytest.mark.parametrize("format", ["callgrind", "pprof", "folded"])


@pytest.fixture
def tracer() -> Tracer:
    clock = Clock()
    made = Tracer(clock)
    with made:
        d = pending()
        clock.advance(2)
        d.callback(None)
    return made


def written(tracer: Tracer) -> bytes:
    target = io.BytesIO()
    tracer.write_data(target)
    return target.getvalue()


# ---- arguments ----


@pytest.mark.parametrize("hook", ["", "Profile", "monitor", "c", None, 3])
def test_an_unknown_hook(hook: Any) -> None:
    with pytest.raises(ValueError, match="unknown hook .*portable, profile, monitoring") as caught:
        Tracer(hook=hook)
    assert repr(hook) in str(caught.value)


@pytest.mark.skipif("monitoring" in available(), reason="this interpreter has them all")
def test_a_hook_that_this_interpreter_has_not() -> None:
    with pytest.raises(ValueError, match='has no hook .monitoring., only: portable, profile; "auto"'):
        Tracer(hook="monitoring")


def test_auto_is_the_fastest_there_is() -> None:
    assert Tracer().hook == Tracer(hook="auto").hook == available()[-1]
    assert available()[-1] == ("monitoring" if sys.version_info >= (3, 12) else "profile")


@pytest.mark.parametrize("reactor", [object(), 3, "reactor", Clock().seconds, type("Has", (), {"seconds": 1.0})()])
def test_a_reactor_without_seconds(reactor: Any) -> None:
    with pytest.raises(TypeError, match=r"method seconds\(\).*leave it out") as caught:
        Tracer(reactor)
    assert repr(reactor) in str(caught.value)


def test_no_reactor_is_imported() -> None:
    import subprocess

    program = (
        "import sys, theseus; t = theseus.Tracer(); t.install(); t.snapshot(); t.uninstall(); "
        "sys.exit('twisted.internet.reactor' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.parametrize("format", ["", "Callgrind", "svg", None])
def test_an_unknown_format(tracer: Tracer, format: Any, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "profile"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="unknown format .*callgrind, pprof, folded"):
        tracer.write(path, format=format)
    assert path.read_bytes() == b"old"


def test_an_unknown_event(tracer: Tracer) -> None:
    target = io.BytesIO()
    with pytest.raises(ValueError, match="unknown event 'Time': .* has Wait, Latency, Deferreds, Failed, Pending"):
        tracer.write(target, format="folded", event="Time")
    assert target.getvalue() == b""


@pytest.mark.parametrize("fraction", [-0.1, 1.1, 50, float("nan")])
def test_a_fraction_that_is_none(tracer: Tracer, fraction: float) -> None:
    (stack,) = tracer.snapshot()
    with pytest.raises(ValueError, match="from 0 to 1"):
        stack.percentile(fraction)


def test_merging_what_is_no_profile(tracer: Tracer) -> None:
    for other in (tracer, None, b"", [tracer.snapshot()]):
        with pytest.raises(TypeError, match="a Profile merges with a Profile"):
            tracer.snapshot().merge(other)  # type: ignore[arg-type]


# ---- files ----


@every_format
def test_a_text_file(tracer: Tracer, format: str, tmp_path: pathlib.Path) -> None:
    with open(tmp_path / "file", "w") as file:
        with pytest.raises(TypeError, match="'wb'"):
            tracer.write_data(file)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="'wb'"):
            tracer.write(file, format=format)  # type: ignore[arg-type]
        assert not file.closed
    with pytest.raises(TypeError, match="'wb'"):
        tracer.write_data(io.StringIO())  # type: ignore[arg-type]
    assert (tmp_path / "file").read_bytes() == b""


@every_format
def test_a_closed_file(tracer: Tracer, format: str, tmp_path: pathlib.Path) -> None:
    file = open(tmp_path / "file", "wb")
    file.close()
    for closed in (file, io.BytesIO()):
        closed.close()
        with pytest.raises(ValueError, match="closed"):
            tracer.write_data(closed)
        with pytest.raises(ValueError, match="closed"):
            tracer.write(closed, format=format)


@pytest.mark.parametrize("target", [None, 3, b"bytes", object()])
def test_what_is_no_file(tracer: Tracer, target: Any) -> None:
    with pytest.raises(TypeError):
        tracer.write(target)
    with pytest.raises(TypeError):
        tracer.write_data(target)


def test_write_data_takes_no_path(tracer: Tracer, tmp_path: pathlib.Path) -> None:
    for path in (tmp_path / "file", str(tmp_path / "file")):
        with pytest.raises(TypeError, match="'wb'"):
            tracer.write_data(path)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_file_for_reading(tracer: Tracer, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with open(tmp_path / "file", "rb") as file, pytest.raises(OSError):
        tracer.write_data(file)
    assert (tmp_path / "file").read_bytes() == b"old"


def test_the_file_stays_open_and_the_error_is_its_own(tracer: Tracer) -> None:
    class Full(io.RawIOBase):
        taken = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            if len(self.taken) > 100:
                raise OSError(28, "No space left on device")
            self.taken += bytes(data[:7])  # a raw file may take a part
            return min(7, len(data))

    target = Full()
    with pytest.raises(OSError, match="No space left"):
        tracer.write_data(target)
    assert not target.closed
    assert written(tracer).startswith(target.taken)
    assert target.taken.startswith(b"# callgrind format\n")


def test_a_raw_file_that_takes_parts(tracer: Tracer) -> None:
    class Slow(io.RawIOBase):
        taken = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.taken += bytes(data[:13])
            return min(13, len(data))

    target = Slow()
    tracer.write_data(target)
    assert target.taken == written(tracer)


@every_format
def test_a_directory(tracer: Tracer, format: str, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError):
        tracer.write(folder, format=format)
    assert list(tmp_path.iterdir()) == [folder] and list(folder.iterdir()) == []


@every_format
def test_a_folder_that_is_not_there(tracer: Tracer, format: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        tracer.write(tmp_path / "none" / "profile", format=format)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_keeps_the_old_file(
    tracer: Tracer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "profile"
    path.write_bytes(b"old")

    def fails(*arguments: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(PermissionError):
        tracer.write(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_an_unwritable_folder(tracer: Tracer, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "profile"
    path.write_bytes(b"old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            tracer.write(path)
        assert list(tmp_path.iterdir()) == [path]
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == b"old"


@every_format
def test_a_full_disk_keeps_the_old_file(
    tracer: Tracer, format: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    import signal

    path = tmp_path / "profile"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))
    try:
        with pytest.raises(OSError):
            tracer.write(path, format=format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@every_format
def test_a_path_is_replaced(tracer: Tracer, format: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "profile"
    path.write_bytes(b"old")
    path.chmod(0o640)
    for target in (path, str(path)):
        tracer.write(target, format=format)
        assert path.read_bytes() == tracer.snapshot().encoded(format)
        assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o640
    mask = os.umask(0o027)
    try:
        tracer.write(tmp_path / "new", format=format)
    finally:
        os.umask(mask)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_an_empty_profile_is_written_whole(tmp_path: pathlib.Path) -> None:
    for format in ("callgrind", "pprof"):
        Profile().write(tmp_path / format, format=format)
        assert (tmp_path / format).stat().st_size > 0
    Profile().write(tmp_path / "folded", format="folded")
    assert (tmp_path / "folded").read_bytes() == b""
    assert isinstance(str(Profile()), str)


# ---- clocks ----


class Clocklike:
    def __init__(self, *times: Any) -> None:
        self.times = list(times)

    def seconds(self) -> Any:
        now = self.times.pop(0) if len(self.times) > 1 else self.times[0]
        if isinstance(now, BaseException):
            raise now
        return now


@every_hook
def test_a_clock_that_goes_backwards_stands_still(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    with tracer:
        clock.rightNow = 100.0
        first = pending()
        clock.rightNow = 104.0
        second = pending()
        clock.rightNow = 50.0
        first.callback(None)  # at 104, as far as is known
        third = pending()
        clock.rightNow = 103.0
        third.callback(None)
        clock.rightNow = 110.0
        second.callback(None)
    stacks = list(tracer.snapshot())
    assert sum(stack.success for stack in stacks) == 3
    assert sorted(stack.latency for stack in stacks) == [0, 4 * 10**9, 6 * 10**9]
    assert sum(stack.wait for stack in stacks) == 10 * 10**9


@every_hook
@pytest.mark.parametrize("wrong", [ZeroDivisionError("clock"), None, "noon", float("nan"), float("inf")], ids=repr)
def test_a_clock_that_fails_stands_still(hook: str, wrong: Any) -> None:
    """The program does not notice, and what can be measured is."""
    broken = Clock()
    faulty: list[Any] = []
    real = broken.seconds

    def seconds() -> Any:
        return Clocklike(*faulty).seconds() if faulty else real()

    tracer = Tracer(type("Faulty", (), {"seconds": staticmethod(seconds)})(), hook)
    with tracer:
        d = pending()
        broken.advance(2)
        other = pending()
        faulty.append(wrong)
        broken.advance(3)
        assert pending() is not None
        d.callback("x")
        assert d.result == "x"
        faulty.clear()
        broken.advance(4)
        other.callback(None)
    stacks = list(tracer.snapshot())
    assert sum(stack.deferreds for stack in stacks) == 3
    assert sorted(stack.latency for stack in stacks if stack.success) == [2 * 10**9, 7 * 10**9]


@every_hook
def test_a_clock_before_its_beginning_is_at_it(hook: str) -> None:
    clock = Clock()
    clock.rightNow = -5.0
    tracer = Tracer(clock, hook)
    with tracer:
        d = pending()
        clock.rightNow = 3.0
        d.callback(None)
    (stack,) = tracer.snapshot()
    assert stack.latency == 3 * 10**9


@every_hook
def test_seconds_become_the_nearest_nanosecond(hook: str) -> None:
    for seconds in (0.1, 0.0000000004, 0.0000000006, 1e-9, 0.3, 123456.789):
        clock = Clock()
        tracer = Tracer(clock, hook)
        with tracer:
            d = pending()
            clock.rightNow = seconds
            d.callback(None)
        (stack,) = tracer.snapshot()
        assert stack.latency == round(seconds * 1e9)


@every_hook
def test_a_clock_that_works_with_deferreds_itself(hook: str) -> None:
    """Its seconds() is called in the middle of an event, and must not be observed."""

    class Curious(Clock):
        def seconds(self) -> float:
            pending().callback(None)
            return super().seconds()

    clock = Curious()
    tracer = Tracer(clock, hook)

    @inlineCallbacks
    def waits() -> Any:
        yield deferLater(clock, 1)

    with tracer:
        d = waits()
        clock.advance(1)
        assert d.called
    names = {stack.frames[-1].name.rpartition(".")[2]: stack for stack in tracer.snapshot()}
    assert names["waits"].latency == 10**9
    assert not any(tracer._core.kept().values())


@pytest.mark.parametrize("now", [None, "x", float("nan"), float("inf"), 1 + 2j])
def test_a_clock_that_tells_no_time(now: object) -> None:
    class Broken:
        def seconds(self) -> object:
            return now

    with pytest.raises(TypeError, match="seconds"):
        Tracer(Broken())
