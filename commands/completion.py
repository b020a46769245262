"""`wherein completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from wherein.commands.completing import COMPLETION_VARIABLE
from wherein.streams import print_bytes

__all__ = ["completion"]

_PROGRAM = "wherein"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script for SHELL that completes commands, options and the names of documents, sources and models.

    \b
    bash: add to ~/.bashrc:   eval "$(wherein completion bash)"
    zsh:  add to ~/.zshrc:    eval "$(wherein completion zsh)"    (after compinit)
    fish: run once:           wherein completion fish > ~/.config/fish/completions/wherein.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    # Bytes, because Windows would end each line in a way that a shell does not understand.
    print_bytes(kind(context.find_root().command, {}, _PROGRAM, COMPLETION_VARIABLE).source().encode())
