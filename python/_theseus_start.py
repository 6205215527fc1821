# SPDX-License-Identifier: ISC
"""The start-up hook: what theseus.pth and theseus.start call when an interpreter starts.

Nothing is done unless THESEUS is set in the environment, and nothing until the program imports Twisted's Deferreds.
Then, when `twisted.internet.defer` is complete, theseus.starting begins to trace.  So a program without Twisted runs as
if this was not here.

The .pth line may be run twice by one start (in a virtual environment), and again by site.addsitedir().
"""

import os
import sys

AWAITED = "twisted.internet.defer"


class Waiting:
    """A finder, the first in sys.meta_path, that finds nothing: it learns that `AWAITED` is about to be imported."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name != AWAITED:
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec else None
            if spec is not None:
                break
        else:
            sys.meta_path.insert(0, self)  # perhaps it can be found later
            return None
        try:
            _begin_after(spec.loader)
        except Exception as error:
            _complain(error)
        return spec


def _begin_after(loader):  # type: ignore[no-untyped-def]
    """Makes the loader begin to trace once it has executed a module.  The loader is that module's own, or serves other
    modules too (of a zip file)."""
    exec_module = loader.exec_module

    def exec_and_begin(module):  # type: ignore[no-untyped-def]
        if module.__name__ == AWAITED:
            vars(loader).pop("exec_module", None)
            exec_module(module)
            _begin()
        else:
            exec_module(module)

    # Tracebacks leave out what belongs to the import system: so they are as they are without this function.
    exec_and_begin.__code__ = exec_and_begin.__code__.replace(co_filename="<frozen importlib._bootstrap>")
    loader.exec_module = exec_and_begin


def _begin():  # type: ignore[no-untyped-def]
    ours = [sys.modules.get(name) for name in ("theseus.tracer", "theseus.machinery")]
    if any(getattr(getattr(module, "__spec__", None), "_initializing", False) for module in ours):
        # The program has a Tracer of its own, whose import is under way.
        sys.modules[__name__].postponed = True  # type: ignore[attr-defined]
    else:
        _begin_now()


def _begin_now():  # type: ignore[no-untyped-def]
    try:
        from theseus.starting import begin

        begin(os.environ.get("THESEUS", ""))
    except Exception as error:
        _complain(error)


def tracer_is_there():  # type: ignore[no-untyped-def]
    """Begins what had to wait for theseus.tracer."""
    if getattr(sys.modules[__name__], "postponed", False):
        sys.modules[__name__].postponed = False  # type: ignore[attr-defined]
        _begin_now()


def _complain(error):  # type: ignore[no-untyped-def]
    """The program goes on without us; whoever set THESEUS is told."""
    try:
        text = f"theseus: this program is not traced: {type(error).__name__}: {error}"
        os.write(2, text.replace("\n", " ").encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        pass


def start():  # type: ignore[no-untyped-def]
    """Waits for Twisted, if THESEUS asks for it.  Does nothing when it waits already, or has begun."""
    if os.environ.get("THESEUS", "") in ("", "0") or getattr(sys.modules[__name__], "started", False):
        return
    sys.modules[__name__].started = True  # type: ignore[attr-defined]
    if AWAITED in sys.modules:
        _begin()
        return
    sys.meta_path.insert(0, Waiting())
    if f",root={os.getpid()}-" in os.environ["THESEUS"]:  # of theseus run: who asked for this program is told
        import atexit

        atexit.register(_never_begun)


def _never_begun():  # type: ignore[no-untyped-def]
    try:
        if any(isinstance(finder, Waiting) for finder in sys.meta_path):
            from theseus.summary import never_begun

            never_begun(os.environ.get("THESEUS", ""))
    except Exception as error:
        _complain(error)
