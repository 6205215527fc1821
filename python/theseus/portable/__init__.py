# SPDX-License-Identifier: ISC
"""The portable hook: a callback of sys.setprofile, in Python, that feeds libtheseus.

It runs wherever sys.setprofile exists, on PyPy too.  It is the reference that the hooks in C are compared with:
python/shim has the same algorithm in rooms of the same names, and every test runs on both.

The rooms, each of which uses only those above it:

    setprofile     the hook's place in the interpreter
    observer       the entry that a pending Deferred carries
    spans          the calls of libtheseus; a span, and where it belongs
    turn           one event at a time; what comes meanwhile waits
    code           the functions of the program
    operations     the generators and coroutines that Twisted drives
    stack          the logical stack
    links          what a Deferred waits for, and what feeds it
    awaited        who awaits whom, and who takes whom
    scopes         the spans that a running function may adopt
    chain          the coroutines that an operation awaits
    loop           the runs of the callback loop
    returns        the event: a function returned a Deferred
    legs           the events of generators and coroutines
    core           brings what the hook sees to these events
"""
