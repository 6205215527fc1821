# SPDX-License-Identifier: ISC
"""theseus export: a profile in another format."""

from __future__ import annotations

import sys

import click

from ..errors import TheseusError
from ..graph import Graph
from ..names import format_of
from ..output import write_to
from ..profile import Profile
from ..speedscope import speedscope
from .faults import Fault
from .inputs import read

FORMATS = ("callgrind", "pprof", "folded", "speedscope")


def encoded(found: Profile | Graph, format: str, event: str | None) -> bytes:
    """The bytes of the profile in that format."""
    try:
        if isinstance(found, Graph):
            return found.encoded(format)
        if format == "speedscope":
            return speedscope(found, event)
        return found.encoded(format, event if format == "folded" else None)
    except (ValueError, TheseusError) as error:
        raise Fault(str(error)) from None


@click.command()
@click.option(
    "-f", "--format", type=click.Choice(FORMATS), help="The format; by default the name of the output says it."
)
@click.option("-o", "--output", metavar="FILE", default="-", help="Write to FILE (default: the standard output).")
@click.option("--fold", is_flag=True, help="Leave the frames of Twisted's machinery out, as reports do.")
@click.option("--event", metavar="NAME", help="The column, of folded and speedscope (default: the first, Wait).")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def export(format: str | None, output: str, fold: bool, event: str | None, files: tuple[str, ...]) -> None:
    """Write a profile in another format.

    FILE is a profile (pprof or callgrind).  Several are added up.  `-` is the standard input.
    """
    format = format or ("callgrind" if output == "-" else format_of(output))
    if format not in FORMATS:
        raise click.UsageError(f"there is no export to {format}: choose one of {', '.join(FORMATS)} with -f")
    found = read(files)
    if fold:
        if isinstance(found, Graph):
            raise Fault(f"{files[0]}: a callgrind file has no stacks, and cannot be folded")
        found = found.folded()[0]
    data = encoded(found, format, event)
    try:
        write_to(sys.stdout.buffer if output == "-" else output, data)
    except OSError as error:
        raise Fault(f"{output}: {error.strerror}") from None
