# SPDX-License-Identifier: ISC
"""What a report is printed on: its width, its characters, and whether it has colours."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

import click

BRANCHES = ("├─ ", "└─ ", "│  ", "   ")
PLAIN_BRANCHES = ("|- ", "`- ", "|  ", "   ")


def is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def has_colour() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal()


def width() -> int:
    return max(60, shutil.get_terminal_size((80, 24)).columns)


def can_encode(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def branches() -> tuple[str, ...]:
    return BRANCHES if can_encode("".join(BRANCHES)) else PLAIN_BRANCHES


def middle_cut(text: str, room: int) -> str:
    """The text, less what is too much in its middle."""
    if len(text) <= room:
        return text
    dots = "…" if can_encode("…") else "..."
    keep = max(room - len(dots), 2)
    return text[: keep // 3] + dots + text[-(keep - keep // 3) :]


def show(lines: Iterable[str], headings: int = 0) -> None:
    """Prints lines.  With colours, the first `headings` of them are bold, and the figures of the others are not."""
    if not has_colour():
        click.echo("\n".join(line.rstrip() for line in lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(force_terminal=True, width=10_000, highlight=False)
    for number, line in enumerate(lines):
        text = Text(line.rstrip(), no_wrap=True, overflow="ignore")
        if number < headings:
            text.stylize("bold")
        else:
            text.highlight_regex(r"\S+:\d+$", "cyan")
            text.highlight_regex(r"\d+%", "yellow")
        console.print(text, soft_wrap=True)
