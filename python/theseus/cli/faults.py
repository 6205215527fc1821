# SPDX-License-Identifier: ISC
"""How commands end that cannot do what they were asked to."""

from __future__ import annotations

import click

from ..text import printable


class Fault(click.ClickException):
    """A file that cannot be read or compared: the message names the file, and says what to do."""

    exit_code = 3

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
