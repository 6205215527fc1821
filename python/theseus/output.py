# SPDX-License-Identifier: ISC
"""Where profiles go: paths and binary files, whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Callable
from typing import IO, Any, Union

from ._cffi import ffi, lib
from .errors import check

Target = Union[str, "os.PathLike[str]", IO[bytes]]


def rendered(write: Callable[[Any], int], what: str) -> bytes:
    """What a function of libtheseus writes to the sink that it is given."""
    buffer = ffi.new("shim_buffer *")
    sink = ffi.new("theseus_sink *", {"write": lib.shim_buffer_write, "opaque": buffer})
    try:
        check(write(sink), what)
        return bytes(ffi.buffer(buffer.bytes, buffer.size)) if buffer.size else b""
    finally:
        lib.shim_buffer_free(buffer)


def check_binary(file: Any) -> None:
    """A TypeError for a file that takes text, a ValueError for a closed one."""
    if getattr(file, "closed", False):
        raise ValueError("the profile cannot be written: the file is closed")
    if isinstance(file, io.TextIOBase) or hasattr(file, "encoding") or not callable(getattr(file, "write", None)):
        raise TypeError(f"a profile is written to a binary file: open it with 'wb' (this is {file!r})")


def write_to(target: Target, data: bytes) -> None:
    """To a binary file, which stays open; or to a path, where the old file stays until the new one is complete.  What
    is there and is not a file (/dev/stdout, a named pipe) is written to; a link to a file stays one."""
    if not isinstance(target, (str, os.PathLike)):
        check_binary(target)
        view = memoryview(data)
        while view:
            # A raw file may take a part; one that says nothing has taken all.
            taken = target.write(view)
            view = view[len(view) if taken is None else taken :]
        return
    path = os.fspath(target)
    try:
        mode: int | None = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and (not stat.S_ISREG(mode) or os.path.abspath(path).startswith(("/dev/", "/proc/"))):
        with open(path, "wb") as file:
            file.write(data)
        return
    path = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.urandom(4).hex()}")
    # The mode is that of the old file, or what the umask leaves: which to ask for is to change it, for all threads.
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
