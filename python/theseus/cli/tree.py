# SPDX-License-Identifier: ISC
"""theseus report --tree: where the wait went, from the top down."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..kinds import LEAF
from ..table import seconds
from ..tree import Node, Tree
from .places import Place, short_name
from .screen import branches, is_terminal, middle_cut, width


class Wanted(NamedTuple):
    """What the options ask for."""

    sort: str = "wait"
    limit: int = 30
    min_share: float = 0.005
    focus: re.Pattern[str] | None = None
    ignore: re.Pattern[str] | None = None
    root: re.Pattern[str] | None = None
    outcome: str | None = None
    endless: bool = False


class Line(NamedTuple):
    nodes: list[Node]  # a chain
    inclusive: int
    prefix: str


SORTS: dict[str, Callable[[Node, int, Tree], int]] = {
    "wait": lambda node, inclusive, tree: inclusive,
    "own": lambda node, inclusive, tree: node.own,
    "latency": lambda node, inclusive, tree: node.latency,
    "p95": lambda node, inclusive, tree: tree.percentiles(node, 0.95)[0],
    "max": lambda node, inclusive, tree: node.latency_max,
    "count": lambda node, inclusive, tree: node.operations,
    "failed": lambda node, inclusive, tree: node.failure + node.cancelled,
    "pending": lambda node, inclusive, tree: node.pending,
}
OUTCOMES: dict[str, Callable[[Node], int]] = {
    "failed": lambda node: node.failure,
    "cancelled": lambda node: node.cancelled,
    "abandoned": lambda node: node.abandoned,
    "pending": lambda node: node.pending,
}


class View:
    """The nodes that the options let through."""

    def __init__(self, tree: Tree, wanted: Wanted) -> None:
        self.tree, self.wanted = tree, wanted
        self.hidden = 0  # lines that are not shown
        self.endless = [] if wanted.endless or wanted.outcome else tree.endless()
        if sum(node.inclusive for node in self.endless) == tree[0].inclusive:
            self.endless = []  # there is nothing else
        self._gone = {node.number for node in self.endless}
        self._inclusive: dict[int, int] | None = None  # by node, if filters have changed it
        self.roots = [tree[0]]
        if wanted.focus or wanted.ignore or wanted.root or wanted.outcome or self.endless:
            self._filter()
        self.total = sum(self.inclusive(root) for root in self.roots)

    def inclusive(self, node: Node) -> int:
        return node.inclusive if self._inclusive is None else self._inclusive.get(node.number, 0)

    def children(self, node: Node) -> list[Node]:
        found = [child for child in self.tree.children(node) if self._is_kept(child)]
        sort = SORTS[self.wanted.sort]
        return sorted(found, key=lambda child: -sort(child, self.inclusive(child), self.tree))

    def _is_kept(self, node: Node) -> bool:
        return self._inclusive is None or node.number in self._inclusive

    def _matches(self, pattern: re.Pattern[str] | None, node: Node) -> bool:
        function = self.tree.function(node)
        return bool(pattern and (pattern.search(function.name) or pattern.search(function.file)))

    def _filter(self) -> None:
        """A node stays if it is on the way to what is wanted, or below it."""
        tree, wanted = self.tree, self.wanted
        nodes = [tree[number] for number in range(len(tree))]
        inside = [False] * len(nodes)  # of the focus, or of what --root names
        sums: dict[int, int] = {}
        roots: list[Node] = []
        gone = -1
        for node in nodes:
            if node.number <= gone:
                continue
            if node.number in self._gone or (node.number and self._matches(wanted.ignore, node)):
                gone = node.number + node.below
                continue
            above = inside[node.parent] if node.number else False
            pattern = wanted.root or wanted.focus
            here = above or pattern is None or (node.number > 0 and self._matches(pattern, node))
            if wanted.root and here and not above:
                roots.append(node)
            inside[node.number] = here
            if here and (wanted.outcome is None or OUTCOMES[wanted.outcome](node)):
                sums[node.number] = node.own
        if wanted.focus and wanted.root:
            sums = {number: own for number, own in sums.items() if self._is_in_focus(nodes, number)}
        self._inclusive = {}
        for number, own in sums.items():
            at = nodes[number]
            while True:
                self._inclusive[at.number] = self._inclusive.get(at.number, 0) + own
                if at.number == 0:
                    break
                at = nodes[at.parent]
        if wanted.root:
            self.roots = [Node(*root) for root in roots if root.number in self._inclusive]

    def _is_in_focus(self, nodes: list[Node], number: int) -> bool:
        node = nodes[number]
        found = any(
            self._matches(self.wanted.focus, nodes[below]) for below in range(node.number, node.number + node.below + 1)
        )
        while not found and node.number:
            found = self._matches(self.wanted.focus, node)
            node = nodes[node.parent]
        return found


def _chain(view: View, node: Node) -> list[Node]:
    """The node, and those below it that have all of its wait, but for a hundredth, and as many operations."""
    chain = [node]
    while True:
        node = chain[-1]
        largest = max(view.children(node), key=view.inclusive, default=None)
        if largest is None or view.inclusive(largest) < max(0.99 * view.inclusive(node), 1):
            return chain
        if node.operations and node.operations != largest.operations:
            return chain
        chain.append(largest)


class Branch(NamedTuple):
    """A chain that is shown, and what is shown below it."""

    nodes: list[Node]
    below: list[Branch]


def _select(view: View) -> list[Branch]:
    """The largest chains, no more than the limit: a large one comes before what is small in a larger one."""
    tops: list[Branch] = []
    waiting: list[tuple[int, int, Node, list[Branch]]] = []
    count = 0

    def offer(nodes: list[Node], to: list[Branch]) -> None:
        nonlocal count
        for node in _shown(view, nodes):
            count += 1
            heapq.heappush(waiting, (-SORTS[view.wanted.sort](node, view.inclusive(node), view.tree), count, node, to))

    offer(view.roots if view.wanted.root else view.children(view.tree[0]), tops)
    for _ in range(view.wanted.limit):
        if not waiting:
            break
        _size, _count, node, to = heapq.heappop(waiting)
        branch = Branch(_chain(view, node), [])
        to.append(branch)
        offer(view.children(branch.nodes[-1]), branch.below)
    view.hidden += len(waiting)
    return tops


def _shown(view: View, nodes: list[Node]) -> list[Node]:
    if view.wanted.outcome or view.wanted.sort not in ("wait", "own"):
        return nodes
    least = max(view.wanted.min_share * view.total, 1)
    shown = [node for node in nodes if view.inclusive(node) >= least]
    view.hidden += len(nodes) - len(shown)
    return shown


def lines(view: View) -> list[Line]:
    """The lines of the tree, from the top down, the largest first, no more than the limit."""
    tee, end, bar, blank = branches()
    found: list[Line] = []
    todo = [(branch, "", "") for branch in reversed(_select(view))]
    while todo:
        branch, prefix, indent = todo.pop()
        found.append(Line(branch.nodes, view.inclusive(branch.nodes[0]), prefix))
        for number, below in reversed(list(enumerate(branch.below))):
            last = number == len(branch.below) - 1
            todo.append((below, indent + (end if last else tee), indent + (blank if last else bar)))
    return found


def label(tree: Tree, chain: list[Node]) -> str:
    names = [short_name(*tree.function(node)[:2]) for node in chain]
    return " > ".join(names)


def place_of(tree: Tree, node: Node, place: Place) -> str:
    """Where the function begins; of a call of Twisted's, where it is called."""
    function = tree.function(node)
    if function.kind == LEAF:
        caller = tree.function(tree[node.parent])
        return place(caller.file, node.call_line)
    return place(function.file, function.first_line)


def _figures(view: View, line: Line) -> list[str]:
    node = line.nodes[-1]
    share = f"{100 * line.inclusive / view.total:.0f}%" if view.total else ""
    p50, p95 = view.tree.percentiles(node, 0.5, 0.95) if node.fired else (0, 0)
    return [
        seconds(line.inclusive),
        share,
        str(node.operations) if node.operations else "",
        seconds(p50) if node.fired else "",
        seconds(p95) if node.fired else "",
        seconds(node.latency_max) if node.fired and view.wanted.sort == "max" else "",
        seconds(node.own) if node.own and view.wanted.sort == "own" else "",
        str(node.failure) if node.failure else "",
        str(node.cancelled) if node.cancelled else "",
        str(node.abandoned) if node.abandoned else "",
        str(node.pending) if node.pending else "",
    ]


HEADS = ["wait", "%", "n", "p50", "p95", "max", "own", "failed", "cancel", "aband", "pend"]


def rendered(view: View, place: Place) -> Iterator[str]:
    """The headings, and a text line for each line.  Columns that are empty for all are not shown."""
    shown = lines(view)
    rows = [_figures(view, line) for line in shown]
    columns = [number for number in range(len(HEADS)) if any(row[number] for row in rows)]
    table = [[HEADS[number] for number in columns], *([row[number] for number in columns] for row in rows)]
    widths = [max(len(line[number]) for line in table) for number in range(len(columns))]
    figures = [" ".join(cell.rjust(size) for cell, size in zip(line, widths)) for line in table]
    places = [place_of(view.tree, line.nodes[-1], place) for line in shown]
    labels = [line.prefix + label(view.tree, line.nodes) for line in shown]
    room = width() - len(figures[0]) - 4 - max(map(len, places), default=0)
    if is_terminal():
        labels = [
            line.prefix + middle_cut(text[len(line.prefix) :], max(room - len(line.prefix), 12))
            for line, text in zip(shown, labels)
        ]
    wide = max((len(text) for text in labels if len(text) <= max(room, 24) + 12), default=0)
    yield f"{figures[0]}  what it waited for"
    for start, text, where in zip(figures[1:], labels, places):
        yield f"{start}  {text.ljust(wide)}  {where}"
