"""`wherein documents`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import click

from wherein.commands.completing import complete_documents
from wherein.commands.options import GlobalOptions, json_option, wait_option
from wherein.commands.output import describe_unknown_tokens, display_uri, print_json
from wherein.errors import UsageError
from wherein.storage.disk.counted import counted

if TYPE_CHECKING:
    from wherein.library import Library, StoredDocument
    from wherein.storage.catalog.coverage import Coverage
    from wherein.storage.catalog.documents import ChunkRow

__all__ = ["documents"]


@click.group()
def documents() -> None:
    """List, show and remove documents."""


@documents.command("list")
@click.option("--problems", is_flag=True, help="List only the files that were skipped, failed or read in part.")
@click.option("--removed", is_flag=True, help="List only what was removed or purged, and is kept out.")
@json_option
@click.pass_obj
def list_(options: GlobalOptions, problems: bool, removed: bool, as_json: bool) -> None:
    """List all documents."""
    from wherein.terminal import one_line

    if problems and removed:
        raise UsageError("--problems and --removed are two lists; ask for one")
    if removed:
        _list_removed(options.open_library(), as_json)
        return
    if problems:
        _list_problems(options.open_library(), as_json)
        return
    for document in options.open_library().documents():
        if as_json:
            print_json(asdict(document))
        else:
            chunks, uri = counted(document.chunks, "chunk"), display_uri(document.uri)
            click.echo(f"{document.id:>6}  {chunks:>12}  {uri}  {one_line(document.title)}")


def _list_problems(library: Library, as_json: bool) -> None:
    for record in library.problems():
        if as_json:
            print_json({"uri": record.uri, "state": record.state, "reason": record.reason})
        else:
            click.echo(f"{record.state}: {display_uri(record.uri)}: {record.reason}")


def _list_removed(library: Library, as_json: bool) -> None:
    for exclusion in library.removed():
        if as_json:
            print_json(asdict(exclusion))
        else:
            click.echo(f"{exclusion.kind} {exclusion.added_at[:10]}: {display_uri(exclusion.uri)}")


@documents.command()
@click.argument("name", shell_complete=complete_documents)
@json_option
@click.pass_obj
def show(options: GlobalOptions, name: str, as_json: bool) -> None:
    """Show the document NAME: its path, URI or number."""
    library = options.open_library()
    document, text, chunks = library.document(name)
    coverage = cast("Coverage | None", library.coverage(name))  # of one document, as one is named
    if as_json:
        spans = [{"start": c.start, "end": c.end, "page": c.page, "heading": c.heading} for c in chunks]
        covered = asdict(coverage) if coverage else None
        print_json(
            {**asdict(document), "also_at": library.other_uris(name), "text": text, "spans": spans, "coverage": covered}
        )
    else:
        _print_document(document, library.other_uris(name), text, chunks, coverage)


def _print_document(
    document: StoredDocument, others: Sequence[str], text: str, chunks: Sequence[ChunkRow], coverage: Coverage | None
) -> None:
    fields = {key: display_uri(value) if key == "uri" else value for key, value in asdict(document).items()}
    fields |= {"also at": ", ".join(map(display_uri, others))} if others else {}
    if coverage:
        unknown = describe_unknown_tokens(coverage.unknown, coverage.tokens)
        fields["tokens"] = f"{coverage.tokens:,}, {unknown}"
        fields["language"] = f"{coverage.language or 'unknown'} (guessed)"
        if recognized := sum(end - start for start, end in coverage.recognized):
            fields["read by OCR"] = f"{recognized:,} of {len(text):,} characters"
    else:
        fields["tokens"] = "not measured: ingested by an older version"
    fields["dropped"] = f"{len(text) - max((chunk.end for chunk in chunks), default=0):,} characters"
    for key, value in fields.items():
        click.echo(f"{key:<12} {value}")
    click.echo()
    click.echo(text)


@documents.command()
@click.argument("names", nargs=-1, required=True, shell_complete=complete_documents)
@click.option("--purge", is_flag=True, help="Leave no trace of them in the library, and never ingest them again.")
@wait_option
@click.pass_obj
def remove(options: GlobalOptions, names: tuple[str, ...], purge: bool, wait: bool) -> None:
    """Remove documents from the library; their files are not touched.

    A removed document stays away until its file changes, a purged one for good; ingest the file itself to bring it
    back.
    """
    library = options.open_library()
    removed = library.remove_documents(names, purge=purge, wait=wait)
    for document in removed:
        click.echo(f"{'purged' if purge else 'removed'} {display_uri(document.uri)}")
    _explain(removed, purge)
    if purge:
        _warn_of_copies(library)


def _explain(removed: Sequence[StoredDocument], purge: bool) -> None:
    """Print for how long the documents stay away, and how they come back."""
    one = len(removed) == 1
    who, whose = ("it stays", "its") if one else ("they stay", "their")
    until = "for good" if purge else f"until {whose} {'file changes' if one else 'files change'}"
    origins = dict.fromkeys(map(_origin, removed))
    way = next(iter(origins)) if len(origins) == 1 else "wherein ingest FILE"
    click.echo(f"{who} away {until}; to bring {'it' if one else 'them'} back: {way}", err=True)


def _origin(document: StoredDocument) -> str:
    """Return the command that names where a document came from."""
    location = display_uri(document.uri.partition("#")[0])
    if location.startswith("stdin:"):
        return f"wherein ingest - --name {shlex.quote(location.removeprefix('stdin:'))}"
    return f"wherein ingest {shlex.quote(location)}"


def _warn_of_copies(library: Library) -> None:
    for backup in library.backups():
        click.echo(f"an older backup may contain them: {backup.place} ({backup.created_at})", err=True)
    for folder in library.damaged_copies():
        click.echo(f"data that a repair quarantined may contain them; delete it: {folder}", err=True)
