# SPDX-License-Identifier: ISC
"""theseus completion.  A failure means that a shell completes nothing, or prints a traceback at each Tab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script(shell: str) -> None:
    command = [sys.executable, "-m", "theseus", "completion", shell]
    found = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()
    assert f"_THESEUS_COMPLETE={shell}_complete" in found
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=found.encode(), capture_output=True, timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("theseus re", "report"), ("theseus run --ev", "--every"), ("theseus export -f sp", "speedscope")],
)
def test_what_it_completes(words: str, wanted: str) -> None:
    env = {**os.environ, "_THESEUS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    command = [sys.executable, "-c", "from theseus.cli import main; main(prog_name='theseus')"]
    found = subprocess.run(command, env=env, capture_output=True, timeout=60).stdout.decode()
    assert f"plain,{wanted}" in found.splitlines()
