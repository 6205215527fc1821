# SPDX-License-Identifier: ISC
"""What each function is to a reader: the program's own, a call of Twisted's that programs wait on, or machinery.

Views fold by it: see theseus_profile_fold() in theseus.h.  Kinds depend on names only, and on whether a function ever
returned a Deferred.
"""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence

from ._cffi import lib

PROGRAM, PSEUDO, LEAF = int(lib.THESEUS_PROGRAM), int(lib.THESEUS_PSEUDO), int(lib.THESEUS_LEAF)
MACHINERY, RETURNING = int(lib.THESEUS_MACHINERY), int(lib.THESEUS_RETURNING)

# The calls of Twisted's that programs wait on, by full name, in the order of the manual; the short name is what the
# pattern's group holds.  Before CPython 3.11 names have no class.
_LEAVES = re.compile(
    "|".join(
        (
            r"twisted\.internet\.defer\.((?:Deferred(?:Lock|Semaphore)\.)?(?:acquire|release|run))",
            r"twisted\.internet\.defer\.((?:DeferredQueue\.)?(?:get|put))",
            r"twisted\.internet\.defer\.((?:DeferredFilesystemLock\.)?deferUntilLocked)",
            r"twisted\.internet\.defer\.(_ConcurrencyPrimitive\.run)",
            r"twisted\.internet\.threads\.(deferToThread|deferToThreadPool)",
            r"twisted\.enterprise\.adbapi\.((?:ConnectionPool\.)?run\w+)",
            r"twisted\.internet\.task\.(deferLater|(?:LoopingCall\.)?start)",
            r"twisted\.internet\.task\.((?:CooperativeTask\.)?whenDone|(?:Cooperator\.)?coiterate)",
            r"twisted\.internet\.utils\.(getProcess\w+)",
            r"twisted\.internet\.endpoints\.((?:\w+\.)?connect|connectProtocol)",
            r"twisted\.internet\.protocol\.((?:ClientCreator\.)?connect(?:TCP|UNIX|SSL))",
            r"twisted\.web\.client\.((?:\w*Agent\.)?request|readBody|(?:HTTPConnectionPool\.)?getConnection)",
            r"twisted\.names\.client\.(lookup\w+|getHostByName|(?:\w*Resolver\.)?(?:query|lookup\w+))",
            r"twisted\.names\.(?:common|resolve|root|cache|hosts)\.((?:\w+\.)?(?:lookup\w+|query|getHostByName))",
            r"twisted\.protocols\.amp\.((?:\w+\.)?callRemote(?:String)?)",
            r"twisted\.spread\.pb\.((?:\w+\.)?callRemote)",
            r"twisted\.spread\.flavors\.((?:\w+\.)?callRemote)",
        )
    )
)

# Packages that carry programs.  The standard library is added to them.
_PACKAGES = frozenset(
    "twisted zope automat constantly incremental hyperlink attr attrs decorator greenlet _pytest pytest pluggy "
    "pytest_twisted xdist nose nose2 theseus outcome h2 hpack hyperframe priority".split()
)
# Plugins live in the package twisted.plugins, whoever wrote them.  Twisted's own have these names.
_OWN_PLUGIN = re.compile(r"twisted\.plugins\.(?:cred_|twisted_|__init__)")

Pattern = Callable[[str], object]


def patterns(names: Iterable[str]) -> Pattern:
    """True for a function's name that one of the patterns, such as "synapse.logging.*", matches."""
    expressions = [fnmatch.translate(name) for name in names]
    return re.compile("|".join(expressions)).match if expressions else lambda name: None


def leaf_name(name: str) -> str | None:
    """The short name of a call that programs wait on, such as DeferredLock.acquire; None for any other."""
    found = _LEAVES.fullmatch(name)
    return next(group for group in found.groups() if group) if found else None


def is_below(file: str, folder: str) -> bool:
    return bool(folder) and file.startswith(folder.rstrip(os.sep) + os.sep)


def kind_of(name: str, file: str, returns: bool, machinery: Pattern, folder: str) -> int:
    """The kind of one function.  `folder`: the working directory, below which nothing is the standard library's."""
    if not file:
        return PSEUDO
    if _LEAVES.fullmatch(name):
        return LEAF
    package = name.partition(".")[0]
    ours = (
        file.startswith(("<frozen ", "<decorator-gen"))
        or (package in _PACKAGES and (not name.startswith("twisted.plugins.") or _OWN_PLUGIN.match(name)))
        or (package in sys.stdlib_module_names and not package.startswith("__") and not is_below(file, folder))
        or machinery(name)
    )
    return (RETURNING if returns else MACHINERY) if ours else PROGRAM


def configured(folder: str) -> list[str]:
    """The patterns that pyproject.toml of a folder adds to the machinery: [tool.theseus] machinery = ["…"]."""
    try:
        with open(os.path.join(folder, "pyproject.toml"), "rb") as file:
            data = file.read()
    except OSError:
        return []
    if b"tool.theseus" not in data:
        return []
    try:
        found = _parsed(data.decode())
    except ValueError as error:  # TOML and UTF-8 errors are such
        raise ValueError(f"{os.path.join(folder, 'pyproject.toml')}: {error}") from None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError(f"{os.path.join(folder, 'pyproject.toml')}: tool.theseus.machinery is no list of texts")
    return found


def _parsed(text: str) -> object:
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib.loads(text).get("tool", {}).get("theseus", {}).get("machinery", [])
    import ast

    section = re.search(r"^\[tool\.theseus\]\s*$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    value = re.search(r"^machinery\s*=\s*(\[.*?\])", section.group(1), re.MULTILINE | re.DOTALL) if section else None
    if section and not value and re.search(r"^machinery\s*=", section.group(1), re.MULTILINE):
        raise ValueError("tool.theseus.machinery is no list")
    try:
        return ast.literal_eval(value.group(1)) if value else []
    except SyntaxError as error:
        raise ValueError(str(error)) from None


def kinds(functions: Sequence[tuple[str, str, bool]], machinery: Iterable[str] = ()) -> bytes:
    """The kinds of functions, given as (name, file, whether it ever returned a Deferred).

    `machinery`: patterns of further names; those of pyproject.toml in the working directory are added.
    """
    try:
        folder = os.getcwd()
    except OSError:  # it is gone
        folder = ""
    matches = patterns([*machinery, *configured(folder)])
    return bytes(kind_of(name, file, returns, matches, folder) for name, file, returns in functions)
