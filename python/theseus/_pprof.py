# SPDX-License-Identifier: ISC
"""pprof files (profile.proto, gzip): libtheseus reads and writes their contents, Python compresses."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

from ._cffi import ffi, lib
from .errors import TheseusError, check
from .output import rendered

DETAILS = ("full", "no-buckets")
GZIP = b"\x1f\x8b"


def encoded(handle: Any, detail: str = "full") -> bytes:
    """Returns a theseus_profile * as a pprof file.  Equal profiles give equal bytes.

    `detail`: "full" keeps everything; "no-buckets" leaves out the histograms of latencies, and percentiles, minima and
    maxima with them, for collectors that limit the number of samples.
    """
    if detail not in DETAILS:
        raise ValueError(f"unknown detail {detail!r}: choose one of {', '.join(DETAILS)}")
    options = ffi.new("theseus_pprof_options *", {"detail": DETAILS.index(detail)})
    options.size = ffi.sizeof(options[0])
    data = rendered(lambda sink: lib.theseus_pprof_write(handle, options, sink), "pprof")
    compressed = io.BytesIO()
    # Not gzip.compress(), whose header differs between versions of Python.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=compressed, mtime=0) as file:
        file.write(data)
    return compressed.getvalue()


def read_pprof(data: bytes, source: str = "pprof", memory_limit: int = 0, max_depth: int = 0) -> Any:
    """Returns a new theseus_profile * (the caller frees it) from a pprof file, compressed or not.

    `memory_limit`: the most bytes that the profile may take; 0: any number.
    `max_depth`: the most frames of a stack; 0: 512.

    A TheseusError names `source`, and says at which byte of the decompressed file it stopped, and why.
    """
    if data[:2] == GZIP:
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise TheseusError(lib.THESEUS_EFORMAT, f"{source}: {error}") from error
    options = ffi.new("theseus_profile_options *")
    options.size = ffi.sizeof(options[0])
    options.memory_limit, options.max_depth = memory_limit, max_depth
    out = ffi.new("theseus_profile **")
    check(lib.theseus_profile_new(options, out), "a new profile")
    found = ffi.new("theseus_read_error *")
    found.size = ffi.sizeof(found[0])
    status = lib.theseus_pprof_read(out[0], ffi.from_buffer(data), len(data), found)
    if status:
        lib.theseus_profile_free(out[0])
        said = ffi.string(found.text).decode("utf-8", "replace")
        where = f": byte {found.offset}: {said}" if status == lib.THESEUS_EFORMAT else ""
        limit = ": it takes more memory than memory_limit allows" if status == lib.THESEUS_ELIMIT else ""
        check(status, source + where + limit)
    return out[0]
