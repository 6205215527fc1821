# SPDX-License-Identifier: ISC
"""The command `theseus`, which is `theseus-profile` and `python -m theseus` too.

A subcommand is a module of this folder, which is imported when the subcommand is called: a command pays for what it
uses.  Nothing here imports Twisted.  Nothing of a measured process imports this folder: click and rich stay out of it.
"""

from __future__ import annotations

import importlib

import click

# name: (module, the name of its click command, its line in --help).
COMMANDS = {
    "run": ("theseus.cli.run", "run", "Run a program, and write what it waited for."),
    "report": ("theseus.cli.report", "report", "Show what a program waited for."),
    "diff": ("theseus.cli.diff", "diff", "Compare two profiles of one program."),
    "export": ("theseus.cli.export", "export", "Write a profile in another format."),
    "startup": ("theseus.cli.startup", "startup", "Say whether the start-up hook works here."),
    "completion": ("theseus.cli.completion", "completion", "Print what completes commands and options in a shell."),
}


class Lazy(click.Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _line = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_module, _attribute, line) in COMMANDS.items()])


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from .. import __version__

        click.echo(f"theseus {__version__}")
        ctx.exit()


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="The version."
)
def main() -> None:
    """Theseus tells what a Twisted program waits for.

    Exit status: 0; 1 if a --fail-if is true; 2 for misuse; 3 for files that cannot be read or compared.
    """
