# SPDX-License-Identifier: ISC
"""Graph: the contents of a callgrind file, of Theseus or another producer; load() and merge() of files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, NamedTuple

from ._cffi import ffi, lib
from .errors import TheseusWarning, check
from .output import Target, rendered, write_to
from .profile import Profile
from .source import CHUNK, MEMORY_LIMIT, Source, is_pprof, opened, whole
from .table import columns
from .text import printable


class Function(NamedTuple):
    """What a graph knows a function by.  The object (a program or a library) and the file may be ""."""

    name: str
    file: str
    object: str


class Cost(NamedTuple):
    """A self cost: one number for each event of the graph.  `file` is the function's own, or that of inlined code."""

    function: Function
    file: str
    line: int
    address: int
    values: tuple[int, ...]


class Edge(NamedTuple):
    """A call site: how often it called, and the inclusive cost of that."""

    caller: Function
    callee: Function
    file: str
    line: int
    address: int
    calls: int
    values: tuple[int, ...]


class FunctionCosts(NamedTuple):
    """A row of the table: a function's own cost, and with all that it called."""

    function: Function
    calls: int
    own: tuple[int, ...]
    inclusive: tuple[int, ...]


_RAISE = "it takes more memory than memory_limit allows"


def _text(string: Any) -> str:
    return str(ffi.string(string).decode())


def _message(string: Any) -> str:
    """A message of the reader.  It cuts the beginning off a long name, perhaps in the middle of a character."""
    return printable(ffi.string(string).decode("utf-8", "surrogateescape"))


def _sized(ctype: str) -> Any:
    struct = ffi.new(f"{ctype} *")
    struct.size = ffi.sizeof(ctype)
    return struct


class Graph:
    """Functions, their costs by line, and the calls between them.  One graph is used by one thread at a time."""

    def __init__(self, handle: Any = None, memory_limit: int | None = None) -> None:
        """`handle`: a theseus_graph * of cffi, which is owned from now on.  Without one the graph is empty.

        `memory_limit`: the most bytes that an empty graph may grow to; None: any number.
        """
        if handle is None:
            options = _sized("theseus_graph_options")
            options.memory_limit = memory_limit or 0
            out = ffi.new("theseus_graph **")
            check(lib.theseus_graph_new(options, out), "a new graph")
            handle = out[0]
        self._handle = ffi.gc(handle, lib.theseus_graph_free)

    def _info(self) -> Any:
        info = _sized("theseus_graph_info")
        lib.theseus_graph_info_get(self._handle, info)
        return info

    def merge(self, other: Graph | Profile) -> None:
        """Adds another graph, or a profile, which stays as it is.  Events are matched by name.

        TheseusError (one event has two units, or a sum is beyond 64 bits) and MemoryError leave this graph as it was.
        """
        if isinstance(other, Profile):
            other = Graph(_projected(other))
        if not isinstance(other, Graph):
            raise TypeError(f"a Graph merges with a Graph or a Profile, not with {type(other).__name__}")
        if other is self:
            other = Graph()
            other.merge(self)
        check(lib.theseus_graph_merge(self._handle, other._handle), "merge")

    def read(self, source: Source, strict: bool = False, events: Sequence[str] | None = None) -> list[str]:
        """Adds a callgrind file, and returns the warnings (the first hundred, if there are more).

        `source`: a path or a binary file; gzip is recognised.
        `strict`: treat warnings as errors.
        `events`: the columns whose costs matter.  Costs of others may be negative, which a graph cannot hold; they
        count as 0.

        TheseusError: the text is "file:line:column: reason", and nothing was added.
        """
        with opened(source) as (stream, name):
            return self._feed(stream, stream.read(CHUNK), name, strict, events)

    def _feed(
        self, stream: IO[bytes], data: bytes, name: str, strict: bool, events: Sequence[str] | None = None
    ) -> list[str]:
        options = _sized("theseus_callgrind_options")
        options.flags = lib.THESEUS_STRICT if strict else 0
        wanted = [ffi.new("char[]", event.encode()) for event in events or ()]
        array = ffi.new("char *[]", wanted)
        options.events = ffi.NULL if events is None else ffi.cast("char const * const *", array)
        options.event_count = len(wanted)
        out = ffi.new("theseus_callgrind_reader **")
        check(lib.theseus_callgrind_reader_new(self._handle, options, out), name)
        reader = out[0]
        info = _sized("theseus_callgrind_reader_info")
        try:
            status = lib.theseus_callgrind_reader_begin(reader, _name_bytes(name))
            while data and not status:
                status = lib.theseus_callgrind_reader_feed(reader, ffi.from_buffer(data), len(data))
                data = b"" if status else stream.read(CHUNK)
            if not status:
                status = lib.theseus_callgrind_reader_finish(reader)
            lib.theseus_callgrind_reader_info_get(reader, info)
            if status == lib.THESEUS_ELIMIT:
                check(status, f"{name}: {_RAISE}")
            if status:
                way = "" if info.refused_event == ffi.NULL else "; choose other events with events="
                check(status, _message(info.error) + way)
            warning = ffi.new("const char **")
            warnings = []
            for number in range(info.kept):
                lib.theseus_callgrind_reader_warning_get(reader, number, warning)
                warnings.append(_message(warning[0]))
            return warnings
        finally:
            lib.theseus_callgrind_reader_free(reader)

    def write(self, target: Target, format: str = "callgrind") -> None:
        """Writes the graph to a path (all or nothing) or to a binary file (which stays open)."""
        write_to(target, self.encoded(format))

    def encoded(self, format: str = "callgrind") -> bytes:
        """The bytes that write() writes."""
        if format in ("pprof", "folded"):
            raise ValueError(f"a graph has calls, but no stacks: it cannot be written as {format}; choose callgrind")
        if format != "callgrind":
            raise ValueError(f"unknown format {format!r}: choose callgrind")
        return rendered(lambda sink: lib.theseus_callgrind_write(self._handle, sink), "callgrind")

    def events(self) -> list[str]:
        """The names of the columns."""
        event = _sized("theseus_event_info")
        names = []
        for number in range(self._info().events):
            lib.theseus_graph_event_get(self._handle, number, event)
            names.append(_text(event.name))
        return names

    def _disputed(self) -> list[str]:
        """The names of the formulas that inputs disagree about."""
        name, formula = ffi.new("const char **"), ffi.new("const char **")
        found, number = [], 0
        while not lib.theseus_graph_formula_get(self._handle, number, name, formula):
            if formula[0] == ffi.NULL:
                found.append(_text(name[0]))
            number += 1
        return found

    def functions(self) -> list[Function]:
        info = _sized("theseus_graph_function")
        found = []
        for number in range(self._info().functions):
            lib.theseus_graph_function_get(self._handle, number, info)
            found.append(Function(_text(info.name), _text(info.file), _text(info.object)))
        return found

    def costs(self) -> Iterator[Cost]:
        """The self costs, in no particular order."""
        functions, width = self.functions(), self._info().events
        info = _sized("theseus_graph_cost")
        for number in range(self._info().costs):
            lib.theseus_graph_cost_get(self._handle, number, info)
            values = tuple(ffi.unpack(info.values, width)) if width else ()
            yield Cost(functions[info.function], _text(info.file), info.line, info.address, values)

    def edges(self) -> Iterator[Edge]:
        """The call sites, in no particular order."""
        functions, width = self.functions(), self._info().events
        info = _sized("theseus_graph_edge")
        for number in range(self._info().edges):
            lib.theseus_graph_edge_get(self._handle, number, info)
            values = tuple(ffi.unpack(info.values, width)) if width else ()
            ends = functions[info.caller], functions[info.callee]
            yield Edge(*ends, _text(info.file), info.line, info.address, info.count, values)

    def totals(self) -> dict[str, int]:
        """The sum of the self costs of each event."""
        events = self.events()
        sums = [0] * len(events)
        for cost in self.costs():
            sums = [a + b for a, b in zip(sums, cost.values)]
        return dict(zip(events, sums))

    def rows(self) -> list[FunctionCosts]:
        """The table's rows, one for each function, the largest inclusive cost of the first event first.

        Inclusive is what the callers were charged, or of a function that nobody else calls, what it and its callees
        cost.
        A file that books the cost of recursion on every call counts it as often.
        """
        width = len(self.events())
        zeros = [0] * width
        own: dict[Function, list[int]] = {function: list(zeros) for function in self.functions()}
        charged: dict[Function, list[int]] = {}
        below: dict[Function, list[int]] = {}
        calls: dict[Function, int] = {}
        for cost in self.costs():
            own[cost.function] = [a + b for a, b in zip(own[cost.function], cost.values)]
        for edge in self.edges():
            calls[edge.callee] = calls.get(edge.callee, 0) + edge.calls
            if edge.caller != edge.callee:
                for sums, end in ((charged, edge.callee), (below, edge.caller)):
                    sums[end] = [a + b for a, b in zip(sums.get(end, zeros), edge.values)]
        rows = []
        for function, self_cost in own.items():
            with_callees = [a + b for a, b in zip(self_cost, below.get(function, zeros))]
            inclusive = tuple(charged.get(function, with_callees))
            rows.append(FunctionCosts(function, calls.get(function, 0), tuple(self_cost), inclusive))
        return sorted(rows, key=lambda row: ([-value for value in row.inclusive], row.function))

    def __str__(self) -> str:
        events = self.events()
        heads = ["calls", *(name for event in events for name in (event, f"incl.{event}")), "function"]
        rows = []
        for row in self.rows():
            figures = [str(value) for pair in zip(row.own, row.inclusive) for value in pair]
            place = f"{row.function.name} ({row.function.file})" if row.function.file else row.function.name
            rows.append([str(row.calls or ""), *figures, place])
        return columns(heads, rows)


def _projected(profile: Profile) -> Any:
    out = ffi.new("theseus_graph **")
    check(lib.theseus_graph_from_profile(profile._handle, ffi.NULL, out), "graph")
    return out[0]


# ---- files ----


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        warnings.warn(message, TheseusWarning, stacklevel=3)  # the caller of load() or merge()


def load(
    source: Source,
    *,
    memory_limit: int | None = None,
    max_depth: int | None = None,
    events: Sequence[str] | None = None,
) -> Profile | Graph:
    """Reads a file: pprof, which has whole stacks, returns a Profile; callgrind returns a Graph.

    `source`: a path or a binary file; gzip is recognised by the first bytes.
    `memory_limit`: the most bytes that the file may unpack to, and that the result may take.  The defaults are 512 MB
    and 2 GB, so that a small file that unpacks to a huge one is refused.
    `max_depth`: the most frames of a stack in a pprof file; the innermost stay.  The default is 512.
    `events`: see Graph.read().

    TheseusError names the place in the file.  TheseusWarning reports what is odd, but could be read.
    """
    with opened(source) as (stream, name):
        head = stream.read(CHUNK)
        if is_pprof(head):
            from ._pprof import read_pprof

            data = whole(stream, head, name, memory_limit)
            profile = Profile(read_pprof(data, name, memory_limit or MEMORY_LIMIT, max_depth or 0))
            _warn(f"{printable(name)}: {what}" for what in profile._losses())
            return profile
        graph = Graph(memory_limit=memory_limit or MEMORY_LIMIT)
        _warn(graph._feed(stream, head, name, strict=False, events=events))
        return graph


def _name_bytes(name: str) -> bytes:
    """As libtheseus takes it: without NUL."""
    return os.fsencode(name).replace(b"\0", b"?")


def merge(paths: Iterable[Source], out: Target | None = None, format: str = "callgrind") -> Profile | Graph:
    """Adds up callgrind and pprof files, and returns the sum.

    If all files are pprof, the sum is a Profile.  Otherwise it is a Graph, which can be written as callgrind only.
    `out`: a path (all or nothing) or a binary file, to which the sum is written.

    Other threads run while a file is parsed.  An empty file adds nothing, with a TheseusWarning.  theseus-merge does
    the same from the shell, with several files at a time.
    """
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise TypeError(f"merge takes several paths or files, in a list say, not one: {paths!r}")
    graph: Graph | None = None
    profile: Profile | None = None
    pprof_names: list[str] = []
    for source in paths:
        with opened(source) as (stream, name):
            head = stream.read(CHUNK)
            if not head:
                _warn([f"{printable(name)}: the file is empty"])
            elif is_pprof(head):
                from ._pprof import read_pprof

                loaded = Profile(read_pprof(whole(stream, head, name, None), name, MEMORY_LIMIT))
                _warn(f"{printable(name)}: {what}" for what in loaded._losses())
                pprof_names.append(name)
                if profile is None:
                    profile = loaded
                else:
                    profile.merge(loaded)
            else:
                graph = Graph(memory_limit=MEMORY_LIMIT) if graph is None else graph
                _warn(graph._feed(stream, head, name, strict=False))
    merged: Profile | Graph
    if graph is None and profile is None:
        raise ValueError("there is nothing to merge")
    if graph is None:
        assert profile is not None
        merged = profile
    else:
        if profile is not None:
            projected = Graph(_projected(profile))
            for name in pprof_names:
                check(lib.theseus_graph_add_source(projected._handle, _name_bytes(name)), name)
            graph.merge(projected)
        _warn(f"inputs have different formulas of the event {name}: it is left out" for name in graph._disputed())
        merged = graph
    if out is not None:
        merged.write(out, format)
    return merged
