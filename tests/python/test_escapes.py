# SPDX-License-Identifier: ISC
"""Text from outside, such as names of files and functions, on its way to a person: messages, tables, terminals.

A failure means that whoever names a file or a function can move the cursor, change colours, or forge a line of output.
"""

from __future__ import annotations

import os
import pty
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet import task

from test_merge_command import COMMAND, FILE, run
from theseus import Profile, TheseusError, Tracer, load
from theseus.graph import Graph
from theseus.text import printable, printable_lines

# What may be in a name, and how a person sees it.
ODD = {
    b"\x1b[31mred": rb"\x1b[31mred",
    b"a\nb": rb"a\x0ab",
    b"a\rb": rb"a\x0db",
    b"\x07\x7f": rb"\x07\x7f",
    b"\xc2\x9b31m": rb"\xc2\x9b31m",  # CSI, in UTF-8
    b"\x9b31m": rb"\x9b31m",  # the same, as one byte: no UTF-8
    b"abc\xe2\x82": rb"abc\xe2\x82",  # a character that is cut
    b"\xed\xa0\x80\xc0\x80\xf5\xff": rb"\xed\xa0\x80\xc0\x80\xf5\xff",
    b"\xe2\x80\xaetxt.exe": rb"\xe2\x80\xaetxt.exe",  # right to left
    b"\xe2\x80\xa8new": rb"\xe2\x80\xa8new",  # a line separator
    b"\xd8\x9c": rb"\xd8\x9c",
}
PLAIN = ["plain", "with blank", "\u00e4\u00df", "\u65e5\u672c", "\U0001f600", "back\\slash", "\u00a0\u2007"]
odd = pytest.mark.parametrize("name", [pytest.param(name, id=repr(name)) for name in ODD])
command = pytest.mark.skipif(not COMMAND, reason="theseus-merge has not been built")


def shown(name: bytes) -> bytes:
    return ODD[name]


def on_terminal(write: Callable[[int], object]) -> bytes:
    """What arrives at a terminal."""
    ours, theirs = pty.openpty()
    child = os.fork()
    if not child:
        try:
            os.close(ours)
            write(theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # the other end is closed
        pass
    os.waitpid(child, 0)
    os.close(ours)
    return said.replace(b"\r\n", b"\n")


def measured(name: bytes) -> Profile:
    """A profile of a function with a name of ten bytes."""
    clock = task.Clock()
    with Tracer(clock) as tracer:
        task.deferLater(clock, 2, lambda: None)
        clock.advance(2)
    data = zlib.decompress(tracer.snapshot().encoded("pprof"), 31)
    assert b"deferLater" in data and len(name) == 10
    path = Path(os.environ["ODD_PROFILE"])
    path.write_bytes(data.replace(b"deferLater", name))
    profile = load(path)
    assert isinstance(profile, Profile)
    return profile


@pytest.fixture(autouse=True)
def odd_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_PROFILE", str(tmp_path / "odd.pb"))


# ---- the function ----


@odd
def test_printable(name: bytes) -> None:
    assert printable(os.fsdecode(name)) == shown(name).decode()
    assert printable_lines(name) == (name if name == b"a\nb" else shown(name))


@pytest.mark.parametrize("text", PLAIN)
def test_printable_leaves_the_rest(text: str) -> None:
    assert printable(text) == text
    assert printable_lines(f"{text}\t\n".encode()) == f"{text}\t\n".encode()


def test_printable_of_surrogates_that_no_file_name_has() -> None:
    assert printable("\ud800") == r"\xed\xa0\x80"


@command
def test_the_command_escapes_as_python_does() -> None:
    """Every character, and each byte that cannot begin one."""
    characters = [chr(code).encode() for code in (*range(1, 0x3000), *range(0xF000, 0x10100), 0x10FFFF)]
    names = [b"x" + b"".join(characters[i : i + 60]) for i in range(0, len(characters), 60)]
    names += [b"%c" % byte for byte in range(0x80, 0x100)]
    names += [b"%c" % byte + "\u20ac".encode() for byte in range(1, 256)]
    names = [name.replace(b"/", b"") for name in names]
    command = [str(COMMAND).encode(), *(b"/" + name for name in names)]
    said = subprocess.run(command, capture_output=True).stderr.splitlines()
    assert len(said) == len(names)
    for name, line in zip(names, said):
        assert os.fsdecode(line).startswith(f"theseus-merge: /{printable(os.fsdecode(name))}: "), name


# ---- messages ----


@command
@odd
def test_messages_of_the_command(name: bytes, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/"
    broken, odd, good = folder + name, folder + name + b".odd", folder + b"good"
    for path, data in ((broken, b"events: Ir\nfn=f\n1 1 1\n"), (odd, FILE + b"odd\n"), (good, FILE)):
        with open(path, "wb") as file:
            file.write(data)
    with open(folder + b"list", "wb") as file:
        file.write(folder + name + b".none\n")
    for unit in (b"ns", b"\x1b[31m"):
        with open(folder + b"unit-" + unit[-1:], "wb") as file:
            file.write(b"event: Dr : reads [%b]\nevents: Dr\n" % unit)
    runs = [
        (3, [broken]),
        (0, [odd]),
        (3, [b"--strict", odd]),
        (3, [folder + name + b".none"]),
        (3, [b"@" + folder + name + b".none"]),
        (4, [b"-o", folder + name + b"/out", good]),
        (4, [b"-o", good, good]),
        (2, [b"--" + name, good]),
        (2, [b"--strict=" + name, good]),
        (2, [b"--format=" + name, good]),
        (2, [b"--jobs=" + name, good]),
        (2, [b"--memory-limit=" + name, good]),
        (2, [b"--events=" + name, good]),
        (3, [b"-j1", folder + b"unit-s", folder + b"unit-m"]),
    ]
    if b"\n" not in name and b"\r" not in name:
        runs.append((3, [b"@" + folder + b"list"]))
    for status, arguments in runs:
        done = subprocess.run([str(COMMAND), *arguments], capture_output=True)
        assert done.returncode == status, (arguments, done)
        lines = done.stderr.decode().splitlines()  # strict: it is UTF-8
        assert lines and (len(lines) == 1 or lines[1:] == ["Try 'theseus-merge --help'."]), (arguments, done.stderr)
        assert all(printable(line) == line for line in lines)
        if any(name in argument for argument in arguments) and b"\n" not in name:
            assert shown(name) in done.stderr, arguments


@odd
def test_messages_of_python(name: bytes, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    for data in (b"events: Ir\nfn=f\n1 1 1\n", b"\x0a\x05", b"\x1f\x8b\0\0"):
        with open(path, "wb") as file:
            file.write(data)
        with pytest.raises(TheseusError) as error:
            load(path)
        assert printable(str(error.value)) == str(error.value)
        assert shown(name).decode() in str(error.value)
    with open(path, "wb") as file:
        file.write(FILE + b"odd\n")
    [warning] = Graph().read(path)
    assert printable(warning) == warning and shown(name).decode() in warning


def test_a_message_that_cuts_a_long_name(tmp_path: Path) -> None:
    """Wherever the name is cut, in the middle of a character too, the message is text."""
    for length in range(118, 124):
        path = tmp_path / ("x" * (length % 4) + "\u00e4" * length)
        path.write_bytes(FILE + b"odd\n")
        assert "warning" in Graph().read(path)[0]
        path.write_bytes(b"events: Ir\nfn=f\n1 1 1\n")
        with pytest.raises(TheseusError, match="more costs than there are events"):
            load(path)
        if COMMAND:
            assert run(path).stderr.decode().count("\n") == 1


# ---- tables and trees ----


@pytest.mark.parametrize("name", [b"\x1b[31mred__", b"\xc2\x9b31mred__", b"\xe2\x80\xaered____", b"red\r___\x1b__"])
def test_the_tables(name: bytes, tmp_path: Path) -> None:
    profile = measured(name)
    for text in (str(profile), str(_graph(name, tmp_path))):
        assert all(printable(line) == line for line in text.split("\n"))
        assert "red" in text and "\\x" in text


def _graph(name: bytes, folder: Path) -> Graph:
    path = folder / "graph"
    path.write_bytes(FILE.replace(b"fn=f\n", b"fn=" + name + b"\n"))
    graph = Graph()
    graph.read(path)
    return graph


def test_what_is_pending() -> None:
    clock = task.Clock()
    code = task.deferLater.__code__.replace(co_name="\x1b[31mred\nline", co_filename="/\x1b[2J.py")
    if hasattr(code, "co_qualname"):
        code = code.replace(co_qualname="\x1b[31mred\nline")
    function = type(test_what_is_pending)(code, task.deferLater.__globals__, "red")
    with Tracer(clock) as tracer:
        function(clock, 2, lambda: None)
        [pending] = tracer.pending()
        assert len(str(pending).splitlines()) == 1
        assert printable(str(pending)) == str(pending) and r"\x1b[31mred\x0aline" in str(pending)
        clock.advance(2)


# ---- terminals and files ----


@command
@pytest.mark.parametrize("format", ["callgrind", "folded"])
def test_the_command_escapes_on_a_terminal_only(format: str, tmp_path: Path) -> None:
    name = b"\x1b[31m\xc3\xa4\xc3\xa4_"
    measured(name)
    command = [str(COMMAND), f"--format={format}", str(tmp_path / "odd.pb")]
    in_file = subprocess.run(command, capture_output=True).stdout
    assert name in in_file

    def write(terminal: int) -> None:
        subprocess.run(command, stdout=terminal)

    assert on_terminal(write) == in_file.replace(b"\x1b", rb"\x1b")


@command
def test_the_command_escapes_long_output_on_a_terminal(tmp_path: Path) -> None:
    """Longer than its parts, which end within characters."""
    lines = "".join(f"fn=\u65e5\u00e4\U0001f600{'x' * (number % 7)}{number}\x1b\n1 1\n" for number in range(3000))
    (tmp_path / "long").write_text("events: Ir\n" + lines)
    command = [str(COMMAND), str(tmp_path / "long")]
    in_file = subprocess.run(command, capture_output=True).stdout
    terminal = on_terminal(lambda terminal: subprocess.run(command, stdout=terminal))
    assert in_file.count(b"\x1b") == 3000 and terminal == in_file.replace(b"\x1b", rb"\x1b")


@command
def test_a_compressed_file_is_not_written_to_a_terminal(tmp_path: Path) -> None:
    measured(b"deferLater")
    command = [str(COMMAND), "--format=pprof", str(tmp_path / "odd.pb")]
    said = on_terminal(lambda terminal: subprocess.run(command, stdout=terminal, stderr=terminal))
    assert said == b"theseus-merge: a pprof file is not written to a terminal: choose a file with --output\n"
    assert subprocess.run(command, capture_output=True).returncode == 0
    forced = on_terminal(lambda terminal: subprocess.run([*command, "--force"], stdout=terminal))
    assert forced.startswith(b"\x1f\x8b")


@pytest.mark.parametrize("format", ["callgrind", "folded"])
def test_python_escapes_on_a_terminal_only(format: str, tmp_path: Path) -> None:
    name = b"\x1b[31m\xc3\xa4\xc3\xa4_"
    profile = measured(name)
    profile.write(tmp_path / "file", format=format)
    in_file = (tmp_path / "file").read_bytes()
    assert name in in_file

    def write(terminal: int) -> None:
        with open(terminal, "wb") as file:
            profile.write(file, format=format)
            profile.write(os.ttyname(terminal), format=format)

    assert on_terminal(write) == 2 * in_file.replace(b"\x1b", rb"\x1b")
