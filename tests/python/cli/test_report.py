# SPDX-License-Identifier: ISC
"""theseus report, on a program whose every figure is known.  A failure means that a reader is shown a wrong figure, or
another function than the one that is slow."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

import theseus

SHOP = """\
import sys
from twisted.internet import defer, task
from theseus import Tracer

clock = task.Clock()
lock = defer.DeferredLock()
def query(seconds):
    return task.deferLater(clock, seconds)
@defer.inlineCallbacks
def get_user(n):
    yield lock.acquire()
    try:
        yield query(0.25)
    finally:
        lock.release()
@defer.inlineCallbacks
def page(n):
    yield get_user(n)
    yield query(0.5)
class Page:
    def render_GET(self, n):
        return page(n)
def serve():
    return defer.Deferred()
def broken():
    return task.deferLater(clock, 1, lambda: 1 / 0)

tracer = Tracer(reactor=clock)
tracer.install()
main = serve()
for n in range(4):
    Page().render_GET(n)
broken().addErrback(lambda failure: None)
clock.pump([0.25] * 8)
tracer.uninstall()
tracer.write(sys.argv[1], format="pprof")
tracer.write(sys.argv[1] + ".callgrind")
"""
SCHEMA = pathlib.Path(theseus.__file__).parent / "cli" / "report.schema.json"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SHOP)
    subprocess.run([sys.executable, "shop.py", "out.pb.gz"], cwd=folder, check=True, timeout=120)
    return folder


def report(folder: pathlib.Path, *arguments: str, status: int = 0, **environment: str) -> str:
    command = [sys.executable, "-m", "theseus", "report", *arguments]
    where = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "80", **environment}
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, env=where, check=False)
    assert done.returncode == status, done.stderr
    return (done.stdout if not status else done.stderr).decode()


def test_the_tree(shop: pathlib.Path) -> None:
    lines = report(shop, "out.pb.gz").splitlines()
    assert re.fullmatch(
        r"shop\.py  \d+  35 operations: 32 ok, 2 failed, 1 pending +wait 7\.500s in 6 requests", lines[0]
    )
    assert lines[2].split("  what")[0].split() == ["wait", "%", "n", "p50", "p95", "failed"]
    shown = {}
    for line in lines[3:-1]:
        figures, what = re.fullmatch(r"(.*?)  ([├└│<].*|<module>.*)", line).groups()  # type: ignore[union-attr]
        label, place = re.split(r"  +(?=shop.py)", what)
        shown[label.lstrip("├└─│ ")] = [*figures.split(), place]
    page, lock = "Page.render_GET > page", "DeferredLock.acquire"
    if sys.version_info < (3, 11):  # names have no class
        page, lock = "render_GET > page", "acquire"
    assert list(shown) == [
        "<module>",
        page,
        "get_user",
        lock,
        "query > deferLater",
        "broken > deferLater",
    ]
    assert shown[page][:3] == ["4.500s", "82%", "4"]
    assert shown[lock][0] == "1.500s" and shown[lock][-1] == "shop.py:11"
    assert shown["get_user"][-1] == "shop.py:9"
    assert lines[-1].strip() == "1 operation never ends: serve (shop.py:23) 2.000s; --endless counts it"
    assert all(len(line) <= 80 for line in lines[2:])


def test_endless(shop: pathlib.Path) -> None:
    lines = report(shop, "--endless", "out.pb.gz").splitlines()
    assert any("serve" in line and "2.000s" in line for line in lines[3:-1])
    assert "never ends" not in lines[-1]


def test_filters(shop: pathlib.Path) -> None:
    assert "broken" not in report(shop, "--focus", "get_user", "out.pb.gz")
    assert "get_user" not in report(shop, "--ignore", "get_user", "out.pb.gz")
    rooted = report(shop, "--root", "get_user", "out.pb.gz").splitlines()
    assert rooted[3].split()[:2] == ["2.500s", "100%"] and "get_user" in rooted[3]
    failed = report(shop, "--outcome", "failed", "out.pb.gz")
    assert "broken" in failed and "page" not in failed
    assert "serve" in report(shop, "--outcome", "pending", "out.pb.gz")
    assert "lines more" in report(shop, "--limit", "2", "out.pb.gz")
    assert "broken" not in report(shop, "--min-share", "30%", "out.pb.gz")
    assert "twisted" in report(shop, "--show-all", "--json", "out.pb.gz")


def test_table(shop: pathlib.Path) -> None:
    lines = report(shop, "--table", "--sort", "count", "out.pb.gz").splitlines()
    assert "deferLater" in lines[3] and lines[3].split()[0] == "9"
    assert any("get_user (shop.py:9)" in line for line in lines)


def test_lines(shop: pathlib.Path) -> None:
    text = report(shop, "--lines", "page", "out.pb.gz")
    line = next(line for line in text.splitlines() if "yield get_user(n)" in line)
    assert line.split()[:3] == ["2.500s", "4", "18"]
    assert "no function" in report(shop, "--lines", "nobody", "out.pb.gz", status=3)


def test_the_source_is_not_shown_if_it_has_changed(shop: pathlib.Path, tmp_path: pathlib.Path) -> None:
    profile = theseus.load(shop / "out.pb.gz")
    assert isinstance(profile, theseus.Profile)
    (tmp_path / "out.pb.gz").write_bytes((shop / "out.pb.gz").read_bytes())
    os.utime(shop / "shop.py", (4e9, 4e9))
    try:
        text = report(shop, "--lines", "page", "out.pb.gz")
    finally:
        os.utime(shop / "shop.py", (1, 1))
    assert ("yield get_user" not in text) == (profile.began > 0)


def test_several_files_are_added(shop: pathlib.Path) -> None:
    head = report(shop, "out.pb.gz", "out.pb.gz").splitlines()[0]
    assert "70 operations: 64 ok, 4 failed, 2 pending" in head


def test_callgrind(shop: pathlib.Path) -> None:
    lines = report(shop, "out.pb.gz.callgrind").splitlines()
    assert lines[0].startswith("A callgrind file has no stacks and no percentiles: this is the table by function.")
    assert any("__main__.page" in line for line in lines)
    assert "no stacks" in report(shop, "--lines", "page", "out.pb.gz.callgrind", status=3)


def test_colours(shop: pathlib.Path) -> None:
    assert "\x1b" not in report(shop, "out.pb.gz")
    coloured = report(shop, "out.pb.gz", FORCE_COLOR="1", TERM="xterm")
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == report(shop, "out.pb.gz")
    assert "\x1b" not in report(shop, "out.pb.gz", FORCE_COLOR="1", NO_COLOR="1")


def test_an_encoding_without_branches(shop: pathlib.Path) -> None:
    text = report(shop, "out.pb.gz", PYTHONIOENCODING="ascii")
    assert text.isascii() and "`- " in text


@pytest.mark.parametrize("option", ["--focus=(", "--min-share=x", "--min-share=2", "--sort=x", "--limit=0"])
def test_misuse(shop: pathlib.Path, option: str) -> None:
    assert "Error" in report(shop, option, "out.pb.gz", status=2)


def test_twisted_is_not_imported(shop: pathlib.Path) -> None:
    code = (
        "import sys; from theseus.cli import main\n"
        "main(['report', 'out.pb.gz'], standalone_mode=False)\n"
        "print('twisted' in sys.modules, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False"


def test_text_from_outside_is_escaped(tmp_path: pathlib.Path) -> None:
    code = (
        "import sys, types; from twisted.internet.task import Clock, deferLater; from theseus import Tracer\n"
        "clock = Clock(); t = Tracer(reactor=clock); t.install()\n"
        "exec(compile('def f(): return deferLater(clock, 1)', '/srv/\\x1b[31m.py', 'exec'), globals())\n"
        "f.__code__ = f.__code__.replace(co_name='\\x1b[31mred')\n"
        "d = f(); clock.advance(1); t.uninstall(); t.write(sys.argv[1], format='pprof')"
    )
    subprocess.run([sys.executable, "-c", code, "out.pb.gz"], cwd=tmp_path, check=True, timeout=120)
    for option in ("--tree", "--table", "--paths=full"):
        text = report(tmp_path, option, "out.pb.gz")
        assert "\x1b" not in text and "\\x1b" in text


def test_nothing_measured(tmp_path: pathlib.Path) -> None:
    theseus.Profile().write(tmp_path / "empty.pb.gz", format="pprof")
    assert "Nothing was measured" in report(tmp_path, "empty.pb.gz")


# ---- JSON ----


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "$") -> list[str]:
    """What is wrong with a value by a schema, as far as the words of ours go."""
    found: list[str] = []
    if "$ref" in schema:
        found += faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
    if "oneOf" in schema:
        results = [faults(value, one, root, where) for one in schema["oneOf"]]
        if sum(not result for result in results) != 1:
            found += [f"{where}: none, or several, of oneOf: {results}"]
    types = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not isinstance(value, tuple(types[kind] for kind in kinds)):
        return [*found, f"{where}: not {kinds}"]
    if "const" in schema and value != schema["const"] or "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{where}: {value} is too small")
    if isinstance(value, dict):
        found += [f"{where}.{name}: missing" for name in schema.get("required", ()) if name not in value]
        for name, one in value.items():
            below = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            found += faults(one, below, root, f"{where}.{name}") if below else []
    for number, one in enumerate(value) if isinstance(value, list) and "items" in schema else ():
        found += faults(one, schema["items"], root, f"{where}[{number}]")
    return found


def test_json(shop: pathlib.Path) -> None:
    schema = json.loads(SCHEMA.read_text())
    for arguments in (["out.pb.gz"], ["--show-all", "out.pb.gz"], ["out.pb.gz.callgrind"]):
        found = json.loads(report(shop, "--json", *arguments))
        assert not faults(found, schema, schema)
        broken = {**found, "functions": [{**found["functions"][0], "name": 3}]}
        assert faults(broken, schema, schema)
    found = json.loads(report(shop, "--json", "out.pb.gz"))
    nodes = {node["id"]: node for node in found["tree"]}
    for node in nodes.values():
        below = sum(child["wait_ns"] for child in nodes.values() if child["parent"] == node["id"])
        assert node["wait_ns"] == (0 if node["id"] in found["endless"] else node["own_wait_ns"]) + below
    whole = json.loads(report(shop, "--json", "--show-all", "--endless", "out.pb.gz"))
    assert whole["tree"][0]["wait_ns"] == whole["totals"]["wait_ns"] == 4500000000 + 1000000000 + 2000000000
