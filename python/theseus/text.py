# SPDX-License-Identifier: ISC
"""Texts as libtheseus takes them."""

from __future__ import annotations


def encoded(text: str) -> bytes:
    """In UTF-8 (what a file name's odd bytes were, they are again), without NUL."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that no file name has
        data = text.encode("utf-8", "backslashreplace")
    return data.replace(b"\0", b"?")
