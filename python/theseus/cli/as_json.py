# SPDX-License-Identifier: ISC
"""theseus report --json: the figures of a report for programs.  report.schema.json describes them.

`version` grows when a member changes its meaning or goes.  New members may come at any time.
"""

from __future__ import annotations

import json
from typing import Any

from ..graph import Graph
from ..kinds import LEAF, MACHINERY, PROGRAM, PSEUDO, RETURNING
from ..profile import Profile
from ..rows import Row
from ..tree import Node
from .places import short_name
from .tree import View

VERSION = 1
KINDS = {PROGRAM: "program", PSEUDO: "pseudo", LEAF: "leaf", MACHINERY: "machinery", RETURNING: "machinery"}
PERCENTILES = {"p50_ns": 0.5, "p95_ns": 0.95, "p99_ns": 0.99}


def _text(text: str) -> str:
    """JSON has no lone surrogates: bytes of file names that are no text are escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _outcomes(one: Any) -> dict[str, int]:
    names = ("success", "failure", "cancelled", "abandoned", "pending")
    return {name: int(getattr(one, name)) for name in names}


def _latencies(one: Any, percentiles: list[int]) -> dict[str, int]:
    found = {"sum_ns": one.latency, "min_ns": one.latency_min, "max_ns": one.latency_max}
    return found | dict(zip(PERCENTILES, percentiles))


def _node(view: View, node: Node) -> dict[str, Any]:
    function = view.tree.function(node)
    found: dict[str, Any] = {
        "id": node.number,
        "parent": node.parent if node.number else None,
        "name": _text(function.name),
        "short_name": _text(short_name(function.name, function.file)),
        "file": _text(function.file),
        "first_line": function.first_line,
        "call_line": node.call_line,
        "kind": KINDS[function.kind],
        "own_wait_ns": node.own,
        "wait_ns": view.inclusive(node),
        "operations": node.operations,
        **_outcomes(node),
    }
    if node.fired:
        found["latency"] = _latencies(node, view.tree.percentiles(node, *PERCENTILES.values()))
    return found


def _row(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": _text(row.name),
        "short_name": _text(short_name(row.name, row.file)),
        "file": _text(row.file),
        "first_line": row.first_line,
        "own_wait_ns": row.wait,
        "wait_ns": row.inclusive,
        "operations": row.deferreds,
        **_outcomes(row),
    }
    if row.fired:
        found["latency"] = _latencies(row, row.percentiles(*PERCENTILES.values()))
    return found


def of_profile(profile: Profile, rows: list[Row], view: View, hidden: int) -> str:
    totals = profile.totals()
    nodes = [view.tree[number] for number in range(len(view.tree))]
    report = {
        "version": VERSION,
        "kind": "profile",
        "origin": {key: _text(value) for key, value in profile.origin.items()},
        "duration_ns": profile.duration,
        "totals": {
            "operations": totals.deferreds,
            "requests": totals.outermost,
            "wait_ns": totals.wait,
            "detached_wait_ns": totals.detached,
            **_outcomes(totals),
        },
        "hidden_frames": hidden,
        "endless": [node.number for node in view.endless],
        "functions": [_row(row) for row in rows],
        "tree": [_node(view, node) for node in nodes],
    }
    return json.dumps(report, indent=1, ensure_ascii=False)


def of_graph(graph: Graph) -> str:
    events = graph.events()
    report = {
        "version": VERSION,
        "kind": "graph",
        "events": events,
        "totals": graph.totals(),
        "functions": [
            {
                "name": _text(row.function.name),
                "file": _text(row.function.file),
                "object": _text(row.function.object),
                "calls": row.calls,
                "own": dict(zip(events, row.own)),
                "inclusive": dict(zip(events, row.inclusive)),
            }
            for row in graph.rows()
        ],
    }
    return json.dumps(report, indent=1, ensure_ascii=False)
