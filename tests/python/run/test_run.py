# SPDX-License-Identifier: ISC
"""theseus run.  A failure means that a program behaves otherwise under it, or that a person is not told what became of
the profile."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest
from programs import SLEEP, counts, environment, profiles

SHOP = (
    SLEEP
    + """
@defer.inlineCallbacks
def main(reactor, *arguments):
    yield nap(reactor)
    print(sys.argv, __name__, sys.flags, sys.path[:1], file=sys.stderr)
    print(sorted({"click", "rich", "theseus.cli"} & set(sys.modules)))
    if "fail" in arguments:
        raise KeyError("x")
    if "exit" in arguments:
        sys.exit(7)

if __name__ == "__main__":
    task.react(main, sys.argv[1:])
"""
)
FOUND = {"main": 1, "nap": 1}
Done = tuple[int, bytes, bytes]


def execute(folder: pathlib.Path, *command: str | pathlib.Path, **more: str | None) -> Done:
    done = subprocess.run(command, cwd=folder, env=environment(**more), capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def theseus_run(folder: pathlib.Path, *words: str, **more: str | None) -> Done:
    return execute(folder, sys.executable, "-m", "theseus", "run", *words, **more)


def same(folder: pathlib.Path, *words: str) -> Done:
    """Runs `python WORDS` and `theseus run WORDS`, into out.pb.gz, and checks that nothing differs."""
    plain = execute(folder, sys.executable, *words)
    assert theseus_run(folder, "-o", "out.pb.gz", *words) == plain
    assert counts(folder / "out.pb.gz") == FOUND
    assert "out.pb.gz.parts" not in profiles(folder)
    return plain


@pytest.fixture
def shop(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@pytest.mark.parametrize("arguments", [[], ["exit"], ["fail"], ["--force", "-o", "x", "--", "-q"]])
def test_a_file(shop: pathlib.Path, arguments: list[str]) -> None:
    status, out, _err = same(shop, "shop.py", *arguments)
    assert status == (7 if "exit" in arguments else 1 if "fail" in arguments else 0)
    assert out == b"[]\n"


def test_a_module(shop: pathlib.Path) -> None:
    same(shop, "-m", "shop", "--every", "-o", "fail")


def test_a_text(shop: pathlib.Path) -> None:
    code = SHOP.replace("def nap", "def nap")
    plain = execute(shop, sys.executable, "-c", code, "-v", "exit")
    assert theseus_run(shop, "-o", "out.pb.gz", "-c", code, "-v", "exit") == plain and plain[0] == 7
    assert (shop / "out.pb.gz").exists()


def test_a_folder_and_an_archive(shop: pathlib.Path) -> None:
    (shop / "app").mkdir()
    (shop / "app" / "__main__.py").write_text(SHOP)
    with zipfile.ZipFile(shop / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", SHOP)
    for name in "app", "app.pyz":
        plain = execute(shop, sys.executable, name, "x")
        assert theseus_run(shop, name, "x") == plain and plain[0] == 0
        assert list(shop.glob(f"theseus.out.{name}.[0-9]*.pb.gz"))


@pytest.mark.parametrize(
    "first", ["#!{0}", "#!{0} -I", "#!/usr/bin/env -S {0} -u", "#!/bin/sh\n'''exec' {0} \"$0\" \"$@\"\n' '''"]
)
def test_a_command(shop: pathlib.Path, first: str) -> None:
    tool = shop / "tool"
    tool.write_text(first.format(sys.executable) + "\n" + SHOP)
    tool.chmod(0o755)
    for name in "./tool", str(tool):
        plain = execute(shop, name, "exit", "-x")
        assert theseus_run(shop, "--force", "-o", "out.pb.gz", name, "exit", "-x") == plain and plain[0] == 7, plain[2]
        assert (shop / "out.pb.gz").exists()
    path = str(shop) + ":/usr/bin:/bin"
    assert theseus_run(shop, "--force", "-o", "out.pb.gz", "tool", "exit", PATH=path) == execute(
        shop, str(tool), "exit", PATH=path
    )


def test_python_itself(shop: pathlib.Path) -> None:
    plain = execute(shop, sys.executable, "-X", "utf8", "shop.py", "x")
    assert theseus_run(shop, sys.executable, "-X", "utf8", "shop.py", "x") == plain
    assert list(shop.glob("theseus.out.shop.py.*.pb.gz"))


def test_misuse(shop: pathlib.Path) -> None:
    (shop / "text").write_text("#!/bin/sh\n")
    (shop / "text").chmod(0o755)
    for words, status, said in [
        ([], 2, "name a program"),
        (["nothing-of-that-name"], 127, "there is no such program"),
        (["nothing.py"], 127, "there is no such file"),
        (["./text"], 2, "no Python program"),
        (["--no-such-option", "shop.py"], 2, "no-such-option"),
        (["-c", "1", "-m", "x"], 0, ""),
        (["-o", "x.html", "shop.py"], 2, "cannot write html"),
    ]:
        found = theseus_run(shop, *words)
        assert found[0] == status and said in found[2].decode(), words
        assert b"Traceback" not in found[2]
    assert profiles(shop) == ["text"]


def test_a_file_that_exists(shop: pathlib.Path) -> None:
    (shop / "out.pb.gz").write_bytes(b"mine")
    status, out, err = theseus_run(shop, "-o", "out.pb.gz", "shop.py")
    assert (status, out) == (2, b"") and b"--force" in err
    assert (shop / "out.pb.gz").read_bytes() == b"mine"
    assert theseus_run(shop, "--force", "-o", "out.pb.gz", "shop.py")[0] == 0
    assert counts(shop / "out.pb.gz") == FOUND


def test_names(shop: pathlib.Path) -> None:
    (shop / "folder, with comma").mkdir()
    for pattern in "100%%-%n,%h.pb.gz", "folder, with comma":
        assert theseus_run(shop, "-o", pattern, "shop.py")[0] == 0
    found = profiles(shop)
    assert any(name.startswith("100%-shop.py,") for name in found)
    assert any(name.startswith("folder, with comma/theseus.out.shop.py.") for name in found)


def test_an_interpreter_without_theseus(shop: pathlib.Path) -> None:
    other = shutil.which("python3", path="/usr/bin") or ""
    if not other or not execute(shop, other, "-c", "import theseus")[0]:
        pytest.skip("there is no such interpreter here")
    tool = shop / "tool"
    tool.write_text(f"#!{other}\nprint('ran')\n")
    tool.chmod(0o755)
    status, out, err = theseus_run(shop, "./tool")
    assert (status, out) == (2, b"") and b"pip install" in err and other.encode() in err


def test_what_is_told(shop: pathlib.Path) -> None:
    quiet = theseus_run(shop, "-o", "a.pb.gz", "shop.py")
    status, out, err = theseus_run(shop, "-v", "-o", "b.pb.gz", "shop.py")
    assert (status, out) == quiet[:2]
    said = [line for line in err.decode().splitlines() if line.startswith("theseus: ")]
    assert str(shop / "b.pb.gz") in said[0] and len(said) <= 9
    assert any(" operations" in line for line in said)
    assert theseus_run(shop, "-v", "--no-summary", "-o", "c.pb.gz", "shop.py")[2].count(b"theseus: ") == 1
    assert theseus_run(shop, "-q", "-o", "d.pb.gz", "shop.py") == quiet


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print(1)", "the program never imported twisted.internet.defer"),
        ("import twisted.internet.defer", "the reactor did not run"),
        (
            "from twisted.internet import reactor\nreactor.callLater(0, reactor.stop)\nreactor.run()",
            "no function returned a Deferred",
        ),
    ],
)
def test_why_a_profile_is_empty(shop: pathlib.Path, code: str, said: str) -> None:
    (shop / "shop.py").write_text(code)
    plain = execute(shop, sys.executable, "shop.py")
    status, out, err = theseus_run(shop, "-v", "shop.py")
    assert (status, out) == plain[:2]
    assert said in err.decode().splitlines()[-1]
    assert theseus_run(shop, "shop.py") == plain


def test_a_hook_that_somebody_took_out(shop: pathlib.Path) -> None:
    (shop / "shop.py").write_text("from twisted.internet import defer\nimport sys\nsys.setprofile(None)\n")
    err = theseus_run(shop, "-v", "--hook", "profile", "shop.py")[2]
    assert b"another profiler took the place of ours" in err


def test_startup(tmp_path: pathlib.Path) -> None:
    assert execute(tmp_path, sys.executable, "-m", "theseus", "startup")[0] == 0
    status, _out, err = execute(tmp_path, sys.executable, "-m", "theseus", "startup", "/no/python")
    assert status == 2 and b"/no/python does not run" in err


def test_a_program_that_ends_twice_is_summed_up_once(shop: pathlib.Path) -> None:
    """Its reactor is stopped by a signal, and then the process ends."""
    (shop / "shop.py").write_text(
        SHOP.replace("    print(sys.argv", "    os.kill(os.getpid(), 15)\n    print(sys.argv")
    )
    err = theseus_run(shop, "-v", "shop.py")[2]
    assert err.count(b"theseus report") == 1, err
