# SPDX-License-Identifier: ISC
"""theseus startup: does the start-up hook work here?"""

from __future__ import annotations

import sys

import click

from .interpreter import trouble


@click.command()
@click.argument("python", required=False)
def startup(python: str | None) -> None:
    """Say whether the start-up hook works.

    It works if THESEUS=1 in the environment makes this interpreter, or PYTHON, trace a program.  Exit status: 0 if it
    does, 2 if not.
    """
    name = python or sys.executable
    why = trouble([name])
    if why:
        raise click.UsageError(why)
    click.echo(f"The start-up hook works in {name}: THESEUS=1 in the environment traces a program.")
