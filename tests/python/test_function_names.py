# SPDX-License-Identifier: ISC
"""A failure means that two functions have one name, or that a function has a name that its source does not tell."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from scenarios import SECOND, sleep
from theseus import Tracer
from theseus.functions import module_of
from tracing import HOOKS, written


def wrapped(function: Any, number: int) -> Any:
    """What the package `decorator` does: a function without a module, in a file that there is not."""
    space: dict[str, Any] = {"_call": function}
    text = f"def {function.__name__}(clock):\n    return _call(clock)\n"
    exec(compile(text, f"<decorator-gen-{number}>", "exec"), space)
    return space[function.__name__]


class Users:
    def get(clock: Clock) -> Any:  # type: ignore[misc]
        return sleep(clock, 1)


class Orders:
    def get(clock: Clock) -> Any:  # type: ignore[misc]
        return sleep(clock, 3)


@pytest.mark.parametrize("hook", HOOKS)
def test_functions_without_a_module_are_named_by_their_files(hook: str) -> None:
    clock = Clock()
    users, orders = wrapped(Users.get, 0), wrapped(Orders.get, 1)
    with Tracer(reactor=clock, hook=hook) as tracer:
        users(clock)
        orders(clock)
        clock.pump([1] * 3)
    profile = tracer.snapshot()
    found = {stack.frames[-1].name: stack.latency for stack in profile if "decorator" in stack.frames[-1].name}
    assert found == {"<decorator-gen-0>.get": SECOND, "<decorator-gen-1>.get": 3 * SECOND}
    assert b"<decorator-gen-0>.get" in written(profile) and b"?.get" not in written(profile)


@pytest.mark.parametrize("name", [None, "", 7, object()])
def test_a_module_name_that_is_none(name: object) -> None:
    code = wrapped(Users.get, 5).__code__
    assert module_of(code, {"__name__": name}) == module_of(code, {}) == "<decorator-gen-5>"
    assert module_of(code, {"__name__": "app"}) == "app"
    assert module_of(code.replace(co_filename=""), {}) == "?"
