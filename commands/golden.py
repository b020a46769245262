"""`wherein golden`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from wherein.commands.completing import complete_documents
from wherein.commands.options import GlobalOptions, json_option, to_unicode, wait_option
from wherein.commands.output import display_uri, print_json

if TYPE_CHECKING:
    from wherein.storage.catalog.golden import GoldenRow

__all__ = ["golden"]


@click.group()
def golden() -> None:
    """Your own questions, each with the document that answers it: no new index may answer them worse."""


@golden.command()
@click.argument("question")
@click.argument("document", shell_complete=complete_documents)
@wait_option
@json_option
@click.pass_obj
def add(options: GlobalOptions, question: str, document: str, wait: bool, as_json: bool) -> None:
    """Add QUESTION and the DOCUMENT (its path, URI or number) that answers it."""
    _print(options.open_library().add_golden(to_unicode(question), document, wait=wait), as_json)


@golden.command("list")
@json_option
@click.pass_obj
def list_(options: GlobalOptions, as_json: bool) -> None:
    """List the questions, each with the rank of its document when it was last asked."""
    for row in options.open_library().golden():
        _print(row, as_json)


@golden.command()
@click.argument("name")
@wait_option
@click.pass_obj
def remove(options: GlobalOptions, name: str, wait: bool) -> None:
    """Remove the question NAME: its number or its text."""
    for row in options.open_library().remove_golden(to_unicode(name), wait=wait):
        click.echo(f"removed {_describe(row)}")


def _print(row: GoldenRow, as_json: bool) -> None:
    if as_json:
        print_json(asdict(row))
    else:
        click.echo(_describe(row))


def _describe(row: GoldenRow) -> str:
    from wherein.terminal import one_line

    rank = "not asked yet" if row.rank is None else f"rank {row.rank}" if row.rank else "not found"
    return f"{row.id:>4}  {one_line(row.question)}  {display_uri(row.uri)}  ({rank})"
