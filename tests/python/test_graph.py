# SPDX-License-Identifier: ISC
"""A failure means that callgrind files are read, added up or written wrongly in Python, or that merging depends on
the order or the grouping."""

from __future__ import annotations

import gzip
import io
import os
import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import foreign_parse
from theseus import Profile, TheseusError
from theseus.graph import Graph, load, merge

FILE = b"""# callgrind format
version: 1
cmd: app
event: Ir : Instructions
events: Ir T
fl=(1) /a.c
fn=(1) main
3 10 1
cfi=(2) /b.c
cfn=(2) f
calls=3 11
4 70 7
fl=(2)
fn=(2)
11 70 7
"""


def graph_of(data: bytes, name: str = "in") -> Graph:
    file = io.BytesIO(data)
    file.name = name  # type: ignore[attr-defined]
    found = load(file)
    assert isinstance(found, Graph)
    return found


def random_file(seed: int) -> bytes:
    """A file with a few of the same functions and lines as all others, in an order and with numbers of its own."""
    draw = random.Random(seed)
    events = draw.sample(["Ir", "Dr", "Dw"], draw.randint(1, 3))
    lines = [f"cmd: {draw.choice('ab')}", "events: " + " ".join(events)]
    for _ in range(draw.randint(0, 20)):
        lines += [f"fl=/f{draw.randint(0, 2)}", f"fn=g{draw.randint(0, 5)}"]
        for _ in range(draw.randint(0, 4)):
            if draw.random() < 0.4:
                lines += [f"cfi=/f{draw.randint(0, 2)}", f"cfn=g{draw.randint(0, 5)}"]
                lines.append(f"calls={draw.randint(0, 9)} {draw.randint(0, 9)}")
            elif draw.random() < 0.2:
                lines.append(f"fi=/h{draw.randint(0, 1)}")
            lines.append(" ".join(str(draw.randint(0, 2**40)) for _ in range(draw.randint(1, 1 + len(events)))))
            lines[-1] = f"{draw.randint(1, 6)} {lines[-1].partition(' ')[2]}"
    return "\n".join(lines).encode() + b"\n"


def figures(graph: Graph) -> tuple[Counter[Any], Counter[Any], Counter[Any]]:
    """All costs, costs of edges, and calls, by what they are of and the event's name."""
    events = graph.events()
    costs: Counter[Any] = Counter()
    edges: Counter[Any] = Counter()
    calls: Counter[Any] = Counter()
    for cost in graph.costs():
        for event, value in zip(events, cost.values):
            costs[cost.function, cost.file, cost.line, event] += value
    for edge in graph.edges():
        calls[edge.caller, edge.file, edge.line, edge.callee] += edge.calls
        for event, value in zip(events, edge.values):
            edges[edge.caller, edge.file, edge.line, edge.callee, event] += value
    return costs, edges, calls


def test_what_is_read() -> None:
    graph = graph_of(FILE)
    assert graph.events() == ["Ir", "T"]
    assert [(function.name, function.file) for function in graph.functions()] == [("main", "/a.c"), ("f", "/b.c")]
    assert [(cost.function.name, cost.line, cost.values) for cost in graph.costs()] == [
        ("main", 3, (10, 1)),
        ("f", 11, (70, 7)),
    ]
    (edge,) = graph.edges()
    assert (edge.caller.name, edge.callee.name, edge.line, edge.calls, edge.values) == ("main", "f", 4, 3, (70, 7))
    assert graph.totals() == {"Ir": 80, "T": 8}
    assert [(row.function.name, row.calls, row.own, row.inclusive) for row in graph.rows()] == [
        ("main", 0, (10, 1), (80, 8)),
        ("f", 3, (70, 7), (70, 7)),
    ]
    assert str(graph).splitlines()[1].split() == ["10", "80", "1", "8", "main", "(/a.c)"]


def test_files(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(FILE)
    packed.write_bytes(gzip.compress(FILE))
    wanted = graph_of(FILE).encoded()
    for source in (plain, str(packed), io.BytesIO(FILE), io.BytesIO(gzip.compress(FILE))):
        found = load(source)
        assert isinstance(found, Graph)
        assert found.encoded() == wanted
    with plain.open("rb") as file:
        load(file)
        assert not file.closed
    out = tmp_path / "out"
    merged = merge([plain, packed], out)
    assert isinstance(merged, Graph)
    assert merged.totals() == {"Ir": 160, "T": 16}
    assert out.read_bytes() == merged.encoded()
    assert f"desc: Source: {packed}\ndesc: Source: {plain}\n".encode() in out.read_bytes()


def test_profiles(tmp_path: Path) -> None:
    pprof = tmp_path / "pprof"
    Profile().write(pprof, format="pprof")
    assert isinstance(load(pprof), Profile)
    assert isinstance(merge([pprof, pprof]), Profile)
    (tmp_path / "callgrind").write_bytes(FILE)
    mixed = merge([pprof, tmp_path / "callgrind"])
    assert isinstance(mixed, Graph)
    assert mixed.totals() == {"Ir": 80, "T": 8, "Wait": 0, "Latency": 0, "Deferreds": 0, "Failed": 0, "Pending": 0}
    assert f"desc: Source: {tmp_path / 'callgrind'}\ndesc: Source: {pprof}\n".encode() in mixed.encoded()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "in:0:1: the file is empty"),
        (b"events: A\nfn=f\n1 x\n", "in:3:3: a cost that is no number"),
        (b"version: 2\n", "in:1:10: a version of the format that is not known"),
        (gzip.compress(FILE)[:-9], "in: Compressed file ended before"),
        (b"\x1f\x8b\x08\x00broken", "in: "),
        (b"\x28\xb5\x2f\xfdbroken", "in: "),
    ],
)
def test_what_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(TheseusError) as caught:
        graph_of(data)
    assert str(caught.value).startswith(said)


def test_arguments(tmp_path: Path) -> None:
    graph = graph_of(FILE)
    with pytest.raises(TypeError, match="'rb'"):
        load(io.StringIO("events: A\n"))  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")
    for format in ("pprof", "folded", "xml"):
        with pytest.raises(ValueError, match="callgrind"):
            graph.write(io.BytesIO(), format)
    with pytest.raises(TypeError):
        graph.merge(FILE)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nothing"):
        merge([])
    graph.merge(graph_of(b"event: T : t [ns]\nevents: T\n"))
    with pytest.raises(TheseusError, match="unit"):
        graph.merge(graph_of(b"event: T : t [s]\nevents: T\n"))
    assert graph.read(io.BytesIO(b"events: Ir\nwhat\n")) == ["-:2:1: warning: a line that makes no sense is left out"]
    with pytest.raises(TheseusError, match="-:2:1: a line that makes no sense"):
        graph.read(io.BytesIO(b"events: Ir\nwhat\n"), strict=True)
    assert graph.totals() == {"Ir": 80, "T": 8}


@pytest.mark.parametrize("seed", range(60))
def test_laws(seed: int) -> None:
    """merge(a) = a; order and grouping do not matter, but to the order of the events; sums are sums."""
    files = [graph_of(random_file(3 * seed + k), f"file{k}") for k in range(3)]
    alone = Graph()
    alone.merge(files[0])
    assert alone.encoded() == files[0].encoded()

    base = graph_of(b"events: Ir Dr Dw\n", "base")  # so that the events' order is the same

    def added(*parts: Graph) -> Graph:
        total = Graph()
        for part in (base, *parts):
            total.merge(part)
        return total

    left = added(*files)
    assert added(*reversed(files)).encoded() == left.encoded()
    inner = Graph()
    inner.merge(files[1])
    inner.merge(files[2])
    assert added(files[0], inner).encoded() == left.encoded()
    for k, found in enumerate(figures(left)):
        wanted: Counter[Any] = Counter()
        for file in files:
            wanted.update(figures(file)[k])
        assert +found == +wanted
    again = graph_of(left.encoded())
    assert again.encoded() == left.encoded()
    assert figures(again) == figures(left)


def test_itself() -> None:
    graph = graph_of(FILE)
    graph.merge(graph)
    assert graph.totals() == {"Ir": 160, "T": 16}


def test_threads() -> None:
    """Each thread has a graph of its own."""
    results: list[bytes] = []

    def run() -> None:
        graph = Graph()
        for seed in range(30):
            graph.merge(graph_of(random_file(seed), "x"))
        results.append(graph.encoded())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1 and len(results) == 4


SAMPLES = os.environ.get("THESEUS_SAMPLES")
BROKEN = {
    "speedscope-subposition-compression.callgrind": "a cost that is no number",
    "wincachegrind-cachegrind.out.bug00631.callgrind": "has no line of costs",
}


@pytest.mark.skipif(not SAMPLES, reason="THESEUS_SAMPLES is not set")
def test_samples() -> None:
    """Files of other programs, function by function and edge by edge, as a parser reads them that is not ours."""
    paths = sorted(Path(SAMPLES or "").rglob("*.callgrind"))
    assert paths
    total = Graph()
    wanted = foreign_parse.Sums()
    for path in paths:
        if path.name in BROKEN:
            with pytest.raises(TheseusError, match=BROKEN[path.name]):
                load(path)
            continue
        found = load(path)
        assert isinstance(found, Graph)
        sums = foreign_parse.Sums()
        sums.read(path.read_bytes().decode("utf-8", "replace"))
        assert foreign_parse.sums_of(found) == sums, path.name
        assert graph_of(found.encoded()).encoded() == found.encoded()
        total.merge(found)
        wanted.read(path.read_bytes().decode("utf-8", "replace"))
    assert foreign_parse.sums_of(total) == wanted
