"""`wherein export`, `import` and `migrate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wherein.commands.options import GlobalOptions, json_option
from wherein.commands.output import display_path, format_size, print_json
from wherein.commands.parameter_types import FilePath
from wherein.commands.progress import status_line
from wherein.storage.disk.counted import counted

if TYPE_CHECKING:
    from wherein.library.moving import Moved

__all__ = ["export", "import_", "migrate"]


@click.command()
@click.argument("target", type=FilePath(), metavar="FOLDER")
@json_option
@click.pass_obj
def export(options: GlobalOptions, target: Path, as_json: bool) -> None:
    """Write documents, passages and vectors as Parquet files to a new FOLDER."""
    with status_line(as_json, "no partial export is left") as report:
        done = options.open_library().export(target, report=report)
    if as_json:
        print_json(asdict(done))
        return
    click.echo(
        f"{counted(done.documents, 'document')} with {counted(done.passages, 'passage')} in"
        f" {display_path(done.place)}: {format_size(done.bytes)}, {done.seconds:,.1f} s"
    )


@click.command("import")
@click.argument("folder", type=FilePath(), metavar="EXPORT")
@json_option
@click.pass_obj
def import_(options: GlobalOptions, folder: Path, as_json: bool) -> None:
    """Fill the new library that --library names from an EXPORT, without embedding anything."""
    with status_line(as_json, "what was imported is kept") as report:
        done = options.open_library().import_export(folder, report=report)
    _print_moved(done, as_json)


@click.command()
@click.option("--to", required=True, metavar="LIBRARY", help="A new folder, milvus:FILE.db or milvus://HOST:PORT/NAME.")
@json_option
@click.pass_obj
def migrate(options: GlobalOptions, to: str, as_json: bool) -> None:
    """Copy the library to another store, without embedding anything, and compare the two."""
    with status_line(as_json, "what was copied is kept") as report:
        done = options.open_library().migrate(to, report=report)
    _print_moved(done, as_json)


def _print_moved(done: Moved, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
        return
    resumed = "; an interrupted run had begun it" if done.resumed else ""
    click.echo(
        f"{counted(done.documents, 'document')} with {counted(done.passages, 'passage')} are in"
        f" {display_path(done.library)}: {done.overlap:.1%} of the nearest passages found,"
        f" {done.seconds:,.1f} s{resumed}"
    )
