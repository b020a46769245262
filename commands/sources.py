"""`wherein sources`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from wherein.commands.completing import complete_sources
from wherein.commands.options import GlobalOptions, json_option, wait_option
from wherein.commands.output import print_json
from wherein.errors import UsageError
from wherein.uri import display

if TYPE_CHECKING:
    from wherein.library.sources import RemovedSource

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
            click.echo(f"{source.id:>4}  {source.kind:<6} {display(source.uri)}")


@sources.command()
@click.argument("name", shell_complete=complete_sources)
@click.option("--keep", is_flag=True, help="Keep its documents; they are no longer updated. This is the default.")
@click.option("--remove", "remove_documents", is_flag=True, help="Remove the documents that no other source covers.")
@wait_option
@json_option
@click.pass_obj
def remove(options: GlobalOptions, name: str, keep: bool, remove_documents: bool, wait: bool, as_json: bool) -> None:
    """Stop following the source NAME (its path or number)."""
    if keep and remove_documents:
        raise UsageError("--keep and --remove exclude each other")
    removed = options.open_library().remove_source(name, remove=remove_documents, wait=wait)
    if as_json:
        print_json(asdict(removed))
        return
    for line in _removal_lines(removed, keep):
        click.echo(line)


def _removal_lines(removed: RemovedSource, keep: bool) -> Iterator[str]:
    name = display(removed.name)
    if removed.source:
        yield f"no longer followed: {name}"
    if removed.removed:
        yield f"removed: {_documents(removed.removed)}"
    if removed.shared:
        yield f"still followed by other sources: {_documents(removed.shared)}"
    if removed.kept:
        yield f"kept, but no longer updated: {_documents(removed.kept)}"
        if not keep:
            yield f"to remove them: wherein sources remove {shlex.quote(name)} --remove"
    for heir in removed.heirs:
        yield f"its exclusions now apply to {display(heir)}"


def _documents(count: int) -> str:
    return f"{count:,} document{'s' * (count != 1)}"
