# SPDX-License-Identifier: ISC
"""A profile from the top down, as libtheseus computes it: see theseus_profile_tree() in theseus.h."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ._cffi import ffi, lib
from .errors import check
from .kinds import LEAF, PROGRAM, kinds
from .views import functions

DETACHED = "[detached]"


class Node(NamedTuple):
    """One function under its callers.  Times are in ns."""

    number: int
    parent: int
    depth: int
    below: int  # the number of nodes below it: they have the next numbers
    function: int  # a number; -1: none
    call_line: int  # of a call that programs wait on; else 0
    own: int
    inclusive: int
    success: int
    failure: int
    cancelled: int
    abandoned: int
    pending: int
    latency: int
    latency_min: int
    latency_max: int

    @property
    def fired(self) -> int:
        return self.success + self.failure + self.cancelled

    @property
    def operations(self) -> int:
        return self.fired + self.abandoned + self.pending


class Function(NamedTuple):
    name: str
    file: str
    first_line: int
    kind: int


class Tree:
    """Nodes are read when they are asked for: most of a large tree is never shown."""

    def __init__(self, handle: Any, machinery: Iterable[str] = ()) -> None:
        """`handle`: a theseus_profile *."""
        found = functions(handle)
        kind = kinds(found, machinery)
        info = ffi.new("theseus_function_info *")
        info.size = ffi.sizeof(info[0])
        self.functions: list[Function] = []
        for number, (name, file, _returns) in enumerate(found):
            check(lib.theseus_function_get(handle, number, info))
            self.functions.append(Function(name, file, info.first_line, kind[number]))
        out = ffi.new("theseus_tree **")
        by_line = bytes(one == LEAF for one in kind)
        check(lib.theseus_profile_tree(handle, lib.THESEUS_WAIT, by_line, len(found), out), "tree")
        self._tree = ffi.gc(out[0], lib.theseus_tree_free)
        self._node = ffi.new("theseus_tree_node *")
        self._node.size = ffi.sizeof(self._node[0])

    def __len__(self) -> int:
        return int(lib.theseus_tree_count(self._tree))

    def __getitem__(self, number: int) -> Node:
        node = self._node
        check(lib.theseus_tree_get(self._tree, number, node), "tree")
        return Node(
            number,
            node.parent,
            node.depth,
            node.below,
            -1 if node.function == 0xFFFFFFFF else node.function,
            node.call_line,
            node.own,
            node.inclusive,
            node.success,
            node.failure,
            node.cancelled,
            node.abandoned,
            node.pending,
            node.latency_ns,
            node.latency_min_ns,
            node.latency_max_ns,
        )

    def children(self, node: Node) -> Iterator[Node]:
        """The largest inclusive Wait first."""
        number = node.number + 1
        while number <= node.number + node.below:
            child = self[number]
            yield child
            number += 1 + child.below

    def function(self, node: Node) -> Function:
        if node.function < 0:
            return Function("(root)" if node.number == 0 else DETACHED, "", 0, 0)
        return self.functions[node.function]

    def histogram(self, number: int) -> Any:
        """The number of latencies in each bucket: an array of cffi."""
        counts = ffi.new("uint64_t[]", lib.THESEUS_BUCKETS)
        check(lib.theseus_tree_histogram(self._tree, number, counts))
        return counts

    def percentiles(self, node: Node, *fractions: float) -> list[int]:
        """Of the latencies, in ns, off by at most 1/16."""
        counts, out = self.histogram(node.number), ffi.new("uint64_t *")
        found = []
        for fraction in fractions:
            check(lib.theseus_histogram_percentile(counts, node.latency_min, node.latency_max, fraction, out))
            found.append(int(out[0]))
        return found

    def endless(self) -> list[Node]:
        """Operations that never end, such as a server's main Deferred: none of their stack ever ended, and they wait
        for nothing, or for such operations only.  The outermost ones."""
        found: list[Node] = []
        number, count = 1, len(self)
        while number < count:
            node = self[number]
            if node.operations and self._is_endless(node):
                found.append(node)
                number += node.below
            elif node.operations and node.fired:
                number += node.below  # what an operation that ends awaits is its own
            number += 1
        return found

    def _is_endless(self, node: Node) -> bool:
        for number in range(node.number, node.number + node.below + 1):
            one = self[number]
            if one.fired or one.abandoned or self.function(one).kind != PROGRAM:
                return False
            if one.own and not one.pending:
                return False
        return node.inclusive > 0
