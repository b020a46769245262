"""`wherein sources`."""

from dataclasses import asdict

import click

from wherein.commands.options import json_option, open_library, wait_option
from wherein.commands.output import SCHEMA, print_json


@click.group()
def sources() -> None:
    """List and remove what reindex walks."""


@sources.command("list")
@json_option
def list_sources(as_json: bool) -> None:
    """List all sources."""
    for source in open_library().sources():
        if as_json:
            print_json({"schema": SCHEMA, **asdict(source)})
        else:
            click.echo(f"{source.id:>4}  {source.kind:<6} {source.uri}")


@sources.command("remove")
@click.argument("name")
@wait_option
def remove_source(name: str, wait: bool) -> None:
    """Stop following the source NAME (its path or number); its documents stay."""
    click.echo(f"no longer followed: {open_library().remove_source(name, wait=wait).uri}")
