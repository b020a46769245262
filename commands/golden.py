"""`wherein golden`."""

from dataclasses import asdict
from typing import Any

import click

from wherein.commands.options import json_option, open_library, to_unicode, wait_option
from wherein.commands.output import SCHEMA, display_uri, print_json


@click.group("golden")
def golden_questions() -> None:
    """Questions of your own, with the document that answers: no new index may answer them worse."""


@golden_questions.command("add")
@click.argument("question")
@click.argument("document")
@wait_option
@json_option
def add_golden(question: str, document: str, wait: bool, as_json: bool) -> None:
    """Keep QUESTION with DOCUMENT (a path, uri or number), which answers it."""
    row = open_library().add_golden(to_unicode(question), document, wait=wait)
    print_json({"schema": SCHEMA, **asdict(row)}) if as_json else click.echo(_golden(row))


@golden_questions.command("list")
@json_option
def list_golden(as_json: bool) -> None:
    """List the questions, and where their documents stood when they were asked last."""
    for row in open_library().golden():
        print_json({"schema": SCHEMA, **asdict(row)}) if as_json else click.echo(_golden(row))


@golden_questions.command("remove")
@click.argument("name")
@wait_option
def remove_golden(name: str, wait: bool) -> None:
    """Forget the question NAME: its number or its text."""
    for row in open_library().remove_golden(to_unicode(name), wait=wait):
        click.echo(f"removed {_golden(row)}")


def _golden(row: Any) -> str:
    rank = "not asked yet" if row.rank is None else f"rank {row.rank}" if row.rank else "not found"
    from wherein.render import line

    return f"{row.id:>4}  {line(row.question)}  {display_uri(row.uri)}  ({rank})"
