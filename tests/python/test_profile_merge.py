# SPDX-License-Identifier: ISC
"""A failure means that profiles do not add up exactly, or that the sum depends on the order, the grouping or the
ids."""

from __future__ import annotations

import random
from typing import Any

import pytest
from theseus._cffi import ffi, lib

from histories import Author, Pair, check, intern_stacks, new_profile, sized

Path = tuple[tuple[str, str, int, int], ...]  # (file, name, first line, call line) from the root
MEASURES = ("operations", "success", "failure", "cancelled", "abandoned", "pending", "latency_ns")
BIG = 2**63


def path_of(profile: Any, stack: int) -> Path:
    frames = []
    info, function = sized("theseus_stack_info"), sized("theseus_function_info")
    while stack:
        check(lib.theseus_stack_get(profile, stack, info))
        check(lib.theseus_function_get(profile, info.function, function))
        file, name = (ffi.string(text).decode() for text in (function.file, function.name))
        frames.append((file, name, function.first_line, info.call_line))
        stack = info.parent
    return tuple(reversed(frames))


def event_name(profile: Any, event: int) -> tuple[str, str]:
    info = sized("theseus_event_info")
    check(lib.theseus_event_get(profile, event, info))
    return ffi.string(info.name).decode(), ffi.string(info.unit).decode()


def everything(profile: Any) -> dict[Any, Any]:
    """All that was measured, by names and not by ids, less the zeros."""
    found: dict[Any, Any] = {}
    info, cell = sized("theseus_stack_info"), sized("theseus_cell_info")
    counts = ffi.new("uint64_t[]", lib.THESEUS_BUCKETS)
    for stack in range(lib.theseus_stack_count(profile)):
        check(lib.theseus_stack_get(profile, stack, info))
        figures = {name: getattr(info, name) for name in MEASURES if getattr(info, name)}
        if info.success + info.failure + info.cancelled:
            figures |= {"min": info.latency_min_ns, "max": info.latency_max_ns}
        check(lib.theseus_histogram_get(profile, stack, counts))
        figures |= {bucket: count for bucket, count in enumerate(counts) if count}
        if figures:
            found[path_of(profile, stack)] = figures
    for number in range(lib.theseus_cell_count(profile)):
        check(lib.theseus_cell_get(profile, number, cell))
        if cell.value:
            key = (path_of(profile, cell.head), cell.detached, path_of(profile, cell.stack), cell.line)
            place = (event_name(profile, cell.event), key)
            found[place] = found.get(place, 0) + cell.value  # of all sets of labels
    return found


def total(*parts: dict[Any, Any]) -> dict[Any, Any]:
    """What merging profiles of these measurements must give."""
    result: dict[Any, Any] = {}
    for part in parts:
        for key, value in part.items():
            if not isinstance(value, dict):
                result[key] = result.get(key, 0) + value
                continue
            known = result.setdefault(key, {})
            for name, figure in value.items():
                if name not in known:
                    known[name] = figure
                else:
                    known[name] = {"min": min, "max": max}.get(name, lambda a, b: a + b)(known[name], figure)
    return result


def add_event(profile: Any, name: bytes, unit: bytes = b"count") -> int:
    text = {"name": ffi.new("char[]", name), "unit": ffi.new("char[]", unit), "long_name": ffi.new("char[]", b"words")}
    out = ffi.new("uint32_t *")
    check(lib.theseus_event_intern(profile, sized("theseus_event_info", **text), out))
    return int(out[0])


def random_profile(seed: int) -> Any:
    """Spans, some of them open, records and costs; functions and stacks interned in an order of its own."""
    rng = random.Random(seed)
    pair = Pair()
    pair.profile = new_profile()
    order = rng.sample(range(4), 4)
    pair.stacks = intern_stacks(pair.profile, order)
    author = Author(pair, rng)
    for _ in range(rng.randrange(40)):
        pair.apply(author.next_step())
    for _ in range(rng.randrange(8)):
        stack, outcome = rng.choice(pair.stacks), rng.randrange(3)
        check(lib.theseus_record(pair.profile, stack, rng.randrange(3), rng.randrange(10**6), outcome))
    for name in rng.sample((b"Run", b"Samples", b"Bytes"), rng.randrange(4)):
        event = add_event(pair.profile, name)
        check(lib.theseus_add_cost(pair.profile, rng.choice(pair.stacks), rng.randrange(3), event, rng.randrange(99)))
    lib.theseus_settle(pair.profile, author.now)
    return pair.profile


def merged(*profiles: Any) -> Any:
    into = new_profile()
    for profile in profiles:
        check(lib.theseus_profile_merge(into, profile))
    return into


@pytest.mark.parametrize("seed", range(20))
def test_percentiles_of_a_sum_of_histograms_are_those_of_the_merged_profile(seed: int) -> None:
    parts = [random_profile(1000 * seed + part) for part in range(3)]
    sums: dict[Any, tuple[Any, list[int], list[int]]] = {}
    counts, info, out = ffi.new("uint64_t[]", lib.THESEUS_BUCKETS), sized("theseus_stack_info"), ffi.new("uint64_t *")
    for profile in parts:
        for stack in range(lib.theseus_stack_count(profile)):
            check(lib.theseus_stack_get(profile, stack, info))
            check(lib.theseus_histogram_get(profile, stack, counts))
            if any(counts):
                added, least, most = sums.setdefault(
                    path_of(profile, stack), (ffi.new("uint64_t[]", lib.THESEUS_BUCKETS), [], [])
                )
                for bucket, count in enumerate(counts):
                    added[bucket] += count
                least.append(info.latency_min_ns)
                most.append(info.latency_max_ns)
    whole = merged(*parts)
    for stack in range(lib.theseus_stack_count(whole)):
        added, least, most = sums.get(path_of(whole, stack), (ffi.new("uint64_t[]", lib.THESEUS_BUCKETS), [0], [0]))
        for fraction in (0.0, 0.25, 0.5, 0.9, 0.99, 1.0):
            check(lib.theseus_histogram_percentile(added, min(least), max(most), fraction, out))
            found = out[0]
            check(lib.theseus_percentile(whole, stack, fraction, out))
            assert found == out[0]
    for fraction in (-0.1, 1.1, float("nan")):
        assert lib.theseus_histogram_percentile(counts, 0, 1, fraction, out) == lib.THESEUS_EINVAL
    assert lib.theseus_histogram_percentile(ffi.NULL, 0, 1, 0.5, out) == lib.THESEUS_EINVAL
    assert lib.theseus_histogram_percentile(counts, 0, 1, 0.5, ffi.NULL) == lib.THESEUS_EINVAL


@pytest.mark.parametrize("seed", range(100))
def test_merging_adds_in_any_order_and_grouping(seed: int) -> None:
    a, b, c = (random_profile(3 * seed + number) for number in range(3))
    before = everything(a), everything(b), everything(c)
    expected = total(*before)
    assert everything(merged(a)) == before[0]
    assert everything(merged(a, b, c)) == expected
    assert everything(merged(c, b, a)) == expected
    assert everything(merged(a, merged(b, c))) == expected
    assert everything(merged(merged(b, a), c)) == expected
    assert (everything(a), everything(b), everything(c)) == before  # `from` stays as it is
    check(lib.theseus_profile_merge(a, new_profile()))
    assert everything(a) == before[0]


@pytest.mark.parametrize("seed", range(20))
def test_one_merged_into_spans_that_go_on(seed: int) -> None:
    """Open spans of `into` are none of a merge's business, and a copy shows its original as it was."""
    pair, other = Pair(), random_profile(seed)
    author = Author(pair, random.Random(seed))
    for _ in range(30):
        pair.apply(author.next_step())
    copy = merged(pair.profile)
    frozen = everything(copy)
    check(lib.theseus_profile_merge(pair.profile, other))
    pair.compare_spans()
    for span in list(pair.model.spans):
        check(lib.theseus_span_end(pair.profile, pair.ids[pair._number(span)], 0, author.now))
    assert everything(copy) == frozen


def test_clear_drops_all_but_the_names() -> None:
    profile = random_profile(5)
    for number in reversed(range(lib.theseus_open_span_count(profile))):
        info = sized("theseus_span_info")
        check(lib.theseus_open_span_get(profile, number, info))
        check(lib.theseus_span_end(profile, info.span, 0, 0))
    names = lib.theseus_function_count(profile), lib.theseus_stack_count(profile), lib.theseus_event_count(profile)
    assert everything(profile)
    lib.theseus_profile_clear(profile)
    assert everything(profile) == {}
    assert names == (
        lib.theseus_function_count(profile), lib.theseus_stack_count(profile), lib.theseus_event_count(profile)
    )  # fmt: skip
    other = random_profile(6)
    check(lib.theseus_profile_merge(profile, other))
    assert everything(profile) == everything(other)


def test_a_profile_is_not_merged_into_itself() -> None:
    profile = random_profile(7)
    before = everything(profile)
    assert lib.theseus_profile_merge(profile, profile) == lib.THESEUS_EINVAL
    assert everything(profile) == before


def test_one_event_with_two_units_is_refused_and_nothing_added() -> None:
    a, b = random_profile(8), random_profile(9)
    add_event(a, b"Allocated", b"bytes")
    add_event(b, b"Allocated", b"pages")
    before = everything(a)
    assert lib.theseus_profile_merge(a, b) == lib.THESEUS_EUNIT
    assert everything(a) == before


def recorded(latency: int, line: int = 1) -> Any:
    profile = new_profile()
    check(lib.theseus_record(profile, intern_stacks(profile)[0], line, latency, 0))
    return profile


@pytest.mark.parametrize("line", [1, 2])  # the same cell overflows, or only the sum of latencies
def test_sums_that_do_not_fit_are_refused_and_nothing_added(line: int) -> None:
    a, b = recorded(BIG), recorded(BIG, line)
    before = everything(a)
    assert lib.theseus_profile_merge(a, b) == lib.THESEUS_EOVERFLOW
    assert everything(a) == before
    assert lib.theseus_record(a, intern_stacks(a)[0], line, BIG, 0) == lib.THESEUS_EOVERFLOW
    assert everything(a) == before


def test_costs_that_do_not_fit_are_refused_and_nothing_added() -> None:
    a, b = new_profile(), new_profile()
    for profile in (a, b):
        stack, event = intern_stacks(profile)[0], add_event(profile, b"Samples")
        check(lib.theseus_add_cost(profile, stack, 1, event, BIG))
        assert lib.theseus_add_cost(profile, stack, 1, event, BIG) == lib.THESEUS_EOVERFLOW
    before = everything(a)
    assert lib.theseus_profile_merge(a, b) == lib.THESEUS_EOVERFLOW
    assert everything(a) == before
