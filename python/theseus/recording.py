# SPDX-License-Identifier: ISC
"""A tracer, and the file that its profile goes to: at the start, at each interval, and at the end of the process.

The file is valid at any time: it is replaced by renaming.  Nothing that goes wrong with it reaches the program.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from typing import Any

from . import kin
from .hidden import Interval
from .names import format_of, numbered
from .output import write_to
from .profile import Profile
from .stderr import Stderr

START, INTERVAL, END = "Trigger: start", "Trigger: interval", "Trigger: Program termination"


class Recording:
    """Keeps the file of a tracer's profile.

    `path`: absolute.  `root`: the identity of the process that the file belongs to; another one writes a part.
    `claimed`: the file was not there when the root's program was started.  `say` gets lines for a person, once it is
    known where the profile is: what was written, and whether that is as it was asked for.
    """

    def __init__(
        self,
        tracer: Any,
        path: str,
        format: str = "",
        root: str = "",
        claimed: bool = False,
        keep_parts: bool = False,
        children: bool = True,
        say: Callable[[Profile | None, str, str], None] | None = None,
    ) -> None:
        self.tracer = tracer
        self.path = path
        self.format = format or format_of(path)
        self.own = kin.identity(os.getpid())
        self.root = root or self.own
        self.claimed = claimed
        self.keep_parts = keep_parts
        self.children = children
        self.stderr = Stderr()
        self.say = say or (lambda profile, path, trouble: self.tell(path, trouble))
        self.mute = False  # a child that is not followed
        self.over = False  # the profile is in the sum of all: nothing is added to it any more
        self.busy = False
        self.left: tuple[int, int] | None = None  # what this process wrote at an end of its own
        self.changed = False  # a person has to be told that the file has another name
        self.forks = False  # it has had children that may yet add to the file
        self.interval: Interval | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._forking, after_in_child=self._forked)

    # ---- the start, and intervals

    def start(self, every: float = 0) -> None:
        """Puts a valid file into its place, and a newer one at least each `every` seconds."""
        if self.own == self.root:
            self._claim()
        self.save(START)
        if every:
            self.interval = Interval(every, lambda: self.save(INTERVAL))
            self.interval.start()

    def _claim(self) -> None:
        """Takes the name of the file, or, if there is such a file, another name."""
        for number in range(1000):
            path = self.path if not number else numbered(self.path, os.getpid() + number - 1)
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            except FileExistsError:
                if not self._is_file(path):
                    return
                if self.claimed:  # a child of this program was here first
                    with contextlib.suppress(OSError):
                        os.makedirs(kin.folder_of(path), exist_ok=True)
                        os.rename(path, kin.part_of(path, "earlier"))
                    continue
            except OSError:
                return  # whoever writes it finds out why
            else:
                self.changed = path != self.path
                self.path = path
                return

    @staticmethod
    def _is_file(path: str) -> bool:
        try:
            return stat.S_ISREG(os.stat(path).st_mode)
        except OSError:
            return False

    def save(self, trigger: str) -> None:
        """Writes what was measured up to now, quietly: at the end it is seen whether that works."""
        if self.mute or self.over or self.busy:
            return
        self.busy = True
        try:
            if self.own != self.root:
                self._write_part(self._profile(trigger))
            elif not os.path.exists(self.path) or self._is_file(self.path):
                write_to(self.path, self._profile(trigger).encoded(self.format))
        except Exception:
            pass
        finally:
            self.busy = False

    def _profile(self, trigger: str) -> Profile:
        profile: Profile = self.tracer.snapshot()
        said = profile.origin.get("desc")  # of the hook
        profile.set_origin("desc", f"{trigger}\n{said}" if said else trigger)
        return profile

    def _write_part(self, profile: Profile, ended: bool = False) -> None:
        part = kin.part_of(self.path, self.own, ended)
        os.makedirs(os.path.dirname(part), exist_ok=True)
        write_to(part, profile.encoded("pprof"))
        if ended:
            with contextlib.suppress(OSError):
                os.unlink(kin.part_of(self.path, self.own))

    def place(self) -> str:
        """The file that save() writes."""
        return self.path if self.own == self.root else kin.part_of(self.path, self.own)

    # ---- fork

    def _forking(self) -> None:
        self.forks = True

    def _forked(self) -> None:
        """A child begins a profile of its own, which is a part of the file.  Its file comes with its end, or with the
        next interval: most children execute another program at once."""
        self.own = kin.identity(os.getpid())
        self.over = self.busy = self.changed = False
        self.left = None
        self.forks = False
        if self.children and not self.mute:
            self.tracer.clear()
            if self.interval:
                self.interval.start()
        else:
            self.mute = True
            self.tracer.uninstall()

    # ---- the end

    def finish(self) -> None:
        """Writes the profile, and, if no other process of the program is alive, the sum of all."""
        if self.mute or self.over or self.busy:
            return
        self.busy = True
        profile, path, trouble = None, "", ""
        try:
            profile = self._profile(END)
            with kin.locked(self.path):
                profile, path = self._written(profile)
        except Exception as error:
            trouble = getattr(error, "strerror", None) or str(error) or type(error).__name__
            path = self._rescued(profile) if profile else ""
        finally:
            self.busy = False
        with contextlib.suppress(Exception):
            self.say(profile, path, trouble)

    def _written(self, profile: Profile) -> tuple[Profile | None, str]:
        """The profile that is in the file now; None if the file is yet to come."""
        parts = [part for part in kin.parts_of(self.path) if kin.owner(part) != self.own]
        is_root = self.own == self.root
        if self.left and self.left != self._mark(is_root):
            self.over = True  # this is the second end of this process, and another one has added it up meanwhile
            return None, ""
        if is_root and not parts:
            write_to(self.path, profile.encoded(self.format))
            self.left = self._mark(is_root)
            return profile, self.path
        if not all(map(kin.has_ended, parts)) or not (is_root or self._root_has_ended()):
            self._write_part(profile, ended=True)
            if is_root:
                write_to(self.path, profile.encoded(self.format))
            self.left = self._mark(is_root)
            return None, ""
        self._write_part(profile, ended=True)
        whole, data = self._sum(profile, parts)
        write_to(self.path, data)
        self.over = True
        kin.close(self.path, self.keep_parts)
        return whole, self.path

    def _mark(self, is_root: bool) -> tuple[int, int] | None:
        """Changes when another process puts its hand to what this one wrote."""
        try:
            found = os.stat(self.path if is_root else kin.part_of(self.path, self.own, ended=True))
        except OSError:
            return 0, 0
        return found.st_ino, found.st_mtime_ns

    def _root_has_ended(self) -> bool:
        """A root that has not begun yet has no file, and need not be waited for."""
        if not os.path.exists(self.path) or not kin.is_alive(self.root):
            return True
        from .graph import load

        try:
            with open(self.path, "rb") as file:
                start = file.read(4096)
            if start.startswith(b"# callgrind format"):
                return b"\ndesc: " + END.encode() + b"\n" in start
            found = load(self.path)
            return isinstance(found, Profile) and END in found.origin.get("desc", "").splitlines()
        except Exception:
            return False  # of a format that cannot be read: a person adds the parts up

    def _sum(self, profile: Profile, parts: list[str]) -> tuple[Profile | None, bytes]:
        """All parts, and the file itself, if it is what a root left that is gone; and the bytes of the sum."""
        from .graph import load

        whole = Profile()
        whole.merge(profile)
        others: list[Any] = [load(part) for part in parts]
        root_in_parts = any(kin.owner(part) == self.root for part in parts)
        if self.own != self.root and not root_in_parts and os.path.exists(self.path) and os.path.getsize(self.path):
            others.append(load(self.path))
        graphs = [other for other in others if not isinstance(other, Profile)]
        for other in others:
            if isinstance(other, Profile):
                whole.merge(other)
        if not graphs:
            return whole, whole.encoded(self.format)
        graph = graphs[0]
        graph.merge(whole)
        return None, graph.encoded()

    def _rescued(self, profile: Profile) -> str:
        """The name of a file in the temporary folder that has the profile; "" if that could not be written either."""
        import tempfile

        start = os.path.basename(self.path)[:100]
        with contextlib.suppress(Exception):
            descriptor, path = tempfile.mkstemp(prefix=f"{start}.{os.getpid()}.", suffix=kin.ENDING)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(profile.encoded("pprof"))
                return path
            except BaseException:
                os.unlink(path)
                raise
        return ""

    def tell(self, path: str, trouble: str) -> None:
        """Prints what must be said even to somebody who asked for nothing: that the profile is not in the file."""
        if trouble:
            where = f"the profile is in {path}" if path else "the profile is lost"
            self.stderr.write([f"{self.path} could not be written ({trouble}); {where}"])
        elif self.changed:
            self.stderr.write([f"the file was there already: the profile is in {path or self.path}"])
