# SPDX-License-Identifier: ISC
"""The start-up hook.  A failure means that setting THESEUS= changes a program, or that nothing is measured."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import zipfile

import pytest
from programs import SLEEP, counts, environment, profiles, run, same

SHOP = (
    SLEEP
    + """
@defer.inlineCallbacks
def main(reactor, *arguments):
    yield nap(reactor)
    print(sorted(name for name in sys.modules if name == "twisted.internet.reactor"), sys.argv, __name__)

if __name__ == "__main__":
    task.react(main, sys.argv[1:])
"""
)
FOUND = {"main": 1, "nap": 1}


def test_what_it_writes(tmp_path: pathlib.Path) -> None:
    assert same(tmp_path, SHOP, "x", "--y")[0] == 0
    assert counts(tmp_path / "out.pb.gz") == FOUND
    assert profiles(tmp_path) == ["out.pb.gz"]


@pytest.mark.parametrize("value", [None, "", "0"])
def test_off(tmp_path: pathlib.Path, value: str | None) -> None:
    code = "import sys; print('_theseus_start' in sys.modules, 'theseus' in sys.modules)\n"
    assert run(tmp_path, code, hook=value) == (0, b"False False\n", b"")


@pytest.mark.parametrize("value", ["1", "out.pb.gz", "off"])
def test_without_twisted_there_is_no_file_and_no_word(tmp_path: pathlib.Path, value: str) -> None:
    code = "import sys, json, email; print('theseus' in sys.modules, 'twisted' in sys.modules)\n"
    assert run(tmp_path, code, hook=value) == (0, b"False False\n", b"")
    assert profiles(tmp_path) == []


def test_the_default_name(tmp_path: pathlib.Path) -> None:
    assert run(tmp_path, SHOP, hook="1")[0] == 0
    (name,) = profiles(tmp_path)
    assert name.startswith("theseus.out.shop.py.") and name.endswith(".pb.gz")
    assert name.split(".")[-3].isdigit()


@pytest.mark.parametrize("flags", [("-I",), ("-s",), ("-E",), ("-B",), ("-X", "utf8"), ("-W", "error"), ("-P",)])
def test_flags_of_the_interpreter(tmp_path: pathlib.Path, flags: tuple[str, ...]) -> None:
    if flags == ("-P",) and sys.version_info < (3, 11):
        pytest.skip("-P came with 3.11")
    assert same(tmp_path, SHOP, flags=flags)[0] == 0
    assert counts(tmp_path / "out.pb.gz") == FOUND


def test_without_site_nothing_of_ours_runs(tmp_path: pathlib.Path) -> None:
    code = f"import sys; sys.path += {sys.path!r}\n" + SHOP
    assert same(tmp_path, code, flags=("-S",))[0] == 0
    assert profiles(tmp_path) == []


def test_a_safe_path(tmp_path: pathlib.Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    env = environment(THESEUS="out.pb.gz", PYTHONSAFEPATH="1")
    subprocess.run([sys.executable, "shop.py"], cwd=tmp_path, env=env, check=True, capture_output=True, timeout=60)
    assert counts(tmp_path / "out.pb.gz") == FOUND


@pytest.mark.parametrize("kind", ["-m", "folder", "zip", "-c"])
def test_other_ways_to_name_a_program(tmp_path: pathlib.Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "__main__.py").write_text(SHOP)
        command = ["app"]
    elif kind == "zip":
        with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
            archive.writestr("__main__.py", SHOP)
        command = ["app.pyz"]
    else:
        (tmp_path / "shop.py").write_text(SHOP)
        command = ["-m", "shop"] if kind == "-m" else ["-c", SHOP]
    for hook in (None, "%n.pb.gz"):
        env = environment(THESEUS=hook)
        done = subprocess.run(
            [sys.executable, *command, "x"], cwd=tmp_path, env=env, capture_output=True, timeout=60, check=True
        )
        assert done.stdout.endswith(b"'x'] __main__\n") and done.stderr == b""
    name = {"-m": "shop.py", "folder": "app", "zip": "app.pyz", "-c": "python"}[kind]
    assert (tmp_path / f"{name}.pb.gz").exists()


def test_tracebacks_are_those_of_the_plain_program(tmp_path: pathlib.Path) -> None:
    code = SLEEP + "defer.nothing\n"
    assert b"AttributeError" in same(tmp_path, code)[2]
    broken = "import sys, warnings\nsys.modules['twisted.python.failure'] = None\nimport twisted.internet.defer\n"
    (tmp_path / "out.pb.gz").unlink()
    assert run(tmp_path, broken, hook="out.pb.gz") == run(tmp_path, broken)


def test_a_module_that_fails_while_it_is_imported(tmp_path: pathlib.Path) -> None:
    package = tmp_path / "twisted" / "internet"
    package.mkdir(parents=True)
    for path in (package.parent / "__init__.py", package / "__init__.py"):
        path.write_text("")
    (package / "defer.py").write_text("def fail():\n    raise KeyError(1)\n\nfail()\n")
    code = "import twisted.internet.defer\n"
    plain = run(tmp_path, code)
    assert b"KeyError" in plain[2] and run(tmp_path, code, hook="out.pb.gz") == plain


def test_a_stranger_of_that_name(tmp_path: pathlib.Path) -> None:
    """What cannot be traced is said, and runs."""
    package = tmp_path / "twisted" / "internet"
    package.mkdir(parents=True)
    for path in (package.parent / "__init__.py", package / "__init__.py", package / "defer.py"):
        path.write_text("")
    status, out, err = run(tmp_path, "import twisted.internet.defer; print('on')\n", hook="out.pb.gz")
    assert (status, out) == (0, b"on\n")
    assert err.startswith(b"theseus: this program is not traced: ") and err.count(b"\n") == 1


@pytest.mark.parametrize(
    ("hook", "said"),
    [("1,nonsense=2", b"no option 'nonsense'"), ("1,every=x", b"every"), ("1,hook=magic", b"magic")],
)
def test_settings_that_make_no_sense(tmp_path: pathlib.Path, hook: str, said: bytes) -> None:
    plain = run(tmp_path, SHOP)
    status, out, err = run(tmp_path, SHOP, hook=hook)
    assert (status, out) == plain[:2]
    assert said in err and err.count(b"\n") == 1


def test_only(tmp_path: pathlib.Path) -> None:
    assert run(tmp_path, SHOP, hook="out.pb.gz,only=twistd")[2] == b""
    assert profiles(tmp_path) == []
    run(tmp_path, SHOP, hook="out.pb.gz,only=twistd+shop.py")
    assert profiles(tmp_path) == ["out.pb.gz"]


@pytest.mark.parametrize("hook", ["portable", "profile", "monitoring"])
def test_each_hook(tmp_path: pathlib.Path, hook: str) -> None:
    if hook == "monitoring" and not hasattr(sys, "monitoring"):
        pytest.skip("this interpreter has no sys.monitoring")
    assert run(tmp_path, SHOP, hook=f"out.pb.gz,hook={hook}")[0] == 0
    assert counts(tmp_path / "out.pb.gz") == FOUND


def test_the_reactor_in_another_thread(tmp_path: pathlib.Path) -> None:
    code = (
        SLEEP
        + """
import threading

@defer.inlineCallbacks
def main(reactor):
    yield nap(reactor)
    reactor.stop()

def serve():
    from twisted.internet import reactor
    reactor.callWhenRunning(main, reactor)
    reactor.run(installSignalHandlers=False)

thread = threading.Thread(target=serve)
thread.start()
thread.join()
"""
    )
    hooks = ["profile", "portable"] + ["monitoring"] * hasattr(sys, "monitoring")
    for hook in hooks:
        assert run(tmp_path, code, hook=f"{hook}.pb.gz,hook={hook}") == (0, b"", b"")
        assert counts(tmp_path / f"{hook}.pb.gz") == FOUND, hook
    said = run(tmp_path, code, hook="out.pb.gz,verbose")[2]
    assert b"the reactor runs in another thread" in said


def test_called_again(tmp_path: pathlib.Path) -> None:
    code = "import _theseus_start, site, sys\n_theseus_start.start()\n"
    code += "site.addsitedir([p for p in sys.path if p.endswith('-packages')][0])\n" + SHOP
    assert run(tmp_path, code, hook="out.pb.gz")[0] == 0
    assert counts(tmp_path / "out.pb.gz") == FOUND


def test_a_program_with_a_tracer_of_its_own(tmp_path: pathlib.Path) -> None:
    for module in "theseus", "theseus.tracer":
        code = f"from {module} import Tracer\nt = Tracer()\nt.install()\n" + SHOP
        assert run(tmp_path, code, hook="out.pb.gz") == run(tmp_path, code)
        assert counts(tmp_path / "out.pb.gz") == FOUND
        (tmp_path / "out.pb.gz").unlink()


@pytest.mark.parametrize("module", ["task", "threads", "endpoints", "reactor", "defer", "protocol"])
def test_whatever_is_imported_first(tmp_path: pathlib.Path, module: str) -> None:
    """The hook comes in the middle of that module's import, and must not need it."""
    code = f"import twisted.internet.{module}\n" + SHOP
    assert run(tmp_path, code, hook="out.pb.gz") == run(tmp_path, code)
    assert counts(tmp_path / "out.pb.gz") == FOUND
