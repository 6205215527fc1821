# SPDX-License-Identifier: ISC
"""Profile: the measurements, to look at, merge and write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ._cffi import ffi, lib
from .disputes import disputes, warn_of
from .errors import check
from .output import Target, rendered, write_to
from .rows import Row, rows
from .stack import Stack, frames, raw_frames
from .table import columns, printed
from .text import encoded as encoded_text
from .views import Totals, folded, totals

FACTS = ("pid", "cmd", "part", "thread", "desc")
FORMATS = ("callgrind", "pprof", "folded")


class Profile:
    """The measurements of one Tracer, or of several.  It is a copy: tracing goes on without changing it.

    Iterating returns a Stack for each stack at which something was measured.  print() shows a table by function,
    without the frames of Twisted's machinery.  One thread at a time may use a profile.
    """

    def __init__(self, handle: Any = None) -> None:
        """`handle`: a theseus_profile * of cffi, which is owned from now on.  Without one the profile is empty."""
        if handle is None:
            handle = new_handle()
        self._handle = handle
        self._owned = owned(handle)

    def merge(self, other: Profile) -> None:
        """Adds another profile, which stays as it is.  Merging is exact, in any order and grouping.

        MemoryError and TheseusError (a sum is beyond 64 bits, or the profiles sample different things) leave this
        profile as it was.  Facts beside the samples of pprof files are kept if both agree.  Otherwise a TheseusWarning
        names them.
        """
        if not isinstance(other, Profile):
            raise TypeError(f"a Profile merges with a Profile, not with {type(other).__name__}")
        if other is self:
            copy = Profile(new_handle(named=False))
            copy.merge(self)
            other = copy
        known = disputes(self._handle) | disputes(other._handle)
        check(lib.theseus_profile_merge(self._handle, other._handle), "merge")
        warn_of(disputes(self._handle) - known)

    def since(self, earlier: Profile) -> Profile:
        """What was measured since `earlier` was taken, as a new profile.  Pending operations are those of this one.

        `earlier` is an earlier snapshot of the same program.  TheseusError: it is not, or clear() came in between.
        """
        if not isinstance(earlier, Profile):
            raise TypeError(f"a Profile is compared with a Profile, not with {type(earlier).__name__}")
        copy = Profile(new_handle(named=False))
        copy.merge(self)
        check(lib.theseus_profile_subtract(copy._handle, earlier._handle), "since: this is no earlier profile")
        return copy

    @property
    def is_cut(self) -> bool:
        """Whether some stacks were too deep, and lack frames."""
        return bool(self._info().is_cut)

    @property
    def origin(self) -> dict[str, str]:
        """Where the profile comes from, as a file's header says: some of "pid", "cmd", "part", "thread" and "desc"."""
        found = {key: lib.theseus_profile_get(self._handle, key.encode()) for key in FACTS}
        return {key: text(value) for key, value in found.items() if value != ffi.NULL}

    def set_origin(self, key: str, value: str | None) -> None:
        """Sets a fact of the origin; None removes it.  Merging keeps the facts that are equal in both profiles."""
        data = ffi.NULL if value is None else encoded_text(value)
        check(lib.theseus_profile_set(self._handle, key.encode(), data), key)

    def write(self, target: Target, format: str = "callgrind", event: str | None = None, detail: str = "full") -> None:
        """Writes the profile to a path (all or nothing) or to a binary file (which stays open).

        `format`: "callgrind" for KCachegrind, callgrind_annotate, gprof2dot, speedscope; "pprof" (gzip) keeps
        everything; "folded" for flame graphs: one column, `event`, as `a;b;c 123` lines of self values, in ns for
        times.  Without `event` it is the first column that there is.  `detail`: of pprof, "no-buckets" leaves out the
        histograms of latencies, and percentiles with them, for collectors that limit the number of samples.
        """
        write_to(target, self.encoded(format, event, detail))

    def encoded(self, format: str = "callgrind", event: str | None = None, detail: str = "full") -> bytes:
        """The bytes that write() writes."""
        if format == "callgrind":
            graph = self._graph()
            return rendered(lambda sink: lib.theseus_callgrind_write(graph, sink), "callgrind")
        if format == "folded":
            column = self._event(self._first_event() if event is None else event)
            return rendered(lambda sink: lib.theseus_folded_write(self._handle, column, sink), "folded")
        if format == "pprof":
            from ._pprof import encoded

            return encoded(self._handle, detail)
        raise ValueError(f"unknown format {format!r}: choose one of {', '.join(FORMATS)}")

    def events(self) -> list[str]:
        """The names of the columns."""
        return [self._event_name(number) for number in range(lib.theseus_event_count(self._handle))]

    def __iter__(self) -> Iterator[Stack]:
        lines: dict[int, dict[int, int]] = {}
        cell = ffi.new("theseus_cell_info *")
        cell.size = ffi.sizeof(cell[0])
        for number in range(lib.theseus_cell_count(self._handle)):
            lib.theseus_cell_get(self._handle, number, cell)
            if cell.event == lib.THESEUS_WAIT and cell.value:
                at = lines.setdefault(cell.stack, {})
                at[cell.line] = at.get(cell.line, 0) + cell.value
        for number in range(lib.theseus_stack_count(self._handle)):
            info = self._stack_info(number)
            if info.operations or number in lines:
                yield self._stack(number, info, lines.get(number, {}))

    def __str__(self) -> str:
        if self.is_foreign():
            return self._foreign_table()
        folded, hidden = self.folded()
        notes = [line for line in self.origin.get("desc", "").splitlines() if line.startswith("Hook: ")][:1]
        if self.is_cut:
            notes.append("Some stacks were too deep: they lack frames.")
        return printed(rows(folded._handle), totals(self._handle), hidden, notes)

    def folded(self, machinery: Iterable[str] = ()) -> tuple[Profile, int]:
        """A profile without the frames of Twisted's machinery, and how many frames these were.

        Wait moves to the program's frames; operations of the frames that go are left out.  `machinery`: patterns of
        further names, such as "synapse.logging.*", beside those of [tool.theseus] in pyproject.toml.
        """
        handle, hidden = folded(self._handle, machinery)
        return Profile(handle), hidden

    def rows(self, folded: bool = True) -> list[Row]:
        """The table's rows, one for each function, the largest inclusive Wait first.

        `folded`: without the machinery, as print() has it.
        """
        shown = self.folded()[0] if folded else self
        return rows(shown._handle)

    @property
    def began(self) -> int:
        """When the measurement began, in ns since 1970 (UTC); 0: not known."""
        return int(self._info().time_ns)

    @property
    def duration(self) -> int:
        """How long was measured, in ns; 0: not known.  Merged profiles have the sum."""
        return int(self._info().duration_ns)

    def totals(self) -> Totals:
        """The sums over all stacks."""
        return totals(self._handle)

    def has_operations(self) -> bool:
        return any(self._stack_info(number).operations for number in range(lib.theseus_stack_count(self._handle)))

    def is_foreign(self) -> bool:
        """True if the profile holds columns of somebody else, and no operations."""
        return lib.theseus_event_count(self._handle) > lib.THESEUS_EVENTS and next(iter(self), None) is None

    def _first_event(self) -> str:
        return self._event_name(lib.THESEUS_EVENTS if self.is_foreign() else lib.THESEUS_WAIT)

    def _foreign_table(self) -> str:
        """Own and inclusive values of each function, the largest of the first column first."""
        first = int(lib.THESEUS_EVENTS)
        names = self.events()[first:]
        own: dict[tuple[bytes, bytes], list[int]] = {}
        inclusive: dict[tuple[bytes, bytes], list[int]] = {}
        cell = ffi.new("theseus_cell_info *")
        cell.size = ffi.sizeof(cell[0])
        paths: dict[int, list[tuple[bytes, bytes]]] = {}
        for number in range(lib.theseus_cell_count(self._handle)):
            check(lib.theseus_cell_get(self._handle, number, cell))
            if cell.stack not in paths:
                found = [frame[:2] for frame in raw_frames(self._handle, cell.stack)]
                paths[cell.stack] = found or [(b"(root)", b"")]
            path = paths[cell.stack]
            value = -cell.value if cell.negative else cell.value
            for function in {*path}:
                inclusive.setdefault(function, [0] * len(names))[cell.event - first] += value
            own.setdefault(path[-1], [0] * len(names))[cell.event - first] += value
        rows = []
        for (name, file), sums in sorted(inclusive.items(), key=lambda item: ([-value for value in item[1]], item[0])):
            figures = own.get((name, file), [0] * len(names))
            place = name + b" (" + file + b")" if file else name
            values = [str(value) for pair in zip(figures, sums) for value in pair]
            rows.append([*values, place.decode("utf-8", "surrogateescape")])
        return columns([*(head for name in names for head in (name, f"incl.{name}")), "function"], rows)

    def _info(self) -> Any:
        info = ffi.new("theseus_profile_info *")
        info.size = ffi.sizeof(info[0])
        check(lib.theseus_profile_info_get(self._handle, info))
        return info

    def _losses(self) -> list[str]:
        """The losses of reading the profile from a file."""
        info = self._info()
        frames = info.truncated_pushes
        deep = f"stacks are deeper than max_depth: {frames} frames at their callers' end are left out"
        return [deep] if frames else []

    # ---- what libtheseus holds ----

    def _graph(self) -> Any:
        out = ffi.new("theseus_graph **")
        check(lib.theseus_graph_from_profile(self._handle, ffi.NULL, out), "callgrind")
        return ffi.gc(out[0], lib.theseus_graph_free)

    def _event_name(self, number: int) -> str:
        info = ffi.new("theseus_event_info *")
        info.size = ffi.sizeof(info[0])
        check(lib.theseus_event_get(self._handle, number, info))
        return text(info.name)

    def _event(self, name: str) -> int:
        names = self.events()
        if name not in names:
            raise ValueError(f"unknown event {name!r}: this profile has {', '.join(names)}")
        return names.index(name)

    def _stack_info(self, number: int) -> Any:
        info = ffi.new("theseus_stack_info *")
        info.size = ffi.sizeof(info[0])
        check(lib.theseus_stack_get(self._handle, number, info))
        return info

    def _stack(self, number: int, info: Any, lines: dict[int, int]) -> Stack:
        histogram = ffi.new("uint64_t[]", lib.THESEUS_BUCKETS)
        if info.success or info.failure or info.cancelled:
            check(lib.theseus_histogram_get(self._handle, number, histogram))
        return Stack(
            frames(raw_frames(self._handle, number)),
            info.operations,
            info.success,
            info.failure,
            info.cancelled,
            info.abandoned,
            info.pending,
            sum(lines.values()),
            lines,
            info.latency_ns,
            info.latency_min_ns,
            info.latency_max_ns,
            {bucket: count for bucket, count in enumerate(histogram) if count},
        )


def owned(handle: Any) -> Any:
    """An object that frees a theseus_profile when it goes: see python/shim/own.c."""
    made: list[Any] = []
    if lib.shim_own(id(made), handle):
        return ffi.gc(handle, lib.theseus_profile_free)
    return made[0]


def text(characters: Any) -> str:
    found: bytes = ffi.string(characters)
    return found.decode("utf-8", "surrogateescape")


def new_handle(named: bool = True, max_recursion: int = 0) -> Any:
    """An empty theseus_profile *, which the caller frees.

    Its operations are called Deferreds.  If not `named`, it takes on the names of the first profile that is merged into
    it.  `max_recursion`: how often a function may be on a stack that is pushed; 0: any number of times.
    """
    options = ffi.new("theseus_profile_options *")
    options.size = ffi.sizeof(options[0])
    operations = ffi.new("char[]", b"Deferreds")
    names = ffi.new("theseus_event_info[]", [(ffi.sizeof("theseus_event_info"),)] * int(lib.THESEUS_EVENTS))
    names[lib.THESEUS_OPERATIONS].name = operations
    long_name = ffi.new("char[]", b"Operations (Deferreds returned, coroutines awaited)")
    names[lib.THESEUS_OPERATIONS].long_name = long_name
    options.names = names if named else ffi.NULL
    options.max_recursion = max_recursion
    out = ffi.new("theseus_profile **")
    check(lib.theseus_profile_new(options, out), "a new profile")
    return out[0]
