# SPDX-License-Identifier: ISC
"""theseus run: executes a program with the start-up hook switched on.

The command makes the environment, and becomes the program: process, arguments, tracebacks, signals and exit status are
those of the plain one.
"""

from __future__ import annotations

import os
import signal
import stat
import sys

import click

from ..kin import identity
from ..names import DEFAULT, expanded, format_of, protected
from ..settings import Settings, text_of
from ..text import printable
from .interpreter import NoProgram, NoPython, Program, found, trouble

FORMATS = ("callgrind", "pprof", "folded")


class Run(click.Command):
    """What comes after `-m MODULE` or `-c CODE` belongs to the program, as it does for Python."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        valued = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag and not option.count
            for name in option.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] not in ("-", "--"):
            word = args[at]
            at += 2 if word in valued else 1
            if word[:2] in ("-m", "-c"):
                args = [*args[:at], "--", *args[at:]]
                break
        return super().parse_args(ctx, args)


@click.command(
    cls=Run,
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS] [--]",
    epilog="Exit status: the program's; 2 for misuse; 127 if there is no such program.",
)
@click.option("-m", "module", metavar="MODULE", help="Run a module, as python -m does.")
@click.option("-c", "code", metavar="CODE", help="Run this text, as python -c does.")
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    default=DEFAULT,
    help=f"Write the profile there (default: {DEFAULT}). %n is the program, %p the process, %h the host, %t the time.",
)
@click.option(
    "-f",
    "--format",
    type=click.Choice(FORMATS),
    help="The format; by default the name of FILE says it (.pb.gz: pprof).",
)
@click.option("--force", is_flag=True, help="Replace FILE.")
@click.option("--every", metavar="SECONDS", type=click.FloatRange(0.01, 1e8), help="Write FILE at least so often.")
@click.option("--children/--no-children", default=True, help="Trace the processes that it starts (default), or not.")
@click.option("--keep-parts", is_flag=True, help="Keep a file for each process, in FILE.parts.")
@click.option("--hook", type=click.Choice(["auto", "monitoring", "profile", "portable"]), default="auto")
@click.option("--off", is_flag=True, help="Do not trace until the second signal of --signal comes.")
@click.option(
    "--signal",
    "signals",
    metavar="USR1[,USR2]",
    help="Take signals: the first prints what is pending, the second writes FILE; with --off it starts, and stops.",
)
@click.option("--no-summary", is_flag=True, help="Print no summary.  Without a terminal none is printed unless -v.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but troubles.")
@click.option("-v", "--verbose", is_flag=True, help="Print the summary, and what is done, in any case.")
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="PROGRAM [ARGS...]")
def run(
    module: str | None,
    code: str | None,
    file: str,
    format: str | None,
    force: bool,
    every: float | None,
    children: bool,
    keep_parts: bool,
    hook: str,
    off: bool,
    signals: str | None,
    no_summary: bool,
    quiet: bool,
    verbose: bool,
    program: tuple[str, ...],
) -> None:
    """Run a program, and write what it waited for to a file.

    PROGRAM is a .py file, a folder with __main__.py, or a command such as twistd, trial or scrapy.
    """
    _check_signals(signals, off)
    what = _program(module, code, list(program))
    why = trouble(what.python)
    if why:
        raise click.UsageError(why)
    path = expanded(file, what.name)
    if (format or format_of(path)) not in FORMATS:
        raise click.UsageError(f"{path}: a program cannot write {format_of(path)}; write .pb.gz, and convert it")
    _make_room(path, force)
    settings = Settings(
        file=protected(path),
        off=off,
        every=every or 0.0,
        signal=signals or "",
        hook=hook,
        format=format or "",
        children=children,
        parts=keep_parts,
        summary=not no_summary,
        quiet=quiet,
        verbose=verbose,
        run=True,
        root=identity(os.getpid()),
    )
    if verbose:
        click.echo(printable(f"theseus: {what.name} {os.getpid()} is traced into {path}"), err=True)
    _become(what, {**os.environ, "THESEUS": text_of(settings)})


def _check_signals(signals: str | None, off: bool) -> None:
    from ..signals import numbers

    try:
        found = numbers(signals) if signals else []
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if off and len(found) < 2:
        raise click.UsageError("--off needs --signal with two signals: the second one starts the tracing")


def _program(module: str | None, code: str | None, words: list[str]) -> Program:
    """What the command line asks to be run."""
    here = [sys.executable]
    if module is not None and code is not None:
        raise click.UsageError("-m and -c exclude each other")
    if module is not None:
        return Program(sys.executable, [*here, "-m", module, *words], here, module)
    if code is not None:
        return Program(sys.executable, [*here, "-c", code, *words], here, "python")
    if not words:
        raise click.UsageError("name a program:  theseus run shop.py")
    try:
        return found(words)
    except NoProgram as error:
        click.echo(f"theseus: {printable(str(error))}", err=True)
        sys.exit(127)
    except NoPython as error:
        raise click.UsageError(printable(str(error))) from None


def _make_room(path: str, force: bool) -> None:
    """Refuses a file that exists; with --force it goes."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return  # a device, a pipe: written in its place
    except OSError:
        return  # whoever writes it finds out
    if not force:
        raise click.UsageError(f"{path} exists: name another file with -o, or replace it with --force")
    try:
        os.unlink(path)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be replaced: {error.strerror}") from None


def _become(program: Program, environment: dict[str, str]) -> None:
    for name in "SIGPIPE", "SIGXFSZ":  # Python ignores these, and programs inherit that
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(program.file, program.arguments, environment)
    except OSError as error:
        click.echo(f"theseus: {printable(program.file)}: {error.strerror}", err=True)
        sys.exit(126)
