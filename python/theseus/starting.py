# SPDX-License-Identifier: ISC
"""What the start-up hook begins, once the program has imported Twisted's Deferreds: a Tracer whose profile is written
at the end, as THESEUS= in the environment says."""

from __future__ import annotations

import os

from . import kin, machinery, summary
from .ends import Ends
from .names import expanded, protected
from .profile import Profile
from .program import name as program_name
from .recording import Recording
from .settings import Settings, parsed, text_of
from .signals import Signals
from .tracer import Tracer


def begin(text: str) -> None:
    """Begins to trace the calling thread, and goes on in the reactor's."""
    settings = parsed(text)
    if settings.only and program_name() not in settings.only.split("+"):
        return
    Started(settings)


class Started:
    """A tracer, its file, and what is done when the reactor starts."""

    def __init__(self, settings: Settings) -> None:
        path = expanded(settings.file)
        own = kin.identity(os.getpid())
        self.root = settings.root or own
        self.settings = settings
        self.tracer = Tracer(hook=settings.hook)
        self.recording = Recording(
            self.tracer,
            path,
            settings.format,
            self.root,
            claimed=settings.run,
            keep_parts=settings.parts,
            children=settings.children,
            say=self.say,
        )
        self.reactor_ran = False
        self.has_said = False  # a reactor that a signal stopped, and the end of the process, are two ends
        self.recording.start(settings.every)
        self._tell_children(settings)
        if settings.signal:
            self.signals = Signals(self.recording, settings.signal, settings.off)
        self.ends = Ends(self.recording.finish)
        machinery.when_a_reactor_starts(self.reactor_starts)
        if not settings.off:
            self.tracer.install()

    def _tell_children(self, settings: Settings) -> None:
        """By the environment: the file, now that its name is known, and whose it is."""
        if settings.children:
            file = protected(self.recording.path)
            os.environ["THESEUS"] = text_of(settings._replace(file=file, root=self.root, run=True))
        else:
            os.environ.pop("THESEUS", None)

    def reactor_starts(self) -> None:
        self.reactor_ran = True
        self.ends.follow(machinery.reactor())
        if self.tracer.installed and self.tracer.move() and self.settings.verbose:
            self.recording.stderr.write(["the reactor runs in another thread: that one is traced from now on"])

    def say(self, profile: Profile | None, path: str, trouble: str) -> None:
        """Tells what became of the profile, if somebody is there who reads it."""
        self.recording.tell(path, trouble)
        first, self.has_said = not self.has_said, True
        if trouble or not first or not summary.is_wanted(self.settings, self.recording.stderr):
            return
        if profile is not None:
            self.recording.stderr.write(summary.lines(profile, path) or self._why_empty(path))
        elif path:
            self.recording.stderr.write([f"the profile is in {path}"])
        elif self.settings.verbose:
            self.recording.stderr.write([f"process {os.getpid()} is a part of {self.recording.path}"])

    def _why_empty(self, path: str) -> list[str]:
        if self.recording.forks:
            return [f"nothing was seen in process {os.getpid()}; what its children see will be added to {path}"]
        if self.settings.off:
            why = "tracing was off"
        elif self.tracer.displaced:
            why = (
                "another profiler took the place of ours (sys.setprofile); --hook monitoring, from 3.12 on, has its own"
            )
        elif not self.reactor_ran:
            why = "the reactor did not run"
        else:
            why = "no function returned a Deferred"
        return [f"nothing was seen: {why}; {path} is empty"]
