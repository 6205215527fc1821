# SPDX-License-Identifier: ISC
"""A failure means that a Deferred which only tells that something is over is not known as such, has weight, or that
pending() does not say what it is of."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from twisted.internet import tcp, udp
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock, CooperativeTask, LoopingCall

from theseus import Tracer
from theseus.calls import LOOP_NOTIFICATION, NOTIFICATION, ORDINARY, Calls
from theseus.functions import code_of
from theseus.profile import new_handle
from tracing import HOOKS

every_hook = pytest.mark.parametrize("hook", HOOKS)


class Pool:
    @inlineCallbacks
    def generator(self, deferred: Deferred[None]) -> Any:
        yield deferred

    def idle(self, deferred: Deferred[None]) -> Deferred[None]:
        return deferred

    alias = idle


class Bigger(Pool):
    pass


class Pusher:
    def tick(self) -> None:
        pass

    def __call__(self) -> None:
        pass


def kind_of(calls: Calls, function: Any) -> int:
    return calls.describe(code_of(function), getattr(function, "__func__", function).__globals__)[4]


def test_twisteds_own() -> None:
    calls = Calls(new_handle(), ())
    assert kind_of(calls, LoopingCall.start) == LOOP_NOTIFICATION
    assert kind_of(calls, LoopingCall.stop) == ORDINARY
    assert kind_of(calls, CooperativeTask.whenDone) == NOTIFICATION
    assert kind_of(calls, tcp.Port.stopListening) == kind_of(calls, tcp.Port.loseConnection) == NOTIFICATION
    assert kind_of(calls, udp.Port.stopListening) == NOTIFICATION
    assert kind_of(calls, tcp.Connection.loseConnection) == ORDINARY
    web = pytest.importorskip("twisted.web.http")
    assert kind_of(calls, web.Request.notifyFinish) == NOTIFICATION


@pytest.mark.parametrize(
    "name", [Pool.idle, Pool().idle, "Pool.idle", f"{__name__}.Pool.idle", "Bigger.idle", "Pool.alias", "idle"]
)
def test_names_of_the_programs_own(name: Any) -> None:
    calls = Calls(new_handle(), [name])
    assert kind_of(calls, Pool.idle) == NOTIFICATION
    assert kind_of(calls, Pool.generator) == ORDINARY
    assert kind_of(Calls(new_handle(), ()), Pool.idle) == ORDINARY


@pytest.mark.parametrize("name", ["dle", "Poo.idle", "other.Pool.idle", "Pool.idle.x", "Missing.idle", "clock.idle"])
def test_other_names(name: str) -> None:
    assert kind_of(Calls(new_handle(), [name]), Pool.idle) == ORDINARY


def test_what_is_no_list_of_names() -> None:
    for wrong in ("Pool.idle", [3], [None], [Pool], 3):
        with pytest.raises(TypeError):
            Tracer(notifications=wrong)  # type: ignore[arg-type]


def test_attributes_that_are_no_functions() -> None:
    """Neither do they fail, nor does the program notice."""

    class Touchy:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

    def odd() -> None:
        pass

    odd.__wrapped__ = functools.partial(odd)  # type: ignore[attr-defined]
    for attribute in (Touchy(), odd, None, len, Pool):
        owner = type("Port", (), {"stopListening": attribute})
        calls = Calls(new_handle(), ())
        code = code_of(Pool.idle)
        assert calls.describe(code, {"__name__": "app", "Port": owner})[4] == ORDINARY
        assert calls.describe(code, {"__name__": "app", "Port": attribute})[4] == ORDINARY
    for wrapper in (staticmethod, classmethod):
        owner = type("Port", (), {"stopListening": wrapper(Pool.idle)})
        assert Calls(new_handle(), ()).describe(code, {"__name__": "app", "Port": owner})[4] == NOTIFICATION


@every_hook
@pytest.mark.parametrize("name", ["idle", "generator"])
def test_the_programs_own_has_no_wait(hook: str, name: str) -> None:
    for notifications, wait in (((), 2), ([f"Pool.{name}", "never_heard_of"], 0)):
        clock = Clock()
        with Tracer(reactor=clock, hook=hook, notifications=notifications) as tracer:
            deferred: Deferred[None] = Deferred()
            getattr(Pool(), name)(deferred)
            clock.advance(2)
            (one,) = tracer.pending()
            assert one.state == ("root" if wait else "notification") and one.age == 2 * 10**9
            deferred.callback(None)
        profile = tracer.snapshot()
        assert sum(stack.wait for stack in profile) == wait * 10**9
        assert sum(stack.latency for stack in profile) == 2 * 10**9
        assert b"[detached]" not in profile.encoded() or not wait


@every_hook
def test_pending_says_what_loops(hook: str) -> None:
    clock, pusher = Clock(), Pusher()
    functions = [pusher.tick, functools.partial(pusher.tick), pusher, lambda: None, len]
    names = ["Pusher.tick", "Pusher.tick", "Pusher", "test_pending_says_what_loops.<locals>.<lambda>", "len"]
    loops = [LoopingCall(function) for function in functions]
    with Tracer(reactor=clock, hook=hook) as tracer:
        for loop in loops:
            loop.clock = clock
            loop.start(10, now=False)
        found = tracer.pending()
        assert [one.looping for one in found] == names
        assert [one.state for one in found] == ["notification"] * len(names)
        for one, name in zip(found, names):
            place = f"in {__name__}.test_pending_says_what_loops at {__file__}:"
            assert f"start of {name} {place}" in str(one) and str(one).endswith("(notification)")
            assert one.frames[-1].name.startswith("twisted.internet.task.") and "Pusher" not in one.frames[-1].name
        for loop in loops:
            loop.stop()
        assert tracer.pending() == []
    assert b"Pusher.tick" not in tracer.snapshot().encoded()


@every_hook
def test_names_of_loops_that_ended_are_dropped(hook: str) -> None:
    clock = Clock()
    with Tracer(reactor=clock, hook=hook) as tracer:
        lasting = LoopingCall(Pusher().tick)
        lasting.clock = clock
        lasting.start(1, now=False)
        for _ in range(1000):
            loop = LoopingCall(Pusher().tick)
            loop.clock = clock
            loop.start(1, now=False)
            loop.stop()
        assert len(tracer._calls._looping) <= 64
        assert [one.looping for one in tracer.pending()] == ["Pusher.tick"]
        lasting.stop()


@every_hook
def test_a_loop_is_not_kept(hook: str) -> None:
    import weakref

    with Tracer(reactor=Clock(), hook=hook) as tracer:
        loop = LoopingCall(Pusher().tick)
        loop.clock = Clock()
        loop.start(1, now=False)
        alive = weakref.ref(loop)
        loop.stop()
        del loop
        assert alive() is None
        assert tracer.pending() == []
