# SPDX-License-Identifier: ISC
"""A failure means that tests/structure.py no longer notices a fault that it is there for.

Each fault is seeded in a small house of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "structure.py"
CC = os.environ.get("CC", "cc")
pytestmark = pytest.mark.skipif(
    not (shutil.which(CC.split()[0]) and shutil.which("nm")), reason="without a C compiler nothing can be built"
)

HOUSE = {
    "libtheseus/theseus.h": "int theseus_call(void);\n",
    "libtheseus/base/map.h": "int th_map(void);\n",
    "libtheseus/base/map.c": '#include "base/map.h"\nint th_map(void) { return 0; }\n',
    "libtheseus/profile/cells.h": "int th_cells(void);\nint th_late(void);\n",
    "libtheseus/profile/cells.c": '#include "theseus.h"\n#include "base/map.h"\n#include "profile/cells.h"\n'
    "int th_cells(void) { return th_map(); }\nint theseus_call(void) { return 1; }\n",
    "libtheseus/profile/again.h": '#include "profile/life.h"\n',
    "libtheseus/profile/life.c": '#include "profile/cells.h"\nint th_late(void) { return th_cells(); }\n',
    "libtheseus/merge/join.c": '#include "theseus.h"\nint main(void) { return theseus_call(); }\n',
    "python/shim/core.h": "int shim_core(void);\n",
    "python/shim/core.c": '#include "core.h"\nint shim_core(void) { return 0; }\n',
    "python/shim/hook.c": '#include "core.h"\nint shim_hook(void);\nint shim_hook(void) { return shim_core(); }\n',
    "python/theseus/__init__.py": "from .tracer import Tracer\n",
    "python/theseus/stack.py": "x = 1\n",
    "python/theseus/tracer.py": "from . import stack\nfrom .stack import x\n\nTracer = (stack, x)\n",
    "python/theseus/cli/__init__.py": "",
    "python/theseus/cli/run.py": "from ..tracer import Tracer\n",
    "tests/c/small.c": "int x;\n",
}

FAULTS = {
    "an include that runs up": (
        "libtheseus/base/map.h",
        '#include "profile/cells.h"\n',
        "an arrow runs up: libtheseus/base/map",
    ),
    "a call that runs up": (
        "libtheseus/base/map.c",
        "int th_late(void);\nint th_up(void);\nint th_up(void) { return th_late(); }\n",
        "an arrow runs up: libtheseus/base/map calls th_late of libtheseus/profile/life",
    ),
    "the command sees inside": (
        "libtheseus/merge/join.c",
        '#include "base/map.h"\n',
        "an arrow runs up: libtheseus/merge/join includes libtheseus/base/map",
    ),
    "a circle of includes": ("libtheseus/profile/life.h", '#include "profile/again.h"\n', "a circle: "),
    "a circle of calls": (
        "libtheseus/profile/cells.c",
        "int th_again(void);\nint th_again(void) { return th_late(); }\n",
        "a circle: ",
    ),
    "a circle in the shim": (
        "python/shim/core.c",
        "int shim_hook(void);\nint (*shim_it)(void) = shim_hook;\n",
        "a circle: ",
    ),
    "a circle of imports": ("python/theseus/stack.py", "def late():\n    from .tracer import Tracer\n", "a circle: "),
    "a circle with the package": ("python/theseus/tracer.py", "from theseus import Tracer\n", "a circle: "),
    "a circle of folders": ("python/theseus/stack.py", "from .cli.run import Tracer\n", "a circle: "),
    "a long file": ("python/theseus/stack.py", "\n" * 400, "python/theseus/stack.py is too long"),
    "a long file of C": ("libtheseus/base/map.c", "\n" * 400, "libtheseus/base/map.c is too long"),
    "a long test": ("tests/c/small.c", "\n" * 800, "tests/c/small.c is too long"),
}


def write(root: Path, name: str, text: str) -> None:
    """Puts a file into its place, and compiles it if it is C that make would compile."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if path.suffix == ".c" and "libtheseus" in name:
        prefix = "theseus_merge" if path.parent.name == "merge" else "libtheseus_core_la"
        made = path.with_name(f"{prefix}-{path.stem}.o")
        subprocess.run([*CC.split(), "-c", f"-I{root}/libtheseus", "-o", made, path], check=True)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("house")
    for name, text in HOUSE.items():
        write(root, name, text)
    return root


def said(root: Path) -> str:
    environment = {**os.environ, "srcdir": str(root), "top_builddir": str(root), "CC": CC}
    done = subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sound_house(house: Path) -> None:
    assert said(house).startswith("ok 1 ")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, house: Path, tmp_path: Path) -> None:
    root = tmp_path / "house"
    shutil.copytree(house, root)
    name, more, wanted = FAULTS[fault]
    write(root, name, HOUSE.get(name, "") + more)
    text = said(root)
    assert text.startswith("not ok 1 ") and wanted in text
