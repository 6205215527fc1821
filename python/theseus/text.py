# SPDX-License-Identifier: ISC
"""Texts on their way to libtheseus, and on their way to a person."""

from __future__ import annotations

import re

# Characters that move the cursor, change colours, begin a line or reverse the direction of text; and non-characters.
_CONTROLS = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_HIDDEN = re.compile(f"[{_CONTROLS}]")
_HIDDEN_IN_LINES = re.compile(f"(?![\t\n])[{_CONTROLS}]")


def encoded(text: str) -> bytes:
    """The text in UTF-8 without NUL, as libtheseus takes it.  Undecodable bytes of a file name stay as they were."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates that no file name has
        data = text.encode("utf-8", "backslashreplace")
    return data.replace(b"\0", b"?")


def printable(text: str) -> str:
    """The text for a person: control characters and the like become \\xHH."""
    return _HIDDEN.sub(_escaped, text)


def printable_lines(data: bytes) -> bytes:
    """The same for lines of text in UTF-8, as they go to a terminal."""
    return _HIDDEN_IN_LINES.sub(_escaped, data.decode("utf-8", "surrogateescape")).encode()


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    undecodable = "\udc80" <= character <= "\udcff"
    data = character.encode("utf-8", "surrogateescape" if undecodable else "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in data)
