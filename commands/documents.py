"""`wherein documents`."""

from dataclasses import asdict

import click

from wherein.commands.options import json_option, open_library, wait_option
from wherein.commands.output import SCHEMA, display_uri, print_json, unknown_tokens


@click.group()
def documents() -> None:
    """List, show and remove documents."""


@documents.command("list")
@click.option("--problems", is_flag=True, help="List the files that were skipped or failed instead.")
@json_option
def list_(problems: bool, as_json: bool) -> None:
    """List all documents."""
    from wherein.render import line

    library = open_library()
    if problems:
        for record in library.problems():
            if as_json:
                print_json({"schema": SCHEMA, "uri": record.uri, "state": record.state, "reason": record.reason})
            else:
                click.echo(f"{record.state}: {display_uri(record.uri)}: {record.reason}")
        return
    for document in library.documents():
        if as_json:
            print_json({"schema": SCHEMA, **asdict(document)})
        else:
            click.echo(
                f"{document.id:>6}  {document.chunks:>5} chunks  {display_uri(document.uri)}  {line(document.title)}"
            )


@documents.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the document NAME: its path, uri or number."""
    library = open_library()
    document, text, spans = library.document(name)
    measured = library.coverage(name)
    if as_json:
        chunks = [{"start": s.start, "end": s.end, "page": s.page, "heading": s.heading} for s in spans]
        coverage = measured and asdict(measured)
        print_json({"schema": SCHEMA, **asdict(document), "text": text, "spans": chunks, "coverage": coverage})
        return
    for key, value in asdict(document).items():
        click.echo(f"{key:<12} {display_uri(value) if key == 'uri' else value}")
    if measured:
        click.echo(f"{'tokens':<12} {measured.tokens:,}, {unknown_tokens(measured.unknown, measured.tokens)}")
        click.echo(f"{'language':<12} {measured.language or 'unknown'} (a guess)")
    else:
        click.echo(f"{'tokens':<12} not measured: it was taken in by an older version")
    dropped = len(text) - max((span.end for span in spans), default=0)
    click.echo(f"{'dropped':<12} {dropped:,} characters")
    click.echo()
    click.echo(text)


@documents.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--purge", is_flag=True, help="Leave no trace of them in the library, and never take them in again.")
@wait_option
def remove(names: tuple[str, ...], purge: bool, wait: bool) -> None:
    """Remove documents from the library; their files are left alone."""
    library = open_library()
    for document in library.remove_documents(names, for_good=purge, wait=wait):
        click.echo(f"{'purged' if purge else 'removed'} {display_uri(document.uri)}")
    if purge:
        for backup in library.backups():
            click.echo(f"a backup is older than this and may hold them: {backup.place} ({backup.created_at})", err=True)
        for folder in library.damaged_copies():
            click.echo(f"a repair put this aside, and it may hold them; delete it: {folder}", err=True)
