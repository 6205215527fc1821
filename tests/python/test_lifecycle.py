# SPDX-License-Identifier: ISC
"""Installing, uninstalling, and with whom a tracer shares the interpreter: other hooks, tracers, threads."""

from __future__ import annotations

import bdb
import cProfile
import gc
import pstats
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock, deferLater

from theseus import Profile, Tracer
from theseus.hooks import available
from unnoticed import HOOKS, Thing, pending

MONITORING = "monitoring" in available()
ON_PROFILE = [hook for hook in HOOKS if hook != "monitoring"]
every_hook = pytest.mark.parametrize("hook", HOOKS)
hooks_on_profile = pytest.mark.parametrize("hook", ON_PROFILE)
with_monitoring = pytest.mark.skipif(not MONITORING, reason="this Python has no sys.monitoring")
Hook = Callable[[Any, str, Any], object]


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Whatever a test does, the next one finds no hook; and none leaves one."""
    assert sys.getprofile() is None
    yield
    left = sys.getprofile()
    sys.setprofile(None)
    sys.settrace(None)
    gc.collect()
    assert left is None
    if MONITORING:
        assert [sys.monitoring.get_tool(tool) for tool in (3, 4)] == [None, None]


def count(tracer: Tracer) -> int:
    """How many Deferreds were noticed so far."""
    return sum(stack.deferreds for stack in tracer.snapshot())


def count_of(profile: Profile, name: str) -> int:
    return sum(stack.deferreds for stack in profile if stack.frames[-1].name.endswith(name))


class Listener:
    """A profile hook in Python that knows what it was told."""

    def __init__(self, name: str = "pending") -> None:
        self.name = name
        self.calls = self.returns = 0

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        if frame.f_code.co_name == self.name:
            self.calls += event == "call"
            self.returns += event == "return" and isinstance(argument, Deferred)


# ---- one tracer ----


@every_hook
def test_install_and_uninstall_may_be_repeated(hook: str) -> None:
    tracer = Tracer(hook=hook)
    assert tracer.hook == hook and not tracer.installed
    tracer.uninstall()
    pending()
    tracer.install()
    tracer.install()
    assert tracer.installed
    pending()
    tracer.uninstall()
    assert not tracer.installed and sys.getprofile() is None
    tracer.uninstall()
    pending()
    assert count(tracer) == 1


@every_hook
def test_install_resumes_the_same_profile(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    tracer.install()
    kept = pending()
    clock.advance(1)
    tracer.uninstall()
    unseen = pending()
    clock.advance(2)
    tracer.install()
    also = pending()
    clock.advance(4)
    kept.callback(None)
    tracer.uninstall()
    clock.advance(8)
    also.callback(None)
    unseen.callback(None)
    (stack,) = merged_by_name(tracer.snapshot(), "pending")
    assert (stack.deferreds, stack.success, stack.latency) == (2, 2, (7 + 12) * 10**9)


def merged_by_name(profile: Profile, name: str) -> list[Any]:
    """Stacks of a name, the lines of their calls left aside: at most one, with the sums."""

    class Sum:
        deferreds = success = latency = wait = pending = abandoned = 0

    found = [stack for stack in profile if stack.frames[-1].name.endswith(name)]
    total = Sum()
    for stack in found:
        for column in ("deferreds", "success", "latency", "wait", "pending", "abandoned"):
            setattr(total, column, getattr(total, column) + getattr(stack, column))
    return [total] if found else []


@every_hook
def test_everything_works_after_uninstall_and_before_install(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    assert list(tracer.snapshot()) == [] and tracer.pending() == []
    tracer.clear()
    with tracer:
        d = pending()
    clock.advance(3)
    (one,) = tracer.pending()
    assert (one.age, one.line > 0) == (3 * 10**9, True)
    (stack,) = tracer.snapshot()
    assert (stack.pending, stack.wait) == (1, 3 * 10**9)
    tracer.clear()
    (stack,) = tracer.snapshot()
    assert (stack.pending, stack.wait) == (1, 0)
    clock.advance(1)
    d.callback(None)
    (stack,) = tracer.snapshot()
    assert (stack.success, stack.wait, stack.latency) == (1, 10**9, 4 * 10**9)
    assert tracer.pending() == []


@every_hook
def test_clear_starts_over(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    with tracer:
        pending().callback(None)
        tracer.clear()
        assert list(tracer.snapshot()) == []
        pending().callback(None)
    assert count(tracer) == 1


@every_hook
def test_context_manager(hook: str) -> None:
    tracer = Tracer(hook=hook)
    with pytest.raises(LookupError), tracer as entered:
        assert entered is tracer and tracer.installed
        pending()
        raise LookupError
    assert not tracer.installed and sys.getprofile() is None
    with tracer, tracer:
        pending()
    assert not tracer.installed
    assert count(tracer) == 2


@every_hook
def test_installed_and_uninstalled_in_the_middle_of_calls(hook: str) -> None:
    tracer = Tracer(Clock(), hook)

    def installs() -> Any:
        tracer.install()
        return pending()

    def uninstalls() -> Any:
        d = pending()
        tracer.uninstall()
        return d

    @inlineCallbacks
    def both() -> Any:
        tracer.install()
        yield pending()

    @inlineCallbacks
    def in_its_first_leg() -> Any:
        pending()
        tracer.uninstall()
        yield pending()

    alive = [installs(), uninstalls(), both(), in_its_first_leg()]
    assert not tracer.installed
    kept = tracer._core.kept()
    kept.pop("operations", None)
    assert not any(kept.values()), kept
    profile = tracer.snapshot()
    # `both` was running before, and so is an ordinary frame; the Deferred of `in_its_first_leg` was returned unseen.
    assert (count_of(profile, "installs"), count_of(profile, "uninstalls")) == (1, 0)
    assert (count_of(profile, "pending"), count_of(profile, "in_its_first_leg")) == (4, 0)
    assert len(tracer.pending()) == 3  # that of `installs` has its child under it, one was dropped
    del alive


@every_hook
def test_a_tracer_that_is_collected_uninstalls_itself(hook: str) -> None:
    tracer = Tracer(hook=hook)
    tracer.install()
    d = pending()
    gone = weakref.ref(tracer)
    del tracer
    gc.collect()
    assert gone() is None
    assert sys.getprofile() is None
    d.callback("still")
    assert d.result == "still"


@every_hook
def test_a_tracer_in_a_cycle_uninstalls_itself(hook: str) -> None:
    before = Listener()
    sys.setprofile(before)
    tracer: Any = Tracer(hook=hook)
    tracer.itself = tracer
    tracer.install()
    gone = weakref.ref(tracer)
    del tracer
    gc.collect()
    assert gone() is None
    assert sys.getprofile() is before
    sys.setprofile(None)


# ---- cProfile ----


def functions_in(profile: cProfile.Profile) -> set[str]:
    return {name for _file, _line, name in pstats.Stats(profile).stats}  # type: ignore[attr-defined]


def work() -> Any:
    return pending()


@every_hook
def test_cprofile_around(hook: str) -> None:
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    profile.enable()
    try:
        with tracer:
            work()
        after()
    finally:
        profile.disable()
    assert {"work", "pending", "after"} <= functions_in(profile)
    assert count(tracer) == 2


def after() -> None:
    pass


@every_hook
def test_cprofile_within(hook: str) -> None:
    if hook != "monitoring" and not MONITORING:
        pytest.skip("there is one place for a hook, and cProfile takes it: the next test")
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    with tracer:
        profile.enable()
        work()
        profile.disable()
        work()
    assert {"work", "pending"} <= functions_in(profile)
    assert count(tracer) == 4


@pytest.mark.skipif(MONITORING, reason="cProfile is on sys.monitoring")
@hooks_on_profile
def test_cprofile_takes_the_place_of_the_hook(hook: str) -> None:
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    tracer.install()
    work()
    profile.enable()
    work()
    tracer.uninstall()
    work()
    profile.disable()  # leaves nothing
    assert functions_in(profile) >= {"work"}
    assert count(tracer) == 2
    tracer.install()
    work()
    tracer.uninstall()
    assert count(tracer) == 4


@every_hook
def test_cprofile_ends_first(hook: str) -> None:
    tracer, profile = Tracer(hook=hook), cProfile.Profile()
    profile.enable()
    tracer.install()
    work()
    profile.disable()
    work()
    tracer.uninstall()
    assert {"work", "pending"} <= functions_in(profile)
    assert count(tracer) in ((4,) if MONITORING else (2, 4))  # before 3.12 disable() takes away any hook that there is
    sys.setprofile(None)


# ---- a profile hook in Python ----


@every_hook
def test_a_hook_that_was_there_keeps_being_called_and_is_put_back(hook: str) -> None:
    before, tracer = Listener(), Tracer(hook=hook)
    sys.setprofile(before)
    tracer.install()
    pending()
    assert (before.calls, before.returns) == (1, 1)
    tracer.uninstall()
    assert sys.getprofile() is before
    pending()
    sys.setprofile(None)
    assert (before.calls, before.returns) == (2, 2)
    assert count(tracer) == 1


@every_hook
def test_the_hook_before_is_told_all_events(hook: str) -> None:
    def events(tracer: Tracer | None) -> list[tuple[str, str, str]]:
        told = []

        def listen(frame: Any, event: str, argument: Any) -> None:
            if frame.f_code in (inner.__code__, outer.__code__, raises.__code__):
                given = argument if event.startswith("c_") else type(argument)
                told.append((event, frame.f_code.co_name, getattr(given, "__name__", "")))

        def raises(n: int) -> None:
            {}[n]

        def inner(n: int) -> Any:
            yield len("abc"), n
            try:
                raises(n)
            except KeyError:
                yield n

        def outer() -> list[Any]:
            return list(inner(3))

        sys.setprofile(listen)
        try:
            if tracer is None:
                outer()
            else:
                with tracer:
                    outer()
        finally:
            sys.setprofile(None)
        return told

    assert len(events(None)) > 8
    assert events(Tracer(hook=hook)) == events(None)


@every_hook
def test_a_later_hook_is_left_alone(hook: str) -> None:
    later, tracer = Listener(), Tracer(hook=hook)
    tracer.install()
    pending()
    sys.setprofile(later)
    pending()
    tracer.uninstall()
    assert sys.getprofile() is later
    pending()
    sys.setprofile(None)
    assert (later.calls, later.returns) == (2, 2)
    assert count(tracer) == (2 if hook == "monitoring" else 1)


@every_hook
def test_code_that_saves_and_restores_the_hook(hook: str) -> None:
    """As profilers and test runners do: what sys.getprofile() gave is set again, and then called."""
    tracer, other = Tracer(hook=hook), Listener()
    with tracer:
        saved = sys.getprofile()
        sys.setprofile(other)
        pending()
        sys.setprofile(saved)
        pending()
        pending()
    assert other.returns == 1
    assert sys.getprofile() is None
    assert count(tracer) == (3 if hook == "monitoring" else 2)


@every_hook
def test_a_later_hook_that_calls_the_one_before(hook: str) -> None:
    tracer = Tracer(hook=hook)
    tracer.install()
    saved = sys.getprofile()
    listener = Listener()

    def chained(frame: Any, event: str, argument: Any) -> None:
        listener(frame, event, argument)
        if saved is not None:
            saved(frame, event, argument)

    sys.setprofile(chained)
    pending()
    pending()
    assert sys.getprofile() is chained
    sys.setprofile(saved)
    pending()
    tracer.uninstall()
    assert sys.getprofile() is None
    assert listener.returns == 2
    assert count(tracer) == 3


@hooks_on_profile
def test_what_the_hook_before_raises(hook: str) -> None:
    """It is the program's, as it would be without a tracer; the tracer does not stay half installed."""

    def raises(frame: Any, event: str, argument: Any) -> None:
        if frame.f_code is pending.__code__:
            raise ZeroDivisionError("from the hook")

    tracer = Tracer(hook=hook)
    sys.setprofile(raises)
    tracer.install()
    with pytest.raises(ZeroDivisionError, match="from the hook"):
        pending()
    assert sys.getprofile() is None  # CPython takes away a hook that raises
    tracer.uninstall()
    assert sys.getprofile() is None
    tracer.install()
    pending()
    tracer.uninstall()
    sys.setprofile(None)


# ---- two tracers ----


@every_hook
@pytest.mark.parametrize("other", HOOKS)
@pytest.mark.parametrize("order", ["last in, first out", "first in, first out"])
def test_two_tracers_at_once(hook: str, other: str, order: str) -> None:
    clock = Clock()
    one, two = Tracer(clock, hook), Tracer(clock, other)

    @inlineCallbacks
    def waits() -> Any:
        yield deferLater(clock, 1)

    one.install()
    waits()
    two.install()
    waits()
    waits()
    clock.advance(1)
    first, second = (two, one) if order.startswith("last") else (one, two)
    first.uninstall()
    waits()
    clock.advance(1)
    second.uninstall()
    waits()
    clock.advance(1)
    assert sys.getprofile() is None
    for tracer, times in ((one, 4 if first is two else 3), (two, 2 if first is two else 3)):
        (stack,) = merged_by_name(tracer.snapshot(), "waits")
        assert (stack.deferreds, stack.success, stack.latency) == (times, times, times * 10**9)
        assert tracer.pending() == []


@with_monitoring
def test_both_tool_ids_are_taken() -> None:
    tracers = [Tracer(hook="monitoring") for _ in range(3)]
    tracers[0].install()
    tracers[1].install()
    with pytest.raises(RuntimeError, match=r'ids 3 and 4 .*taken.*hook="profile"'):
        tracers[2].install()
    assert not tracers[2].installed
    work()
    tracers[0].uninstall()
    tracers[2].install()
    work()
    for tracer in tracers:
        tracer.uninstall()
    assert [count(tracer) for tracer in tracers] == [2, 4, 2]


@with_monitoring
def test_a_tool_of_others_is_left_alone() -> None:
    events: list[str] = []
    monitoring = sys.monitoring
    monitoring.use_tool_id(3, "another")
    monitoring.register_callback(3, monitoring.events.PY_START, lambda code, offset: events.append(code.co_name))
    monitoring.set_events(3, monitoring.events.PY_START)
    try:
        tracer = Tracer(hook="monitoring")
        with tracer:
            assert monitoring.get_tool(4) == "theseus"
            work()
        assert (monitoring.get_tool(3), monitoring.get_tool(4)) == ("another", None)
        work()
        assert events.count("work") == 2
        assert count(tracer) == 2
    finally:
        monitoring.set_events(3, 0)
        monitoring.register_callback(3, monitoring.events.PY_START, None)
        monitoring.free_tool_id(3)


# ---- debuggers and coverage ----


@every_hook
def test_beside_a_trace_function(hook: str) -> None:
    lines: list[str] = []

    def trace(frame: Any, event: str, argument: Any) -> Any:
        lines.append(f"{event} {frame.f_code.co_name}")
        return trace

    def traced(tracer: Tracer | None) -> list[str]:
        lines.clear()
        sys.settrace(trace)
        try:
            if tracer is None:
                work()
            else:
                tracer.install()
                work()
        finally:
            sys.settrace(None)
            if tracer is not None:
                tracer.uninstall()
        return [line for line in lines if line.endswith((" work", " pending"))]

    tracer = Tracer(hook=hook)
    assert traced(tracer) == traced(None) != []
    assert count(tracer) == 2


@every_hook
def test_beside_a_debugger(hook: str) -> None:
    class Debugger(bdb.Bdb):
        stops: list[str] = []

        def user_line(self, frame: Any) -> None:
            if frame.f_code in (work.__code__, pending.__code__):
                self.stops.append(frame.f_code.co_name)
            self.set_step()

    tracer, debugger = Tracer(hook=hook), Debugger()
    with tracer:
        debugger.runcall(work)
    sys.settrace(None)
    assert debugger.stops == ["work", "pending"]
    assert count(tracer) == 3  # Bdb.runcall returns it too


@every_hook
@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
def test_beside_coverage(hook: str, core: str, tmp_path: Any) -> None:
    pytest.importorskip("coverage")
    if core == "sysmon" and not MONITORING:
        pytest.skip("this Python has no sys.monitoring")
    (tmp_path / "program.py").write_text(
        textwrap.dedent(
            f"""
            from theseus import Tracer
            from twisted.internet.defer import Deferred

            def work():
                if Deferred is None:
                    never = 1
                return Deferred()

            tracer = Tracer(hook={hook!r})
            tracer.install()
            work()
            tracer.uninstall()
            assert sum(stack.deferreds for stack in tracer.snapshot()) == 1
            """
        ).strip()
    )
    (tmp_path / "rc").write_text(f"[run]\ncore = {core}\n")
    environment = {"COVERAGE_CORE": core}
    run_python(tmp_path, environment, "-m", "coverage", "run", "--rcfile=rc", "program.py")
    report = run_python(tmp_path, environment, "-m", "coverage", "report", "-m", "--rcfile=rc", "--include=program.py")
    assert report.splitlines()[2].split()[-2:] == ["91%", "6"], report  # all but that one line


def run_python(folder: Any, environment: dict[str, str], *arguments: str) -> str:
    import os

    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=dict(os.environ, **environment), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---- threads ----


def in_thread(action: Callable[[], object]) -> None:
    """Runs to its end in a thread of its own; what it raises is raised here."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


@every_hook
def test_other_threads_begin_nothing(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    with tracer:
        in_thread(lambda: [work() for _ in range(10)])
        pending()
    assert count(tracer) == 1


@every_hook
def test_ends_on_other_threads(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    with tracer:
        fired, failed, dropped = pending(), pending(), [pending()]
        clock.advance(1)
        in_thread(lambda: fired.callback(1))
        clock.advance(1)
        in_thread(lambda: failed.errback(ValueError()))
        clock.advance(1)
        in_thread(dropped.clear)
        clock.advance(10)
        pending()
        assert fired.result == 1
        failed.addErrback(lambda _: None)
    (stack,) = merged_by_name(tracer.snapshot(), "pending")
    assert (stack.deferreds, stack.success, stack.abandoned, stack.pending) == (4, 1, 2, 0)
    assert (stack.latency, stack.wait) == (3 * 10**9, 6 * 10**9)


@every_hook
def test_snapshots_from_another_thread(hook: str) -> None:
    """While the installing thread works, another one asks for everything; nothing is lost."""
    tracer = Tracer(hook=hook)
    over = threading.Event()
    asked = 0

    def ask() -> None:
        nonlocal asked
        while not over.is_set():
            taken = tracer.snapshot()
            assert all(stack.deferreds >= stack.success for stack in taken)
            tracer.pending()
            str(taken)
            asked += 1

    thread = threading.Thread(target=ask)
    turns = 0
    with tracer:
        thread.start()
        while asked < 20 and thread.is_alive() or turns < 500:
            turns += 1
            d = work()
            d.callback(None)
        over.set()
        thread.join(60)
    assert asked >= 20
    assert count(tracer) == 2 * turns
    assert sum(stack.success for stack in tracer.snapshot()) == 2 * turns


@every_hook
def test_clear_from_another_thread(hook: str) -> None:
    tracer = Tracer(hook=hook)
    with tracer:
        pending()
        in_thread(tracer.clear)
        assert count(tracer) == 0
        pending()
    assert count(tracer) == 1


@every_hook
def test_uninstalled_from_another_thread(hook: str) -> None:
    tracer = Tracer(hook=hook)
    before = Listener()
    sys.setprofile(before)
    tracer.install()
    pending()
    in_thread(tracer.uninstall)
    assert not tracer.installed
    pending()
    pending()
    assert count(tracer) == 1
    assert before.returns == 3
    tracer.install()
    pending()
    tracer.uninstall()
    assert count(tracer) == 2
    sys.setprofile(None)


@every_hook
def test_a_thread_of_its_own_for_each_tracer(hook: str) -> None:
    tracers = [Tracer(Clock(), hook) for _ in range(2)]
    ready = threading.Barrier(2)

    def use(tracer: Tracer, times: int) -> None:
        with tracer:
            ready.wait(60)
            for _ in range(times):
                work()
            ready.wait(60)

    thread = threading.Thread(target=use, args=(tracers[0], 50))
    thread.start()
    use(tracers[1], 70)
    thread.join(60)
    assert [count(tracer) for tracer in tracers] == [100, 140]


@every_hook
def test_installed_by_a_thread_that_ended(hook: str) -> None:
    tracer = Tracer(hook=hook)
    in_thread(lambda: (tracer.install(), pending()))
    assert tracer.installed
    assert count(tracer) == 1
    tracer.uninstall()
    with tracer:
        pending()
    assert count(tracer) == 2


@every_hook
def test_at_exit_of_the_interpreter(hook: str, tmp_path: Any) -> None:
    """Installed to the very end, with Deferreds alive in globals, cycles and threads."""
    (tmp_path / "program.py").write_text(
        textwrap.dedent(
            f"""
            import sys, threading
            from theseus import Tracer
            from twisted.internet.defer import Deferred, inlineCallbacks

            def make():
                return Deferred()

            @inlineCallbacks
            def waits():
                try:
                    yield make()
                finally:
                    print("finally", flush=True)

            tracer = Tracer(hook={hook!r})
            tracer.install()
            kept, cycle = [make() for _ in range(100)], make()
            cycle.itself = cycle
            suspended = waits()
            sys.modules["kept"] = kept
            threading.Thread(target=lambda: kept[0].callback(1), daemon=True).start()
            print("over", flush=True)
            """
        )
    )
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "over"


@every_hook
def test_the_program_may_look_at_what_it_cannot_break(hook: str) -> None:
    """Whatever is reachable from a Deferred and from sys may be called and looked at."""
    tracer = Tracer(hook=hook)
    with tracer:
        d: Any = pending()
        saved = sys.getprofile()
        entries = vars(d).get("_callbacks", vars(d).get("callbacks"))
        observer = entries[0][0][0]
        repr(observer), repr(saved), repr(entries)
        with pytest.raises(TypeError):
            observer()
        with pytest.raises(TypeError):
            observer(1, 2)
        if saved is not None:
            with pytest.raises(TypeError):
                saved("what", 1)
        d.callback(3)
        assert observer(Thing).__name__ == "Thing"  # once more: it is over
        assert d.result == 3
    assert count(tracer) == 1


@pytest.mark.parametrize("hook", ON_PROFILE)
def test_install_takes_up_a_hook_that_was_taken_out(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook=hook)
    tracer.install()
    try:
        sys.setprofile(None)
        tracer.install()
        deferLater(clock, 1, lambda: None)
    finally:
        tracer.uninstall()
    assert sum(stack.deferreds for stack in tracer.snapshot()) == 1
