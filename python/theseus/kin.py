# SPDX-License-Identifier: ISC
"""The processes of one program, which end in any order, and whose profiles become one file.

The first process, the root, writes FILE.  Each other one writes a part, in the folder FILE.parts; the process that ends
last adds the parts up.  Nobody waits for anybody: each that ends looks, under a lock, whether another one has yet to
end.  The name of a part says that its process has.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

ENDING = ".pb.gz"
ENDED = ".ended"
ADDED = "added-up"  # a file beside parts that are kept although they are in the sum


def identity(pid: int) -> str:
    """Names a process: its id, and the tick at which it began, where the system tells, as ids are used again."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            began = file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        began = "0"
    return f"{pid}-{began}"


def is_alive(name: str) -> bool:
    """Does the process of that identity still run?"""
    pid = int(name.partition("-")[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            if file.read().rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"]):
                return False
    except OSError:
        pass
    return identity(pid) == name


def folder_of(path: str) -> str:
    return f"{path}.parts"


def parts_of(path: str) -> list[str]:
    """The parts of a profile that nobody has added up: those of processes that run, or that were killed."""
    folder = folder_of(path)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    if ADDED in names:
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(ENDING) and not name.startswith(".")]


def part_of(path: str, name: str, ended: bool = False) -> str:
    """The file of one process."""
    return os.path.join(folder_of(path), name + (ENDED if ended else "") + ENDING)


def owner(part: str) -> str:
    """The identity of the process that a part is of."""
    return os.path.basename(part)[: -len(ENDING)].removesuffix(ENDED)


def has_ended(part: str) -> bool:
    """Is the part as its process left it?"""
    name = owner(part)
    return part.endswith(ENDED + ENDING) or not name[:1].isdigit() or not is_alive(name)


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Within, no other process adds up the parts of this file.  Without a folder, or flock(), it is not locked."""
    try:
        import fcntl

        descriptor = os.open(os.path.join(folder_of(path), "lock"), os.O_RDWR | os.O_CREAT, 0o666)
    except (ImportError, OSError):
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def close(path: str, keep: bool) -> None:
    """Removes the parts, which are in the file now, or keeps them, marked."""
    if keep:
        with open(os.path.join(folder_of(path), ADDED), "wb"):
            pass
    else:
        shutil.rmtree(folder_of(path), ignore_errors=True)
