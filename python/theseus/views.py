# SPDX-License-Identifier: ISC
"""What views show of a profile: folded profiles, and the sums of whole ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ._cffi import ffi, lib
from .errors import check
from .kinds import kinds


class Totals(NamedTuple):
    """The sums of what was measured at all stacks.  Times are in ns."""

    deferreds: int
    outermost: int  # those of stacks without an operation on the way to the root
    success: int
    failure: int
    cancelled: int
    abandoned: int
    pending: int
    wait: int
    detached: int  # the part of `wait` that detached heads have


def totals(handle: Any) -> Totals:
    """Of a theseus_profile *."""
    found = ffi.new("theseus_totals *")
    found.size = ffi.sizeof(found[0])
    check(lib.theseus_profile_totals(handle, found), "totals")
    return Totals(
        found.operations,
        found.outermost,
        found.success,
        found.failure,
        found.cancelled,
        found.abandoned,
        found.pending,
        found.wait_ns,
        found.detached_ns,
    )


def functions(handle: Any) -> list[tuple[str, str, bool]]:
    """(name, file, whether it ever returned a Deferred) of each function of a theseus_profile *."""
    info = ffi.new("theseus_function_info *")
    info.size = ffi.sizeof(info[0])
    count = lib.theseus_function_count(handle)
    returning = ffi.new("uint8_t[]", count + 1)
    check(lib.theseus_profile_returning(handle, returning, count), "functions")
    found = []
    for number in range(count):
        check(lib.theseus_function_get(handle, number, info))
        name, file = ffi.string(info.name), ffi.string(info.file)
        found.append(
            (name.decode("utf-8", "surrogateescape"), file.decode("utf-8", "surrogateescape"), bool(returning[number]))
        )
    return found


def folded(handle: Any, machinery: Iterable[str] = ()) -> tuple[Any, int]:
    """A new theseus_profile *, which the caller frees, without the frames of the machinery; and how many these were."""
    names = functions(handle)
    out, hidden = ffi.new("theseus_profile **"), ffi.new("uint64_t *")
    check(lib.theseus_profile_fold(handle, kinds(names, machinery), len(names), hidden, out), "fold")
    return out[0], int(hidden[0])
