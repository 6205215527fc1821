# SPDX-License-Identifier: ISC
"""Writing a profile to a path or a binary file: the whole of it or nothing."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Callable
from typing import IO, Any, Union

from ._cffi import ffi, lib
from .errors import check
from .text import printable_lines

GZIP = b"\x1f\x8b"
Target = Union[str, "os.PathLike[str]", IO[bytes]]


def rendered(write: Callable[[Any], int], what: str) -> bytes:
    """The bytes that a function of libtheseus writes to the sink it is called with."""
    buffer = ffi.new("shim_buffer *")
    sink = ffi.new("theseus_sink *", {"write": lib.shim_buffer_write, "opaque": buffer})
    try:
        check(write(sink), what)
        return bytes(ffi.buffer(buffer.bytes, buffer.size)) if buffer.size else b""
    finally:
        lib.shim_buffer_free(buffer)


def check_binary(file: Any) -> None:
    """Raises TypeError if the file takes text, ValueError if it is closed."""
    if getattr(file, "closed", False):
        raise ValueError("the profile cannot be written: the file is closed")
    if isinstance(file, io.TextIOBase) or hasattr(file, "encoding") or not callable(getattr(file, "write", None)):
        raise TypeError(f"a profile is written to a binary file: open it with 'wb' (this is {file!r})")


# The names of files that are open already.
_OPEN_FILES = ("/dev/std", "/dev/fd/", "/proc/")


def write_to(target: Target, data: bytes) -> None:
    """Writes to a binary file, which stays open, or to a path.

    A path gets a new file, which is complete when it appears; until then the old file stays.  A symbolic link stays:
    the file that it points to is replaced, or made if it is missing.  A device, a pipe, and a name of an open file,
    such as /dev/stdout, are written in their place.  theseus-merge has the same rules.
    """
    if not isinstance(target, (str, os.PathLike)):
        check_binary(target)
        _write_all(target, data)
        return
    path = os.fspath(target)
    try:
        mode: int | None = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and (not stat.S_ISREG(mode) or os.path.abspath(path).startswith(_OPEN_FILES)):
        with open(path, "wb") as file:
            _write_all(file, data)
        return
    _replace(os.path.realpath(path), data, mode)


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Writes everything; to a terminal, text with control characters escaped."""
    isatty = getattr(file, "isatty", None)
    if callable(isatty) and isatty() and not data.startswith(GZIP):
        data = printable_lines(data)
    view = memoryview(data)
    while view:
        taken = file.write(view)  # a raw file may take a part; a file that returns None has taken all
        view = view[len(view) if taken is None else taken :]


def _replace(path: str, data: bytes, mode: int | None) -> None:
    """Writes to a temporary file beside `path`, and renames it.  `mode`: of the old file; None: there is none."""
    folder, name = os.path.split(path)
    start = os.fsdecode(os.fsencode(name)[:200])  # so that any name of a file may be a target
    temporary = os.path.join(folder, f".{start}.{os.urandom(4).hex()}")
    # A new file gets the permissions that the umask leaves.  Reading the umask would change it, for all threads.
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None  # the name that the caller knows
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
