# SPDX-License-Identifier: ISC
"""A failure means that an example program does not run, or that the README shows another output than it has."""

from __future__ import annotations

import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
from typing import NamedTuple

import pytest

from callgrind_parse import check_laws, parse
from theseus.hooks import available

TOP = pathlib.Path(__file__).resolve().parents[2]
FIRST = TOP / "examples" / "first.py"
WEB = TOP / "examples" / "web_profile.py"
README = (TOP / "README").read_text(encoding="utf-8")
SECOND = 10**9
DEFER_LATER = "twisted.internet.task.deferLater"


class Call(NamedTuple):
    caller: str
    callee: str
    line: int
    number: int
    wait: int
    failed: int
    pending: int


class File(NamedTuple):
    """A callgrind file, by the names of its functions."""

    calls: list[Call]
    self_costs: dict[tuple[str, int], dict[str, int]]  # by line and event

    def calls_between(self, caller: str, callee: str) -> list[Call]:
        return [c for c in self.calls if (c.caller, c.callee) == (caller, callee)]

    def call(self, caller: str, callee: str) -> Call:
        """The one call from `caller` to `callee`."""
        (found,) = self.calls_between(caller, callee)
        return found

    def self_wait(self, function: str) -> dict[int, int]:
        return {line: of["Wait"] for (name, line), of in self.self_costs.items() if name == function and of["Wait"]}

    def self_sum(self, function: str, event: str) -> int:
        return sum(of[event] for (name, _), of in self.self_costs.items() if name == function)

    @property
    def functions(self) -> set[str]:
        return {name for name, _ in self.self_costs} | {c.callee for c in self.calls} | {c.caller for c in self.calls}


def read(path: pathlib.Path, operations: str = "Deferreds") -> File:
    """A file, which obeys the laws: totals are sums, and what goes into a function comes out of it.

    `operations`: what its column of them is called, which is the Tracer's name for it, or the library's own.
    """
    file = parse(path.read_bytes())
    check_laws(file)
    assert file.events[:5] == ["Wait", "Latency", operations, "Failed", "Pending"]
    calls = [
        Call(caller, callee, line, number, *(costs[file.column(event)] for event in ("Wait", "Failed", "Pending")))
        for ((_, caller), line, (_, callee)), (number, costs) in file.edges.items()
    ]
    costs_of = {
        (name, line): dict(zip(file.events, costs, strict=True)) for ((_, name), line), costs in file.lines.items()
    }
    assert len(costs_of) == len(file.lines)
    return File(calls, costs_of)


def run(*command: object, cwd: pathlib.Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def line_of(path: pathlib.Path, text: str) -> int:
    (found,) = [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line]
    return found


# Found by Python as it starts: a reactor without a wall clock, whose time jumps from one delayed call to the next, for
# task.react and for the Tracer.
SITECUSTOMIZE = """
import functools
import theseus
from twisted.internet import task

class Reactor(task.Clock):
    running = False
    _exitSignal = None

    def addSystemEventTrigger(self, phase, event, f, *args):
        return None

    def callWhenRunning(self, f, *args):
        f(*args)

    def run(self):
        self.running = True
        while self.running:
            self.advance(min(call.getTime() for call in self.getDelayedCalls()) - self.seconds())

    def stop(self):
        self.running = False

reactor = Reactor()
task.react = functools.partial(task.react, _reactor=reactor)
theseus.Tracer = functools.partial(theseus.Tracer, reactor)
"""


def first_example_edges(file: File) -> list[Call]:
    chain = [
        "(root)",
        "__main__.<module>",
        "twisted.internet.task.react",
        "__main__.func",
        "twisted.internet.task.deferLater",
    ]
    assert file.functions == set(chain)  # and nothing of the reactor, or of twisted.internet.defer
    edges = [file.call(a, b) for a, b in itertools.pairwise(chain)]
    assert len(file.calls) == len(edges)
    assert [c.number for c in edges] == [1] * len(edges)
    assert edges[1].line == line_of(FIRST, "task.react(func)")
    assert edges[3].line == line_of(FIRST, "yield task.deferLater")
    return edges


def test_first_by_the_wall_clock(tmp_path: pathlib.Path) -> None:
    run(FIRST, cwd=tmp_path)
    for edge in first_example_edges(read(tmp_path / "callgrind.out.first")):
        assert 0.99 * SECOND <= edge.wait < 1.9 * SECOND  # twice would be 2 s


def test_first_to_the_nanosecond(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    run(FIRST, cwd=tmp_path)
    edges = first_example_edges(read(tmp_path / "callgrind.out.first"))
    assert [edge.wait for edge in edges] == [SECOND] * len(edges)


def readme_block(first: str) -> str:
    """The indented block of the README that begins with the line `first`."""
    block = README[README.index("    " + first) :]
    return textwrap.dedent(block[: re.search(r"^(?! {4}|$)", block, re.MULTILINE).start()])  # type: ignore[union-attr]


def test_the_readme_shows_the_first_example() -> None:
    licence, text = FIRST.read_text(encoding="utf-8").split("\n\n", 1)
    assert licence == "# SPDX-License-Identifier: ISC"
    assert readme_block("from twisted.internet import defer, task").strip() == text.strip()


LIBRARY = pathlib.Path(sys.prefix) / "lib"


@pytest.mark.skipif(
    not ((LIBRARY / "pkgconfig" / "theseus.pc").exists() and shutil.which("cc") and shutil.which("pkg-config")),
    reason="libtheseus is not installed beside this Python",
)
def test_the_c_program_in_the_readme(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, command = readme_block("#include <stdio.h>").rsplit("}\n", 1)
    assert command.split()[:2] == ["cc", "app.c"]
    (tmp_path / "app.c").write_text(program + "}\n", encoding="utf-8")
    monkeypatch.setenv("PKG_CONFIG_PATH", str(LIBRARY / "pkgconfig"), prepend=os.pathsep)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(LIBRARY), prepend=os.pathsep)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True, timeout=120)
    out = subprocess.run(["./a.out"], cwd=tmp_path, check=True, capture_output=True, timeout=120).stdout
    (tmp_path / "callgrind.out.app").write_bytes(out)
    file = read(tmp_path / "callgrind.out.app", "Operations")
    assert file.self_wait("get") == {45: 2 * SECOND}
    assert file.call("(root)", "get").number == 1


PICTURE = """
from twisted.internet import task
from twisted.internet.defer import gatherResults, inlineCallbacks
from theseus import Tracer

clock = task.Clock()
def get_user(): return task.deferLater(clock, 2, str)
def query(name): return task.deferLater(clock, {"a": 3, "b": 1}[name], str)


%s
with Tracer(clock) as t:
    d = page()
    clock.pump([0.25] * 20)
assert d.called
t.write("callgrind.out.page")
"""


def test_the_picture_in_the_readme(tmp_path: pathlib.Path) -> None:
    """Its lines, its numbers of seconds."""
    numbered = re.findall(r"^ +(1[0-3])  (.*)", README, re.MULTILINE)
    assert [int(n) for n, _ in numbered] == [10, 11, 12, 13]
    program = PICTURE.lstrip() % "\n".join(text for _, text in numbered)
    assert program.splitlines()[9] == "@inlineCallbacks"
    (tmp_path / "picture.py").write_text(program, encoding="utf-8")
    run("picture.py", cwd=tmp_path)
    file = read(tmp_path / "callgrind.out.page")
    module, page, user, query = ("__main__." + name for name in ("<module>", "page", "get_user", "query"))
    assert file.call(module, page).wait == 5 * SECOND
    assert file.self_wait(page) == {}
    assert file.call(page, user)[2:5] == (12, 1, 2 * SECOND)
    assert file.call(page, query)[2:5] == (13, 2, 3 * SECOND)
    assert file.self_sum(DEFER_LATER, "Wait") == 5 * SECOND
    assert file.self_sum(page, "Latency") == 5 * SECOND
    assert file.self_sum(query, "Latency") == 4 * SECOND


PACE = 0.5


@pytest.fixture(scope="module", params=("auto", *available()))
def web(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[File, str]:
    folder = tmp_path_factory.mktemp("web")
    output = run(WEB, "--pace", PACE, "--hook", request.param, "--output", "callgrind.out.web", cwd=folder)
    return read(folder / "callgrind.out.web"), output


ACQUIRE = "twisted.internet.defer." + ("DeferredLock.acquire" if sys.version_info >= (3, 11) else "acquire")


def app(name: str) -> str:
    """A function's name in the profile of the program: before 3.11 code objects do not know their class."""
    return "__main__." + (name if sys.version_info >= (3, 11) else name.rpartition(".")[2])


def at_least(seconds: float, ns: int) -> bool:
    """Delays are as long as asked for, counted from a little before; how much longer is the machine's affair."""
    return ns >= (seconds * PACE - 0.05) * SECOND


def test_web_says_what_it_did(web: tuple[File, str]) -> None:
    file, output = web
    lines = output.splitlines()
    assert lines[0] == "[7, 8, 9], b'all is well', b'too slow', 500 sorry"
    assert "Wrote callgrind.out.web; open it:  kcachegrind callgrind.out.web" in lines
    assert any("__main__.Client.visit" in line or "__main__.visit" in line for line in lines)  # the table


def test_web_client(web: tuple[File, str]) -> None:
    file = web[0]
    visit, customer, price, get = (app("Client." + name) for name in ("visit", "customer", "price", "get"))
    # three customers, two prices each; the database gives six answers, in a row
    assert [file.call(*edge).number for edge in ((visit, customer), (customer, price), (price, get))] == [3, 6, 6]
    waits = [file.call(*edge).wait for edge in ((visit, customer), (customer, price), (price, get))]
    assert waits == sorted(waits, reverse=True)
    assert at_least(6 * 0.15, waits[-1])
    assert file.call(customer, price).line == line_of(WEB, "yield self.price(item)")
    # the client waits at the line that says so, and hardly at the other one
    at = {c.line: c.wait for c in file.calls if c.caller == get}
    assert list(at) == [line_of(WEB, "await self.agent.request"), line_of(WEB, "await readBody")]
    request, body = at.values()
    assert request > body
    # impatience, and the page that fails
    assert at_least(0.3, file.call(visit, app("Client.patience")).wait)
    assert {c.line: c.failed > 0 for c in file.calls_between(visit, get)} == {
        line_of(WEB, 'yield ensureDeferred(self.get(b"report"))'): False,
        line_of(WEB, 'yield ensureDeferred(self.get(b"broken"))'): True,
    }
    # what a visit waits for is all it does: it adds up to the last nanosecond
    into = file.call(app("run"), visit).wait
    assert into == sum(c.wait for c in file.calls if c.caller == visit) + sum(file.self_wait(visit).values())
    assert at_least(6 * 0.15 + 0.4 + 0.3 + 0.05, into)


def test_web_server(web: tuple[File, str]) -> None:
    file = web[0]
    render, respond, price, query = map(app, ("Page.render_GET", "Page.respond", "Shop.price", "Database.query"))
    assert "[reactor]" in file.functions
    assert file.call(render, respond).number == 9
    assert file.call(price, query).number == 6
    # one at a time: of three customers, two wait for the lock while one has it
    lock, answer = line_of(WEB, "yield self.lock.acquire()"), line_of(WEB, "yield task.deferLater(self.reactor, 0.15")
    waits = {(c.callee, c.line): c.wait for c in file.calls if c.caller == query}
    assert set(waits) == {(ACQUIRE, lock), (DEFER_LATER, answer)}
    assert at_least(6 * 0.15, waits[DEFER_LATER, answer])
    assert at_least(0.15, waits[ACQUIRE, lock])  # 9 times that, if all came at once
    assert at_least(0.4, file.call(app("Shop.report"), "twisted.internet.threads.deferToThread").wait)
    # the page that nobody waits for any more
    assert file.call(respond, app("Shop.slow")).pending == 2  # its own, and deferLater's


def test_web_background(web: tuple[File, str]) -> None:
    """Nobody waits for count_visit, so it takes nothing from the visit that started it."""
    file = web[0]
    visit, count = app("Client.visit"), app("Client.count_visit")
    assert file.call("[detached]", count).wait > 0  # nearly all of it: from the first yield of visit on
    assert file.call(visit, count).wait == 0
    assert not [c for c in file.calls if c.callee == "[detached]" and c.caller != "(root)"]
