# SPDX-License-Identifier: ISC
"""The status codes of libtheseus as exceptions."""

from __future__ import annotations

from ._cffi import ffi, lib
from .text import printable


class TheseusError(Exception):
    """Something that libtheseus could not do; `status` is its code."""

    def __init__(self, status: int, what: str = "") -> None:
        text: str = ffi.string(lib.theseus_strerror(status)).decode()
        super().__init__(f"{printable(what)}: {text}" if what else text)
        self.status = status


class TheseusWarning(UserWarning):
    """Something odd in a file that was read nevertheless, or about a tracer.  theseus-merge prints the former."""


def check(status: int, what: str = "") -> None:
    """Raises when a call failed: MemoryError where memory ran out, else TheseusError."""
    if status == lib.THESEUS_ENOMEM:
        raise MemoryError(printable(what) or "libtheseus")
    if status:
        raise TheseusError(status, what)
