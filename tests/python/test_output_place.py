# SPDX-License-Identifier: ISC
"""Where a profile is written: Profile.write(), theseus.merge() and theseus-merge have the same rules.

A failure means that a user's file was overwritten, replaced or left behind against the rules of the man page.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.task import Clock

import theseus
from test_merge_command import COMMAND, FILE
from theseus import Tracer
from theseus.graph import Graph

Write = Callable[[Path], None]


def by_command(path: Path) -> None:
    source = path.parent / "source-of-this-test"
    source.write_bytes(FILE)
    done = subprocess.run([str(COMMAND), "-o", str(path), str(source)], capture_output=True)
    source.unlink()
    if done.returncode:
        assert done.returncode == 4
        raise OSError(done.stderr.decode())


def by_graph(path: Path) -> None:
    theseus.load(_source(path)).write(path)


def by_merge(path: Path) -> None:
    theseus.merge([_source(path)], path)


def _source(path: Path) -> str:
    source = Path(str(path.parent)) / "source-of-this-test"
    source.write_bytes(FILE)
    return str(source)


@pytest.fixture(params=[by_command, by_graph, by_merge], ids=["command", "write", "merge"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Write:
    if request.param is by_command and not COMMAND:
        pytest.skip("theseus-merge has not been built")
    writer: Write = request.param
    return writer


def is_profile(path: Path) -> bool:
    return path.read_bytes().startswith(b"# callgrind format\n")


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "source-of-this-test")


def test_a_link_to_a_file_stays(write: Write, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"as before")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and is_profile(tmp_path / "file")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    assert left(tmp_path) == ["file", "link"]


@pytest.mark.parametrize("target", ["missing", "folder/missing", "{}/missing", "next"])
def test_a_dangling_link_stays_and_its_file_is_made(write: Write, target: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "next").symlink_to("folder/end")  # a link that the link points to
    link = tmp_path / "link"
    link.symlink_to(target.format(tmp_path))
    write(link)
    assert link.is_symlink() and (tmp_path / "next").is_symlink()
    assert is_profile(link) and link.resolve().is_file()
    assert len(left(tmp_path)) + len(left(tmp_path / "folder")) == 4
    write(link)
    assert link.is_symlink() and is_profile(link)


def test_a_link_into_a_missing_folder_is_an_error(write: Write, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("missing/file")
    with pytest.raises(OSError, match="No such file"):
        write(tmp_path / "link")
    assert left(tmp_path) == ["link"] and (tmp_path / "link").is_symlink()


def test_links_in_a_circle_are_an_error(write: Write, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="[Tt]oo many levels"):
        write(tmp_path / "a")
    assert left(tmp_path) == ["a", "b"]


def test_a_folder_is_an_error(write: Write, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write(tmp_path / "folder")


def test_a_pipe_and_a_device_are_written_in_their_place(write: Write, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    write(pipe)
    assert reader.communicate()[0].startswith(b"# callgrind format\n")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    (tmp_path / "null").symlink_to("/dev/null")
    write(tmp_path / "null")
    assert (tmp_path / "null").is_symlink()


def test_a_name_as_long_as_names_may_be(write: Write, tmp_path: Path) -> None:
    for name in ("n" * 255, "\u00e4" * 127):
        write(tmp_path / name)
        assert is_profile(tmp_path / name)
        (tmp_path / name).unlink()
    assert left(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="there is no /dev/stdout")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("who", ["command", "Python"])
def test_a_file_that_is_open_is_not_replaced(who: str, name: str, tmp_path: Path) -> None:
    if who == "command" and not COMMAND:
        pytest.skip("theseus-merge has not been built")
    (tmp_path / "source").write_bytes(FILE)
    out = tmp_path / "out"
    out.touch()
    inode = out.stat().st_ino
    script = "import sys, theseus; theseus.load(sys.argv[1]).write(sys.argv[2])"
    source = str(tmp_path / "source")
    command = [str(COMMAND), "-o", name, source] if who == "command" else [sys.executable, "-c", script, source, name]
    with out.open("wb") as file:
        subprocess.run(command, stdout=file, check=True)
    assert out.stat().st_ino == inode and is_profile(out)


def test_graph_and_command_write_the_same(tmp_path: Path) -> None:
    if not COMMAND:
        pytest.skip("theseus-merge has not been built")
    by_command(tmp_path / "command")
    graph = Graph()
    graph.read(_source(tmp_path / "command"))
    assert (tmp_path / "command").read_bytes() == graph.encoded()


def test_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    Tracer(Clock()).write(link)
    assert link.is_symlink()
    assert real.read_bytes().startswith(b"# callgrind")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_not_a_file_is_written_to(tmp_path: Path) -> None:
    """And not replaced by one: /dev/stdout, a named pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    try:
        Tracer(Clock()).write(pipe)
    finally:
        if not stat.S_ISFIFO(pipe.stat().st_mode):
            reader.daemon = True
        else:
            reader.join(10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert read and read[0].startswith(b"# callgrind")
