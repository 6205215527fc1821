# SPDX-License-Identifier: ISC
"""Fixtures of several test files."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """A test finds no hook, whatever the one before did, and leaves none."""
    assert sys.getprofile() is None
    yield
    left = sys.getprofile()
    sys.setprofile(None)
    sys.settrace(None)
    gc.collect()
    assert left is None
    if hasattr(sys, "monitoring"):
        assert [sys.monitoring.get_tool(tool) for tool in (3, 4)] == [None, None]


@pytest.fixture
def nothing_else_is_collected() -> Iterator[None]:
    """What other tests have left does not belong to the program that is watched, and takes time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
