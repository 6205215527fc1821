# SPDX-License-Identifier: ISC
"""A failure means that an event which the portable hook could not handle, as the recursion limit was met in it, leaves
an operation open for ever."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import Clock

from shared import count
from theseus import Tracer
from theseus.portable import legs, operations, returns
from unnoticed import pending

pytestmark = pytest.mark.usefixtures("as_it_was")


def fails(*arguments: Any) -> None:
    raise RecursionError("as if the stack ended here")


@inlineCallbacks
def waits(*deferreds: Deferred[Any]) -> Any:
    yield from deferreds


@pytest.mark.parametrize("room", [returns, legs])
def test_an_operation_that_could_not_be_observed(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(Clock(), "portable")
    with tracer:
        d: Deferred[Any] = Deferred()
        with monkeypatch.context() as patch:
            patch.setattr(room, "observe", fails)
            kept = pending() if room is returns else waits(d)
        assert not tracer.pending()
        assert pending() and count(tracer) == 2  # the next one is seen
        d.callback(None)
    assert not tracer.pending() and kept is not None


def test_an_operation_that_could_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(Clock(), "portable")
    with tracer:
        d: Deferred[Any] = Deferred()
        with monkeypatch.context() as patch:
            patch.setattr(operations.Operations, "add", fails)
            waits(d)
        assert not tracer.pending()
        d.callback(None)


@pytest.mark.parametrize("end", ["second leg", "dropped"])
def test_an_operation_whose_deferred_was_returned_unseen(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(Clock(), "portable")
    with tracer:
        two: list[Deferred[Any]] = [Deferred(), Deferred()]
        with monkeypatch.context() as patch:
            patch.setattr(tracer._core.legs, "started", fails)
            kept = [waits(*two)]
        assert len(tracer.pending()) == 1
        if end == "second leg":
            two[0].callback(None)
        else:
            two.clear()
            kept.clear()
            gc.collect()
        assert not tracer.pending()
        for deferred in two[1:]:
            deferred.callback(None)
    assert not any(tracer._core.kept().values()), tracer._core.kept()
