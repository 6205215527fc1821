# SPDX-License-Identifier: ISC
"""A failure means that measuring ends in silence, if another profiler takes the hook's place: nobody is told, or the
hook does not take its place again when that profiler has gone."""

from __future__ import annotations

import cProfile
import sys
import threading
import warnings
from typing import Any

import pytest
from twisted.internet.task import Clock

from shared import count, every_hook, hooks_on_profile, with_monitoring
from theseus import Profile, TheseusWarning, Tracer
from unnoticed import pending

pytestmark = pytest.mark.usefixtures("as_it_was")


def desc(tracer: Tracer) -> str:
    return tracer.snapshot().origin.get("desc", "")


def later(frame: Any, event: str, argument: Any) -> None:
    """A profile function of somebody else."""


LATER = f"{__name__}.later"


@hooks_on_profile
def test_a_hook_that_was_taken_out_is_noticed_by_an_observer(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    tracer.install()
    d = pending()
    clock.advance(3.2)
    sys.setprofile(None)
    pending()
    clock.advance(1)
    with pytest.warns(TheseusWarning, match=r"^Hook: replaced by a profiler that has gone after 4\.2 s, taken again"):
        d.callback(None)
    assert d.result is None
    pending()
    said = "Hook: replaced by a profiler that has gone after 4.2 s, taken again after 4.2 s"
    assert desc(tracer) == said
    assert f"desc: {said}\n".encode() in tracer.snapshot().encoded()
    assert said in str(tracer.snapshot())
    assert count(tracer) == 2
    tracer.uninstall()


@hooks_on_profile
@pytest.mark.parametrize("means", ["sys", "threading", "yappi", "cProfile"])
def test_another_profiler_is_left_alone_until_it_has_gone(hook: str, means: str) -> None:
    if means == "threading" and sys.version_info < (3, 12):
        pytest.skip("threading.setprofile_all_threads() came with 3.12")
    if means == "cProfile" and sys.version_info >= (3, 12):
        pytest.skip("cProfile is on sys.monitoring")
    yappi = pytest.importorskip("yappi") if means == "yappi" else None
    profile = cProfile.Profile()
    start, gone, by = {
        "sys": (lambda: sys.setprofile(later), lambda: sys.setprofile(None), LATER),
        "threading": (
            lambda: threading.setprofile_all_threads(later),
            lambda: threading.setprofile_all_threads(None),
            LATER,
        ),
        "yappi": (lambda: yappi.start(), lambda: yappi.stop(), "a profiler in C"),
        "cProfile": (profile.enable, profile.disable, "cProfile.Profile"),
    }[means]
    clock = Clock()
    tracer = Tracer(clock, hook)
    tracer.install()
    d, e, f = pending(), pending(), pending()
    clock.advance(2)
    start()
    with pytest.warns(TheseusWarning, match=rf"^Hook: replaced by {by} after 2\.0 s\. New operations are not noticed"):
        d.callback(None)
    pending()
    clock.advance(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is said once
        e.callback(None)
        assert count(tracer) == 3
        assert desc(tracer) == f"Hook: replaced by {by} after 2.0 s"
        gone()
        clock.advance(1)
        f.callback(None)
        pending()
        assert count(tracer) == 4
        assert desc(tracer) == f"Hook: replaced by {by} after 2.0 s, taken again after 4.0 s"
        tracer.uninstall()
    assert sys.getprofile() is None


@hooks_on_profile
def test_not_taken_again_if_so_asked(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook, rearm=False)
    with tracer:
        d = pending()
        sys.setprofile(None)
        with pytest.warns(TheseusWarning, match=r"until install\(\) is called"):
            d.callback(None)
        pending()
        assert count(tracer) == 1
        clock.advance(5)
        tracer.install()
        pending()
        assert count(tracer) == 2
        assert desc(tracer).endswith("after 0.0 s, taken again after 5.0 s")


@hooks_on_profile
@pytest.mark.parametrize("call", ["snapshot", "write", "uninstall"])
def test_noticed_without_an_observer(hook: str, call: str, tmp_path: Any) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    tracer.install()
    sys.setprofile(None)
    clock.advance(1)
    with pytest.warns(TheseusWarning, match=r"^Hook: replaced by a profiler that has gone after 1\.0 s"):
        tracer.write(tmp_path / "out") if call == "write" else getattr(tracer, call)()
    pending()
    assert count(tracer) == (call != "uninstall")
    tracer.uninstall()
    assert ("taken again" in desc(tracer)) == (call != "uninstall")


@hooks_on_profile
def test_a_hook_that_calls_ours_has_not_taken_its_place(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with tracer:
            ours: Any = sys.getprofile()
            sys.setprofile(lambda frame, event, argument: ours(frame, event, argument))
            d = pending()
            d.callback(None)
            assert count(tracer) == 1 and desc(tracer) == ""
            sys.setprofile(ours)


@hooks_on_profile
def test_a_warning_that_is_an_error_does_not_reach_the_program(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    tracer.install()
    d = pending()
    sys.setprofile(None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        d.callback(5)
        assert d.result == 5
        with pytest.raises(TheseusWarning):
            tracer.snapshot()
        with pytest.raises(TheseusWarning):
            tracer.uninstall()
    assert not tracer.installed and sys.getprofile() is None
    with pytest.warns(TheseusWarning):
        tracer.uninstall()
        tracer.install()
        sys.setprofile(None)
        tracer.uninstall()


@hooks_on_profile
def test_many_gaps_are_counted(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    with pytest.warns(TheseusWarning) as warned, tracer:
        for _ in range(9):
            d = pending()
            sys.setprofile(None)
            d.callback(None)
    assert len(warned) == 1
    assert desc(tracer).count("replaced by") == 4 and desc(tracer).endswith("; and 5 more times")
    assert count(tracer) == 9


@hooks_on_profile
def test_what_was_set_again_by_whoever_saved_it_keeps_its_place(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    with tracer:
        saved: Any = sys.getprofile()
        d = pending()
        sys.setprofile(None)
        with pytest.warns(TheseusWarning):
            d.callback(None)
        sys.setprofile(saved)
        pending()
        pending()
        assert count(tracer) == 3
    assert sys.getprofile() is None


@hooks_on_profile
def test_a_clock_that_uses_the_tracer_meanwhile(hook: str) -> None:
    class Asking(Clock):
        tracer: Any = None

        def seconds(self) -> float:
            if self.tracer is not None:
                self.tracer.snapshot()
            return super().seconds()

    clock = Asking()
    tracer = Tracer(clock, hook)
    with tracer:
        d = pending()
        sys.setprofile(None)
        clock.tracer = tracer
        with pytest.warns(TheseusWarning):
            d.callback(None)
        pending()
        clock.tracer = None
        assert count(tracer) == 2


@with_monitoring
def test_a_tool_id_that_was_freed() -> None:
    monitoring = sys.monitoring
    tracer = Tracer(Clock(), "monitoring")
    with tracer:
        d = pending()
        monitoring.free_tool_id(3)
        with pytest.warns(TheseusWarning, match="replaced by another tool of sys.monitoring after 0.0 s, taken again"):
            tracer.snapshot()
        pending()
        d.callback(None)
        assert count(tracer) == 2
    for tool in (3, 4):
        monitoring.use_tool_id(tool, "another")
    for tool in (3, 4):
        monitoring.free_tool_id(tool)
    with tracer:
        monitoring.free_tool_id(3)
        for tool in (3, 4):
            monitoring.use_tool_id(tool, "another")
        pending()
        assert desc(tracer).endswith("; replaced by another tool of sys.monitoring after 0.0 s")
    for tool in (3, 4):
        assert monitoring.get_tool(tool) == "another"
        monitoring.free_tool_id(tool)


# ---- a profile that holds nothing ----


@every_hook
def test_nothing_was_seen(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    assert desc(tracer) == "Hook: nothing was seen: install() was not called"
    assert "nothing was measured\nHook: nothing was seen: install() was not called\n" in str(tracer.snapshot())

    def watch() -> None:
        tracer.install()

    thread = threading.Thread(target=watch, name="Worker")
    thread.start()
    thread.join()
    pending()
    assert desc(tracer) == (
        "Hook: nothing was seen: no function returned a Deferred in Worker, the thread that called install()"
    )
    tracer.uninstall()
    with tracer:
        pending()
    assert desc(tracer) == ""
    tracer.clear()
    assert desc(tracer).startswith("Hook: nothing was seen: no function returned a Deferred in MainThread")


def test_an_empty_profile_of_nobody_says_nothing() -> None:
    assert Profile().origin == {}


# ---- an interpreter that has no place for the hook ----


def test_an_install_that_fails_leaves_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with PyPy, whose sys.setprofile() raises while cProfile is enabled."""
    tracer = Tracer(Clock(), "portable")

    class Refuses:
        def __init__(self, target: Any) -> None:
            pass

        def install(self) -> None:
            raise ValueError("lsprof is running")

        def uninstall(self) -> None:
            raise AssertionError("it was never installed")

    monkeypatch.setattr(tracer._core, "hook_type", Refuses)
    with pytest.raises(RuntimeError, match="lsprof is running"):
        tracer.install()
    assert not tracer.installed
    tracer.uninstall()
    monkeypatch.undo()
    with tracer:
        pending()
    assert count(tracer) == 1
