# SPDX-License-Identifier: ISC
"""The hooks of this interpreter, and the choice among them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from . import machinery
from ._cffi import ffi, lib
from .calls import Calls
from .portable.core import PortableCore
from .portable.setprofile import SetProfile
from .profile import owned

HOOKS = ("portable", "profile", "monitoring")


def _types() -> list[Any]:
    found: list[Any] = []
    if machinery.PYPY or lib.shim_types(id(found)):
        return [None, None]
    return found


_Core, _Hook = _types()[:2]


def current() -> Any:
    """Returns the profile function of the calling thread; True: it has no object; None: no function is set."""
    return (_Hook or SetProfile).current()


def available() -> tuple[str, ...]:
    """The hooks that work here, the fastest last."""
    if _Core is None:
        return HOOKS[:1]
    return HOOKS if hasattr(sys, "monitoring") else HOOKS[:2]


def choose(hook: str) -> str:
    """The name of the hook that a Tracer gets."""
    if hook == "auto":
        return available()[-1]
    if hook not in HOOKS:
        raise ValueError(f'unknown hook {hook!r}: choose "auto" or one of {", ".join(HOOKS)}')
    if hook not in available():
        there = ", ".join(available())
        raise ValueError(f'this interpreter has no hook {hook!r}, only: {there}; "auto" chooses among them')
    return hook


def core(hook: str, profile: Any, clock: Callable[[], int] | None, calls: Calls, coroutines: bool) -> Any:
    """Makes the object that observes the program by that hook.  It owns `profile`.  No clock: the monotonic one."""
    if hook == "portable":
        return PortableCore(profile, clock or time.monotonic_ns, _Hook or SetProfile, calls, coroutines)
    address = int(ffi.cast("uintptr_t", profile))
    return _Core(machinery, calls, address, owned(profile), clock, hook == "monitoring", coroutines)
