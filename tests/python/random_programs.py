# SPDX-License-Identifier: ISC
"""Writes random Twisted programs, as text, that run on a task.Clock and come to an end.

A program is a module: functions f0, f1, … (plain ones, inlineCallbacks, coroutines) that call those after them,
callbacks c0, c1, … that may start anything while there is fuel, and `program(clock, keep)`, which starts some of it
now, some later, cancels some, and turns the clock.  Every Deferred is kept until the end, so that nothing depends on
when garbage is collected.
"""

from __future__ import annotations

import random
from typing import Any

from twisted.internet import defer

PRELUDE = """\
from twisted.internet import defer
from twisted.internet.defer import *
from twisted.internet.defer import CancelledError, DeferredLock, TimeoutError
from twisted.internet.task import deferLater

clock = keep = queue = None
locks = []
fuel = []
cache = {}


def start(a_clock, everything, tank):
    global clock, keep, queue
    clock, keep, queue = a_clock, everything, DeferredQueue()
    locks[:] = [DeferredLock(), DeferredSemaphore(2)]
    fuel[:] = [None] * tank
    cache.clear()


def busy(seconds):  # computes
    clock.rightNow += seconds


def shared(key, make):  # one Deferred for all who ask; each gets the result
    if key not in cache:
        cache[key] = make()
        keep.append(cache[key])
    return cache[key]


def watched(deferred):  # hands it on
    return deferred.addBoth(lambda result: result)


def poll():
    return later(1).addCallback(again)


def again(result):
    if fuel:
        fuel.pop()
        return poll()


def put():
    queue.put(None)


async def numbers(seconds):
    for number in range(2):
        await later(seconds)
        yield number


def both(first, second):  # a plain generator
    yield first
    yield second


def kept(deferred):  # returns nothing, so that it is no operation
    keep.append(deferred)


def later(seconds, result=None):
    deferred = Deferred()
    clock.callLater(seconds, deferred.callback, result)
    keep.append(deferred)
    return deferred


def fails(seconds):
    deferred = Deferred()
    clock.callLater(seconds, deferred.errback, ZeroDivisionError())
    keep.append(deferred)
    return deferred


def bare(seconds):
    deferred = Deferred()
    clock.callLater(seconds, deferred.callback, None)
    keep.append(deferred)
    yield deferred


def paused(seconds):
    deferred = succeed(None)
    deferred.pause()
    clock.callLater(seconds, deferred.unpause)
    keep.append(deferred)
    return deferred


def ready():
    return succeed(None)


"""


RACE = hasattr(defer, "race")


class Author:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.functions = self.rng.randrange(3, 9)
        self.kinds = [self.rng.choice(("plain", "plain", "generator", "generator", "coroutine")) for _ in self.each()]
        self.callbacks = self.rng.randrange(1, 5)
        self.lines: list[str] = []

    def each(self) -> range:
        return range(self.functions)

    def write(self) -> str:
        rng = self.rng
        for number in range(self.callbacks):
            self.callback(number)
        for number in self.each():
            {"plain": self.plain, "generator": self.generator, "coroutine": self.coroutine}[self.kinds[number]](number)
        self.lines.append(f"def program(a_clock, everything):\n    start(a_clock, everything, {rng.randrange(12)})")
        roots = rng.randrange(1, 4)
        for root in range(roots):
            self.lines.append(f"    r{root} = {self.operation(0, 0)}\n    kept(r{root})")
            if rng.random() < 0.3:
                self.lines.append(f"    clock.callLater({rng.randrange(8)}, r{root}.cancel)")
        if rng.random() < 0.5:
            number = rng.randrange(self.functions)
            self.lines.append(f"    clock.callLater({rng.randrange(6)}, lambda: kept({self.call(number)}))")
        for _ in range(rng.randrange(4)):
            self.lines.append(f"    clock.callLater({rng.randrange(20)}, put)")
        if rng.random() < 0.3:
            self.lines.append(
                f"    clock.callLater({rng.randrange(8)}, lambda: keep[{rng.randrange(9)} % len(keep)].cancel())"
            )
        self.lines.append("    clock.pump([1] * 40)\n")
        return PRELUDE + "\n".join(self.lines)

    # -- expressions ---------------------------------------------------------------------------------------

    def call(self, number: int) -> str:
        if self.kinds[number] != "coroutine":
            return f"f{number}()"
        return self.rng.choice(("ensureDeferred(f{}())", "Deferred.fromCoroutine(f{}())")).format(number)

    def leaf(self) -> str:
        seconds = self.rng.randrange(5)
        return self.rng.choice(
            (f"later({seconds})",) * 5
            + (f"fails({seconds})", f"next(bare({seconds}))", f"paused({seconds})", "ready()", "succeed(None)")
            + (f"shared({seconds % 2}, lambda: later({seconds}))", "poll()", "queue.get()")
        )

    def operation(self, after: int, depth: int) -> str:
        """An expression that is a Deferred; `after`: the first function that it may call."""
        rng = self.rng
        if depth > 2 or (depth and rng.random() < 0.2):
            return self.leaf()
        deeper = depth + 1
        choice = rng.random()
        if choice < 0.4 and after < self.functions:
            return self.call(rng.randrange(after, self.functions))
        if choice < 0.55:
            add = rng.choice(("addCallback", "addCallback", "addErrback", "addBoth"))
            return f"{self.operation(after, deeper)}.{add}(c{rng.randrange(self.callbacks)})"
        if choice < 0.65:
            return f"gatherResults([{self.operations(after, deeper)}], consumeErrors=True)"
        if choice < 0.72:
            how = rng.choice(("", ", fireOnOneCallback=True", ", fireOnOneErrback=True"))
            return f"DeferredList([{self.operations(after, deeper)}]{how}, consumeErrors=True)"
        if choice < 0.77:
            return f"{self.operation(after, deeper)}.addTimeout({rng.randrange(1, 4)}, clock)"
        if choice < 0.82 and after < self.functions:
            number = rng.randrange(after, self.functions)
            if self.kinds[number] != "coroutine":
                return rng.choice((f"maybeDeferred(f{number})", f"locks[{rng.randrange(2)}].run(f{number})"))
        if choice < 0.86 and after < self.functions:
            number = rng.randrange(after, self.functions)
            if self.kinds[number] != "coroutine":
                return f"deferLater(clock, {rng.randrange(4)}, f{number})"
        if choice < 0.89 and RACE:
            members = [self.call(rng.randrange(after, self.functions)) for _ in "ab" if after < self.functions]
            return f"defer.race([{', '.join([*members, self.leaf()])}])"
        if choice < 0.92:
            return f"watched({self.operation(after, deeper)})"
        return self.leaf()

    def operations(self, after: int, depth: int) -> str:
        return ", ".join(self.operation(after, depth) for _ in range(self.rng.randrange(1, 4)))

    # -- functions -----------------------------------------------------------------------------------------

    def callback(self, number: int) -> None:
        """May call any function, the one that added it too, so it needs fuel."""
        rng = self.rng
        body = []
        if rng.random() < 0.3:
            body.append(f"        kept({self.operation(0, 1)})")
        if rng.random() < 0.1:
            body.append("        busy(1)")
        ending = rng.choice(
            (f"        return {self.operation(0, 1)}",) * 4
            + ("        raise ValueError", "        return result", "        return None")
        )
        self.lines.append(
            "\n".join(
                [
                    f"def c{number}(result):",
                    "    if fuel:",
                    "        fuel.pop()",
                    *body,
                    ending,
                    "    return result",
                    "\n",
                ]
            )
        )

    def plain(self, number: int) -> None:
        rng, after = self.rng, number + 1
        body = []
        if rng.random() < 0.3:
            body.append(f"    kept({self.operation(after, 1)})")
        choice = rng.random()
        if choice < 0.6:
            body.append(f"    return {self.operation(after, 0)}")
        elif choice < 0.8:  # chained by hand
            body.append("    deferred = Deferred()\n    kept(deferred)")
            for _ in range(rng.randrange(1, 3)):
                link = rng.choice(("addBoth(deferred.callback)", "chainDeferred(deferred)"))
                if len(body) == 1 or (body and "deferred." not in body[-1] and "(deferred)" not in body[-1]):
                    body.append(f"    {self.operation(after, 1)}.{link}")
                else:
                    body.append(f"    kept({self.operation(after, 1)})")
            tail = f".addCallback(c{rng.randrange(self.callbacks)})" if rng.random() < 0.3 else ""
            body.append(f"    return deferred{tail}")
        else:
            body.append(f"    deferred = {self.operation(after, 1)}")
            body.append(f"    deferred.addCallback(c{rng.randrange(self.callbacks)})")
            body.append("    return deferred")
        self.lines.append("\n".join([f"def f{number}():", *body, "\n"]))

    def generator(self, number: int) -> None:
        body = self.statements(number, "yield ", "    ")
        self.lines.append("\n".join(["@inlineCallbacks", f"def f{number}():", *body, "    yield ready()", "\n"]))

    def coroutine(self, number: int) -> None:
        body = self.statements(number, "await ", "    ")
        self.lines.append("\n".join([f"async def f{number}():", *body, "\n"]))

    def statements(self, number: int, wait: str, indent: str) -> list[str]:
        rng, after, lines = self.rng, number + 1, []
        early: list[str] = []
        for step in range(rng.randrange(1, 5)):
            choice = rng.random()
            if choice < 0.15:
                lines.append(f"{indent}kept({self.operation(after, 1)})")
            elif choice < 0.3:
                early.append(f"early{step}")
                lines.append(f"{indent}{early[-1]} = {self.operation(after, 1)}")
            elif choice < 0.4 and early:
                lines.append(f"{indent}{wait}{early.pop(rng.randrange(len(early)))}")
            elif choice < 0.5 and after < self.functions and self.kinds[after] == "coroutine" and wait == "await ":
                lines.append(f"{indent}await f{after}()")
            elif choice < 0.65:
                caught = rng.choice(("except Exception", "except Exception", "finally"))
                lines += [f"{indent}try:", f"{indent}    {wait}{self.operation(after, 0)}", f"{indent}{caught}:"]
                lines.append(f"{indent}    {wait}{self.operation(after, 1)}")
            elif choice < 0.72:
                lock = f"locks[{rng.randrange(2)}]"
                if wait == "await ":
                    lines += [f"{indent}async with {lock}:", f"{indent}    await {self.operation(after, 0)}"]
                else:
                    lines += [f"{indent}yield {lock}.acquire()", f"{indent}try:"]
                    lines += [f"{indent}    yield {self.operation(after, 0)}"]
                    lines += [f"{indent}finally:", f"{indent}    {lock}.release()"]
            elif choice < 0.76:
                lines.append(f"{indent}if fuel and fuel.pop() is None: raise ValueError")
            elif choice < 0.79:
                lines.append(f"{indent}busy({rng.randrange(1, 3)})")
            elif choice < 0.83 and wait == "await ":
                lines += [f"{indent}async for _ in numbers({rng.randrange(3)}):"]
                lines += [f"{indent}    await {self.operation(after, 1)}"]
            elif choice < 0.83:
                lines.append(f"{indent}yield from both({self.operation(after, 1)}, {self.operation(after, 1)})")
            else:
                lines.append(f"{indent}{wait}{self.operation(after, 0)}")
        return lines or [f"{indent}pass"]


def program(seed: int) -> str:
    return Author(seed).write()


def load(seed: int) -> Any:
    """The module's names, its text where tracebacks and source views find it not."""
    names: dict[str, Any] = {"__name__": f"random_{seed}"}
    exec(compile(program(seed), f"<random program {seed}>", "exec", dont_inherit=True), names)
    return names
