# SPDX-License-Identifier: ISC
"""theseus report: what a program waited for."""

from __future__ import annotations

import click

from .inputs import read


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def report(files: tuple[str, ...]) -> None:
    """Show what a program waited for.

    FILE is a profile (pprof or callgrind).  Several are added up.  `-` is the standard input.
    """
    click.echo(str(read(files)))
