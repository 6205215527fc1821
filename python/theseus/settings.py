# SPDX-License-Identifier: ISC
"""What THESEUS= in the environment says: the file, and options after commas."""

from __future__ import annotations

from typing import NamedTuple

from .names import DEFAULT


class Settings(NamedTuple):
    """`file`: a pattern.  `root`: which process the file belongs to, as kin.identity() names it; "": this one."""

    file: str = DEFAULT
    off: bool = False
    every: float = 0.0
    hook: str = "auto"
    format: str = ""
    children: bool = True
    parts: bool = False
    only: str = ""
    signal: str = ""
    summary: bool = True
    verbose: bool = False
    quiet: bool = False
    run: bool = False  # by theseus run, which has looked whether the file exists
    root: str = ""


def parsed(text: str) -> Settings:
    """The settings that a text stands for.  ValueError says what is wrong with it."""
    first, *options = _split(text)
    values: dict[str, object] = {}
    if first == "off":
        values["off"] = True
    elif first != "1":
        values["file"] = first
    for option in options:
        key, _, value = option.partition("=")
        values[key] = _value(key, value)
    return Settings(**values)  # type: ignore[arg-type]


def _split(text: str) -> list[str]:
    """The parts between commas; `%,` belongs to a part, and so does what comes after `%%`."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "%":
            at += 1
        elif text[at] == ",":
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _value(key: str, value: str) -> object:
    if key not in Settings._fields:
        raise ValueError(f"THESEUS has no option {key!r}: choose among {', '.join(Settings._fields[2:])}")
    kind = type(Settings._field_defaults[key])
    if kind is bool:
        if value not in ("", "0", "1"):
            raise ValueError(f"THESEUS: {key} is 0 or 1, not {value!r}")
        return value != "0"
    if kind is float:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 < number < 1e9:
            raise ValueError(f"THESEUS: {key} is a number of seconds, not {value!r}")
        return number
    return value.replace("+", ",") if key == "signal" else value


def text_of(settings: Settings) -> str:
    """The text that stands for these settings."""
    parts = ["off" if settings.off else settings.file]
    if settings.off and settings.file != DEFAULT:
        parts.append(f"file={settings.file}")
    for key, value in settings._asdict().items():
        if key in ("file", "off") or value == Settings._field_defaults[key]:
            continue
        text = str(int(value)) if isinstance(value, bool) else str(value).replace(",", "+")
        parts.append(f"{key}={text}")
    return ",".join(parts)
