# SPDX-License-Identifier: ISC
"""A failure means that install(), uninstall(), clear() or the end of the process loses, adds or breaks something."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import weakref
from typing import Any

import pytest
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import Clock

from shared import (
    Listener,
    count,
    count_of,
    every_hook,
    merged_by_name,
)
from theseus import Tracer
from unnoticed import pending

pytestmark = pytest.mark.usefixtures("as_it_was")


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


@every_hook
@pytest.mark.parametrize("kept", [[], [None]], ids=["dropped", "kept"])
def test_a_clock_that_refers_to_its_tracer(hook: str, kept: list[Any]) -> None:
    """Both go, and the tracer's id of sys.monitoring is free again.  Observers may stay."""
    for _ in range(4):
        clock: Any = Clock()
        clock.tracer = Tracer(clock, hook)
        clock.tracer.install()
        kept[1:] = [pending() for _ in kept]
        gone = weakref.ref(clock)
        del clock
        gc.collect()
        assert gone() is None
    assert sys.getprofile() is None
    for d in kept[1:]:
        d.callback(None)


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


@every_hook
def test_written_by_another_thread(hook: str, tmp_path: Any) -> None:
    """The snapshot is taken at once; the Deferred fires when the file is there, or fails as write() does."""
    program = f"""
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from theseus import Tracer
tracer = Tracer(hook={hook!r})

def pends():
    return Deferred()

@inlineCallbacks
def main():
    with tracer:
        kept = [pends()]
        later = tracer.write_later("folded", format="folded", event="Deferreds")
        kept.append(pends())
    yield later
    print(open("folded").read().count("pends 1"))
    try:
        yield tracer.write_later("nowhere/file")
    except OSError as error:
        print(type(error).__name__)
    reactor.stop()

reactor.callWhenRunning(main)
reactor.run()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\nFileNotFoundError\n", "")
