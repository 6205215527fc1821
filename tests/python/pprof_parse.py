# SPDX-License-Identifier: ISC
"""A small reader and writer of profile.proto, from its description and not from libtheseus: what tests compare with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Frame = tuple[str, str, int, int]  # name, file, first line, line
Labels = tuple[tuple[str, Any, str], ...]  # key, string or number, unit
Key = tuple[tuple[tuple[Frame, ...], ...], Labels]  # locations, the leaf first, each of its inlined frames


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, int or bytes) of each field of a message."""
    at = 0

    def varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        else:
            assert tag & 7 == 2, f"field {tag >> 3} is of kind {tag & 7}"
            size = varint()
            assert at + size <= len(data)
            yield tag >> 3, data[at : at + size]
            at += size


def numbers(value: Any) -> list[int]:
    """Of a repeated field, packed or not."""
    if isinstance(value, int):
        return [value]
    found, rest = [], value
    while rest:
        size = next(i for i, byte in enumerate(rest) if byte < 0x80) + 1
        found.append(sum((byte & 0x7F) << 7 * i for i, byte in enumerate(rest[:size])))
        rest = rest[size:]
    return found


@dataclass
class Parsed:
    types: list[tuple[str, str]] = field(default_factory=list)
    samples: Counter[tuple[Key, int]] = field(default_factory=Counter)  # (key, number of the type) -> value
    keys: list[Key] = field(default_factory=list)  # in the order of the file
    strings: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    time: int = 0
    duration: int = 0
    period: tuple[str, str, int] = ("", "", 0)
    default: str = ""
    mappings: list[str] = field(default_factory=list)  # their files
    objects: dict[str, set[str]] = field(default_factory=dict)  # by function's name: the files of where it is


def parse(data: bytes) -> Parsed:
    messages: dict[int, list[Any]] = {}
    for number, value in fields(data):
        messages.setdefault(number, []).append(value)
    found = Parsed(strings=[text.decode() for text in messages.get(6, [])])
    text = found.strings.__getitem__

    def one(message: bytes) -> dict[int, Any]:
        return dict(fields(message))

    functions: dict[int, tuple[str, str, int]] = {}
    for message in messages.get(5, []):
        got = one(message)
        assert got[1] not in functions
        functions[got[1]] = (text(got.get(2, 0)), text(got.get(4, 0)), got.get(5, 0))
    mappings = {one(message)[1]: text(one(message).get(5, 0)) for message in messages.get(3, [])}
    found.mappings = list(mappings.values())
    locations: dict[int, tuple[Frame, ...]] = {}
    for message in messages.get(4, []):
        lines = [one(value) for number, value in fields(message) if number == 4]
        assert one(message)[1] not in locations
        frames = tuple((*functions[line[1]], line.get(2, 0)) for line in lines)
        locations[one(message)[1]] = frames
        for name, *_ in frames:
            found.objects.setdefault(name, set()).add(mappings.get(one(message).get(2, 0), ""))
    for message in messages.get(1, []):
        got = one(message)
        found.types.append((text(got.get(1, 0)), text(got.get(2, 0))))
    for message in messages.get(2, []):
        stack: list[tuple[Frame, ...]] = []
        values: list[int] = []
        labels = []
        for number, value in fields(message):
            if number == 1:
                stack += [locations[location] for location in numbers(value)]
            elif number == 2:
                values += numbers(value)
            elif number == 3:
                label = one(value)
                what: Any = text(label[2]) if label.get(2) else label.get(3, 0)
                labels.append((text(label[1]), what, text(label.get(4, 0))))
        assert len(values) == len(found.types)
        key: Key = (tuple(stack), tuple(sorted(labels, key=str)))
        found.keys.append(key)
        for number, value in enumerate(values):
            if value:
                found.samples[key, number] += value
    found.time = (messages.get(9) or [0])[0]
    found.duration = (messages.get(10) or [0])[0]
    if 11 in messages:
        got = one(messages[11][0])
        found.period = (text(got.get(1, 0)), text(got.get(2, 0)), (messages.get(12) or [0])[0])
    found.comments = [text(number) for value in messages.get(13, []) for number in numbers(value)]
    found.default = text((messages.get(14) or [0])[0])
    return found


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def message(*parts: tuple[int, Any]) -> bytes:
    """A message of fields: an int is a number, bytes are a block, a list of numbers is packed."""
    out = b""
    for number, value in parts:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            block = b"".join(map(varint, value)) if isinstance(value, list) else value
            out += varint(number << 3 | 2) + varint(len(block)) + block
    return out
