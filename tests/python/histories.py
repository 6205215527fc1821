# SPDX-License-Identifier: ISC
"""Random histories of spans, applied to the library and to the model at once, and what of the two is compared.

A history is a list of plain tuples, so that a failing one prints as a program that can be run again:
`replay([("begin", ...), ...])`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from theseus._cffi import ffi, lib

from spans_model import ALL, AWAITED, DETACHED, HELD, IN_LEG, ROOT, Figures, Model, Span

EVERY_CHILD = 2 ** (8 * ffi.sizeof("size_t")) - 1  # THESEUS_ALL
NEVER_WAS = 0xDEAD_0000_BEEF  # looks like the id of a span, and is none
UNKNOWN_STACK = 0xFFFF_FFF0
FUNCTIONS = 4

Step = tuple[Any, ...]


def check(status: int) -> None:
    assert status == 0, ffi.string(lib.theseus_strerror(status)).decode()


def sized(ctype: str, **members: Any) -> Any:
    struct = ffi.new(ctype + " *", members)
    struct.size = ffi.sizeof(ctype)
    return struct


def new_profile(**options: int) -> Any:
    """An empty profile, freed with its last reference."""
    out = ffi.new("theseus_profile **")
    check(lib.theseus_profile_new(sized("theseus_profile_options", **options), out))
    return ffi.gc(out[0], lib.theseus_profile_free)


def intern_stacks(profile: Any, order: Iterable[int] = range(FUNCTIONS)) -> list[int]:
    """Stacks of one, two, three… frames, and one of each function alone; the ids depend on `order`."""
    out = ffi.new("uint32_t *")
    functions: dict[int, int] = {}
    for number in order:
        name = f"app.f{number}".encode()
        check(lib.theseus_function_intern(profile, b"/srv/app.py", name, 10 * number, out))
        functions[number] = out[0]
    stacks, parent = [], 0
    for number in range(FUNCTIONS):
        check(lib.theseus_stack_push(profile, parent, functions[number], 7 * number, out))
        parent = out[0]
        stacks.append(parent)
    for number in range(1, FUNCTIONS):
        check(lib.theseus_stack_push(profile, 0, functions[number], 0, out))
        stacks.append(out[0])
    return stacks


def all_cells(profile: Any) -> dict[tuple[int, int, int, int, int], int]:
    """(event, head, detached, stack, line) -> value, less the zeros."""
    cells, cell = {}, sized("theseus_cell_info")
    for number in range(lib.theseus_cell_count(profile)):
        check(lib.theseus_cell_get(profile, number, cell))
        key = (cell.event, cell.head, cell.detached, cell.stack, cell.line)
        assert key not in cells, "two cells with one key"
        cells[key] = cell.value
    return {key: value for key, value in cells.items() if value}


class Pair:
    """The library and the model, going through one history together."""

    def __init__(self, **options: int) -> None:
        self.profile = new_profile(**options)
        self.stacks = intern_stacks(self.profile)
        self.model = Model()
        self.ids: list[int] = []  # span number -> the library's id
        self.spans: list[Span] = []  # span number -> the model's
        self.history: list[Step] = []
        self.close_calls = 0

    # -- one step ------------------------------------------------------------------------------------------

    def apply(self, step: Step) -> None:
        """Does one step on both sides, and compares what they say of it and every open span after it."""
        self.history.append(step)
        name, *arguments = step
        theirs, ours = getattr(self, "_" + name)(*arguments)
        assert theirs == ours, f"{step}: the library gives {theirs}, the model {ours}"
        self.compare_spans()

    def _number(self, span: Span) -> int:
        return next(number for number, known in enumerate(self.spans) if known is span)

    def _id(self, number: int) -> int:
        return self.ids[number] if number >= 0 else NEVER_WAS

    def _span(self, number: int) -> Span:
        if number >= 0:
            return self.spans[number]
        return Span(0, 0, 0, None, orphan=False, open=False)

    def _begin(
        self,
        stack: int,
        parent: int | None,
        now: int,
        leg: bool,
        detached: bool,
        place: int,
        line: int,
        notification: bool = False,
    ) -> tuple[int, int]:
        options = sized("theseus_span_options", stack=stack, now_ns=now, place_stack=place, line=line)
        options.flags = (lib.THESEUS_SPAN_LEG if leg else 0) | (lib.THESEUS_SPAN_DETACHED if detached else 0)
        options.flags |= lib.THESEUS_SPAN_NOTIFICATION if notification else 0
        options.parent = 0 if parent is None else self._id(parent)
        out = ffi.new("uint64_t *", 77)
        theirs = lib.theseus_span_begin(self.profile, options, out)
        ours, span = self.model.begin(
            stack, None if parent is None else self._span(parent), now, leg, detached, place, line, notification
        )
        if span is None:
            assert out[0] == 77, "`out` was written by a call that failed"
        else:
            assert out[0] not in (0, *self.ids), "not a new id"
            self.ids.append(out[0])
            self.spans.append(span)
        return theirs, ours

    def _wait(self, span: int, children: list[int] | None, place: int, line: int, now: int) -> tuple[int, int]:
        if children is ALL:
            array, n = ffi.NULL, EVERY_CHILD
        else:
            array, n = ffi.new("uint64_t[]", [self._id(child) for child in children]), len(children)
        theirs = lib.theseus_span_await(self.profile, self._id(span), array, n, place, line, now)
        named = ALL if children is ALL else [self._span(child) for child in children]
        return theirs, self.model.wait(self._span(span), named, place, line, now)

    def _await_also(self, span: int, child: int, now: int) -> tuple[int, int]:
        theirs = lib.theseus_span_await_also(self.profile, self._id(span), self._id(child), now)
        return theirs, self.model.await_also(self._span(span), self._span(child), now)

    def _release(self, child: int, now: int) -> tuple[int, int]:
        theirs = lib.theseus_span_release(self.profile, self._id(child), now)
        return theirs, self.model.release(self._span(child), now)

    def _adopt(self, span: int, parent: int | None, now: int) -> tuple[int, int]:
        theirs = lib.theseus_span_adopt(self.profile, self._id(span), 0 if parent is None else self._id(parent), now)
        return theirs, self.model.adopt(self._span(span), None if parent is None else self._span(parent), now)

    def _take(self, taker: int, taken: int, now: int) -> tuple[int, int]:
        theirs = lib.theseus_span_take(self.profile, self._id(taker), self._id(taken), now)
        return theirs, self.model.take(self._span(taker), self._span(taken), now)

    def _resume(self, span: int, now: int) -> tuple[int, int]:
        theirs = lib.theseus_span_resume(self.profile, self._id(span), now)
        return theirs, self.model.resume(self._span(span), now)

    def _end(self, span: int, outcome: int, now: int) -> tuple[int, int]:
        theirs = lib.theseus_span_end(self.profile, self._id(span), outcome, now)
        return theirs, self.model.end(self._span(span), outcome, now)

    def _discard(self, span: int, now: int) -> tuple[int, int]:
        theirs = lib.theseus_span_discard(self.profile, self._id(span), now)
        return theirs, self.model.discard(self._span(span), now)

    def _settle(self, now: int) -> tuple[int, int]:
        lib.theseus_settle(self.profile, now)
        self.model.advance(now)
        self.compare_figures()
        return 0, 0

    def _clear(self) -> tuple[int, int]:
        lib.theseus_profile_clear(self.profile)
        self.model.clear()
        return 0, 0

    # -- what is compared ----------------------------------------------------------------------------------

    def compare_spans(self) -> None:
        info = sized("theseus_span_info")
        for number, span in enumerate(self.spans):
            status = lib.theseus_span_get(self.profile, self.ids[number], info)
            if not span.open:
                assert status == lib.THESEUS_ESTALE, f"span {number} has ended, and can be read"
                continue
            check(status)
            theirs = (info.span, info.stack, info.state, info.awaits, info.parent, info.marks)
            parent = self.ids[self._number(span.parent)] if span.parent else 0
            marks = lib.THESEUS_SPAN_IS_TAKEN * (span.taken > 0) | lib.THESEUS_SPAN_RUNS * span.runs
            marks |= lib.THESEUS_SPAN_HAD_PARENT * (span.parent is not None or span.orphan)
            marks |= lib.THESEUS_SPAN_HAS_CHILDREN * bool(span.children)
            ours = (self.ids[number], span.stack, span.told_state(), len(span.awaited()), parent, marks)
            assert theirs == ours, f"span {number}: {theirs} is not {ours}"
            if span.state != IN_LEG:
                assert (info.place_stack, info.line, info.began_ns) == (span.place, span.line, span.began)
        assert lib.theseus_open_span_count(self.profile) == len(self.model.spans)

    def compare_figures(self) -> None:
        """Everything that was measured, after a settle."""
        cells = all_cells(self.profile)
        for (event, *key), _ in cells.items():
            assert event == lib.THESEUS_WAIT and tuple(key) in self.model.cells, f"a cell {key} of nothing"
        for key, exact in self.model.cells.items():
            value = cells.get((lib.THESEUS_WAIT, *key), 0)
            if value != rounded(exact):
                # A half that is made of thirds is one only to somebody who counts in fractions.
                assert abs(value - exact) < Fraction(1, 2) + Fraction(1, 10**6), f"{key}: {value} is not {exact}"
                self.close_calls += 1
        assert sum(self.model.cells.values()) == self.model.head_time  # the model keeps its own law
        assert abs(sum(cells.values()) - self.model.head_time) * 2 <= len(self.model.cells)
        info = sized("theseus_stack_info")
        for stack in self.stacks:
            check(lib.theseus_stack_get(self.profile, stack, info))
            pending = sum(span.stack == stack and span.state != IN_LEG for span in self.model.spans)
            assert info.pending == pending
            compare_figures(self.profile, stack, info, self.model.figures[stack])
        state = sized("theseus_profile_info")
        check(lib.theseus_profile_info_get(self.profile, state))
        assert (state.now_ns, state.clock_reversals) == (self.model.now, self.model.reversals)
        assert state.lost_wait_ns == state.lost_latencies == state.flattened_spans == 0


def rounded(exact: Fraction) -> int:
    return int((exact * 2 + 1) // 2)  # to the nearest, halves up


def compare_figures(profile: Any, stack: int, info: Any, figures: Figures) -> None:
    latencies = sorted(figures.latencies)
    assert info.operations == figures.deferreds
    assert [info.success, info.failure, info.cancelled, info.abandoned] == figures.outcomes
    assert info.latency_ns == sum(latencies)
    assert info.latency_min_ns == (latencies[0] if latencies else 0)
    assert info.latency_max_ns == (latencies[-1] if latencies else 0)
    out = ffi.new("uint64_t *")
    for fraction in (0.0, 0.1, 0.5, 0.9, 0.99, 1.0):
        check(lib.theseus_percentile(profile, stack, fraction, out))
        if not latencies:
            assert out[0] == 0
            continue
        # The smallest latency that at least this fraction did not exceed.
        exact = latencies[max(0, -int(-len(latencies) * Fraction(str(fraction)) // 1) - 1)]
        tolerance = 0 if fraction in (0.0, 1.0) else exact / 16
        assert abs(out[0] - exact) <= tolerance, f"percentile {fraction}: {out[0]} is not {exact}"
    counts = ffi.new("uint64_t[]", lib.THESEUS_BUCKETS)
    check(lib.theseus_histogram_get(profile, stack, counts))
    expected = [0] * lib.THESEUS_BUCKETS
    for latency in latencies:
        expected[lib.theseus_latency_bucket(latency)] += 1
    assert list(counts) == expected


# -- making histories ------------------------------------------------------------------------------------------


class Author:
    """Writes a history step by step, looking at the model to make steps that mean something."""

    def __init__(self, pair: Pair, rng: random.Random) -> None:
        self.pair, self.rng, self.now = pair, rng, 0
        self.long_times = rng.random() < 0.1

    def next_step(self) -> Step:
        rng = self.rng
        self.now += rng.choice((0, 0, 1, 1, 2, 3, 5, 7)) * (10**9 + 7 if self.long_times else 1)
        now = self.now if rng.random() < 0.98 else max(0, self.now - 3)  # a clock that goes backwards
        kinds = {"begin": 30, "wait": 25, "end": 12, "await_also": 6, "release": 8, "adopt": 8, "take": 8, "resume": 4}
        kinds |= {"discard": 3, "settle": 6, "clear": 0.4, "wrong": 5}
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        step: Step | None = getattr(self, kind)(now)
        return step if step is not None else self.begin(now)

    def _open(self, wanted: Iterable[int] | None = None) -> list[int]:
        states = None if wanted is None else set(wanted)
        return [
            number
            for number, span in enumerate(self.pair.spans)
            if span.open and (states is None or span.state in states)
        ]

    def _some_open(self) -> int | None:
        return self.rng.choice(self._open()) if self.pair.model.spans else None

    def _place(self) -> tuple[int, int]:
        return self.rng.choice([0, *self.pair.stacks]), self.rng.randrange(1, 4)

    def begin(self, now: int) -> Step:
        parent = self._some_open() if self.rng.random() < 0.8 else None
        detached = parent is None and self.rng.random() < 0.3
        stack = self.rng.choice(self.pair.stacks)
        leg, notification = self.rng.random() < 0.5, self.rng.random() < 0.3
        return "begin", stack, parent, now, leg, detached, *self._place(), notification

    def _children(self, number: int) -> list[int]:
        children = self.pair.spans[number].children
        return [self.pair._number(child) for child in children if child.state != IN_LEG]

    def wait(self, now: int) -> Step | None:
        number = self._some_open()
        if number is None:
            return None
        children = self._children(number)
        # Rather all than few, so that weights get deep; now and then one is named twice.
        chosen: list[int] | None = [child for child in children if self.rng.random() < 0.75]
        if chosen and self.rng.random() < 0.1:
            chosen.append(chosen[0])
        if self.rng.random() < 0.2:
            chosen = ALL
        return ("wait", number, chosen, *self._place(), now)

    def await_also(self, now: int) -> Step | None:
        pairs = [
            (number, child)
            for number in self._open()
            if self.pair.spans[number].state != IN_LEG
            for child in self._children(number)
        ]
        return ("await_also", *self.rng.choice(pairs), now) if pairs else None

    def release(self, now: int) -> Step | None:
        held = self._open([HELD]) if self.rng.random() < 0.9 else self._open()
        return ("release", self.rng.choice(held), now) if held else None

    def adopt(self, now: int) -> Step | None:
        span, parent = self._some_open(), self._some_open()
        return ("adopt", span, parent, now) if span is not None else None

    def take(self, now: int) -> Step | None:
        spans = self._open((HELD, AWAITED, ROOT, DETACHED))
        taker = self.rng.choice(spans) if spans else None
        if taker is None:
            return None
        parent = self.pair.spans[taker].parent
        siblings = [number for number in spans if self.pair.spans[number].parent is parent and number != taker]
        taken = self.rng.choice(siblings if siblings and self.rng.random() < 0.8 else spans)
        return "take", taker, taken, now

    def resume(self, now: int) -> Step | None:
        span = self._some_open()
        return ("resume", span, now) if span is not None else None

    def end(self, now: int) -> Step | None:
        span = self._some_open()
        return ("end", span, self.rng.randrange(4), now) if span is not None else None

    def discard(self, now: int) -> Step | None:
        started = self._open([IN_LEG])
        return ("discard", self.rng.choice(started), now) if started else None

    def settle(self, now: int) -> Step:
        return "settle", now

    def clear(self, _: int) -> Step:
        return ("clear",)

    def wrong(self, _: int) -> Step | None:
        """A call that must fail, and leave everything as it was."""
        rng, now = self.rng, self.pair.model.now
        ended = [number for number, span in enumerate(self.pair.spans) if not span.open]
        stale = rng.choice([-1, *ended])
        good = self._some_open()
        stack = self.pair.stacks[0]
        choices: list[Step] = [
            ("begin", stack, stale, now, False, False, 0, 1),
            ("wait", stale, [], stack, 1, now),
            ("release", stale, now),
            ("end", stale, 0, now),
            ("discard", stale, now),
        ]
        if good is not None:
            others = [number for number in self._open() if self.pair.spans[number].parent is not self.pair.spans[good]]
            choices += [
                ("begin", stack, good, now, True, True, 0, 1),
                ("wait", good, [stale], stack, 1, now),
                ("wait", good, [*self._children(good), stale], stack, 1, now),
                ("wait", good, [*self._children(good), rng.choice(others)], stack, 1, now),
                ("await_also", good, rng.choice(others), now),
                ("await_also", good, stale, now),
                ("await_also", stale, good, now),
                ("take", good, stale, now),
                ("take", stale, good, now),
                ("take", good, good, now),
                ("resume", stale, now),
                ("adopt", good, stale, now),
                ("adopt", stale, good, now),
                ("adopt", good, good, now),
                ("adopt", good, None, now),
                ("end", good, rng.choice((-1, 4, 99)), now),
            ]
            if self.pair.spans[good].state != IN_LEG:
                choices.append(("discard", good, now))
        return rng.choice(choices)


def random_pair(seed: int, steps: int) -> Pair:
    """A finished history; an AssertionError that holds the history where the two sides differ."""
    pair = Pair()
    author = Author(pair, random.Random(seed))
    try:
        for _ in range(steps):
            pair.apply(author.next_step())
        pair.apply(("settle", author.now + 1))
    except AssertionError as error:
        raise AssertionError(f"{error}\nseed {seed}: replay({pair.history})") from error
    return pair


def replay(history: list[Step]) -> Pair:
    """Runs a history that random_pair() printed."""
    pair = Pair()
    for step in history:
        pair.apply(step)
    return pair
