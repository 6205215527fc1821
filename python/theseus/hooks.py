# SPDX-License-Identifier: ISC
"""Which hooks this interpreter has, and which one "auto" takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._cffi import lib
from .portable import PortableCore

HOOKS = ("portable", "profile", "monitoring")


def _types() -> list[type]:
    found: list[type] = []
    if lib.shim_types(id(found)):
        raise ImportError(f"the C hooks do not load: {found[-1] if found else 'no memory'}")
    return found


def available() -> tuple[str, ...]:
    """The hooks that work here, the fastest last."""
    return HOOKS[:1]


def choose(hook: str) -> str:
    """The name of the hook that a Tracer gets."""
    if hook == "auto":
        return available()[-1]
    if hook not in HOOKS:
        raise ValueError(f"unknown hook {hook!r}: choose \"auto\" or one of {', '.join(HOOKS)}")
    if hook not in available():
        raise ValueError(f"this interpreter has no hook {hook!r}, only: {', '.join(available())}; \"auto\" chooses among them")
    return hook


def core(hook: str, profile: Any, clock: Callable[[], int]) -> Any:
    return PortableCore(profile, clock)
