# SPDX-License-Identifier: ISC
"""A failure means that a tracer cannot share the process with another tracer, a debugger, coverage, or another tool on
sys.monitoring."""

from __future__ import annotations

import bdb
import gc
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from twisted.internet import defer
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock, deferLater

from shared import (
    MONITORING,
    count,
    every_hook,
    merged_by_name,
    operation,
    waiting,
    with_monitoring,
    work,
)
from theseus import Tracer, hooks
from unnoticed import HOOKS, pending

pytestmark = pytest.mark.usefixtures("as_it_was")


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


@with_monitoring
def test_a_core_whose_callbacks_others_took_out() -> None:
    """It goes, with what it was about to tell."""
    monitoring = sys.monitoring
    waited = waiting()
    tracer: Any = Tracer(hook="monitoring")
    core, tracer._core = tracer._core, None
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


@with_monitoring
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
