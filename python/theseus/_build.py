# SPDX-License-Identifier: ISC
"""Builds theseus._cffi: libtheseus and the shim, for Python.

The declarations are read from the C headers themselves, so that there is no copy of them to go stale, and the C
compiler checks each one.  Sources are named relative to the project's root, from where setup.py runs.

By default the library is compiled into the extension.  THESEUS_SYSTEM_LIB=1 in the environment links the one that
pkg-config finds instead.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from cffi import FFI

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = Path("libtheseus")
SHIM = Path("python/shim")
BEGIN = "From here to the line"
END = "end of declarations"


def declarations(header: Path) -> str:
    """The part of a header that is free of conditionals, between its two marker lines."""
    text = (ROOT / header).read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise RuntimeError(f"{header}: the lines that enclose the declarations are missing")
    inside = text.split(BEGIN, 1)[1].split("*/", 1)[1].rsplit(END, 1)[0].rpartition("/*")[0]
    # SIZE_MAX and the like are for the C compiler to know: cffi reads numbers only.
    return re.sub(r"^(#define\s+\w+)\s+[A-Z_]\w*(?=\s)", r"\1 ...", inside, flags=re.MULTILINE)


def files(folder: Path, pattern: str) -> list[Path]:
    """The files below a folder that match a pattern, relative to the root.  The wing `merge` is the command's alone."""
    found = sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob(pattern))
    return [path for path in found if path.parent != LIBRARY / "merge"]


def sources(folder: Path) -> list[Path]:
    """The C files below a folder but for those of the command."""
    return files(folder, "*.c")


def shim() -> list[Path]:
    """The C files of the shim: the hooks are CPython's; elsewhere no-hooks.c says that there are none."""
    hooks = [path for path in sources(SHIM) if path.name not in ("buffer.c", "no-hooks.c")]
    if sys.implementation.name != "cpython":
        hooks = [SHIM / "no-hooks.c"]
    return [SHIM / "buffer.c", *hooks]


def headers(folder: Path) -> list[Path]:
    return files(folder, "*.h")


def version() -> str:
    text = (ROOT / LIBRARY / "base" / "version.h").read_text(encoding="utf-8")
    found = re.search(r'^#define THESEUS_VERSION "(.+)"', text, re.MULTILINE)
    if not found:
        raise RuntimeError("libtheseus/base/version.h has no THESEUS_VERSION")
    return found[1]


def pkg_config(*arguments: str) -> list[str]:
    command = [*shlex.split(os.environ.get("PKG_CONFIG", "pkg-config")), *arguments, f"theseus >= {version()}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise SystemExit(f"THESEUS_SYSTEM_LIB is set, but there is no {command[0]} to find the library with") from None
    if done.returncode:
        raise SystemExit(
            f"THESEUS_SYSTEM_LIB is set, but pkg-config finds no libtheseus >= {version()}:\n{done.stderr.strip()}\n"
            "Install it (./configure && make install), or say where its theseus.pc is in PKG_CONFIG_PATH."
        )
    return shlex.split(done.stdout)


def system_library() -> dict[str, Any]:
    """Compiler and linker arguments for an installed libtheseus."""
    linking = pkg_config("--libs")
    # The loader looks into the system's own folders; for others the extension has to say where the library was.
    for folder in pkg_config("--variable=libdir"):
        if not folder.startswith(("/usr/lib", "/lib")):
            linking.append(f"-Wl,-rpath,{folder}")
    return {
        "sources": shim(),
        "include_dirs": [SHIM],
        "extra_compile_args": pkg_config("--cflags"),
        "extra_link_args": linking,
    }


def bundled_library() -> dict[str, Any]:
    """Compiler and linker arguments for libtheseus compiled into the extension."""
    # A libtheseus that another module has loaded into the process must not take the place of this one.
    own = ["-Wl,-Bsymbolic"] if sys.platform.startswith("linux") else []
    return {
        "sources": sources(LIBRARY) + shim(),
        "include_dirs": [LIBRARY, SHIM],
        "extra_compile_args": [],
        "extra_link_args": own,
    }


def builder() -> FFI:
    system = os.environ.get("THESEUS_SYSTEM_LIB", "0") not in ("", "0")
    build = system_library() if system else bundled_library()
    if os.name == "posix":
        build["extra_compile_args"] += ["-std=gnu11", "-fvisibility=hidden", "-Werror=implicit-function-declaration"]
    ffi = FFI()
    ffi.cdef(declarations(LIBRARY / "theseus.h"))
    ffi.cdef(declarations(SHIM / "shim.h"))
    ffi.set_source(
        "theseus._cffi",
        '#include "theseus.h"\n#include "shim.h"\n',
        sources=[path.as_posix() for path in build.pop("sources")],
        include_dirs=[path.as_posix() for path in build.pop("include_dirs")],
        depends=[path.as_posix() for path in headers(LIBRARY) + headers(SHIM)],
        # Frames and profile hooks are not part of the limited API: a wheel is for one version of Python.
        py_limited_api=False,
        define_macros=[("_CFFI_NO_LIMITED_API", None)],
        **build,
    )
    return ffi
