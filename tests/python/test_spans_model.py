# SPDX-License-Identifier: ISC
"""A failure means that the library's spans differ from a model by brute force, in a random history or in a case that
has a name."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from theseus._cffi import ffi, lib

from histories import (
    EVERY_CHILD,
    NEVER_WAS,
    UNKNOWN_STACK,
    Pair,
    all_cells,
    check,
    intern_stacks,
    new_profile,
    random_pair,
    replay,
    sized,
)
from spans_model import ABANDONED, ALL, AWAITED, DETACHED, HELD, IN_LEG, NOTIFICATION, ROOT, SUCCESS

HISTORIES = int(os.environ.get("THESEUS_HISTORIES", "3000"))
BATCHES = 30
SECOND = 10**9


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_histories(batch: int) -> None:
    close_calls = 0
    for seed in range(batch, HISTORIES, BATCHES):
        steps = random.Random(seed).randrange(5, 80)
        close_calls += random_pair(seed, steps).close_calls
    assert close_calls <= HISTORIES // BATCHES // 10  # the leniency must stay an exception


def test_histories_reach_every_state_and_fraction() -> None:
    """The comparison above is worth something: it meets every state, thirds, and weights several levels deep."""
    states, denominators, depth = set(), set(), 0
    for seed in range(200):
        pair = random_pair(seed, 60)
        states |= {span.told_state() for span in pair.model.spans}
        denominators |= {cell.denominator for cell in pair.model.cells.values()}
        depth = max([depth, *(span.depth() for span in pair.model.spans)])
    assert states == {IN_LEG, HELD, AWAITED, ROOT, DETACHED, NOTIFICATION}
    assert {1, 2, 3, 4, 6} <= denominators
    assert depth >= 6


# -- single cases: (head's stack, detached, stack, line) -> Wait ------------------------------------------------


def waits(pair: Pair) -> dict[tuple[int, int, int, int], int]:
    return {key[1:]: value for key, value in all_cells(pair.profile).items()}


def begin(stack: int, parent: int | None, now: int, leg: bool = False, detached: bool = False) -> tuple[Any, ...]:
    return "begin", stack, parent, now, leg, detached, 0, 1


def test_nine_forgotten_operations_take_nothing_from_the_request() -> None:
    a, b, c = 1, 2, 3
    pair = replay([begin(a, None, 0, leg=True), *(begin(b, 0, 0) for _ in range(9)), begin(c, 0, 0)])
    pair.apply(("wait", 0, [10], a, 5, 0))
    pair.apply(("end", 10, SUCCESS, 10 * SECOND))
    pair.apply(("end", 0, SUCCESS, 10 * SECOND))
    for number in range(1, 10):
        pair.apply(("end", number, SUCCESS, 20 * SECOND))
    pair.apply(("settle", 20 * SECOND))
    assert waits(pair) == {(a, 0, c, 1): 10 * SECOND, (b, 1, b, 1): 180 * SECOND}


def test_three_that_are_gathered_take_a_third_each_then_halves() -> None:
    a, b, c, d = 1, 2, 3, 4
    pair = replay([begin(a, None, 0, leg=True), begin(b, 0, 0), begin(c, 0, 0), begin(d, 0, 0)])
    pair.apply(("wait", 0, [1, 2, 3], a, 5, 0))
    pair.apply(("end", 1, SUCCESS, 3))
    pair.apply(("end", 2, SUCCESS, 7))
    pair.apply(("end", 3, SUCCESS, 9))
    pair.apply(("settle", 11))
    assert waits(pair) == {(a, 0, b, 1): 1, (a, 0, c, 1): 3, (a, 0, d, 1): 5, (a, 0, a, 5): 2}


def test_halves_round_up() -> None:
    pair = replay([begin(1, None, 0, leg=True), begin(2, 0, 0), begin(3, 0, 0), ("wait", 0, [1, 2], 1, 5, 0)])
    pair.apply(("settle", 1))
    assert waits(pair) == {(1, 0, 2, 1): 1, (1, 0, 3, 1): 1}
    pair.apply(("settle", 2))  # what is shown is rounded, what is kept is not
    assert waits(pair) == {(1, 0, 2, 1): 1, (1, 0, 3, 1): 1}


@pytest.mark.parametrize("parts", [3, 5, 6, 7, 9, 11, 12, 100])
def test_equal_parts_of_anything_add_up(parts: int) -> None:
    pair = replay([begin(1, None, 0, leg=True), *(begin(2, 0, 0) for _ in range(parts))])
    pair.apply(("wait", 0, list(range(1, parts + 1)), 1, 5, 0))
    for second in range(1, 20):
        pair.apply(("settle", second * SECOND))
        assert waits(pair) == {(1, 0, 2, 1): second * SECOND}


def test_a_long_chain_costs_its_last_link() -> None:
    chain = [begin(1, None, 0, leg=True)]
    for number in range(1, 200):
        chain.append(begin(1 + number % 3, number - 1, 0, leg=True))
    pair = replay(chain)
    for number in range(199, 0, -1):
        pair.apply(("wait", number, [] if number == 199 else [number + 1], 2, 9, 0))
    pair.apply(("wait", 0, [1], 1, 5, 0))
    pair.apply(("settle", 1000))
    assert waits(pair) == {(1, 0, 2, 9): 1000}


def test_a_first_leg_has_no_weight_and_no_time() -> None:
    pair = replay([begin(1, None, 0, leg=True), ("settle", 100)])
    assert waits(pair) == {}
    pair.apply(("wait", 0, [], 1, 5, 100))
    pair.apply(("end", 0, SUCCESS, 130))
    pair.apply(("settle", 130))
    assert waits(pair) == {(1, 0, 1, 5): 30}
    assert pair.model.figures[1].latencies == [30]


def test_what_began_under_an_operation_that_was_over_at_once_belongs_to_the_next_one_out() -> None:
    for last in ("end", "discard"):
        pair = replay([begin(1, None, 0, leg=True), begin(2, 0, 0, leg=True), begin(3, 1, 0)])
        pair.apply((last, 1, SUCCESS, 4) if last == "end" else (last, 1, 4))
        assert pair.spans[2].parent is pair.spans[0]
        pair.apply(("wait", 0, [2], 1, 5, 4))
        pair.apply(("settle", 10))
        assert waits(pair) == {(1, 0, 3, 1): 6}


def test_all_until_one_is_known() -> None:
    pair = replay([begin(1, None, 0), begin(2, 0, 0), ("wait", 0, ALL, 1, 5, 0), begin(3, 0, 6)])
    pair.apply(("release", 2, 8))  # held for 2 ns, then one of two
    pair.apply(("await_also", 0, 2, 12))  # known: the other one is detached
    pair.apply(("settle", 20))
    assert waits(pair) == {(1, 0, 2, 1): 8 + 2, (1, 0, 3, 1): 2 + 8, (2, 1, 2, 1): 8}


def test_started_early_and_awaited_late_is_a_head_in_between() -> None:
    pair = replay([begin(1, None, 0, leg=True), begin(2, 0, 0), begin(3, 0, 0), ("wait", 0, [2], 1, 5, 0)])
    pair.apply(("end", 2, SUCCESS, 4))
    pair.apply(("wait", 0, [1], 1, 6, 4))
    pair.apply(("settle", 10))
    assert waits(pair) == {(1, 0, 3, 1): 4, (2, 1, 2, 1): 4, (1, 0, 2, 1): 6}


def test_an_abandoned_one_has_wait_and_no_latency() -> None:
    pair = replay([begin(1, None, 0), ("end", 0, ABANDONED, 5), ("settle", 9)])
    assert waits(pair) == {(1, 0, 1, 1): 5}
    assert pair.model.figures[1].latencies == []


def test_clear_keeps_what_is_open() -> None:
    pair = replay([begin(1, None, 0), begin(2, None, 0), ("end", 1, SUCCESS, 5), ("settle", 5)])
    pair.apply(("clear",))
    assert waits(pair) == {}
    pair.apply(("end", 0, SUCCESS, 12))
    pair.apply(("settle", 12))
    assert waits(pair) == {(1, 0, 1, 1): 7}
    assert pair.model.figures[1].latencies == [12]  # the latency is whole


# -- arguments that make no sense ------------------------------------------------------------------------------


def test_wrong_arguments_leave_everything_as_it_was() -> None:
    pair = replay([begin(1, None, 0, leg=True), begin(2, 0, 0), begin(3, 0, 0, leg=True)])
    profile, (outer, inner, started) = pair.profile, pair.ids
    child = ffi.new("uint64_t[]", [inner])
    in_leg = ffi.new("uint64_t[]", [started])
    out = ffi.new("uint64_t *", 77)

    def beginning(**members: Any) -> int:
        options = sized("theseus_span_options", **{"stack": 1, "line": 1, **members})
        options.size = members.get("size", options.size)
        return int(lib.theseus_span_begin(profile, options, out))

    assert beginning(stack=UNKNOWN_STACK) == lib.THESEUS_EINVAL
    assert beginning(place_stack=UNKNOWN_STACK) == lib.THESEUS_EINVAL
    assert beginning(flags=1 << 20) == lib.THESEUS_EINVAL
    assert beginning(size=0) == lib.THESEUS_EINVAL
    assert beginning(parent=NEVER_WAS) == lib.THESEUS_ESTALE
    assert out[0] == 77
    assert lib.theseus_span_await(profile, outer, child, 1, UNKNOWN_STACK, 1, 0) == lib.THESEUS_EINVAL
    assert lib.theseus_span_await(profile, inner, child, 1, 1, 1, 0) == lib.THESEUS_EINVAL  # its own child
    assert lib.theseus_span_await_also(profile, outer, started, 0) == lib.THESEUS_EINVAL  # still in its first leg
    assert lib.theseus_span_await(profile, outer, in_leg, 1, 1, 1, 0) == lib.THESEUS_EINVAL
    assert lib.theseus_span_get(profile, inner, ffi.new("theseus_span_info *")) == lib.THESEUS_EINVAL  # size 0
    assert lib.theseus_span_get(profile, inner, ffi.NULL) == lib.THESEUS_OK  # whether it is open, no more
    assert lib.theseus_open_span_get(profile, 3, sized("theseus_span_info")) == lib.THESEUS_EINVAL
    pair.compare_spans()
    pair.apply(("settle", 10))


def test_an_ancestor_cannot_be_adopted() -> None:
    pair = replay([begin(1, None, 0, leg=True), begin(2, 0, 0, leg=True), begin(3, 1, 0)])
    for ancestor, descendant in ((0, 0), (0, 1), (0, 2), (1, 2)):
        status = lib.theseus_span_adopt(pair.profile, pair.ids[ancestor], pair.ids[descendant], 0)
        assert status == lib.THESEUS_ECYCLE
        pair.compare_spans()


def test_an_id_is_not_used_again_when_its_slot_is() -> None:
    pair = Pair()
    for turn in range(100):
        pair.apply(begin(1, None, turn))
        pair.apply(("end", turn, SUCCESS, turn))
    assert len(set(pair.ids)) == 100


def test_open_spans_are_all_listed() -> None:
    pair = random_pair(11, 79)
    info = sized("theseus_span_info")
    listed = set()
    for number in range(lib.theseus_open_span_count(pair.profile)):
        check(lib.theseus_open_span_get(pair.profile, number, info))
        listed.add(info.span)
    assert listed == {pair.ids[pair._number(span)] for span in pair.model.spans}


def test_nesting_is_bounded_and_the_law_holds_beyond_it() -> None:
    """A chain that grows for ever: each new span is awaited, self waits grow at the number of heads."""
    profile = new_profile(max_nesting=8)
    intern_stacks(profile)
    out, last, spans = ffi.new("uint64_t *"), 0, []
    for now in range(100):
        check(lib.theseus_span_begin(profile, sized("theseus_span_options", stack=1, parent=last, now_ns=now), out))
        if last:
            status = lib.theseus_span_await_also(profile, last, out[0], now)
            assert status in (0, lib.THESEUS_EINVAL)  # beyond the bound it is an ancestor's child, awaited already
        last = out[0]
        spans.append(last)
    lib.theseus_settle(profile, 1000)
    assert sum(all_cells(profile).values()) == 1000
    info = sized("theseus_span_info")
    check(lib.theseus_span_get(profile, spans[-1], info))
    assert info.state == AWAITED
    state = sized("theseus_profile_info")
    check(lib.theseus_profile_info_get(profile, state))
    assert state.flattened_spans == 92
    for span in spans:
        check(lib.theseus_span_end(profile, span, SUCCESS, 1000))
    assert lib.theseus_open_span_count(profile) == 0


@pytest.mark.parametrize("seed", range(40))
def test_random_histories_within_a_small_nesting_bound(seed: int) -> None:
    """Who is whose child differs from the model; that self waits grow at the number of heads does not."""
    rng, profile = random.Random(seed), new_profile(max_nesting=3)
    intern_stacks(profile)
    now, heads_time, spans, out = 0, 0, [], ffi.new("uint64_t *")
    info = sized("theseus_span_info")

    def state(span: int) -> int:
        check(lib.theseus_span_get(profile, span, info))
        return int(info.state)

    for _ in range(80):
        later = now + rng.randrange(4)
        heads_time += (later - now) * sum(state(span) in (ROOT, DETACHED) for span in spans)
        now = later
        lib.theseus_settle(profile, now)
        cells = all_cells(profile)
        assert abs(sum(cells.values()) - heads_time) * 2 <= lib.theseus_cell_count(profile)
        move = rng.random()
        if move < 0.5 or not spans:
            options = sized("theseus_span_options", stack=rng.randrange(1, 5), now_ns=now, line=1)
            options.parent = rng.choice(spans) if spans else 0
            options.flags = rng.choice((0, lib.THESEUS_SPAN_LEG))
            check(lib.theseus_span_begin(profile, options, out))
            spans.append(out[0])
        elif move < 0.75:
            span = rng.choice(spans)
            children = [other for other in spans if state(other) != IN_LEG and info.parent == span]
            array = ffi.new("uint64_t[]", children)
            check(lib.theseus_span_await(profile, span, array, rng.randrange(len(children) + 1), 2, 2, now))
        elif move < 0.85:
            status = lib.theseus_span_adopt(profile, rng.choice(spans), rng.choice(spans), now)
            assert status in (0, lib.THESEUS_ECYCLE)
        else:
            check(lib.theseus_span_end(profile, spans.pop(rng.randrange(len(spans))), SUCCESS, now))
    assert lib.theseus_open_span_count(profile) == len(spans)


def test_every_child_means_all_of_them() -> None:
    pair = replay([begin(1, None, 0), begin(2, 0, 0)])
    check(lib.theseus_span_await(pair.profile, pair.ids[0], ffi.NULL, EVERY_CHILD, 1, 1, 0))
    info = sized("theseus_span_info")
    check(lib.theseus_span_get(pair.profile, pair.ids[0], info))
    assert info.awaits == 1
