# SPDX-License-Identifier: ISC
"""A failure means that a program notices that it is watched: by an object that is not quite a Deferred, or by how deep
it may recurse."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from twisted.internet.defer import (
    Deferred,
    inlineCallbacks,
    succeed,
)
from twisted.internet.task import Clock

from unnoticed import (
    HOOKS,
    Note,
    Programs,
    check_unnoticed,
    noted,
    pending,
    state,
    through,
)

program = Programs()


@program
def subclasses(note: Note, clock: Clock) -> None:
    class Counting(Deferred):  # type: ignore[type-arg]
        __hash__ = None  # type: ignore[assignment]

        def addCallbacks(self, *arguments: Any, **keywords: Any) -> Any:
            note("addCallbacks")
            return super().addCallbacks(*arguments, **keywords)

        def __eq__(self, other: object) -> bool:
            note("compared")
            return False

        def __bool__(self) -> bool:
            note("asked for its truth")
            return False

        def __len__(self) -> int:
            note("asked for its length")
            return 0

    def makes() -> Any:
        return Counting()

    d = makes()
    d.addCallback(noted(note, "result"))

    @inlineCallbacks
    def waits() -> Any:
        note((yield d))

    waits()
    d.callback(1)


@program
def pretenders(note: Note, clock: Clock) -> None:
    class Pretends:
        __class__ = Deferred  # type: ignore[assignment]

        def __getattr__(self, name: str) -> Any:
            note("asked for", name)
            raise AttributeError(name)

    def returns() -> Any:
        return Pretends()

    returns()
    pending()


@program
def things_that_tell_who_asks(note: Note, clock: Clock) -> None:
    """As recording mocks and lazy proxies do: an object is asked for no more than Twisted itself asks it for."""

    class Asked:
        def __init__(self, name: str) -> None:
            self.name = name

        def __getattribute__(self, attribute: str) -> Any:
            note(object.__getattribute__(self, "name"), "asked for", attribute)
            return object.__getattribute__(self, attribute)

        def method(self, result: Any) -> None:
            note("called")

        def __call__(self, result: Any) -> None:
            note("called")

    def pending_in_a_list() -> Any:
        pending()
        return [1]

    for thing in (Asked("method").method, Asked("callable"), functools.partial(Asked("partial").method)):
        d: Deferred[Any] = Deferred()
        d.addCallback(lambda _: through(succeed(pending_in_a_list())))
        d.addCallback(thing)
        d.callback(1)
        d = through(pending())
        d.addCallback(thing)
        d.callback(1)

    def fires(result: Any) -> Any:
        d: Deferred[Any] = Deferred()
        d.callback(result)
        return d

    through(fires(Asked("result")), 2)


@program
def iterators_that_tell_who_asks(note: Note, clock: Clock) -> None:
    """What a coroutine awaits may be an iterator of the program's own."""

    class Awaited:
        def __await__(self) -> Any:
            return self

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            return first if not first.called else through(second)

        def __getattribute__(self, attribute: str) -> Any:
            note("asked for", attribute)
            return object.__getattribute__(self, attribute)

    first, second = Deferred[Any](), Deferred[Any]()

    async def awaits() -> Any:
        await Awaited()

    Deferred.fromCoroutine(awaits())
    first.addCallback(lambda _: through(pending()))
    first.callback(None)


@program
def half_built(note: Note, clock: Clock) -> None:
    def returns() -> Any:
        return Deferred.__new__(Deferred)

    d = returns()
    note(sorted(vars(d)))
    d.__init__()
    through(d).addCallback(note)
    d.callback("whole")


@program
def errors_that_shout(note: Note, clock: Clock) -> None:
    class Shouts(Exception):
        def __getattribute__(self, name: str) -> Any:
            if not name.startswith("__"):
                note("asked for", name)
            return super().__getattribute__(name)

    d = through(pending())
    d.errback(Shouts())
    d.addErrback(lambda f: note(f.type.__name__))


@program
def clocked(note: Note, clock: Clock) -> None:
    """What was stored to be fired later, by hand, in every order."""
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        stored = [pending() for _ in range(3)]
        chained = [through(pending(), 2) for _ in range(3)]
        for one, other in zip(stored, chained):
            one.chainDeferred(other)
            other.addCallback(noted(note, "chained"))
        for n in order:
            stored[n].callback(n)
        note([state(one) for one in stored + chained])


test_unnoticed = program.test()


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if hook != "portable"])
def test_as_deep_as_without(hook: str) -> None:
    """A hook in C takes none of the program's recursion limit."""

    def depth(note: Note, clock: Clock) -> None:
        deepest = 0

        def deeper(n: int) -> Any:
            nonlocal deepest
            deepest = n
            return deeper(n + 1) or pending()

        pending()
        try:
            deeper(0)
        except RecursionError:
            pass
        note(deepest)

    check_unnoticed(depth, hook)
