# SPDX-License-Identifier: ISC
"""What went wrong once: re-entrancy, threads, hooks beside ours, and what becomes of the program's own things."""

from __future__ import annotations

import gc
import os
import stat
import subprocess
import sys
import threading
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import defer
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock

from theseus import Profile, Tracer, hooks
from theseus.profile import new_handle

SECOND = 10**9
PROFILE_HOOKS = [hook for hook in hooks.available() if hook != "monitoring"]
every_hook = pytest.mark.parametrize("hook", hooks.available())


@pytest.fixture(autouse=True)
def no_hook_is_left() -> Iterator[None]:
    before = sys.getprofile()
    yield
    after = sys.getprofile()
    sys.setprofile(before)
    assert after is before


class Reentrant(Clock):
    """A clock that does something when it is asked for the time, once."""

    action: Any = None

    def seconds(self) -> float:
        action, self.action = self.action, None
        if action is not None:
            action()
        return super().seconds()


def waiting() -> Deferred[Any]:
    return Deferred()


@inlineCallbacks
def operation(waited: Any) -> Any:
    yield waited()
    yield waited()


def kept(tracer: Tracer) -> dict[str, int]:
    found: dict[str, int] = tracer._core.kept()
    return found


def found(profile: Profile, name: str) -> Any:
    (stack,) = (stack for stack in profile if stack.frames and stack.frames[-1].name.endswith(name))
    return stack


# ---- in the middle of an event ----


@every_hook
@pytest.mark.parametrize("action", ["snapshot", "pending", "clear", "uninstall", "install again"])
@pytest.mark.parametrize("after", range(4))
def test_a_clock_that_uses_the_tracer(hook: str, action: str, after: int) -> None:
    """As a signal handler or a finalizer may, which run in the middle of an event as well."""
    clock = Reentrant()
    tracer = Tracer(clock, hook=hook)

    def again() -> None:
        tracer.uninstall()
        tracer.install()

    pending: list[Deferred[Any]] = []

    def get() -> Deferred[Any]:
        if len(pending) == after:
            clock.action = again if action == "install again" else getattr(tracer, action)
        pending.append(Deferred())
        return pending[-1]

    with tracer:
        results = [operation(get), operation(get)]
        clock.action = getattr(tracer, action) if action in ("snapshot", "pending") else None
        for waited in pending[:2]:
            waited.callback(None)
        for waited in pending[2:]:
            waited.callback(None)
        assert all(result.called for result in results)
    assert not tracer.installed
    assert set(kept(tracer).values()) == {0}
    assert not tracer.pending()


@every_hook
def test_what_is_awaited_is_timed_after_a_clock_has_uninstalled(hook: str) -> None:
    """While the operation that awaits it was about to be suspended."""
    clock = Reentrant()
    tracer = Tracer(clock, hook=hook)
    pending: list[Deferred[Any]] = []

    def fetch() -> Deferred[Any]:
        pending.append(Deferred())
        return pending[-1]

    def arm() -> Deferred[Any]:
        got = fetch()
        clock.action = lambda: setattr(clock, "action", tracer.uninstall)  # the second time that it is asked
        return got

    with tracer:
        operation(arm)
        assert not tracer.installed
    clock.advance(2)
    pending[0].callback(None)
    assert found(tracer.snapshot(), "fetch").latency == 2 * SECOND
    pending[1].callback(None)
    assert not tracer.pending()


@every_hook
def test_a_tracer_that_is_collected_in_the_middle_of_an_event(hook: str) -> None:
    clock = Reentrant()
    tracers = [Tracer(clock, hook=hook)]
    tracers[0].install()
    clock.action = tracers.clear
    pending: list[Deferred[Any]] = []

    def get() -> Deferred[Any]:
        pending.append(Deferred())
        return pending[-1]

    result = operation(get)
    assert not tracers
    pending[0].callback(None)
    pending[1].callback(None)
    assert result.called


@every_hook
def test_an_interrupt_that_comes_while_the_clock_is_asked(hook: str) -> None:
    clock = Reentrant()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Tracer(clock, hook=hook):
        clock.action = interrupt
        waiting()
        for _ in range(1000):  # it comes again at one of the next instructions
            pass


# ---- threads ----


def in_thread(function: Any, *arguments: Any) -> None:
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()


@every_hook
def test_snapshots_of_another_thread_cost_no_event(hook: str) -> None:
    def seconds() -> float:  # Python code, in which threads take turns
        return sum(range(20)) * 0.0

    tracer = Tracer(types.SimpleNamespace(seconds=seconds), hook=hook)
    enough = threading.Event()

    def look() -> None:
        while not enough.is_set():
            tracer.snapshot()
            tracer.pending()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    watcher = threading.Thread(target=look)
    try:
        with tracer:
            watcher.start()
            for _ in range(60):
                pending: list[Deferred[Any]] = []

                def get() -> Deferred[Any]:
                    pending.append(Deferred())  # noqa: B023
                    return pending[-1]  # noqa: B023

                operation(get)
                pending[0].callback(None)
                pending[1].callback(None)
    finally:
        enough.set()
        watcher.join()
        sys.setswitchinterval(interval)
    stacks = list(tracer.snapshot())
    assert sum(stack.deferreds for stack in stacks) == 180
    assert sum(stack.success for stack in stacks) == 180
    assert set(kept(tracer).values()) == {0}


@every_hook
def test_the_end_in_another_thread_is_when_it_was(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook=hook)
    with tracer:
        first, second = waiting(), waiting()
    clock.advance(1)
    in_thread(first.callback, None)
    clock.advance(4)
    stack = found(tracer.snapshot(), "waiting")
    assert (stack.success, stack.pending, stack.latency, stack.wait) == (1, 1, SECOND, 6 * SECOND)
    second.callback(None)


@pytest.mark.parametrize("hook", PROFILE_HOOKS)
def test_the_hook_of_all_threads(hook: str) -> None:
    """threading.setprofile(sys.getprofile()) puts it into threads that are not traced."""
    tracer = Tracer(Clock(), hook=hook)
    with tracer:
        threading.setprofile(sys.getprofile())
        try:
            in_thread(waiting)
        finally:
            threading.setprofile(None)  # type: ignore[arg-type]
        assert not list(tracer.snapshot())


@pytest.mark.parametrize("hook", PROFILE_HOOKS)
def test_uninstall_in_another_thread(hook: str) -> None:
    """There the hook cannot be taken out; it goes at its next event."""
    tracer = Tracer(Clock(), hook=hook)
    tracer.install()
    in_thread(tracer.uninstall)
    waiting()
    assert sys.getprofile() is None


# ---- other hooks ----


@pytest.mark.parametrize("hook", PROFILE_HOOKS)
def test_a_later_hook_that_calls_ours_keeps_its_place(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook=hook)
    events: list[str] = []
    pending: list[Deferred[Any]] = []

    def get() -> Deferred[Any]:
        pending.append(Deferred())
        return pending[-1]

    with tracer:
        ours: Any = sys.getprofile()

        def later(frame: Any, event: str, argument: Any) -> None:
            events.append(event)
            ours(frame, event, argument)

        sys.setprofile(later)
        before = len(events)
        result = operation(get)
        pending[0].callback(None)
        pending[1].callback(None)
        sys.setprofile(ours)
        assert result.called
        assert len(events) > before + 20
    stack = found(tracer.snapshot(), "operation")
    assert stack.success == 1


@every_hook
def test_a_hook_that_was_displaced_collects_nothing(hook: str) -> None:
    tracer = Tracer(Clock(), hook=hook)
    with tracer:
        pending = [waiting() for _ in range(100)]
        ours: Any = sys.getprofile()
        sys.setprofile(None)
        for waited in pending:
            waited.callback(None)
        assert kept(tracer)["passed"] == 0
        sys.setprofile(ours)


# ---- what belongs to others ----


@every_hook
def test_weak_references_of_ours_that_others_hold(hook: str) -> None:
    tracer = Tracer(Clock(), hook=hook)
    generators: list[Any] = []

    def body() -> Any:
        yield Deferred()

    def made() -> Any:
        generators.append(body())
        return generators[-1]

    with tracer:
        inlineCallbacks(made)()
    held = [weakref.getweakrefs(generators[0]), weakref.getweakrefs(body.__code__)]
    del tracer
    gc.collect()
    generators.clear()
    gc.collect()
    assert held


@every_hook
@pytest.mark.parametrize("installed", [True, False])
def test_a_deferred_as_a_result(hook: str, installed: bool) -> None:
    """Since Twisted 24.7 a Deferred may be fired with one; the arguments of a callback may be any sequence."""
    outer: Deferred[Any] = Deferred()
    inner: Deferred[Any] = Deferred()
    got: list[Any] = []

    def get() -> Deferred[Any]:
        return outer

    tracer = Tracer(Clock(), hook=hook)
    with tracer:
        get().addCallback(lambda result, *more, **named: got.append((result, more, named)))
        outer.addCallback(lambda _: got.append("next"))
        entries = outer._callbacks if hasattr(outer, "_callbacks") else outer.callbacks
        callback, _arguments, _keywords = entries[1][0]
        entries[1] = ((callback, [1, 2], {"three": 3}), entries[1][1])
        if not installed:
            tracer.uninstall()
        try:
            outer.callback(inner)
        except AssertionError:
            pytest.skip("this Twisted refuses it")
    assert got == [(inner, (1, 2), {"three": 3}), "next"]


# ---- generators that others drive ----


@every_hook
def test_a_generator_that_is_driven_twice(hook: str) -> None:
    """What it waited for the first time goes on."""
    clock, waited = Clock(), waiting()

    def generator() -> Any:
        yield operation(lambda: waited)
        yield waiting()

    tracer = Tracer(clock, hook=hook)
    with tracer:
        driven = generator()
        kept = [defer._cancellableInlineCallbacks(driven)]
        clock.advance(1)
        kept.append(defer._cancellableInlineCallbacks(driven))
        clock.advance(2)
        waited.errback(ValueError())
        clock.advance(4)
    for deferred in kept:
        deferred.addErrback(lambda failure: None)
    inner = found(tracer.snapshot(), "operation")
    assert (inner.failure, inner.abandoned, inner.latency) == (1, 0, 3 * SECOND)


@every_hook
def test_installed_again_by_a_generator_that_was_seen_before(hook: str) -> None:
    clock, first = Clock(), waiting()
    tracer = Tracer(clock, hook=hook)

    @inlineCallbacks
    def installing() -> Any:
        yield first
        tracer.install()
        yield operation(waiting)

    tracer.install()
    installing()
    tracer.uninstall()
    first.callback(None)
    clock.advance(3)
    tracer.uninstall()
    (stack,) = (one for one in tracer.snapshot() if one.wait)
    assert [frame.name.rpartition(".")[2] for frame in stack.frames[-3:]] == ["installing", "operation", "waiting"]
    assert stack.wait == 3 * SECOND


@every_hook
def test_a_generator_that_is_driven_where_no_python_runs(hook: str) -> None:
    """CPython's own loop of what is registered calls it."""
    program = f"""
import atexit
from twisted.internet import defer, task
from theseus import Tracer

async def coroutine():
    await defer.Deferred()

tracer = Tracer(task.Clock(), hook={hook!r})
tracer.install()
atexit.register(lambda: print([pending.line for pending in tracer.pending()]))
atexit.register(defer._cancellableInlineCallbacks, coroutine())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[7]\n"), done.stderr


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a profile hook makes calls cost more")
@pytest.mark.parametrize("hook", hooks.available()[1:])
def test_generators_start_as_deep_as_without_us(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """3.12 allows 1500 calls in C, which Python's own 1000 must meet first."""
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    waited = waiting()

    @inlineCallbacks
    def nested(depth: int) -> Any:
        yield nested(depth - 1) if depth else waited

    def starts(depth: int) -> bool:
        failed: list[Any] = []
        try:
            nested(depth).addErrback(failed.append)
        except RecursionError:
            return False
        return not failed

    def deepest() -> int:
        low, high = 0, 1000
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if starts(middle) else (low, middle)
        return low

    without = deepest()
    with Tracer(Clock(), hook=hook):
        assert deepest() == without > 100
    gc.collect()  # what failed so deep, while nobody hears of it


@pytest.mark.skipif("monitoring" not in hooks.available(), reason="no sys.monitoring")
def test_a_core_whose_callbacks_others_took_out() -> None:
    """It goes, with what it was about to tell."""
    monitoring = sys.monitoring
    waited = waiting()
    core = hooks.core("monitoring", new_handle(), None)
    core.install()
    try:
        operation(lambda: operation(lambda: waited)).callback(None)  # so that nothing that is pending has an observer
        for event in (monitoring.events.PY_START, monitoring.events.PY_RETURN, monitoring.events.PY_UNWIND):
            monitoring.register_callback(3, event, None)
    finally:
        del core
        gc.collect()
        monitoring.free_tool_id(3)
    assert not [one for one in gc.get_objects() if type(one) is hooks._Core and one.installed]
    waited.errback(ValueError())


@pytest.mark.skipif("monitoring" not in hooks.available(), reason="no sys.monitoring")
def test_callbacks_that_others_took_and_call() -> None:
    """From frames that the events are not of, and from none, with anything."""
    monitoring = sys.monitoring
    events = [monitoring.events.PY_START, monitoring.events.PY_RETURN, monitoring.events.PY_UNWIND]
    machinery = [defer._inlineCallbacks, defer._cancellableInlineCallbacks, Deferred._runCallbacks]
    waited, heard = waiting(), []
    tracer = Tracer(Clock(), hook="monitoring")
    with tracer:
        operation(lambda: waited)
        taken = [monitoring.register_callback(3, event, None) for event in events]
        for callback in taken:
            for code in (None, 1, test_callbacks_that_others_took_and_call.__code__, *(f.__code__ for f in machinery)):
                for rest in ((), (0,), (0, None), (0, Deferred()), ("", Deferred()), (-1, Deferred())):
                    callback(code, *rest)
        assert not tracer.pending()[0].children[0].children
        monitoring.free_tool_id(3)
        monitoring.use_tool_id(3, "another")
        monitoring.register_callback(3, events[1], lambda *arguments: heard.append(arguments))
        monitoring.set_events(3, events[1])
    try:
        heard.clear()
        waiting()
        assert heard and monitoring.get_tool(3) == "another"
    finally:
        monitoring.set_events(3, 0)
        monitoring.register_callback(3, events[1], None)
        monitoring.free_tool_id(3)


IN_ANOTHER_INTERPRETER = '''
import _xxsubinterpreters, sys, theseus
_xxsubinterpreters.run_string(_xxsubinterpreters.create(isolated=False), f"""
import sys
sys.path[:] = {sys.path!r}
from twisted.internet.defer import Deferred, inlineCallbacks
from theseus import Tracer
with Tracer(hook="{sys.argv[1]}") as tracer:
    inlineCallbacks(lambda: (yield Deferred()))()
print(len(tracer.pending()), flush=True)
""")
'''


@every_hook
def test_another_interpreter_of_the_process(hook: str) -> None:
    """Its names are not the same objects as ours."""
    pytest.importorskip("_xxsubinterpreters")
    command = [sys.executable, "-c", IN_ANOTHER_INTERPRETER, hook]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "1\n", ran.stderr


# ---- files ----


def test_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    Tracer(Clock()).write(link)
    assert link.is_symlink()
    assert real.read_bytes().startswith(b"# callgrind")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_not_a_file_is_written_to(tmp_path: Path) -> None:
    """And not replaced by one: /dev/stdout, a named pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    try:
        Tracer(Clock()).write(pipe)
    finally:
        if not stat.S_ISFIFO(pipe.stat().st_mode):
            reader.daemon = True
        else:
            reader.join(10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert read and read[0].startswith(b"# callgrind")


# ---- the garbage collector ----


@every_hook
def test_a_cycle_with_a_tracer_and_what_is_pending(hook: str) -> None:
    """The profile is there as long as anything is that may want it: the program's finalizers, observers."""
    written: list[bytes] = []

    class Service:
        def __init__(self) -> None:
            self.tracer = Tracer(Clock(), hook=hook)
            self.me = self
            with self.tracer:
                self.pending = [waiting() for _ in range(3)]
                for waited in self.pending:
                    waited.addCallback(self.__init__)
            self.profile = self.tracer.snapshot()

        def __del__(self) -> None:
            written.append(self.profile.encoded())
            written.append(self.tracer.snapshot().encoded())

    for _ in range(5):
        written.clear()
        service = [Service()]
        service.clear()
        gc.collect()
        assert all(b"waiting" in data for data in written) and len(written) == 2
