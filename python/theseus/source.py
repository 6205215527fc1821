# SPDX-License-Identifier: ISC
"""Files to read: their bytes, decompressed; and whether these are pprof or callgrind."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from typing import IO, Any, Union

from ._cffi import lib
from .errors import TheseusError

Source = Union[str, "os.PathLike[str]", IO[bytes]]

CHUNK = 1 << 18
UNPACKED_LIMIT, MEMORY_LIMIT = 512 << 20, 2 << 30  # bytes, as theseus-merge has them
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class _Peekable(io.RawIOBase):
    """A binary file, and a few bytes that have been read of it already.  Not closed with this."""

    def __init__(self, file: IO[bytes], head: bytes) -> None:
        self._file, self._head = file, head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head[: len(buffer)] or self._file.read(len(buffer)) or b""
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def _decompressed(file: IO[bytes], name: str) -> IO[bytes]:
    head = b""
    while len(head) < len(ZSTD) and (more := file.read(len(ZSTD) - len(head))):
        if not isinstance(more, bytes):
            raise TypeError(f"a profile is read from a binary file: open it with 'rb' (this is {file!r})")
        head += more
    whole = io.BufferedReader(_Peekable(file, head), CHUNK)
    if head.startswith(GZIP):
        return gzip.GzipFile(fileobj=whole, mode="rb")  # type: ignore[return-value]
    if head == ZSTD:
        try:
            from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
        except ImportError:
            raise TheseusError(
                lib.THESEUS_EFORMAT,
                f"{name}: is compressed by zstd, which this Python does not read: theseus-merge does",
            ) from None
        return zstd.ZstdFile(whole)  # type: ignore[no-any-return,unused-ignore]
    return whole


@contextlib.contextmanager
def opened(source: Source) -> Iterator[tuple[IO[bytes], str]]:
    """The bytes, decompressed, and the name of a path or file."""
    with contextlib.ExitStack() as stack:
        if isinstance(source, (str, os.PathLike)):
            name = os.fspath(source)
            file: IO[bytes] = stack.enter_context(open(source, "rb"))
        elif isinstance(source, io.TextIOBase) or not callable(getattr(source, "read", None)):
            raise TypeError(f"a profile is read from a path or a binary file, opened with 'rb' (this is {source!r})")
        else:
            file, name = source, str(getattr(source, "name", "-"))
        try:
            yield _decompressed(file, name), name
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise TheseusError(lib.THESEUS_EFORMAT, f"{name}: {error}") from error


_CALLGRIND = (
    *(b"#", b"version:", b"creator:", b"cmd:", b"pid:", b"part:", b"desc:", b"thread:", b"event:", b"positions:"),
    *(b"events:", b"summary:", b"totals:", b"fl=", b"fi=", b"fe=", b"fn=", b"ob=", b"cfn=", b"cfi=", b"cfl=", b"cob="),
    *(b"calls=", b"====", b"jump=", b"jcnd="),
)


def is_pprof(head: bytes) -> bool:
    """True if the first bytes hold a control character other than a blank, and do not begin as callgrind files do.

    Text has no such character.  pprof has some in its first 64 bytes, whichever field comes first.
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    is_callgrind = start.startswith(_CALLGRIND) and start[1:2] != b"\0"  # else it is UTF-16
    return not is_callgrind and any(byte < 9 or 13 < byte < 32 for byte in head[:64])


def whole(stream: IO[bytes], head: bytes, name: str, memory_limit: int | None) -> bytes:
    """The rest of a pprof file behind its head: a file that is not compressed may be as large as it is."""
    most = memory_limit or UNPACKED_LIMIT
    if not memory_limit and isinstance(stream, io.BufferedReader):
        return head + stream.read()
    pieces, size = [head], len(head)
    while piece := stream.read(CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            said = f"it unpacks to more than {most >> 20} MB: allow more with memory_limit"
            raise TheseusError(lib.THESEUS_ELIMIT, f"{name}: {said}")
    return b"".join(pieces)
