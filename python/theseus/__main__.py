# SPDX-License-Identifier: ISC
"""python -m theseus: the command."""

from .cli import main

main(prog_name="theseus")
