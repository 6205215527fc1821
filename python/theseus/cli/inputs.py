# SPDX-License-Identifier: ISC
"""The files that a command reads, added up."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

import click

from ..errors import TheseusError, TheseusWarning
from ..graph import Graph, merge
from ..profile import Profile
from ..text import printable
from .faults import Fault
from .unfinished import unfinished, with_parts


def read(names: Sequence[str]) -> Profile | Graph:
    """The sum of the files, and of the parts that belong to them; `-` is the standard input.

    What is odd in them goes to stderr.
    """
    names, said = with_parts(list(names))
    with warnings.catch_warnings(record=True) as odd:
        warnings.simplefilter("always", TheseusWarning)
        try:
            found = merge([sys.stdin.buffer if name == "-" else name for name in names])
        except OSError as error:
            raise Fault(f"{error.filename or names[0]}: {error.strerror or error}") from None
        except TheseusError as error:
            raise Fault(str(error)) from None
        except MemoryError:
            raise Fault(f"{', '.join(names)}: there is not enough memory to read this") from None
        except ValueError:
            raise Fault(f"{', '.join(names)}: nothing was measured: the file is empty") from None
    for line in [*said, *unfinished(names)]:
        click.echo(f"Note: {printable(line)}", err=True)
    for warning in odd:
        click.echo(f"Warning: {printable(str(warning.message))}", err=True)
    return found
