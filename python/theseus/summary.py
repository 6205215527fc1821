# SPDX-License-Identifier: ISC
"""What is printed when a traced program has ended: at most eight lines."""

from __future__ import annotations

from .profile import Profile
from .settings import Settings, parsed
from .stderr import Stderr
from .table import seconds


def is_wanted(settings: Settings, stderr: Stderr) -> bool:
    return settings.summary and not settings.quiet and (settings.verbose or stderr.isatty())


def lines(profile: Profile, path: str) -> list[str]:
    """The summary; nothing for a profile in which nothing was seen."""
    stacks = list(profile)
    operations, wait = sum(stack.deferreds for stack in stacks), sum(stack.wait for stack in stacks)
    if not operations:
        return []
    return [f"{operations} operations, {seconds(wait)} of wait", f"theseus report {path}"]


def never_begun(text: str) -> None:
    """Says why there is no file at all."""
    stderr = Stderr()
    if is_wanted(parsed(text), stderr):
        stderr.write(["there is no profile: the program never imported twisted.internet.defer"])
