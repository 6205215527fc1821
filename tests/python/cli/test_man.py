# SPDX-License-Identifier: ISC
"""theseus(1).  A failure means that the page lacks a command or an option, or is unreadable on a terminal."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import click
import pytest

from theseus.cli import COMMANDS, main

PAGE = pathlib.Path(__file__).parents[3] / "python" / "theseus.1"


def words() -> set[str]:
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-").replace("\\fP", " ").replace("\\fR", " ")
    return set(text.replace("=", " ").replace(",", " ").split())


def test_it_has_each_command() -> None:
    assert set(COMMANDS) <= words()


def test_it_has_each_option_of_run() -> None:
    run = main.get_command(click.Context(main), "run")
    assert run is not None
    for option in run.params:
        names = [*option.opts, *option.secondary_opts] if isinstance(option, click.Option) else []
        assert not names or set(names) & words(), names


def test_groff_has_no_complaint() -> None:
    if not shutil.which("groff"):
        pytest.skip("there is no groff here")
    command = ["groff", "-k", "-man", "-Tutf8", "-ww", "-rLL=80n", str(PAGE)]
    assert subprocess.run(command, capture_output=True, timeout=60).stderr == b""
