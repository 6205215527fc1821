# SPDX-License-Identifier: ISC
"""The first line of a report, and its last ones."""

from __future__ import annotations

from ..profile import Profile
from ..table import seconds
from ..text import printable


def header(profile: Profile) -> str:
    """`shop.py  4242  5.0 s  805 operations: 801 ok, 4 pending          wait 12.3 s in 40 requests`"""
    totals, origin = profile.totals(), profile.origin
    program = origin.get("cmd", "").partition(" (")[0]
    outcomes = [
        (totals.success, "ok"),
        (totals.failure, "failed"),
        (totals.cancelled, "cancelled"),
        (totals.abandoned, "abandoned"),
        (totals.pending, "pending"),
    ]
    counts = ", ".join(f"{count} {name}" for count, name in outcomes if count)
    operations = f"{totals.deferreds} operation{'s' * (totals.deferreds != 1)}"
    left = [printable(program), printable(origin.get("pid", "")), seconds(profile.duration) if profile.duration else ""]
    left += [f"{operations}: {counts}" if counts else operations]
    right = f"wait {seconds(totals.wait)} in {totals.outermost} request{'s' * (totals.outermost != 1)}"
    text = "  ".join(part for part in left if part)
    return f"{text}{' ' * max(2, 80 - len(text) - len(right))}{right}"


def count_of(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
