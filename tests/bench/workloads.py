# SPDX-License-Identifier: ISC
"""What the hooks are measured on: each workload is made for a reactor, and then runs its operation so often, one after
the other.

fib is what a hook costs in code that has nothing to do with Twisted; the other five are Twisted programs, from the
one that does nothing but Deferreds to one that does a server's work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import defer, protocol, task
from twisted.web import client, resource, server

Run = Callable[[int], "defer.Deferred[Any] | None"]


def fib(reactor: Any) -> Run:
    def number(n: int) -> int:
        return n if n < 2 else number(n - 1) + number(n - 2)

    def run(times: int) -> None:
        for _ in range(times):
            number(23)

    return run


def repeated(operation: Callable[[], Any]) -> Run:
    @defer.inlineCallbacks
    def run(times: int) -> Any:
        for _ in range(times):
            yield operation()

    return run


def inline_callbacks(reactor: Any) -> Run:
    @defer.inlineCallbacks
    def outer() -> Any:
        return (yield middle())

    @defer.inlineCallbacks
    def middle() -> Any:
        return (yield inner())

    @defer.inlineCallbacks
    def inner() -> Any:
        return (yield task.deferLater(reactor, 0, lambda: 1))

    return repeated(outer)


def already_fired(reactor: Any) -> Run:
    def cached() -> defer.Deferred[int]:
        return defer.succeed(1)

    @defer.inlineCallbacks
    def operation() -> Any:
        one = yield cached()
        two = yield cached()
        return one + two

    return repeated(operation)


def coroutines(reactor: Any) -> Run:
    async def outer() -> int:
        return await middle()

    async def middle() -> int:
        return await inner()

    async def inner() -> int:
        return await task.deferLater(reactor, 0, lambda: 1)

    return repeated(lambda: defer.ensureDeferred(outer()))


class Echo(protocol.Protocol):
    transport: Any

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class Asking(protocol.Protocol):
    transport: Any

    def ask(self, data: bytes) -> defer.Deferred[bytes]:
        self.answer: defer.Deferred[bytes] = defer.Deferred()
        self.transport.write(data)
        return self.answer

    def dataReceived(self, data: bytes) -> None:
        self.answer.callback(data)


def tcp_echo(reactor: Any) -> Run:
    port = reactor.listenTCP(0, protocol.Factory.forProtocol(Echo), interface="127.0.0.1")
    connections: list[Any] = []

    @defer.inlineCallbacks
    def run(times: int) -> Any:
        if not connections:
            creator = protocol.ClientCreator(reactor, Asking)
            connections.append((yield creator.connectTCP("127.0.0.1", port.getHost().port)))
        for _ in range(times):
            yield connections[0].ask(b"ping")

    return run


class Page(resource.Resource):
    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        return b"hello"


def http(reactor: Any) -> Run:
    port = reactor.listenTCP(0, server.Site(Page()), interface="127.0.0.1")
    url = b"http://127.0.0.1:%d/" % port.getHost().port
    agent = client.Agent(reactor, pool=client.HTTPConnectionPool(reactor))

    @defer.inlineCallbacks
    def get() -> Any:
        response = yield agent.request(b"GET", url)
        return (yield client.readBody(response))

    return repeated(get)


WORKLOADS: dict[str, Callable[[Any], Run]] = {
    "fib(23)": fib,
    "inlineCallbacks": inline_callbacks,
    "already fired": already_fired,
    "coroutines": coroutines,
    "TCP echo": tcp_echo,
    "HTTP": http,
}
