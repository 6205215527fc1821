# SPDX-License-Identifier: ISC
"""theseus completion: what a shell reads to complete the command's words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what completes commands and options in a shell.

    \b
    bash: theseus completion bash >~/.local/share/bash-completion/completions/theseus
    zsh:  theseus completion zsh >~/.zfunc/_theseus     (a folder of $fpath)
    fish: theseus completion fish >~/.config/fish/completions/theseus.fish
    """
    root = ctx.find_root()
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(root.command, {}, "theseus", "_THESEUS_COMPLETE").source())
