# SPDX-License-Identifier: ISC
"""A web shop and its customers in one process, under the Tracer: which line waits?

The server is a twisted.web Site, the client an Agent; they talk over loopback for about two seconds.  Everything that
takes its time here is written as a delay of a known length, so that you can check the profile against the source:

    three customers at once want two prices each, and the database answers one question at a time, in 0.15 s
    the report is made in a thread, in 0.4 s
    one page takes ten seconds; its reader loses patience after 0.3 s, which the server does not notice
    one page fails
    somebody counts the visit, in 0.6 s, and nobody waits for that

Look for: the line in Database.query that waits for the lock, as against the line that waits for the answer; patience(),
where the time-out is; slow(), which is still pending at the end; count_visit() under [detached].
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred, DeferredLock, TimeoutError, ensureDeferred, gatherResults, inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.web.client import Agent, HTTPConnectionPool, ResponseNeverReceived, readBody
from twisted.web.error import Error
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from theseus import Tracer

Yields = Generator[Deferred[Any], Any, Any]


# ---- the server


class Database:
    """Holds one connection, as many do: a query waits until those before it are answered."""

    def __init__(self, reactor: Any, pace: float) -> None:
        self.reactor = reactor
        self.pace = pace
        self.lock = DeferredLock()

    @inlineCallbacks
    def query(self, item: bytes) -> Yields:
        yield self.lock.acquire()  # waits for the other customers
        try:
            price = yield task.deferLater(self.reactor, 0.15 * self.pace, len, item)  # waits for the answer
        finally:
            self.lock.release()
        return b"%d" % price


class Shop:
    """What the pages say."""

    def __init__(self, reactor: Any, pace: float) -> None:
        self.reactor = reactor
        self.pace = pace
        self.database = Database(reactor, pace)

    async def price(self, request: Request) -> bytes:
        return await self.database.query(request.args[b"item"][0])

    def report(self, request: Request) -> Deferred[bytes]:
        d = deferToThread(time.sleep, 0.4 * self.pace)
        d.addCallback(lambda _: b"all is well")
        return d

    def slow(self, request: Request) -> Deferred[bytes]:
        return task.deferLater(self.reactor, 10 * self.pace, lambda: b"here at last")

    async def broken(self, request: Request) -> bytes:
        await task.deferLater(self.reactor, 0.05 * self.pace, lambda: None)
        raise KeyError("no such shelf")


class Page(Resource):
    """Answers with what a function of Shop gives, sooner or later."""

    isLeaf = True

    def __init__(self, answer: Callable[[Request], Awaitable[bytes]]) -> None:
        super().__init__()
        self.answer = answer

    def render_GET(self, request: Request) -> int:
        ensureDeferred(self.respond(request))
        return NOT_DONE_YET

    async def respond(self, request: Request) -> None:
        try:
            body = await self.answer(request)
        except KeyError:
            request.setResponseCode(500)
            body = b"sorry"
        request.setHeader(b"content-length", b"%d" % len(body))
        request.write(body)
        request.finish()


def site(reactor: Any, pace: float) -> Site:
    shop, root = Shop(reactor, pace), Resource()
    for answer in shop.price, shop.report, shop.slow, shop.broken:
        root.putChild(answer.__name__.encode(), Page(answer))
    return Site(root)


# ---- the client


class Client:
    def __init__(self, reactor: Any, port: int, pace: float) -> None:
        self.reactor = reactor
        self.pace = pace
        self.pool = HTTPConnectionPool(reactor)
        self.agent = Agent(reactor, pool=self.pool)
        self.base = b"http://127.0.0.1:%d/" % port

    async def get(self, path: bytes) -> bytes:
        response = await self.agent.request(b"GET", self.base + path)  # waits for the server
        body = await readBody(response)  # the whole of it came at once: hardly waits
        if response.code != 200:
            raise Error(response.code, body)
        return body

    def price(self, item: bytes) -> Deferred[int]:
        return ensureDeferred(self.get(b"price?item=" + item)).addCallback(int)

    @inlineCallbacks
    def customer(self, *items: bytes) -> Yields:
        total = 0
        for item in items:
            total += yield self.price(item)  # one after the other
        return total

    def patience(self) -> Deferred[bytes]:
        d = ensureDeferred(self.get(b"slow"))
        d.addTimeout(0.3 * self.pace, self.reactor)
        d.addErrback(lambda failure: failure.trap(TimeoutError, ResponseNeverReceived) and b"too slow")
        return d

    async def count_visit(self) -> None:
        await task.deferLater(self.reactor, 0.6 * self.pace, lambda: None)

    @inlineCallbacks
    def visit(self) -> Yields:
        ensureDeferred(self.count_visit())  # nobody waits for it
        totals = yield gatherResults(  # three at once, one database
            [self.customer(b"tea", b"milk"), self.customer(b"bread", b"jam"), self.customer(b"rice", b"beans")]
        )
        report = yield ensureDeferred(self.get(b"report"))
        late = yield self.patience()
        try:
            yield ensureDeferred(self.get(b"broken"))
        except Error as error:
            print(f"{totals}, {report!r}, {late!r}, {error}")


@inlineCallbacks
def run(reactor: Any, pace: float) -> Yields:
    port = reactor.listenTCP(0, site(reactor, pace), interface="127.0.0.1")
    client = Client(reactor, port.getHost().port, pace)
    yield client.visit()
    yield client.pool.closeCachedConnections()
    yield port.stopListening()


def main() -> None:
    parser = argparse.ArgumentParser(description="Profiles a small web server and its client.")
    parser.add_argument("--output", default=f"callgrind.out.{os.getpid()}", help="where the profile goes (%(default)s)")
    parser.add_argument("--hook", default="auto", help="how the Tracer looks on: auto, portable, profile, monitoring")
    parser.add_argument("--pace", type=float, default=1.0, help="makes every delay this many times as long")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "Using readBody")  # Twisted's own affair

    t = Tracer(hook=options.hook)
    t.install()
    try:
        task.react(run, (options.pace,))  # leaves by SystemExit
    finally:
        t.uninstall()
        profile = t.snapshot()
        print(f"\n{profile}\n")
        profile.write(options.output)
        print(f"Wrote {options.output}; open it:  kcachegrind {options.output}")
        here = os.path.relpath(__file__)  # callgrind_annotate knows what is below this directory by such names
        source = os.path.abspath(__file__) if here.startswith("..") else here
        annotate = "callgrind_annotate --inclusive=yes --auto=no --show=Wait"
        print(f"or without a display:  {annotate} {options.output} {source}")


if __name__ == "__main__":
    main()
