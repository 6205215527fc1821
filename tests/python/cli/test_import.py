# SPDX-License-Identifier: ISC
"""The modules that `import theseus` imports.  A failure means that reading a profile, or asking for --help, waits for
modules that it does not need: Twisted alone takes a third of a second."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each costs several milliseconds, and none of them is needed to read a file.
COSTLY = ("twisted", "asyncio", "ssl", "click", "rich", "json", "secrets", "dataclasses", "inspect", "tempfile")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_twisted() -> None:
    found = run(
        "import sys; before = set(sys.modules); import theseus; p = theseus.Profile(); p.write('/dev/null');"
        "print(*sorted(set(sys.modules) - before))"
    ).split()
    assert not [name for name in found if name.split(".")[0] in COSTLY]


@pytest.mark.parametrize(
    "code", ["import theseus; theseus.Tracer", "from theseus import Tracer", "from theseus import *; Tracer"]
)
def test_the_tracer_comes_when_it_is_asked_for(code: str) -> None:
    assert run(f"{code}\nimport sys, theseus; print(theseus.Tracer.__module__, 'twisted' in sys.modules)") == (
        "theseus.tracer True\n"
    )


def test_other_names_are_errors() -> None:
    run("import theseus\ntry: theseus.Trace\nexcept AttributeError as e: assert 'Trace' in str(e)\nelse: assert False")
    assert "'Tracer'" in run("import theseus; print(dir(theseus))")
