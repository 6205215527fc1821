# SPDX-License-Identifier: ISC
"""Twisted's machinery, as far as Theseus knows it by name.  All such knowledge is here (and, for what the C hooks
read at speed, in python/shim/deferred.c).

A code object is of one *kind*, which says what a frame of it means to the logical stack.
"""

from __future__ import annotations

import functools
import opcode
import os
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.python import threadable
from twisted.python.failure import Failure

from .functions import code_of, codes_within, file_of, module_of, name_of
from .text import encoded

PYPY = sys.implementation.name == "pypy"

# Kinds of code.  python/shim/core.h has the same numbers.
PLAIN = 0  # an ordinary function
GENERATOR = 1  # of a generator or coroutine, driven by Twisted or not
PLUMBING = 2  # never in a logical stack
LOOP = 3  # Deferred's callback loop; plumbing, as are the next two
DRIVER = 4  # _inlineCallbacks, which drives a generator
STARTER = 5  # _cancellableInlineCallbacks, through which every such operation begins
REACTOR = 6  # the reactor's dispatch

_GENERATOR_FLAGS = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR


def _codes_of_class(cls: type) -> Iterator[CodeType]:
    for attribute in vars(cls).values():
        function = getattr(attribute, "__func__", attribute)
        if isinstance(function, FunctionType):
            yield from codes_within(code_of(function))


TRIED = "22.4 to 26.10"  # the versions of Twisted that the tests have passed with
_missing: list[str] = []


def _nothing() -> None:
    """Stands for a function that this Twisted does not have."""


def _needed(owner: Any, name: str, otherwise: Any = _nothing) -> Any:
    """An attribute of Twisted.  If it is not there, install() says so."""
    if not hasattr(owner, name):
        _missing.append(f"{'twisted.internet.defer' if owner is defer else owner.__qualname__}.{name}")
    return getattr(owner, name, otherwise)


LOOP_CODE = code_of(_needed(Deferred, "_runCallbacks"))
DRIVER_CODE = code_of(_needed(defer, "_inlineCallbacks"))
STARTER_CODE = code_of(_needed(defer, "_cancellableInlineCallbacks"))
_VARIABLES: dict[str, tuple[CodeType, list[str]]] = {
    "_runCallbacks": (LOOP_CODE, ["current"]),
    "_inlineCallbacks": (DRIVER_CODE, ["gen", "result"]),
    "_cancellableInlineCallbacks": (STARTER_CODE, ["gen"]),
}
_ATTRIBUTES = ("called", "paused", "_runningCallbacks", "_chainedTo", "_canceller")


def missing() -> list[str]:
    """The names that Theseus needs, and this Twisted does not have."""
    found = list(_missing)
    for function, (code, variables) in _VARIABLES.items():
        known = {*code.co_varnames, *code.co_cellvars}
        found += [f"the variable {name} of {function}" for name in variables if name not in known]
    made: Any = Deferred()
    found += [f"Deferred().{name}" for name in (*_ATTRIBUTES, CALLBACKS) if not hasattr(made, name)]
    return found


PLUMBING_FILE = LOOP_CODE.co_filename
_OWN_FILES = os.path.dirname(os.path.abspath(__file__)) + os.sep

# Users wait on these, and so they are shown although they are in the plumbing's file: with their nested functions,
# and with the base that newer versions of Twisted gave them.
SHOWN = {
    code
    for cls in (
        defer.DeferredLock,
        defer.DeferredSemaphore,
        defer.DeferredQueue,
        defer.DeferredFilesystemLock,
        getattr(defer, "_ConcurrencyPrimitive", defer.DeferredLock),
    )
    for code in _codes_of_class(cls)
}

# Plumbing outside of that file: throwExceptionIntoGenerator (subclasses of Failure may override it); typing.cast (up to
# Twisted 22 it is called with every Deferred); contextvars.Context.run (a Python frame on PyPy).
_THROWS = "throwExceptionIntoGenerator"
_PLUMBING = {
    ("typing", "cast"),
    ("_contextvars", "run"),
    ("contextvars", "run"),
}

# Where reactors call out: timed calls, system events (callWhenRunning before the reactor runs), asyncio's handles.
_DISPATCH = {
    ("twisted.internet.base", "runUntilCurrent"),
    ("twisted.internet.base", "_runUntilCurrent"),
    ("twisted.internet.base", "fireEvent"),
    ("twisted.internet.base", "_continueFiring"),
    ("asyncio.events", "_run"),
}
# … and descriptors that are ready, in the reactors' modules.
_DESCRIPTORS = {
    "_doReadOrWrite",
    "_doWriteOrRead",
    "_readOrWrite",
    "_drdw",
    "_runAction",
    "_runWrite",
    "_callEventCallback",
}


def kind_of(code: CodeType, module: str) -> int:
    if code is LOOP_CODE:
        return LOOP
    if code is DRIVER_CODE:
        return DRIVER
    if code is STARTER_CODE:
        return STARTER
    if code.co_filename == PLUMBING_FILE and code not in SHOWN:
        return PLUMBING
    if code.co_name == _THROWS or (module, code.co_name) in _PLUMBING or code.co_filename.startswith(_OWN_FILES):
        return PLUMBING
    if (module, code.co_name) in _DISPATCH or (code.co_name in _DESCRIPTORS and module.startswith("twisted.internet.")):
        return REACTOR
    return GENERATOR if code.co_flags & _GENERATOR_FLAGS else PLAIN


def describe(code: CodeType, variables: dict[str, Any]) -> tuple[int, bytes, bytes, int]:
    """(kind, file, name, first line) of code that runs with these globals."""
    module = module_of(code, variables)
    return (
        kind_of(code, module),
        encoded(file_of(code)),
        encoded(name_of(code, module)),
        code.co_firstlineno,
    )


# ---- loops ----


def is_loop(code: CodeType, module: str) -> bool:
    """Of LoopingCall's methods that one whose Deferred tells of the loop's end."""
    return code.co_name == "start" and module == "twisted.internet.task"


def called_by_loop(loop: object) -> str:
    """The qualified name of what a LoopingCall calls."""
    function: Any = vars(loop).get("f")
    while is_a(function, functools.partial):
        function = function.func
    if is_a(function, MethodType):
        function = function.__func__
    named = is_a(function, FunctionType) or is_a(function, BuiltinFunctionType)
    return str(function.__qualname__ if named else type(function).__qualname__)


# ---- Deferreds: who feeds whom ----

_LIST: Any = DeferredList  # its constructor is overloaded, which type checkers do not take for a class

# The attribute with the entries that have not run: since 25.5 the old name warns.
CALLBACKS = "_callbacks" if hasattr(Deferred(), "_callbacks") else "callbacks"


def callbacks_of(deferred: Any) -> list[Any] | None:
    """The entries that have not run; None for a Deferred that is not even built."""
    found: list[Any] | None = getattr(deferred, CALLBACKS, None)
    return found


def has_fired(deferred: Any) -> bool:
    """Nothing that is appended to it now would be waited for."""
    return bool(
        deferred.called and not deferred.paused and not callbacks_of(deferred) and not deferred._runningCallbacks
    )


def is_a(thing: object, kind: type) -> bool:
    """isinstance(), by type only: that asks an object for its __class__, which proxies and mocks notice."""
    return issubclass(type(thing), kind)


def outcome_of(result: Any) -> int:
    """0 success, 1 failure, 2 cancelled: enum theseus_outcome.  The end of an iterator is no failure."""
    if not is_a(result, Failure):
        return 0
    kind = result.type
    if not isinstance(kind, type):
        return 1
    return 2 if issubclass(kind, CancelledError) else int(not issubclass(kind, (StopIteration, StopAsyncIteration)))


CONTINUE: Any = _needed(defer, "_CONTINUE", object())
# What resumes a generator: since 23.10 a function of its own; before, a closure with the generator in one of its cells.
RESUME: Any = getattr(defer, "_gotResultInlineCallbacks", None)
RESUME_CODE = next((code for code in codes_within(DRIVER_CODE) if code.co_name == "gotResult"), None)
RESUME_CELL = RESUME_CODE.co_freevars.index("gen") if RESUME_CODE else -1
_RACE: Any = getattr(defer, "race", None)  # newer versions; its links are cells of its nested functions
_RACE_CODES = {code.co_name: code for code in codes_within(code_of(_RACE))} if _RACE else {}
_FED_BY_RACE = {_RACE_CODES.get("succeeded"), _RACE_CODES.get("failed")} - {None}
_RACE_CANCEL = _RACE_CODES.get("cancel")


def cell_of(function: FunctionType, *names: str) -> Any:
    """Returns the value of a closure's cell with one of these names; None: it has no such cell, or no value yet."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        if name in names:
            try:
                return cell.cell_contents
            except ValueError:
                return None
    return None


def resumed_generator(entry: Any) -> Any:
    """The generator that a callback entry resumes, if it is Twisted's own resumption; else None."""
    callback, arguments = entry[0][0], entry[0][1]
    if callback is RESUME and RESUME is not None:
        return arguments[1]  # (waiting, gen, status, context)
    if is_a(callback, FunctionType) and callback.__code__ is RESUME_CODE:
        return cell_of(callback, "gen")
    return None


def fed_by(entry: Any, feeding: Any) -> Iterator[tuple[Any, bool]]:
    """The Deferreds that a callback entry of `feeding` hands its result to, and whether that link was made by hand,
    addCallback(d.callback), rather than by what the waiting Deferred is: chained (by Twisted, or by chainDeferred), a
    DeferredList, a race."""
    if entry[0][0] is CONTINUE:
        yield entry[0][1][0], False
        return
    for callback, _arguments, _keywords in entry:
        if is_a(callback, MethodType) and is_a(callback.__self__, Deferred):
            fed = callback.__self__
            yield fed, not is_a(fed, _LIST) and fed._chainedTo is not feeding
            return
        if is_a(callback, FunctionType) and callback.__code__ in _FED_BY_RACE:
            result = cell_of(callback, "final_result")
            if result is not None:
                yield result, False
            return


_FIRING = {"callback", "errback"}


def fired_by(entry: Any) -> Iterator[Any]:
    """The Deferreds that a callback entry fires by hand.

    It is the method `callback` or `errback` of one; or a function that names these, and has the Deferred in a closure
    cell or among the arguments of the entry.
    """
    for callback, arguments, keywords in entry:
        if is_a(callback, MethodType):
            if is_a(callback.__func__, FunctionType) and callback.__func__.__name__ in _FIRING:
                if is_a(callback.__self__, Deferred):
                    yield callback.__self__
        elif is_a(callback, FunctionType) and not _FIRING.isdisjoint(callback.__code__.co_names):
            for cell in callback.__closure__ or ():
                try:
                    found = cell.cell_contents
                except ValueError:  # empty
                    continue
                if is_a(found, Deferred):
                    yield found
            for found in (*(arguments or ()), *(keywords or {}).values()):
                if is_a(found, Deferred):
                    yield found


# For the C hooks, which call these rarely.
NO_ARGUMENTS: tuple[()] = ()
NO_KEYWORDS: dict[str, Any] = {}
RETURN_CONSTANT = opcode.opmap.get("RETURN_CONST", -1)
RACE_CODES = {code for code in _RACE_CODES.values()}


def race_links(entry: Any) -> list[Any]:
    return [deferred for deferred, _by_hand in fed_by(entry, None)]


class Boxed:
    """A Deferred that is the *result* of another one: since Twisted 24.7 it may be, and would be waited for if an
    observer returned it."""

    __slots__ = ("deferred",)

    def __init__(self, deferred: Any) -> None:
        self.deferred = deferred


def members_of(deferred: Any) -> list[Any]:
    """The Deferreds that this one is made of: of a DeferredList (gatherResults returns one), or of a race."""
    if is_a(deferred, _LIST):
        return list(deferred.__dict__.get("_deferredList", ()))
    canceller = deferred._canceller
    if _RACE_CANCEL is not None and is_a(canceller, FunctionType) and canceller.__code__ is _RACE_CANCEL:
        return list(cell_of(canceller, "to_cancel") or ())
    return []


# ---- the reactor: never imported here, as that would install one ----


def reactor() -> Any:
    """The reactor, if the program has one by now; else None."""
    return sys.modules.get("twisted.internet.reactor")


def stopped_by_signal(reactor: Any) -> bool:
    """twistd kills itself by that signal, once reactor.run() has returned."""
    return getattr(reactor, "_exitSignal", None) is not None


def when_a_reactor_starts(call: Callable[[], None]) -> None:
    """Calls `call` each time a reactor starts to run, in its thread."""
    register: Callable[[], None] = threadable.registerAsIOThread

    def registerAsIOThread() -> None:
        register()
        call()

    threadable.registerAsIOThread = registerAsIOThread
