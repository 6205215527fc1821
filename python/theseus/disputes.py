# SPDX-License-Identifier: ISC
"""What merged pprof files say of themselves, and do not agree about."""

from __future__ import annotations

import warnings
from typing import Any

from ._cffi import ffi, lib
from .errors import TheseusWarning, check

_TEXTS = {
    lib.THESEUS_DROPPED_PERIOD: "different periods: the longest one is kept",
    lib.THESEUS_DROPPED_DEFAULT_TYPE: "different default sample types: none is kept",
    lib.THESEUS_DROPPED_FRAMES: "different drop_frames or keep_frames: none are kept",
    lib.THESEUS_DROPPED_BUILD_ID: "different build ids of one file: none is kept",
    lib.THESEUS_DROPPED_COMMENTS: "more than 4096 comments: the others are left out",
}


def disputes(handle: Any) -> set[int]:
    """What the profiles that were merged into a theseus_profile * did not agree about."""
    sampling = ffi.new("theseus_sampling_info *")
    sampling.size = ffi.sizeof(sampling[0])
    check(lib.theseus_sampling_get(handle, sampling))
    return {bit for bit in _TEXTS if sampling.dropped & bit}


def warn_of(disputed: set[int]) -> None:
    """Warns the caller of merge()."""
    for bit in sorted(disputed):
        warnings.warn(f"the profiles have {_TEXTS[bit]}", TheseusWarning, stacklevel=3)
