# SPDX-License-Identifier: ISC
"""What the start-up hook begins, once the program has imported Twisted's Deferreds: a Tracer whose profile is written
at the end, as THESEUS= in the environment says."""

from __future__ import annotations

import os

from . import kin, machinery
from .ends import Ends
from .names import expanded, protected
from .program import name as program_name
from .recording import Recording
from .settings import Settings, parsed, text_of
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
        self.verbose = settings.verbose
        self.tracer = Tracer(hook=settings.hook)
        self.recording = Recording(
            self.tracer,
            path,
            settings.format,
            self.root,
            claimed=settings.run,
            keep_parts=settings.parts,
            children=settings.children,
        )
        self.recording.start(settings.every)
        self._tell_children(settings)
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
        self.ends.follow(machinery.reactor())
        if self.tracer.installed and self.tracer.move() and self.verbose:
            self.recording.stderr.write(["the reactor runs in another thread: that one is traced from now on"])
