# SPDX-License-Identifier: ISC
"""A failure means that a tracer keeps something alive that the program has dropped, or that a table grows with the
time."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, DeferredLock, gatherResults, inlineCallbacks
from twisted.internet.task import Clock, Cooperator, LoopingCall, deferLater

from shared import waiting
from theseus import Tracer
from unnoticed import HOOKS, Thing, pending, through

every_hook = pytest.mark.parametrize("hook", HOOKS)
Action = Callable[[Clock], object]


def totals(tracer: Tracer) -> dict[str, int]:
    names = ("deferreds", "success", "failure", "cancelled", "abandoned", "pending", "wait", "latency")
    stacks = list(tracer.snapshot())
    return {name: sum(getattr(stack, name) for stack in stacks) for name in names}


def check_empty(tracer: Tracer) -> None:
    """After all was dropped and collected: no operation, no span, nothing under way."""
    assert not any(tracer._core.kept().values()), tracer._core.kept()
    assert tracer.pending() == []
    assert totals(tracer)["pending"] == 0


# ---- what many operations leave ----


@inlineCallbacks
def waits(clock: Clock) -> Any:
    yield deferLater(clock, 1)
    yield through(deferLater(clock, 1), 2)


async def awaits(clock: Clock) -> Any:
    await waits(clock)
    await deferLater(clock, 1)


@inlineCallbacks
def fails(clock: Clock) -> Any:
    yield deferLater(clock, 1)
    raise ValueError("as meant")


def succeeds(clock: Clock) -> None:
    waits(clock)
    clock.pump([1, 1])


def succeeds_as_coroutine(clock: Clock) -> None:
    Deferred.fromCoroutine(awaits(clock))
    clock.pump([1, 1, 1])


def fails_handled(clock: Clock) -> None:
    fails(clock).addErrback(lambda _: None)
    clock.advance(1)


def is_cancelled(clock: Clock) -> None:
    waits(clock).addErrback(lambda _: None).cancel()


def is_dropped(clock: Clock) -> None:
    through(pending(), 2)
    waits(Clock())
    Deferred.fromCoroutine(awaits(Clock()))


def is_dropped_in_a_cycle(clock: Clock) -> None:
    d: Any = through(pending(), 2)
    d.itself = d


def is_gathered(clock: Clock) -> None:
    gatherResults([waits(clock), deferLater(clock, 1), fails(clock)], consumeErrors=True).addErrback(lambda _: None)
    clock.pump([1, 1])


def uses_a_lock(clock: Clock) -> None:
    lock = DeferredLock()
    for _ in range(3):
        lock.run(waits, clock)
    clock.pump([1] * 6)


def runs_at_once(clock: Clock) -> None:
    @inlineCallbacks
    def at_once() -> Any:
        yield Deferred.fromCoroutine(nothing())

    at_once()


async def nothing() -> None:
    pass


def chains(clock: Clock) -> None:
    one, other = pending(), pending()
    other.addCallback(lambda _: through(one)).addCallback(lambda _: waits(clock))
    other.callback(None)
    one.callback(None)
    clock.pump([1, 1])


def loops(clock: Clock) -> None:
    call = LoopingCall(waits, clock)
    call.clock = clock  # type: ignore[assignment]
    call.start(1)
    clock.pump([1] * 4)
    call.stop()
    clock.pump([1] * 4)
    Cooperator(scheduler=lambda turn: clock.callLater(0, turn)).coiterate(deferLater(clock, 1) for _ in range(2))
    clock.pump([0, 1, 0, 1, 0])


def raises(clock: Clock) -> None:
    def inner() -> Any:
        pending()
        raise ValueError("as meant")

    try:
        inner()
    except ValueError:
        pass


def suspended_and_closed(clock: Clock) -> None:
    coroutine = awaits(Clock())
    Deferred.fromCoroutine(coroutine)
    coroutine.close()


def unrelated_generators(clock: Clock) -> None:
    def generator() -> Any:
        pending()
        yield pending()

    next(generator())
    list(generator())


def code_of_its_own(clock: Clock) -> None:
    variables: dict[str, Any] = {"Deferred": Deferred, "__name__": "made"}
    exec("def made(): return Deferred()\nmade()", variables)


ACTIONS: list[Action] = [
    succeeds,
    succeeds_as_coroutine,
    fails_handled,
    is_cancelled,
    is_dropped,
    is_dropped_in_a_cycle,
    is_gathered,
    uses_a_lock,
    runs_at_once,
    chains,
    loops,
    raises,
    suspended_and_closed,
    unrelated_generators,
    code_of_its_own,
]
every_action = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)


@every_hook
@every_action
def test_the_tables_are_empty_afterwards(action: Action, hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    with tracer:
        for _ in range(3):
            action(clock)
        gc.collect()
        # What began under frames that still run may yet be adopted by them: that is this one, until it returns.
        kept = tracer._core.kept()
        assert {name: kept[name] for name in kept if name != "begun"} == dict.fromkeys(kept.keys() - {"begun"}, 0)
        assert kept["begun"] <= 1
    check_empty(tracer)
    told = totals(tracer)
    assert told["deferreds"] == sum(told[name] for name in ("success", "failure", "cancelled", "abandoned")) > 0


@every_hook
@every_action
def test_memory_is_flat(action: Action, hook: str) -> None:
    """Once it has seen everything there is, going on takes nothing more: neither Python's memory nor objects."""
    clock = Clock()
    tracer = Tracer(clock, hook)

    def turns() -> int:
        for _ in range(50):
            action(clock)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    with tracer:
        turns()
        tracemalloc.start()
        try:
            for _ in range(4):  # until free lists and tables have their sizes
                before = turns()
            objects = len(gc.get_objects())
            for _ in range(7):
                after = turns()
        finally:
            tracemalloc.stop()
        # This frame stays, and what began under it is looked through in batches of 16.
        assert len(gc.get_objects()) - objects < 100
        assert after - before < 7 * 50 * 32  # bytes
    check_empty(tracer)


@every_hook
def test_the_library_s_memory_is_flat(hook: str) -> None:
    """Spans that ended leave their room to others: it is by how many are open at once."""
    resource = pytest.importorskip("resource")
    clock = Clock()
    tracer = Tracer(clock, hook)

    def turns(count: int) -> int:
        for _ in range(count):
            succeeds(clock)
            is_dropped(clock)
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    with tracer:
        before = turns(500)
        assert turns(2500) - before < 1024  # KiB; two ints for each span would be more


# ---- what dies ----


@every_hook
def test_never_fired_is_collected_and_counted(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    with tracer:
        gone = []
        for _ in range(100):
            d = through(pending(), 2)
            gone.append(weakref.ref(d))
            clock.advance(1)
            del d
        assert [reference() for reference in gone] == [None] * 100
        told = totals(tracer)
    assert (told["deferreds"], told["abandoned"], told["success"], told["latency"]) == (300, 300, 0, 0)
    assert told["wait"] == 100 * 10**9  # one head: `through` has taken `pending`
    check_empty(tracer)


@every_hook
def test_suspended_generators_are_collected_and_counted(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    alive: list[Any] = []

    @inlineCallbacks
    def forever(thing: Any) -> Any:
        yield pending()

    async def outer(thing: Any) -> Any:
        await forever(thing)

    with tracer:
        for start in (forever, lambda thing: Deferred.fromCoroutine(outer(thing))):
            for _ in range(20):
                thing = Thing()
                alive.append(weakref.ref(thing))
                start(thing)
                clock.advance(1)
                del thing
        gc.collect()
        assert [reference() for reference in alive] == [None] * 40
        assert tracer._core.kept()["operations"] == 0
    told = totals(tracer)
    assert told["abandoned"] == told["deferreds"] > 100
    check_empty(tracer)


@every_hook
def test_generators_that_reuse_an_address(hook: str) -> None:
    """One that was dropped in mid-flight is not taken for the next one at its address."""
    clock = Clock()
    tracer = Tracer(clock, hook)

    def body() -> Any:
        yield pending()

    with tracer:
        for turn in range(300):
            d = inlineCallbacks(body)()
            if turn % 3:
                d.addErrback(lambda _: None).cancel()
            del d
            for plain in body():
                plain.callback(None)
        gc.collect()
        told = totals(tracer)
    assert (told["success"], told["pending"]) == (300, 0)
    check_empty(tracer)


@every_hook
def test_observers_that_are_collected_on_other_threads(hook: str) -> None:
    tracer = Tracer(Clock(), hook)
    stored: list[Any] = []
    with tracer:
        for _ in range(200):
            stored.append(through(pending(), 2))
            stored.append(waits(Clock()))

        def clear() -> None:
            while stored:
                stored.pop()
            gc.collect()

        thread = threading.Thread(target=clear)
        thread.start()
        thread.join(60)
        assert tracer.pending() == []  # asking is enough for what others have left
        told = totals(tracer)
        assert told["abandoned"] == told["deferreds"] == 1000
    check_empty(tracer)


# ---- the tracer itself ----


@every_hook
def test_dropped_without_uninstall(hook: str) -> None:
    clock = Clock()
    tracer = Tracer(clock, hook)
    tracer.install()
    d, over = through(pending(), 2), waits(clock)
    gone, core = weakref.ref(tracer), tracer._core
    profile = weakref.ref(tracer.snapshot())
    del tracer
    gc.collect()
    assert gone() is None and profile() is None
    assert not core.installed
    del core
    clock.pump([1, 1])
    d.callback(1)
    assert (d.result, over.called) == (1, True)


@every_hook
def test_a_clock_in_a_cycle_with_its_own_deferreds(hook: str) -> None:
    """A clock refers to what is to be called, that to Deferreds, those to observers, those to the core, and that to the
    clock."""
    for installed in (False, True):
        clock = Clock()
        tracer = Tracer(clock, hook)
        tracer.install()
        deferLater(clock, 10)
        waits(clock)
        if not installed:
            tracer.uninstall()
        gone = [weakref.ref(clock), weakref.ref(tracer)]
        del clock, tracer
        gc.collect()
        assert [reference() for reference in gone] == [None, None]


@every_hook
def test_a_tracer_s_memory_is_freed(hook: str) -> None:
    resource = pytest.importorskip("resource")

    def turns(count: int) -> int:
        for _ in range(count):
            clock = Clock()
            tracer = Tracer(clock, hook)
            with tracer:
                alive = [waits(clock), pending()]
                is_dropped(clock)
            tracer.snapshot()
            del tracer, alive
        gc.collect()
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    before = turns(60)
    assert turns(240) - before < 2048  # KiB


@every_hook
def test_a_frame_that_stays_keeps_nothing(hook: str) -> None:
    """A main loop, under which everything begins."""
    clock = Clock()
    tracer = Tracer(clock, hook)

    def main() -> None:
        for _ in range(3000):
            pending().callback(None)
            clock.advance(1)
        assert tracer._core.kept()["begun"] <= 2

    with tracer:
        tracemalloc.start()
        try:
            main()
            before = tracemalloc.get_traced_memory()[0]
            main()
            assert tracemalloc.get_traced_memory()[0] - before < 3000 * 8
        finally:
            tracemalloc.stop()
    check_empty(tracer)


@every_hook
def test_chains_that_grow_for_ever(hook: str) -> None:
    """A poll that starts itself again from its own callback, and one whose Deferred is the next one's."""
    clock = Clock()
    tracer = Tracer(clock, hook)

    def poll(_: Any = None) -> Any:
        return deferLater(clock, 1).addCallback(poll)

    def poll_and_forget(_: Any = None) -> None:
        deferLater(clock, 1).addCallback(poll_and_forget)

    with tracer:
        poll()
        poll_and_forget()
        clock.pump([1] * 20)
        stacks = len(list(tracer.snapshot()))
        clock.pump([1] * 300)
        assert len(list(tracer.snapshot())) == stacks
    assert totals(tracer)["deferreds"] > 600


@every_hook
def test_weak_references_of_ours_that_others_hold(hook: str) -> None:
    tracer = Tracer(Clock(), hook=hook)
    generators: list[Any] = []

    def body() -> Any:
        yield Deferred()

    def made() -> Any:
        generators.append(body())
        return generators[-1]

    with tracer:
        inlineCallbacks(made)()
    held = [weakref.getweakrefs(generators[0]), weakref.getweakrefs(body.__code__)]
    del tracer
    gc.collect()
    generators.clear()
    gc.collect()
    assert held


@every_hook
def test_a_cycle_with_a_tracer_and_what_is_pending(hook: str) -> None:
    """The profile is there as long as anything is that may want it: the program's finalizers, observers."""
    written: list[bytes] = []

    class Service:
        def __init__(self) -> None:
            self.tracer = Tracer(Clock(), hook=hook)
            self.me = self
            with self.tracer:
                self.pending = [waiting() for _ in range(3)]
                for waited in self.pending:
                    waited.addCallback(self.__init__)
            self.profile = self.tracer.snapshot()

        def __del__(self) -> None:
            written.append(self.profile.encoded())
            written.append(self.tracer.snapshot().encoded())

    for _ in range(5):
        written.clear()
        service = [Service()]
        service.clear()
        gc.collect()
        assert all(b"waiting" in data for data in written) and len(written) == 2
