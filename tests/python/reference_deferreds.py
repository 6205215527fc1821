# SPDX-License-Identifier: ISC
"""What the reference knows of Deferreds and generators, by looking at them: plumbing, who waits for whom, who feeds
whom."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.python.failure import Failure

from reference_spans import CANCELLED, FAILURE, SUCCESS

DEFER = defer.__file__
SHOWN = (defer.DeferredLock, defer.DeferredSemaphore, defer.DeferredQueue, defer.DeferredFilesystemLock)
GENERATOR_FLAGS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def codes_of(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes_of(constant)


def shown_codes() -> set[types.CodeType]:
    """The methods of locks and queues, which users wait on."""
    found: set[types.CodeType] = set()
    for kind in {base for shown in SHOWN for base in shown.__mro__ if base.__module__ == defer.__name__}:
        for member in vars(kind).values():
            function = getattr(member, "__wrapped__", member)
            if isinstance(function, types.FunctionType):
                found.update(codes_of(function.__code__))
    return found


IN_THE_OPEN = shown_codes()
CASTS = {typing.cast.__code__, Failure.throwExceptionIntoGenerator.__code__}
LOOP = Deferred._runCallbacks.__code__
OWN = {__file__, __file__.replace("reference_deferreds", "reference")}


def is_plumbing(code: types.CodeType) -> bool:
    return (code.co_filename == DEFER and code not in IN_THE_OPEN) or code in CASTS or code.co_filename in OWN


# -- generators ------------------------------------------------------------------------------------------------


def generator_in(frame: types.FrameType) -> Any:
    """What _inlineCallbacks or _cancellableInlineCallbacks works for."""
    return frame.f_locals["gen"] if "gen" in frame.f_locals else frame.f_locals["g"]


def frame_of(generator: Any) -> types.FrameType | None:
    return getattr(generator, "gi_frame", None) or getattr(generator, "cr_frame", None)


def what_it_awaits(generator: Any) -> Any:
    return getattr(generator, "gi_yieldfrom", None) or getattr(generator, "cr_await", None)


# -- Deferreds -------------------------------------------------------------------------------------------------


def chain_of(deferred: Deferred[Any]) -> list[Any]:
    """The entries of its callback chain that have not run."""
    found: list[Any] = vars(deferred)["_callbacks" if "_callbacks" in vars(deferred) else "callbacks"]
    return found


def has_fired(deferred: Deferred[Any]) -> bool:
    return deferred.called and not deferred.paused and not chain_of(deferred) and not deferred._runningCallbacks


def outcome_of(result: Any, ends_are_fine: bool) -> int:
    if not isinstance(result, Failure) or (ends_are_fine and result.check(StopIteration, StopAsyncIteration)):
        return SUCCESS
    return CANCELLED if result.check(CancelledError) else FAILURE


def members(deferred: Deferred[Any]) -> list[Deferred[Any]]:
    """Of a list, or of a race."""
    found: list[Any] = list(deferred._deferredList) if isinstance(deferred, DeferredList) else []
    canceller = deferred._canceller
    if getattr(canceller, "__qualname__", "") == "race.<locals>.cancel" and not deferred.called:
        found += inspect.getclosurevars(canceller).nonlocals["to_cancel"]
    return found


def near(deferred: Deferred[Any]) -> list[Deferred[Any]]:
    """What it waits for: its members, and what it is chained to."""
    found = members(deferred)
    if deferred._chainedTo is not None:  # a callback returned it, or it is chainDeferred()'s
        found.append(deferred._chainedTo)
    return found


def is_leaf(deferred: Deferred[Any]) -> bool:
    return not near(deferred)


def reachable(deferred: Deferred[Any]) -> list[Any]:
    """The Deferreds that are waited for with this one: members, members' members, what one is chained to."""
    found: list[Any] = [deferred]
    for one in found:
        found.extend(other for other in near(one) if not any(other is known for known in found))
    return found


def resumed_by(callback: Any, arguments: Any) -> list[Any]:
    """The generator that an entry resumes, and other things, if it is Twisted's own."""
    if getattr(callback, "__name__", "") not in ("gotResult", "_gotResultInlineCallbacks"):
        return []
    return [cell.cell_contents for cell in callback.__closure__ or ()] + list(arguments or ())


def what_it_continues(deferred: Deferred[Any]) -> list[Deferred[Any]]:
    """Those that its result goes to: what is chained to it, its lists, races, and bound methods of a Deferred."""
    found = []
    for entry in chain_of(deferred):
        for callback, arguments, _ in entry:
            fed = arguments[0] if callback is defer._CONTINUE else getattr(callback, "__self__", None)
            if getattr(callback, "__qualname__", "") == "race.<locals>.succeeded":
                fed = inspect.getclosurevars(callback).nonlocals["final_result"]
            if isinstance(fed, Deferred):
                found.append(fed)
    return found


def fired_by_hand(deferred: Deferred[Any]) -> list[Deferred[Any]]:
    """Those that its entries fire: callback and errback of one, or a function that names them and has one in a cell
    or among the arguments."""
    found = []
    for entry in chain_of(deferred):
        for callback, arguments, keywords in entry:
            if getattr(callback, "__name__", "") in ("callback", "errback"):
                found.append(getattr(callback, "__self__", None))
            elif isinstance(callback, types.FunctionType) and {"callback", "errback"} & {*callback.__code__.co_names}:
                for cell in callback.__closure__ or ():
                    try:
                        found.append(cell.cell_contents)
                    except ValueError:  # empty
                        continue
                found += [*(arguments or ()), *(keywords or {}).values()]
    return [one for one in found if isinstance(one, Deferred)]


def feeds(source: Deferred[Any], deferred: Deferred[Any]) -> bool:
    """One step by hand, after any number of lists and chains."""
    seen = [source]
    for one in seen:
        if any(fed is deferred for fed in fired_by_hand(one)):
            return True
        for other in what_it_continues(one):
            if any(one is waited for waited in near(other)) and not any(other is known for known in seen):
                seen.append(other)
    return False
