# SPDX-License-Identifier: ISC

from twisted.internet import defer, task

from theseus import Tracer


@defer.inlineCallbacks
def func(reactor):
    yield task.deferLater(reactor, 1, lambda: None)


t = Tracer()
t.install()
try:
    task.react(func)
finally:
    with open("callgrind.out.first", "wb") as outfile:
        t.write_data(outfile)
