"""`wherein sources`."""

from __future__ import annotations

from dataclasses import asdict

import click

from wherein.commands.options import GlobalOptions, json_option, wait_option
from wherein.commands.output import print_json

__all__ = ["sources"]


@click.group()
def sources() -> None:
    """List and remove the sources that reindex follows."""


@sources.command("list")
@json_option
@click.pass_obj
def list_(options: GlobalOptions, as_json: bool) -> None:
    """List all sources."""
    for source in options.open_library().sources():
        if as_json:
            print_json(asdict(source))
        else:
            click.echo(f"{source.id:>4}  {source.kind:<6} {source.uri}")


@sources.command()
@click.argument("name")
@wait_option
@click.pass_obj
def remove(options: GlobalOptions, name: str, wait: bool) -> None:
    """Stop following the source NAME (its path or number); its documents stay."""
    click.echo(f"no longer followed: {options.open_library().remove_source(name, wait=wait).uri}")
