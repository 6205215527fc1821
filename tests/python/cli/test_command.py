# SPDX-License-Identifier: ISC
"""The command by itself: its names, its help, its exit statuses.  A failure means that a script that calls it is lied
to, or that asking for --help takes a second."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

import theseus

BIN = pathlib.Path(sys.executable).parent


def command(*arguments: str, stdin: bytes = b"", name: str = "") -> subprocess.CompletedProcess[bytes]:
    start = [str(BIN / name)] if name else [sys.executable, "-m", "theseus"]
    return subprocess.run([*start, *arguments], input=stdin, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("name", ["", "theseus", "theseus-profile"])
def test_names(name: str) -> None:
    if name and not (BIN / name).exists():
        pytest.skip("scripts are not installed beside this interpreter")
    assert command("--version", name=name).stdout.decode() == f"theseus {theseus.__version__}\n"


def test_help_does_not_import_what_it_does_not_need() -> None:
    code = (
        "import sys; from theseus.cli import main; main(['--help'], standalone_mode=False);"
        "print(*sorted({m.split('.')[0] for m in sys.modules} & {'twisted', 'rich', 'asyncio'}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert "report" in done.stdout
    assert done.stderr.strip() == ""


def test_misuse() -> None:
    for arguments in ([], ["no-such-command"], ["report"], ["report", "--no-such-option"]):
        assert command(*arguments).returncode in ((0, 2) if not arguments else (2,)), arguments


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "No such file"),
        (b"", "empty"),
        (b"no profile at all\n", "{}"),
        (b"\x1f\x8b\x08\0", "{}"),
        (os.urandom(3) + b"\0" * 64, "{}"),
    ],
    ids=["missing", "empty", "text", "truncated gzip", "binary"],
)
def test_files_that_cannot_be_read(tmp_path: pathlib.Path, data: bytes | None, said: str) -> None:
    path = tmp_path / "bad.pb.gz"
    if data is not None:
        path.write_bytes(data)
    done = command("report", str(path))
    assert done.returncode == 3
    assert said.format(path).encode() in done.stderr and str(path).encode() in done.stderr
    assert b"Traceback" not in done.stderr and done.stdout == b""


def test_a_profile_from_stdin(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.pb.gz"
    theseus.Profile().write(path, format="pprof")
    for arguments, stdin in ((["-"], path.read_bytes()), ([str(path), str(path)], b"")):
        done = command("report", *arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
