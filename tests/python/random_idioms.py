# SPDX-License-Identifier: ISC
"""Random programs with the idioms of real ones: helpers that wrap Deferreds, gather them, feed one by hand, time them
out, coroutines that await coroutines, workers that start the next job, queues, caches, loops and notifications.

They are the programs of random_programs.py, in which some expressions and statements are of these kinds.
"""

from __future__ import annotations

from typing import Any

from random_programs import PRELUDE, Author

WRAP, GATHER, FEED, CORO, TOWER, QUEUE, NOTIFY, DETAIL = IDIOMS = (
    "wrap",
    "gather",
    "feed",
    "coro",
    "tower",
    "queue",
    "notify",
    "detail",
)

MORE = """\
from twisted.internet.base import _ThreePhaseEvent
from twisted.internet.task import LoopingCall
from twisted.web.http import Request


jobs = []


def yieldable(deferred):  # make_deferred_yieldable
    return deferred


def twice(deferred):
    return yieldable(yieldable(deferred))


def background(function):  # run_in_background
    return function()


def passed(function):  # what a decorator leaves behind
    def wrapper():
        return function()

    return wrapper


def logged(deferred):
    deferred.addBoth(lambda result: result)
    kept(later(1))
    return deferred


def gathered(deferreds):
    return gatherResults(deferreds, consumeErrors=True)


def listed(deferreds):
    return DeferredList([*deferreds], consumeErrors=True)


def first_of(deferreds):
    return DeferredList([*deferreds], fireOnOneCallback=True, consumeErrors=True)


def gathered_again(deferreds):
    return yieldable(gathered(deferreds))


def chained(deferred):  # fires with a Deferred
    return succeed(None).addCallback(lambda _: deferred)


def follows(deferred):
    result = Deferred()
    keep.append(result)
    deferred.chainDeferred(result)
    return result


def fire(result, deferred):
    if not deferred.called:
        deferred.callback(None)
    return None


def fail(failure, deferred=None):
    if not deferred.called:
        deferred.errback(failure)


def stop_cancellation(deferred):
    result = Deferred()
    keep.append(result)
    deferred.addBoth(result.callback)
    return result


def by_arguments(deferred):
    result = Deferred()
    keep.append(result)
    deferred.addCallbacks(fire, fail, callbackArgs=(result,), errbackKeywords={"deferred": result})
    return result


def timeout_deferred(deferred, seconds):
    result = Deferred()
    keep.append(result)

    def time_out():
        deferred.cancel()
        if not result.called:
            result.errback(TimeoutError())

    delayed = clock.callLater(seconds, time_out)

    def cancel_timeout(value):
        if delayed.active():
            delayed.cancel()
        return value

    def succeeded(value):
        if not result.called:
            result.callback(value)

    def failed(value):
        if not result.called:
            result.errback(value)

    deferred.addBoth(cancel_timeout)
    deferred.addCallbacks(succeeded, failed)
    return result


def watchdog(deferred, seconds):  # cancels, and nobody waits for it
    def bark():
        deferred.cancel()

    delayed = clock.callLater(seconds, bark)

    def stop(value):
        if delayed.active():
            delayed.cancel()
        return value

    return deferred.addBoth(stop)


def either(first, second):  # two that feed one
    result = Deferred()
    keep.append(result)

    def done(value):
        if not result.called:
            result.callback(None)

    first.addBoth(done)
    second.addBoth(done)
    return result


def logs(first, deferred):  # has both, fires none
    first.addBoth(lambda value: deferred.called and None)
    return deferred


async def given(deferred):
    return await deferred


async def nested(deferred):
    return await given(deferred)


async def caught(deferred):
    try:
        await deferred
    except Exception:
        await later(1)


async def fails_late(deferred):
    try:
        await deferred
    finally:
        raise ValueError


async def open_two(first, second):
    both = [first(), second()]
    await later(1)
    return both


async def looped(make):
    for number in range(3):
        await given(make())


def from_outside(deferred):
    value = yield deferred
    return value


def from_deeper(deferred):
    yield from from_outside(deferred)
    yield later(1)


async def through(numbers_):
    async for _ in numbers_:
        await given(later(1))


def submit(make):
    deferred = Deferred()
    keep.append(deferred)
    queue.put((make, deferred))
    return deferred


async def worker():
    while fuel:
        fuel.pop()
        job = await queue.get()
        if job is not None:
            make, deferred = job
            await make()
            deferred.callback(None)


@inlineCallbacks
def refilled():  # starts the next one
    yield later(1)
    if fuel:
        fuel.pop()
        kept(refilled())


async def tower():
    await later(1)
    start_next()


def start_next():
    if fuel:
        fuel.pop()
        kept(ensureDeferred((tower, other_job)[len(fuel) % 2]()))


async def other_job():
    await stop_cancellation(later(1))
    start_next()
    await later(1)


def more(result):  # starts and returns the next one
    if fuel:
        fuel.pop()
        return later(1).addCallback(more)


class Page:
    notifications = ()

    def __init__(self):
        self.notifications = []

    def finish(self):
        for deferred in self.notifications:
            deferred.callback(None)


def notified(seconds):
    page = Page()
    deferred = Request.notifyFinish(page)
    keep.append(deferred)
    clock.callLater(seconds, page.finish)
    return deferred


def notify_twice(seconds):
    page = Page()
    for _ in range(2):
        kept(Request.notifyFinish(page).addBoth(lambda _: None))
    clock.callLater(seconds, page.finish)


def stopListening():  # a notification that another one returns
    return notified(2)


@inlineCallbacks
def whenClosed(make):  # one that does something
    yield make()
    yield later(1)


def when_closed(make):  # knows nothing of what it waits for
    kept(make())
    return next(bare(3))


def forgets(make):  # so does this, which is an ordinary function
    kept(make())
    return next(bare(3))


def loop(make, now):
    def tick():
        if not fuel:
            looping.stop()
            return None
        fuel.pop()
        return make()

    looping = LoopingCall(tick)
    looping.clock = clock
    deferred = looping.start(1, now=now)
    keep.append(deferred)
    return deferred


def ends(kind):
    deferred = Deferred()
    clock.callLater(1, deferred.errback, kind())
    keep.append(deferred)
    return deferred


def system_event(function):
    event = _ThreePhaseEvent()
    event.addTrigger("before", function)
    event.addTrigger("during", function)
    event.fireEvent()


"""


class IdiomAuthor(Author):
    """Writes one program with some of the idioms."""

    def __init__(self, seed: int, idioms: tuple[str, ...]) -> None:
        super().__init__(seed)
        self.idioms = idioms
        self.share = self.rng.choice((0.2, 0.4, 0.6))

    def write(self) -> str:
        return super().write().replace(PRELUDE, PRELUDE + MORE)

    def has(self, *idioms: str) -> bool:
        return any(idiom in self.idioms for idiom in idioms)

    def maker(self, after: int, depth: int) -> str:
        return f"lambda: {self.operation(after, depth)}"

    def several(self, after: int, depth: int) -> str:
        """A list of Deferreds, or what gives one."""
        return f"[{self.operations(after, depth)}]"

    def operation(self, after: int, depth: int) -> str:
        rng = self.rng
        if depth > 3 or rng.random() > self.share:
            return super().operation(after, depth)
        deeper = depth + 1

        def one() -> str:
            return self.operation(after, deeper)

        choices: list[Any] = []
        if self.has(WRAP):
            choices += [
                lambda: f"yieldable({one()})",
                lambda: f"yieldable({one()})",
                lambda: f"twice({one()})",
                lambda: f"background(lambda: {one()})",
                lambda: f"passed(lambda: {one()})()",
                lambda: f"logged({one()})",
                lambda: f"watchdog({one()}, {rng.randrange(1, 4)})",
                lambda: f"yieldable(shared({rng.randrange(2)}, lambda: {one()}))",
            ]
        if self.has(GATHER):
            helper = rng.choice(("gathered", "gathered", "listed", "first_of", "gathered_again"))
            choices += [
                lambda: f"{helper}({self.several(after, deeper)})",
                lambda: f"{helper}({self.several(after, deeper)})",
                lambda: f"yieldable(gatherResults({self.several(after, deeper)}, consumeErrors=True))",
                lambda: f"{helper}([{one()}, gatherResults({self.several(after, deeper)}, consumeErrors=True)])",
                lambda: f"{helper}([{one()}, {helper}({self.several(after, deeper)})])",
                lambda: f"chained({one()})",
                lambda: f"follows({one()})",
            ]
        if self.has(FEED):
            choices += [
                lambda: f"stop_cancellation({one()})",
                lambda: f"by_arguments({one()})",
                lambda: f"timeout_deferred({one()}, {rng.randrange(1, 5)})",
                lambda: f"either({one()}, {one()})",
                lambda: f"logs({one()}, {one()})",
                lambda: f"yieldable(stop_cancellation({one()}))",
                lambda: f"gatherResults([stop_cancellation({one()}), {one()}], consumeErrors=True)",
                lambda: f"stop_cancellation(gatherResults({self.several(after, deeper)}, consumeErrors=True))",
            ]
        if self.has(CORO):
            wrapped = rng.choice(("ensureDeferred", "Deferred.fromCoroutine"))
            choices += [lambda: f"{wrapped}({self.coroutine_of(after, deeper)})"]
        if self.has(TOWER):
            choices += [
                lambda: "refilled()",
                lambda: "ensureDeferred(tower())",
                lambda: "later(1).addCallback(more)",
            ]
        if self.has(QUEUE):
            choices += [lambda: f"submit({self.maker(after, deeper)})", lambda: "ensureDeferred(worker())"]
        if self.has(NOTIFY):
            choices += [
                lambda: f"notified({rng.randrange(1, 5)})",
                lambda: "stopListening()",
                lambda: f"whenClosed({self.maker(after, deeper)})",
                lambda: f"when_closed({self.maker(after, deeper)})",
                lambda: f"forgets({self.maker(after, deeper)})",
                lambda: f"loop({self.maker(after, deeper)}, {rng.random() < 0.5})",
            ]
        if self.has(DETAIL):
            choices += [lambda: f"ends({rng.choice(('StopIteration', 'StopAsyncIteration', 'ZeroDivisionError'))})"]
        if not choices:
            return super().operation(after, depth)
        written: str = rng.choice(choices)()
        return written

    def coroutine_of(self, after: int, depth: int) -> str:
        """An expression that is a coroutine."""
        rng = self.rng
        numbers = [number for number in range(after, self.functions) if self.kinds[number] == "coroutine"]
        if numbers and rng.random() < 0.4:
            return f"f{rng.choice(numbers)}()"
        if rng.random() < 0.2:
            return f"open_two({self.maker(after, depth + 1)}, {self.maker(after, depth + 1)})"
        if rng.random() < 0.2:
            return f"looped({self.maker(after, depth + 1)})"
        helper = rng.choice(("given", "given", "nested", "caught", "fails_late"))
        return f"{helper}({self.operation(after, depth + 1)})"

    def statements(self, number: int, wait: str, indent: str) -> list[str]:
        rng, after = self.rng, number + 1
        lines = super().statements(number, wait, indent)
        for step in range(rng.randrange(3)):
            if rng.random() < self.share:
                lines += self.idiom(after, wait, indent, step)
        return lines

    def idiom(self, after: int, wait: str, indent: str, step: int) -> list[str]:
        rng = self.rng
        awaits = wait == "await "
        choices: list[list[str]] = []
        if self.has(WRAP):
            choices += [
                [f"w{step} = {self.operation(after, 1)}", f"{wait}{self.operation(after, 1)}"]
                + [f"{wait}yieldable(w{step})"],
                [f"w{step} = yieldable({self.operation(after, 1)})", f"{wait}yieldable(w{step})"],
            ]
        if self.has(GATHER):
            choices += [
                [f"g{step} = {self.several(after, 1)}", f"{wait}gathered(g{step})"],
                [f"g{step} = {self.several(after, 1)}", f"{wait}{self.operation(after, 1)}"]
                + [f"{wait}yieldable(gathered(g{step}))"],
                [f"g{step} = {self.several(after, 1)}", "try:", f"    {wait}first_of(g{step})"]
                + ["finally:", f"    {wait}g{step}[-1]"],
                [f"for each in {self.several(after, 1)}:", f"    {wait}yieldable(each)"],
            ]
        if self.has(FEED):
            choices += [
                [f"t{step} = {self.operation(after, 1)}", f"{wait}timeout_deferred(t{step}, 2)"],
                [f"t{step} = {self.operation(after, 1)}", f"kept({self.operation(after, 1)})"]
                + [f"{wait}gatherResults([stop_cancellation(t{step}), later(2)], consumeErrors=True)"],
                [f"m{step} = {self.operation(after, 1)}", f"for number in range({rng.randrange(5, 10)}):"]
                + ["    kept(later(number))", f"{wait}yieldable(stop_cancellation(m{step}))"],
                [f"m{step} = [later(number) for number in range({rng.randrange(5, 40)})]"]
                + [f"{wait}gathered([stop_cancellation(each) for each in m{step}])"],
            ]
        if self.has(CORO) and awaits:
            choices += [
                [f"await {self.coroutine_of(after, 1)}"],
                [f"await {self.coroutine_of(after, 1)}"],
                [f"for _ in range({rng.randrange(1, 4)}):", f"    await {self.coroutine_of(after, 1)}"],
                [f"o{step} = await open_two({self.maker(after, 1)}, {self.maker(after, 1)})"]
                + [f"await o{step}[{rng.randrange(2)}]"],
                [f"await through(numbers({rng.randrange(3)}))"],
                ["try:", f"    await fails_late({self.operation(after, 1)})", "except ValueError:", "    pass"],
            ]
        if self.has(CORO) and not awaits:
            choices += [
                [f"yield from from_outside({self.operation(after, 1)})"],
                [f"yield from from_deeper({self.operation(after, 1)})"],
                [f"yield ensureDeferred({self.coroutine_of(after, 1)})"],
            ]
        if self.has(TOWER):
            choices += [["start_next()"], ["kept(refilled())"]]
        if self.has(QUEUE):
            choices += [
                ["kept(ensureDeferred(worker()))", f"{wait}submit({self.maker(after, 1)})"],
                ["put()"],
            ]
        if self.has(NOTIFY):
            choices += [
                [f"notify_twice({rng.randrange(1, 5)})"],
                [f"kept(loop({self.maker(after, 1)}, {rng.random() < 0.5}))"],
                [f"n{step} = notified({rng.randrange(1, 5)})"]
                + [f"{wait}{self.operation(after, 1)}", f"{wait}n{step}"],
            ]
        if self.has(DETAIL):
            choices += [[f"system_event(lambda: kept({self.operation(after, 1)}))"]]
        return [indent + line for line in rng.choice(choices)] if choices else []


def program(seed: int, idioms: tuple[str, ...] = IDIOMS) -> str:
    return IdiomAuthor(seed, idioms).write()


def load(seed: int, idioms: tuple[str, ...] = IDIOMS) -> Any:
    names: dict[str, Any] = {"__name__": f"random_{seed}"}
    exec(compile(program(seed, idioms), f"<random program {seed}>", "exec", dont_inherit=True), names)
    return names
