# SPDX-License-Identifier: ISC
"""A parser of anybody's callgrind files, written for clearness from the description of the format and from what
producers do: it shares nothing with the one of the library, and keeps sums by function and by edge."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from theseus.graph import Graph

Function = tuple[str, str, str]  # (object, file, name)
NAME = re.compile(r"\((\d+)\)(?:\s+(.*\S))?\s*$")
TABLES = {"ob": "o", "cob": "o", "fl": "f", "fi": "f", "fe": "f", "cfi": "f", "cfl": "f", "jfi": "f"}


@dataclass
class Sums:
    """Sums of all files read."""

    own: Counter[tuple[Function, str]] = field(default_factory=Counter)
    """By function and event."""
    edges: Counter[tuple[Function, Function, str]] = field(default_factory=Counter)
    """By caller, callee and event."""
    calls: Counter[tuple[Function, Function]] = field(default_factory=Counter)

    def __eq__(self, other: object) -> bool:
        """Zeros do not matter."""
        return isinstance(other, Sums) and (+self.own, +self.edges, +self.calls) == (
            +other.own,
            +other.edges,
            +other.calls,
        )

    def read(self, text: str) -> None:
        names: dict[tuple[str, str], str] = {}
        current = {"ob": "", "fl": "", "file": ""}
        callee: dict[str, str] = {}
        events: list[str] = []
        columns = 1
        function: Function | None = None
        pending = None  # "jump", or the number of calls

        for line in (line.strip() for line in text.split("\n")):
            if not line or line.startswith(("#", "=")):
                continue
            key, equals, value = line.partition("=")
            if re.match(r"[-+*0-9]", line):
                costs = [int(word, 0) for word in line.split()[columns:]]
                if pending == "jump":
                    pending = None
                    continue
                assert function
                if pending is None:
                    for event, cost in zip(events, costs):
                        self.own[function, event] += cost
                    continue
                called = (callee.get("ob", current["ob"]), callee.get("file", current["file"]), callee["name"])
                self.calls[function, called] += int(pending)
                for event, cost in zip(events, costs):
                    self.edges[function, called, event] += cost
                pending, callee = None, {}
            elif equals and key in ("calls", "rcalls"):
                pending = value.split()[0]
            elif equals and key in ("jump", "jcnd"):
                pending = "jump"
            elif equals and (key in TABLES or key in ("fn", "cfn", "jfn")):
                table = TABLES.get(key, "n")
                compressed = NAME.match(value)
                if compressed:
                    number, name = compressed.groups()
                    name = names.setdefault((table, number), "???") if name is None else name
                    names[table, number] = name
                else:
                    name = value.strip()
                if key == "fn":
                    current["file"] = current["fl"]
                    function = (current["ob"], current["fl"], name)
                elif key == "cfn":
                    callee["name"] = name
                elif key == "ob":
                    current["ob"] = name
                elif key == "cob":
                    callee["ob"] = name
                elif key == "fl":
                    current["fl"] = current["file"] = name
                elif key in ("fi", "fe"):
                    current["file"] = name
                elif key in ("cfi", "cfl"):
                    callee["file"] = name
            else:
                key, _, value = line.partition(":")
                if key == "events":
                    events = value.split()
                elif key == "positions":
                    columns = len(value.split())


def sums_of(graph: Graph) -> Sums:
    """What the library made of a file, in the same form."""
    sums = Sums()
    events = graph.events()
    for cost in graph.costs():
        function = (cost.function.object, cost.function.file, cost.function.name)
        for event, value in zip(events, cost.values):
            sums.own[function, event] += value
    for edge in graph.edges():
        ends = tuple((end.object, end.file, end.name) for end in (edge.caller, edge.callee))
        sums.calls[ends[0], ends[1]] += edge.calls
        for event, value in zip(events, edge.values):
            sums.edges[ends[0], ends[1], event] += value
    return sums
