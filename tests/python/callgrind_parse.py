# SPDX-License-Identifier: ISC
"""A small reader of callgrind files, of its own: it shares nothing with the one in the library, and takes only what
Theseus writes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

Function = tuple[str, str]  # (file, name)


def added(left: list[int], right: list[int]) -> list[int]:
    return [a + b for a, b in zip(left, right, strict=True)]


@dataclass
class Callgrind:
    """A file, read."""

    events: list[str] = field(default_factory=list)
    summary: list[int] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    lines: dict[tuple[Function, int], list[int]] = field(default_factory=dict)
    """Self cost by function and line."""
    edges: dict[tuple[Function, int, Function], tuple[int, list[int]]] = field(default_factory=dict)
    """(caller, line of the call, callee) -> (calls, inclusive cost)."""

    def functions(self) -> set[Function]:
        found = {function for function, _ in self.lines}
        for caller, _, callee in self.edges:
            found |= {caller, callee}
        return found

    def self_cost(self) -> dict[Function, list[int]]:
        found: dict[Function, list[int]] = defaultdict(lambda: [0] * len(self.events))
        for (function, _), costs in self.lines.items():
            found[function] = added(found[function], costs)
        return found

    def column(self, event: str) -> int:
        return self.events.index(event)

    def components(self) -> list[set[Function]]:
        """The strongly connected ones, by Kosaraju's two passes."""
        forth: dict[Function, set[Function]] = defaultdict(set)
        back: dict[Function, set[Function]] = defaultdict(set)
        for caller, _, callee in self.edges:
            forth[caller].add(callee)
            back[callee].add(caller)
        order: list[Function] = []
        seen: set[Function] = set()
        for start in sorted(self.functions()):
            stack = [(start, False)]
            while stack:
                function, done = stack.pop()
                if done:
                    order.append(function)
                elif function not in seen:
                    seen.add(function)
                    stack.append((function, True))
                    stack.extend((callee, False) for callee in forth[function])
        found = []
        assigned: set[Function] = set()
        for start in reversed(order):
            if start in assigned:
                continue
            component, todo = set(), [start]
            while todo:
                function = todo.pop()
                if function not in assigned:
                    assigned.add(function)
                    component.add(function)
                    todo.extend(back[function])
            found.append(component)
        return found


def parse(data: bytes) -> Callgrind:
    """Reads a file, and asserts the rules of its form on the way."""
    text = data.decode("utf-8")
    assert text.startswith("# callgrind format\nversion: 1\ncreator: "), "the first lines"
    assert text.endswith("\n") and "\r" not in text and "\0" not in text
    result = Callgrind()
    names: dict[str, dict[str, str]] = {"file": {}, "function": {}}
    file = name = called_file = called_name = ""
    calls: tuple[int, int] | None = None

    def named(table: str, text: str) -> str:
        number, _, given = text.partition(" ")
        assert number.startswith("(") and number.endswith(")"), text
        if given:
            assert number not in names[table], f"{number} is defined twice"
            names[table][number] = given
        return names[table][number]

    for line in text.splitlines()[1:]:
        key, equals, value = line.partition("=")
        if not line or line.startswith("#"):
            assert calls is None, "a blank line or a comment inside a pair"
        elif line[0].isdigit():
            numbers = [int(number) for number in line.split(" ")]
            assert len(numbers) == 1 + len(result.events), line
            if calls is None:
                at = result.lines.setdefault(((file, name), numbers[0]), [0] * len(result.events))
                at[:] = added(at, numbers[1:])
            else:
                edge = ((file, name), numbers[0], (called_file, called_name))
                before, cost = result.edges.get(edge, (0, [0] * len(result.events)))
                result.edges[edge] = (before + calls[0], added(cost, numbers[1:]))
                calls = None
        elif equals and key == "fl":
            file, name = named("file", value), ""
        elif equals and key == "fn":
            name = named("function", value)
        elif equals and key in ("cfi", "cfl"):
            called_file = named("file", value)
        elif equals and key == "cfn":
            called_name = named("function", value)
        elif equals and key == "calls":
            count, target = value.split(" ")
            calls = (int(count), int(target))
            assert calls[0] >= 1, line
        elif line.startswith("events: "):
            result.events = line.split()[1:]
        elif line.startswith("summary: "):
            result.summary = [int(number) for number in line.split()[1:]]
        elif line.startswith("totals: "):
            result.totals = [int(number) for number in line.split()[1:]]
        else:
            assert ":" in line and not result.lines, f"not in the header, and nothing known: {line}"
    return result


def check_laws(file: Callgrind) -> None:
    """The totals are the sums of self cost, and each strongly connected component passes on what comes in."""
    everything = [sum(costs) for costs in zip(*file.lines.values(), strict=True)] or [0] * len(file.events)
    assert file.summary == everything and file.totals == everything
    own = file.self_cost()
    callees = {callee for _, _, callee in file.edges}
    for component in file.components():
        flow = [0] * len(file.events)
        for function in component:
            if function in own:
                flow = added(flow, own[function])
        incoming = [0] * len(file.events)
        for (caller, _, callee), (_, costs) in file.edges.items():
            if caller in component and callee not in component:
                flow = added(flow, costs)
            if callee in component and caller not in component:
                incoming = added(incoming, costs)
        if component & callees:
            assert flow == incoming, f"{sorted(component)}: {flow} goes out, {incoming} comes in"
        else:
            assert {name for _, name in component} == {"(root)"}, f"{component} has no caller"
            assert flow == everything
