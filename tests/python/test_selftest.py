# SPDX-License-Identifier: ISC
"""A failure means that a Twisted which Theseus does not know is measured wrongly without a word, or that one which it
knows is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from twisted.internet.task import Clock

from shared import count, every_hook
from theseus import Tracer, machinery, selftest
from theseus.functions import code_of
from unnoticed import pending

pytestmark = pytest.mark.usefixtures("as_it_was")


@pytest.fixture(autouse=True)
def as_if_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "_passed", set())


@every_hook
def test_this_twisted_passes_and_nobody_sees_it(hook: str) -> None:
    other = Tracer(Clock(), hook)
    with other:
        tracer = Tracer(Clock(), hook)
        selftest._passed.clear()
        with tracer:
            pending()
    assert selftest._passed == {hook}
    assert (count(other), count(tracer)) == (1, 1)


@every_hook
def test_a_twisted_that_is_measured_wrongly_is_refused(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machinery, "DRIVER_CODE", code_of(pending))
    tracer = Tracer(Clock(), hook)
    with pytest.raises(RuntimeError, match=r"^Theseus cannot measure this Twisted, \d.*was measured as .*tried with"):
        tracer.install()
    assert not tracer.installed


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("del defer._cancellableInlineCallbacks", "twisted.internet.defer._cancellableInlineCallbacks"),
        ("del defer._inlineCallbacks", "twisted.internet.defer._inlineCallbacks"),
        ("del defer.Deferred._runCallbacks", "Deferred._runCallbacks"),
        ("defer._inlineCallbacks = lambda result, generator: None", "the variable gen of _inlineCallbacks"),
    ],
)
def test_a_name_that_is_missing(change: str, name: str) -> None:
    program = f"""
from twisted.internet import defer, task
{change}
from theseus import Tracer
Tracer().install()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    last: Any = done.stderr.splitlines()[-1]
    assert last.startswith("RuntimeError: Theseus cannot measure this Twisted, ") and f" it lacks {name}" in last, done


def test_installed_while_twisted_is_being_imported() -> None:
    """As by the start-up hook: the thread of the test must not wait for that import."""
    program = """
import importlib.util, sys, theseus
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "twisted.internet.defer":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            tracer = theseus.Tracer()
            tracer.install()
            print("installed", tracer.installed, len(sys.modules["theseus.selftest"]._passed))
            tracer.uninstall()
        spec.loader.exec_module = exec_module
        return spec
sys.meta_path.insert(0, Finder())
import twisted.internet.defer
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("installed True 1\n", "")
