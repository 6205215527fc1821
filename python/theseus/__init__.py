# SPDX-License-Identifier: ISC
"""Theseus: a profiler that shows what a Twisted program waits for.

::

    from theseus import Tracer

    t = Tracer()
    t.install()
    ...
    with open("callgrind.out.theseus", "wb") as outfile:
        t.write_data(outfile)

Times are integers, in nanoseconds.

Tracer, which needs Twisted, is imported when it is first asked for: reading a profile does not need it.
"""

from typing import TYPE_CHECKING, Any

from ._cffi import ffi as _ffi
from ._cffi import lib as _lib
from .errors import TheseusError, TheseusWarning
from .graph import Graph, load, merge
from .pending import Pending
from .profile import Profile
from .stack import Frame, Stack

if TYPE_CHECKING:
    from .tracer import Tracer

__version__: str = _ffi.string(_lib.theseus_version()).decode()

__all__ = [
    "Frame",
    "Graph",
    "Pending",
    "Profile",
    "Stack",
    "TheseusError",
    "TheseusWarning",
    "Tracer",
    "__version__",
    "load",
    "merge",
]


def __getattr__(name: str) -> Any:
    if name != "Tracer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .tracer import Tracer

    globals()[name] = Tracer
    return Tracer


def __dir__() -> list[str]:
    return sorted({*globals(), "Tracer"})
