# SPDX-License-Identifier: ISC
"""Folding in Python: what each function is, and the table that print() shows.  A failure means that the first screen
shows Twisted's frames, or hides the program's."""

from __future__ import annotations

import importlib
import inspect
import os
import pathlib
import subprocess
import sys

import pytest
from twisted.internet import defer, task
from twisted.internet.task import Clock, deferLater

from theseus import Profile
from theseus.kinds import (
    LEAF,
    MACHINERY,
    PROGRAM,
    PSEUDO,
    RETURNING,
    configured,
    kind_of,
    kinds,
    leaf_name,
    patterns,
)
from tracing import HOOKS, traced

NOTHING = patterns([])


@pytest.mark.parametrize(
    ("name", "file", "wanted"),
    [
        ("[reactor]", "", PSEUDO),
        ("shop.page", "/srv/shop.py", PROGRAM),
        ("__main__.<module>", "/srv/shop.py", PROGRAM),
        ("scrapy.core.engine.ExecutionEngine.open_spider", "/v/site-packages/scrapy/core/engine.py", PROGRAM),
        ("synapse.logging.context.make_deferred_yieldable", "/v/site-packages/synapse/logging/context.py", PROGRAM),
        ("twisted.internet.task.react", "/v/site-packages/twisted/internet/task.py", MACHINERY),
        ("twisted.internet.defer.DeferredLock.acquire", "/v/twisted/internet/defer.py", LEAF),
        ("twisted.web.client.Agent.request", "/v/twisted/web/client.py", LEAF),
        ("twisted.internet.endpoints.TCP4ClientEndpoint.connect", "/v/twisted/internet/endpoints.py", LEAF),
        ("twisted.plugins.my_service.makeService", "/srv/twisted/plugins/my_service.py", PROGRAM),
        ("twisted.plugins.twisted_web.makeService", "/v/twisted/plugins/twisted_web.py", MACHINERY),
        ("asyncio.events.Handle._run", "/usr/lib/python3.11/asyncio/events.py", MACHINERY),
        ("json.load", "/usr/lib/python3.11/json/__init__.py", MACHINERY),
        ("json.load", "/srv/json/__init__.py", PROGRAM),  # below the working directory
        ("importlib._bootstrap.x", "<frozen importlib._bootstrap>", MACHINERY),
        ("<decorator-gen-0>.get", "<decorator-gen-0>", MACHINERY),
        ("twistedly.f", "/v/twistedly.py", PROGRAM),
        ("_pytest.runner.call", "/v/_pytest/runner.py", MACHINERY),
    ],
)
def test_kinds(name: str, file: str, wanted: int) -> None:
    assert kind_of(name, file, False, NOTHING, "/srv") == wanted
    assert kind_of(name, file, True, NOTHING, "/srv") == (RETURNING if wanted == MACHINERY else wanted)


def test_patterns_add_to_the_machinery() -> None:
    for pattern in ("synapse.logging.*", "*.make_deferred_yieldable"):
        name = "synapse.logging.context.make_deferred_yieldable"
        assert kind_of(name, "/v/context.py", False, patterns([pattern]), "/srv") == MACHINERY
        assert kind_of("synapse.handlers.f", "/v/h.py", False, patterns([pattern]), "/srv") == PROGRAM


def test_pyproject(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pyproject.toml"
    assert configured(str(tmp_path)) == []
    path.write_text('[tool.other]\nmachinery = ["no"]\n[tool.theseus]\nmachinery = [\n  "shop.decorators.*",\n]\n')
    assert configured(str(tmp_path)) == ["shop.decorators.*"]
    monkeypatch.chdir(tmp_path)
    assert list(kinds([("shop.decorators.f", "/v/shop.py", False), ("shop.f", "/v/shop.py", True)])) == [3, 0]
    path.write_text("[tool.theseus]\nmachinery = [\n")
    with pytest.raises(ValueError, match=r"pyproject\.toml"):
        configured(str(tmp_path)) or pytest.fail("a broken file is not read")
    path.write_text("[tool.theseus]\nmachinery = [1]\n")
    with pytest.raises(ValueError, match="no list of texts"):
        configured(str(tmp_path))


def test_leaves_exist_in_this_twisted() -> None:
    """Twisted moves things about: the names of its calls must be those that the list has."""
    found = set()
    modules = (
        "internet.defer internet.threads enterprise.adbapi internet.task internet.utils internet.endpoints "
        "internet.protocol web.client names.client names.common protocols.amp spread.pb"
    )
    for module in modules.split():
        loaded = importlib.import_module(f"twisted.{module}")
        functions = [*vars(loaded).values()]
        for cls in [thing for thing in functions if inspect.isclass(thing)]:
            functions += vars(cls).values()
        for function in functions:
            if inspect.isfunction(function) and function.__module__ == loaded.__name__:
                short = leaf_name(f"{function.__module__}.{function.__qualname__}")
                found.add(short)
    wanted = (
        "DeferredLock.acquire DeferredSemaphore.acquire DeferredQueue.get DeferredFilesystemLock.deferUntilLocked "
        "deferToThread deferToThreadPool ConnectionPool.runQuery ConnectionPool.runInteraction deferLater "
        "LoopingCall.start getProcessOutput getProcessOutputAndValue TCP4ClientEndpoint.connect "
        "HostnameEndpoint.connect connectProtocol Agent.request RedirectAgent.request readBody lookupAddress "
        "BoxDispatcher.callRemote RemoteReference.callRemote"
    )
    assert not set(wanted.split()) - found


def test_leaf_names() -> None:
    assert leaf_name("twisted.internet.defer.DeferredLock.acquire") == "DeferredLock.acquire"
    assert leaf_name("twisted.internet.threads.deferToThread") == "deferToThread"
    assert leaf_name("shop.page") is None


# ---- profiles ----


def shop(clock: Clock) -> None:
    lock = defer.DeferredLock()

    @defer.inlineCallbacks
    def page(work: float):  # type: ignore[no-untyped-def]
        yield lock.acquire()
        try:
            yield deferLater(clock, work)
        finally:
            lock.release()

    def pages() -> defer.Deferred[object]:
        return defer.gatherResults([page(1), page(2)])

    pages()
    task.cooperate(iter([])).whenDone()
    clock.pump([0.5] * 8)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_table(hook: str) -> None:
    profile = traced(shop, hook, Clock())
    rows = {row.name: row for row in profile.rows()}
    names = {name.rpartition(".")[2] for name in rows}
    assert {"pages", "page", "acquire", "deferLater"} <= names
    assert not [name for name in rows if kind_of(name, "x", False, NOTHING, "") == MACHINERY]
    page = next(row for row in rows.values() if row.name.endswith(".page"))
    lock = next(row for row in rows.values() if row.name.endswith(".acquire"))
    assert (page.deferreds, page.latency_max, page.inclusive) == (2, 3 * 10**9, 3 * 10**9)
    assert (lock.deferreds, lock.wait) == (2, 5 * 10**8)  # half of the head's weight for the second, for 1 s
    assert str(profile).endswith(" frames hidden]")


@pytest.mark.parametrize("hook", HOOKS)
def test_the_table_as_it_was(hook: str) -> None:
    profile = traced(shop, hook, Clock())
    rows = {(row.name, row.file): row for row in profile.rows(folded=False)}
    sums: dict[tuple[str, str], list[int]] = {}
    for stack in profile:
        frame = stack.frames[-1]
        figures = (stack.deferreds, stack.wait, stack.success, stack.failure, stack.latency)
        before = sums.get((frame.name, frame.file), [0] * len(figures))
        sums[frame.name, frame.file] = [a + b for a, b in zip(before, figures)]
        row = rows[frame.name, frame.file]
        assert row.first_line == frame.first_line
        assert row.latency_min <= stack.latency_min or not stack.fired
        assert row.latency_max >= stack.latency_max
    for key, row in rows.items():
        figures = (row.deferreds, row.wait, row.success, row.failure, row.latency)
        assert list(figures) == sums.get(key, [0] * len(figures))
        assert sum(row.histogram.values()) == row.fired
        assert not row.fired or row.percentile(1) == row.latency_max and row.percentile(0) == row.latency_min


@pytest.mark.parametrize("hook", HOOKS)
def test_totals_are_those_of_the_whole(hook: str) -> None:
    profile = traced(shop, hook, Clock())
    folded, hidden = profile.folded()
    assert hidden > 0
    assert folded.totals().wait == profile.totals().wait == sum(stack.wait for stack in profile)
    head = str(profile).splitlines()
    assert head[0].startswith(f"{sum(stack.deferreds for stack in profile)} Deferreds, ")
    twice, none = folded.folded()
    assert none == 0 and twice.encoded("pprof") == folded.encoded("pprof")


def test_an_empty_profile() -> None:
    assert Profile().rows() == [] and Profile().rows(folded=False) == []
    assert Profile().totals() == (0,) * 9


def test_without_a_working_directory(tmp_path: pathlib.Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, theseus; os.rmdir({str(gone)!r}); print(theseus.Profile())"
    done = subprocess.run([sys.executable, "-c", code], cwd=gone, capture_output=True, text=True, check=False)
    assert "nothing was measured" in done.stdout, done.stderr
    assert os.path.exists(tmp_path)
