# SPDX-License-Identifier: ISC
"""Functions of any program: their code below decorators, and the names that files have of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType
from typing import Any

_COMPREHENSIONS = ("<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def codes_within(code: CodeType) -> Iterator[CodeType]:
    """A code object and all that are nested in it."""
    found = [code]
    while found:
        code = found.pop()
        yield code
        found.extend(constant for constant in code.co_consts if isinstance(constant, CodeType))


def code_of(function: Any) -> CodeType:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = function.__code__
    assert isinstance(code, CodeType)
    return code


def code_or_none(thing: Any) -> CodeType | None:
    """The code of a function or a method, below its decorators; None of anything else.  It asks no object."""
    while True:
        if type(thing) in (MethodType, classmethod, staticmethod):
            thing = thing.__func__
        if not issubclass(type(thing), FunctionType):
            return None
        if "__wrapped__" not in vars(thing):
            code: CodeType = thing.__code__
            return code
        thing = vars(thing)["__wrapped__"]


def attribute_code(cls: object, name: str) -> CodeType | None:
    """The code of a class's function with this name, its own or inherited."""
    if not issubclass(type(cls), type):
        return None
    found = next((vars(base)[name] for base in type.mro(cls) if name in vars(base)), None)  # type: ignore[arg-type]
    return code_or_none(found)


def module_of(code: CodeType, variables: dict[str, Any]) -> str:
    """The name of the module in which code runs with these globals; if they have none, what the code calls its file."""
    name = variables.get("__name__")
    return str(name) if issubclass(type(name), str) and name else code.co_filename or "?"


def name_of(code: CodeType, module: str) -> str:
    """module.qualname, unique where the source allows it; what has no name of its own carries its first line."""
    name = f"{module}.{getattr(code, 'co_qualname', code.co_name)}"
    if any(anonymous in name for anonymous in _COMPREHENSIONS):
        name += f":{code.co_firstlineno}"
    return name


def file_of(code: CodeType) -> str:
    """An absolute path; what is not in a file keeps what it calls itself."""
    name = code.co_filename
    try:
        return name if name.startswith("<") else os.path.abspath(name)
    except OSError:  # the working directory is gone
        return name
